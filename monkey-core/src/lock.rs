//! The one global lock: code writes, patches, and whose turn it is.
//!
//! Every change of a hook or a scope happens under one mutex, held for moments. What a test holds for its whole run is
//! a *turn*: tests with `scope = test` have theirs together, a test with `scope = process` has it to itself.
use crate::hook::Hooks;
use crate::patch::Patches;
use crate::scope::Scopes;
use crate::thread::Quiet;
use once_cell::sync::OnceCell;
use parking_lot::{Mutex, MutexGuard};
use std::fmt;
use std::io::{self, Write as _};
use std::mem;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::thread;
use std::time::{Duration, Instant};

static GLOBAL: Mutex<Global> = Mutex::new(Global {
    turns: Turns { holders: Vec::new(), waiting_alone: Vec::new(), next: 1 },
    hooks: Hooks::new(),
    scopes: Scopes::new(),
    patches: Patches::new(),
});

/// After how long a wait is worth a line, and again.
const NOTICE: Duration = Duration::from_secs(5);
/// How long those who want to be alone are let go first.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a waiting thread sleeps between two looks. It looks instead of being woken for the reason that `lock` has.
const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

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
    // In this order: the lock is given back before replacements are seen again. Empty while this thread waits for a turn.
    global: Option<MutexGuard<'static, Global>>,
    _quiet: Quiet,
}

/// Takes the lock.
pub fn hold() -> Held {
    let quiet = Quiet::begin();
    survive_forks();
    Held { global: Some(lock()), _quiet: quiet }
}

/// Tries again and again instead of queueing. The queue would be copied by a fork, with threads in it that the child
/// does not have, and the lock be handed to one of them there. What is done under it takes microseconds.
fn lock() -> MutexGuard<'static, Global> {
    for attempt in 0_u64.. {
        if let Some(guard) = GLOBAL.try_lock() {
            return guard;
        }
        if attempt < 20 {
            thread::yield_now();
        } else {
            thread::sleep(Duration::from_micros(50));
        }
    }
    unreachable!("attempts do not run out")
}

const HELD: &str = "the lock is held";

impl Deref for Held {
    type Target = Global;
    fn deref(&self) -> &Global {
        self.global.as_ref().expect(HELD)
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Global {
        self.global.as_mut().expect(HELD)
    }
}

/// Whether a turn is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Debug, Clone, PartialEq)]
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
    waiting_alone: Vec<Who>,
    next: u64,
}

impl Turns {
    /// Those who wait to be alone go first: tests together would otherwise keep them out as long as new ones come. But
    /// not for ever: one of the tests they wait for may wait for the thread that waits here.
    fn free(&self, turn: Turn, waited: Duration) -> bool {
        match turn {
            Turn::Together => {
                (self.waiting_alone.is_empty() || waited >= PATIENCE)
                    && self.holders.iter().all(|holder| holder.turn == Turn::Together)
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
    }

    /// In the child of a fork only the forking thread, and so its scope's turn, is left.
    pub fn keep_only(&mut self, id: Option<u64>) {
        self.holders.retain(|holder| Some(holder.id) == id);
        self.waiting_alone.clear();
    }

    fn say_who_is_waited_for(&self, turn: Turn, who: &Who, waited: Duration) {
        let names = |all: Vec<&Who>| all.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let in_the_way = self.holders.iter().filter(|holder| turn.max(holder.turn) == Turn::Alone);
        let holders = names(in_the_way.map(|holder| &holder.who).collect());
        let holders = if holders.is_empty() {
            format!("nobody; {} wants it alone", names(self.waiting_alone.iter().collect()))
        } else {
            holders
        };
        let seconds = waited.as_secs();
        // Not `eprintln!`: the test harness would keep that until the test ends.
        let _ =
            writeln!(io::stderr(), "monkey: {who} has waited {seconds} s for the lock, held by {holders}");
    }
}

impl Held {
    /// Waits for a turn; says on standard error for whom if that takes long. The lock is free while it waits.
    pub fn wait_for_turn(&mut self, turn: Turn, who: &Who) -> u64 {
        let begun = Instant::now();
        let mut notice = NOTICE;
        let mut pause = SHORTEST_PAUSE;
        if turn == Turn::Alone {
            self.turns.waiting_alone.push(who.clone());
        }
        while !self.turns.free(turn, begun.elapsed()) {
            if begun.elapsed() >= notice {
                notice += NOTICE;
                self.turns.say_who_is_waited_for(turn, who, begun.elapsed());
            }
            self.global = None;
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
            self.global = Some(lock());
        }
        if turn == Turn::Alone
            && let Some(index) = self.turns.waiting_alone.iter().position(|waiting| waiting == who)
        {
            self.turns.waiting_alone.remove(index);
        }
        self.turns.take(turn, who)
    }
}

/// Forks find the lock free, in the parent and in the child.
fn survive_forks() {
    static DONE: OnceCell<()> = OnceCell::new();
    extern "C" fn before() {
        let _quiet = Quiet::begin();
        // Given back by `after` or `in_child`, which the same fork calls on this thread.
        mem::forget(lock());
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
