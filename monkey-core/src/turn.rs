//! Entering and leaving scopes, and whose turn it is: scopes with `scope = test` have theirs together, one with `scope = process` has the process to itself.
//!
//! Who waits looks again and again instead of being woken, for the reason that [`crate::lock`] has, and holds nothing meanwhile.
use crate::code;
use crate::crash;
use crate::engine::{ENGINE, Ended, Engine};
use crate::inherit;
use crate::patch::{Id, Removed};
use crate::request::Visibility;
use crate::scope::{Live, Scopes, Who};
use crate::thread::{self, BypassAll};
use once_cell::race::OnceBox;
use std::cell::Cell;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

/// After how long a wait is worth a line, and again.
const NOTICE: Duration = Duration::from_secs(5);
/// How often a waiting thread looks whether those it waits for are still there.
const LOOK: Duration = Duration::from_millis(100);
/// How long those who want to be alone are let go first.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a waiting thread sleeps between two looks.
const SHORTEST_PAUSE: Duration = Duration::from_micros(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(1);
/// After how long a wait for a turn is an error: whoever has it will hardly give it back. In seconds, by this variable.
const LIMIT_VARIABLE: &str = "MONKEY_LOCK_TIMEOUT";
const LIMIT: Duration = Duration::from_mins(5);
/// Names in a message.
const NAMES: usize = 4;

/// A scope that was entered.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    pub scope: u64,
    /// Whether it begins here.
    pub opened: bool,
    /// Who sees a patch that does not say so itself.
    pub visibility: Visibility,
}

/// Joins the thread's scope, or waits for a turn and opens one. This and what follows is for use while the engine is at work.
///
/// `bound`: whether the scope ends with the calling thread at the latest.
///
/// # Panics
/// When the turn does not come.
pub fn enter(visibility: Option<Visibility>, who: &dyn Fn() -> Who, bound: bool) -> Turn {
    let scope = thread::scope();
    if scope != thread::NONE
        && let Some(live) = ENGINE.hold().scopes.get_mut(scope)
    {
        live.holds += 1;
        return Turn { scope, opened: false, visibility: live.visibility };
    }
    let visibility = match visibility {
        Some(visibility) => visibility,
        None => Visibility::Scope,
    };
    let scope = open(visibility, who(), if bound { Some(code::own_thread()) } else { None });
    thread::set_scope(scope);
    crash::install();
    // Threads that start before the first patch are of the scope as well. What is in the way of that is in the way of
    // a patch too, and is an error there.
    let _ = inherit::ensure();
    Turn { scope, opened: true, visibility }
}

/// Gives one hold of a scope back; the last one ends it, and takes what is left in it away.
pub fn leave(scope: u64) {
    end_by(scope, |engine| ((), engine.leave(scope)));
}

/// Ends a scope, whatever guards were forgotten or are held by threads.
pub fn end(scope: u64) {
    // A thread that ends may come here.
    let _bypass = BypassAll::begin();
    end_by(scope, |engine| ((), engine.end(scope)));
}

/// Gives the hold of a scope back that has made one patch, and takes that away, at once; what there is to say of the patch.
pub fn leave_with(scope: u64, patch: Id) -> Removed {
    end_by(scope, |engine| engine.leave_with(scope, patch))
}

/// What is left of the scope is dropped without the lock.
fn end_by<R>(scope: u64, end: impl FnOnce(&mut Engine) -> (R, Ended)) -> R {
    let mut engine = ENGINE.hold();
    let (left, ended) = end(&mut engine);
    drop(engine);
    if ended.over && thread::scope() == scope {
        thread::set_scope(thread::NONE);
    }
    let Ended { forgotten, .. } = ended;
    if let Some(who) = forgotten {
        who.forget();
    }
    left
}

/// Ends the scope that a thread opened by `patch!` and never left, when the thread ends: its guard was forgotten. `judge` says before what
/// that one would have said.
pub fn end_with_thread(scope: u64, judge: fn(u64)) {
    struct Opened {
        scope: Cell<u64>,
        judge: Cell<fn(u64)>,
    }
    impl Drop for Opened {
        fn drop(&mut self) {
            self.judge.get()(self.scope.get());
            end(self.scope.get());
        }
    }
    thread_local! {
        static OPENED: Opened = const { Opened { scope: Cell::new(thread::NONE), judge: Cell::new(|_| {}) } };
    }
    // A thread whose locals are gone already leaves nothing behind that could be forgotten.
    let _ = OPENED.try_with(|opened| {
        opened.scope.set(scope);
        opened.judge.set(judge);
    });
}

/// Opens a scope, which mostly nobody is in the way of.
fn open(visibility: Visibility, who: Who, thread: Option<i32>) -> u64 {
    let alone = visibility == Visibility::Process;
    let mut engine = ENGINE.hold();
    if engine.scopes.live.has(1) && engine.scopes.is_free(alone, Duration::ZERO) {
        return engine.scopes.add(who, visibility, thread);
    }
    drop(engine);
    wait(visibility, who, thread)
}

