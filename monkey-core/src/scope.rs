//! Who sees what: scopes, the threads in them, and how a started thread comes into its parent's.
use crate::crash;
use crate::inherit;
use crate::lock::{self, Global, Held, Turn, Who};
use crate::patch::Visibility;
use crate::thread;
use std::cell::Cell;
use std::collections::BTreeMap;

/// A scope that has begun and not ended.
#[derive(Debug)]
pub struct Live {
    /// What the scope's threads have as their scope word.
    pub word: u64,
    pub who: Who,
    /// Its turn at the lock.
    pub turn: u64,
    pub alone: bool,
    /// Who sees a patch that does not say so itself.
    pub visibility: Visibility,
    /// Frames and guards; the scope ends with the last one.
    holds: usize,
    /// Calls of patches that have been taken away, by group.
    pub past_calls: BTreeMap<u64, u64>,
}

/// All scopes that have begun and not ended, by id.
#[derive(Debug)]
pub struct Scopes {
    live: BTreeMap<u64, Live>,
    next: u64,
}

/// A scope's id is its word without the flags. Ids are never used again.
fn id(word: u64) -> u64 {
    word & !thread::BYPASS
}

impl Scopes {
    pub const fn new() -> Self {
        Self { live: BTreeMap::new(), next: 4 }
    }

    /// The scope that a thread with this word is in; `None` if there is none or it has ended.
    pub fn get(&self, word: u64) -> Option<&Live> {
        self.live.get(&id(word))
    }

    pub fn get_mut(&mut self, word: u64) -> Option<&mut Live> {
        self.live.get_mut(&id(word))
    }
}

impl Held {
    /// Joins the thread's scope, or waits for a turn and opens one: which, and whether it was opened.
    pub fn enter(&mut self, visibility: Option<Visibility>, who: &Who) -> (u64, bool) {
        let word = thread::scope();
        if let Some(scope) = self.scopes.get_mut(word) {
            scope.holds += 1;
            return (id(word), false);
        }
        let visibility = visibility.unwrap_or(Visibility::Scope);
        let alone = visibility == Visibility::Process;
        let turn = self.wait_for_turn(if alone { Turn::Alone } else { Turn::Together }, who);
        let word = self.scopes.next;
        // Words are multiples of four: what is less stands for nobody, or for everybody.
        self.scopes.next += 4;
        let live =
            Live { word, who: who.clone(), turn, alone, visibility, holds: 1, past_calls: BTreeMap::new() };
        self.scopes.live.insert(word, live);
        thread::set_scope(word);
        crash::install();
        // Threads that start before the first patch are of the scope as well. What is in the way of that is in the way of
        // a patch too, and is an error there.
        let _ = inherit::ensure(&mut self.hooks);
        (word, true)
    }

    /// Gives one hold back; the last one ends the scope.
    pub fn leave(&mut self, scope: u64) {
        if let Some(live) = self.scopes.get_mut(scope) {
            live.holds -= 1;
            if live.holds == 0 {
                self.end(scope);
            }
        }
    }

    /// Ends a scope and takes away what is left in it.
    pub fn end(&mut self, scope: u64) {
        let global: &mut Global = self;
        global.patches.remove_all(&global.hooks, id(scope));
        if let Some(live) = global.scopes.live.remove(&id(scope)) {
            global.turns.end(live.turn);
        }
        if id(thread::scope()) == id(scope) {
            thread::set_scope(thread::NONE);
        }
    }

    /// The word of the calling thread's scope, for further threads; [`thread::NONE`] without one.
    pub fn share(&mut self) -> u64 {
        self.scopes.get(thread::scope()).map_or(thread::NONE, |live| live.word)
    }
}

/// Who sees the patches: a test with the threads that it starts. A handle hands that on to other threads.
///
/// Threads that were there before the test, such as those of a global thread pool, are in no scope: they run the
/// originals, unless the work they do for the test runs in its scope.
///
/// ```
/// use std::sync::mpsc;
///
/// fn port() -> u16 { 80 }
/// fn other_port() -> u16 { 8080 }
///
/// let (jobs, inbox) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
/// let worker = std::thread::spawn(move || inbox.into_iter().for_each(|job| job()));
///
/// // SAFETY: both functions have the same signature.
/// let guard = unsafe { monkey_core::patch_at(port as *const (), other_port as *const ()) }.unwrap();
/// let scope = monkey_core::Scope::current();
/// let (send, seen) = mpsc::channel();
/// jobs.send(Box::new(move || scope.run(|| send.send(std::hint::black_box(port as fn() -> u16)()).unwrap()))).unwrap();
/// assert_eq!(seen.recv().unwrap(), 8080);
/// # drop((guard, jobs));
/// # worker.join().unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Scope {
    word: u64,
}

impl Scope {
    /// The caller's scope; outside any test, the scope of a thread that sees no patches.
    #[must_use]
    pub fn current() -> Self {
        Self { word: lock::hold().share() }
    }

    /// Runs `body` in this scope, on the calling thread, and the threads that it starts.
    ///
    /// In a scope that has ended meanwhile every function is the original.
    ///
    /// # Panics
    /// When `body` does; the thread is then in its own scope again.
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> R {
        let _visit = Visit::begin(self.word);
        body()
    }
}

/// A thread in another scope than its own, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Visit {
    before: u64,
}

impl Visit {
    pub fn begin(word: u64) -> Self {
        let before = thread::scope();
        thread::set_scope(word);
        Self { before }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        thread::set_scope(self.before);
    }
}

/// Ends the scope that a thread opened by `patch!` and never left, when the thread ends: its guard was forgotten.
pub fn end_with_thread(scope: u64) {
    struct Opened(Cell<u64>);
    impl Drop for Opened {
        fn drop(&mut self) {
            let mut held = lock::hold();
            if held.scopes.get(self.0.get()).is_some() {
                held.end(self.0.get());
            }
        }
    }
    thread_local!(static OPENED: Opened = const { Opened(Cell::new(thread::NONE)) });
    // A thread whose locals are gone already leaves nothing behind that could be forgotten.
    let _ = OPENED.try_with(|opened| opened.0.set(scope));
}
