//! The one global lock: code writes, patches, and whose turn it is.
//!
//! Every change of a hook or a scope happens under one mutex, held for moments. What a test holds for its whole run is
//! a *turn*: tests with `scope = test` have theirs together, a test with `scope = process` has it to itself.
use crate::hook::Hooks;
use crate::patch::Patches;
use crate::scope::Scopes;
use crate::thread::Quiet;
use once_cell::sync::OnceCell;
use parking_lot::lock_api::RawMutex as _;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::fmt;
use std::io::{self, Write as _};
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::time::{Duration, Instant};

static GLOBAL: Mutex<Global> = Mutex::new(Global {
    turns: Turns { holders: Vec::new(), waiting_alone: 0, next: 1 },
    hooks: Hooks::new(),
    scopes: Scopes::new(),
    patches: Patches::new(),
});
static TURN_ENDED: Condvar = Condvar::new();

/// After how long a wait is worth a line, and again.
const NOTICE: Duration = Duration::from_secs(5);

/// Everything that the lock guards.
#[derive(Debug)]
pub struct Global {
    pub turns: Turns,
    pub hooks: Hooks,
    pub scopes: Scopes,
    pub patches: Patches,
}

/// The lock, held. Hooked functions that this thread calls meanwhile are the originals.
#[derive(Debug)]
pub struct Held {
    // In this order: the lock is given back before replacements are seen again.
    global: MutexGuard<'static, Global>,
    _quiet: Quiet,
}

/// Takes the lock.
pub fn hold() -> Held {
    let quiet = Quiet::begin();
    survive_forks();
    Held { global: GLOBAL.lock(), _quiet: quiet }
}

impl Deref for Held {
    type Target = Global;
    fn deref(&self) -> &Global {
        &self.global
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Global {
        &mut self.global
    }
}

/// Whether a turn is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// With all other tests that do not need to be alone.
    Together,
    /// With nobody.
    Alone,
}

#[derive(Debug)]
struct Holder {
    id: u64,
    turn: Turn,
    who: Who,
}

/// Who holds a turn or opens a scope: a test's name and place.
#[derive(Debug, Clone)]
pub struct Who {
    pub name: String,
    pub location: &'static Location<'static>,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}:{})", self.name, self.location.file(), self.location.line())
    }
}

/// Who has a turn, and how many wait to be alone.
#[derive(Debug)]
pub struct Turns {
    holders: Vec<Holder>,
    waiting_alone: usize,
    next: u64,
}

impl Turns {
    /// Those who wait to be alone go first: tests together would otherwise keep them out as long as new ones come.
    fn free(&self, turn: Turn) -> bool {
        match turn {
            Turn::Together => {
                self.waiting_alone == 0 && self.holders.iter().all(|holder| holder.turn == Turn::Together)
            }
            Turn::Alone => self.holders.is_empty(),
        }
    }

    fn take(&mut self, turn: Turn, who: &Who) -> u64 {
        let id = self.next;
        self.next += 1;
        self.holders.push(Holder { id, turn, who: who.clone() });
        id
    }

    /// Ends a turn.
    pub fn end(&mut self, id: u64) {
        self.holders.retain(|holder| holder.id != id);
        TURN_ENDED.notify_all();
    }

    /// In the child of a fork only the forking thread, and so its scope's turn, is left.
    pub fn keep_only(&mut self, id: Option<u64>) {
        self.holders.retain(|holder| Some(holder.id) == id);
        self.waiting_alone = 0;
    }

    fn holders(&self) -> String {
        let holders: Vec<_> = self.holders.iter().map(|holder| holder.who.to_string()).collect();
        if holders.is_empty() { "tests that wait to be alone".into() } else { holders.join(", ") }
    }
}

impl Held {
    /// Waits for a turn; says on standard error for whom if that takes long. The lock is free while it waits.
    pub fn wait_for_turn(&mut self, turn: Turn, who: &Who) -> u64 {
        let alone = usize::from(turn == Turn::Alone);
        let begun = Instant::now();
        self.turns.waiting_alone += alone;
        while !self.turns.free(turn) {
            if TURN_ENDED.wait_for(&mut self.global, NOTICE).timed_out() {
                let holders = self.turns.holders();
                let waited = begun.elapsed().as_secs();
                // Not `eprintln!`: the test harness would keep that until the test ends.
                let _ = writeln!(io::stderr(), "monkey: {who} has waited {waited} s for the lock, held by {holders}");
            }
        }
        self.turns.waiting_alone -= alone;
        let id = self.turns.take(turn, who);
        // The next one may have waited only for this one to stop waiting.
        TURN_ENDED.notify_all();
        id
    }
}

/// Forks find the lock free, in the parent and in the child.
fn survive_forks() {
    static DONE: OnceCell<()> = OnceCell::new();
    extern "C" fn before() {
        // SAFETY: given back by `after` or `in_child`, which the same fork calls on this thread.
        unsafe { GLOBAL.raw() }.lock();
    }
    extern "C" fn after() {
        // SAFETY: this thread took the lock in `before`.
        unsafe { GLOBAL.force_unlock() };
    }
    extern "C" fn in_child() {
        after();
        let mut held = hold();
        let scope = crate::thread::scope();
        let turn = held.scopes.get(scope).map(|scope| scope.turn);
        held.turns.keep_only(turn);
    }
    DONE.get_or_init(|| {
        // SAFETY: the three functions have the form that pthread_atfork wants and live as long as the process.
        unsafe { libc::pthread_atfork(Some(before), Some(after), Some(in_child)) };
    });
}