fn wait(visibility: Visibility, who: Who, thread: Option<i32>) -> u64 {
    let mut room = Vec::new();
    let mut waiting: Option<Waiting> = None;
    loop {
        let waited = waiting.as_ref().map_or(Duration::ZERO, |waiting| waiting.begun.elapsed());
        let mut engine = ENGINE.hold();
        engine.scopes.live.move_into(&mut room);
        let alone = visibility == Visibility::Process;
        let roomy = engine.scopes.live.has(1);
        if roomy && engine.scopes.is_free(alone, waited) {
            return engine.scopes.add(who, visibility, thread);
        }
        let larger = engine.scopes.live.wanted(1);
        drop(engine);
        if roomy {
            waiting.get_or_insert_with(|| Waiting::begin(alone, &who)).pause();
        } else {
            room = Vec::with_capacity(larger);
        }
    }
}

impl Scopes {
    /// Those who wait to be alone go first: scopes together would otherwise keep them out as long as new ones come. But
    /// not for ever: one of the tests they wait for may wait for the thread that waits here.
    fn is_free(&self, alone: bool, waited: Duration) -> bool {
        if alone {
            return self.live.len() == 0;
        }
        if self.waiting_alone != 0 && waited < PATIENCE {
            return false;
        }
        for live in self.live.iter() {
            if live.alone {
                return false;
            }
        }
        true
    }

    /// Some of those who are in the way.
    fn in_the_way(&self, alone: bool) -> [Option<InTheWay>; NAMES] {
        let mut found = [const { None }; NAMES];
        let live = self.live.iter().filter(|live| alone || live.alone);
        for (place, live) in found.iter_mut().zip(live) {
            *place = Some(InTheWay::new(live));
        }
        found
    }
}

/// A scope that somebody waits for.
struct InTheWay {
    word: u64,
    thread: Option<i32>,
    who: Who,
}

impl InTheWay {
    fn new(live: &Live) -> Self {
        Self { word: live.word, thread: live.thread, who: live.who.clone() }
    }
}

/// A thread that waits for its turn.
struct Waiting {
    who: Who,
    alone: bool,
    begun: Instant,
    look: Duration,
    notice: Duration,
    pause: Duration,
}

impl Waiting {
    fn begin(alone: bool, who: &Who) -> Self {
        if alone {
            let mut engine = ENGINE.hold();
            engine.scopes.waiting_alone += 1;
            let before = engine.scopes.waits_alone.replace(who.clone());
            engine.release(before);
        }
        let who = who.clone();
        Self { who, alone, begun: Instant::now(), look: LOOK, notice: NOTICE, pause: SHORTEST_PAUSE }
    }

    /// Sleeps until the next try; says on standard error for whom if the wait is long.
    fn pause(&mut self) {
        let waited = self.begun.elapsed();
        if waited >= self.look {
            self.look = waited + LOOK;
            let names = self.look_at_those_in_the_way();
            self.tell(waited, &names);
        }
        std::thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Ends the scopes whose thread is gone: it has ended without unwinding, and without its thread-locals' destructors.
    /// The names of the others, and of those.
    fn look_at_those_in_the_way(&self) -> Vec<String> {
        let in_the_way = ENGINE.hold().scopes.in_the_way(self.alone);
        let mut names = Vec::new();
        for InTheWay { word, thread, who } in in_the_way.into_iter().flatten() {
            if thread.is_some_and(|thread| !code::thread_exists(thread)) {
                end(word);
            }
            names.push(who.to_string());
        }
        names
    }

    /// Says on standard error, or in the end by a panic, who has waited for whom.
    fn tell(&mut self, waited: Duration, names: &[String]) {
        let given_up = waited >= limit();
        if waited < self.notice && !given_up {
            return;
        }
        let waits_alone = ENGINE.hold().scopes.waits_alone.clone();
        let held = match (names, waits_alone) {
            ([], Some(who)) => format!("nobody; {who} wants it alone"),
            ([], None) => "nobody".to_owned(),
            (names, _) => names.join(", "),
        };
        let (who, seconds) = (&self.who, waited.as_secs());
        if waited >= self.notice {
            self.notice += NOTICE;
            // Not `eprintln!`: the test harness would keep that until the test ends.
            let _ =
                writeln!(io::stderr(), "monkey: {who} has waited {seconds} s for the lock, held by {held}");
        }
        assert!(
            !given_up,
            "{who} has waited {seconds} s for the lock, held by {held}\n  \
             help: let that one end, drop its guard, or wait longer: {LIMIT_VARIABLE}=SECONDS"
        );
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.alone {
            let mut engine = ENGINE.hold();
            engine.scopes.waiting_alone -= 1;
            let last = if engine.scopes.waiting_alone == 0 { engine.scopes.waits_alone.take() } else { None };
            engine.release(last);
        }
    }
}

fn limit() -> Duration {
    static LIMIT_GIVEN: OnceBox<Duration> = OnceBox::new();
    let given = || std::env::var(LIMIT_VARIABLE).ok().and_then(|seconds| seconds.parse().ok());
    *LIMIT_GIVEN.get_or_init(|| Box::new(given().map_or(LIMIT, Duration::from_secs)))
}

impl Engine {
    /// In the child of a fork only the forking thread, and so its scope's turn, is left.
    #[cfg(any(system = "linux", system = "macos"))]
    pub fn keep_only(&mut self, scope: u64) -> Option<Ended> {
        self.scopes.waiting_alone = 0;
        let other = self.scopes.live.iter().find(|live| live.word != scope)?.word;
        Some(self.end(other))
    }
}
