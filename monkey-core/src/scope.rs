//! Who sees what: scopes, and the threads in them.
use crate::members::{self, Member};
use crate::patch::Chain;
use crate::request::Visibility;
use crate::reserved::Reserved;
use crate::thread;
use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::thread::{Thread, ThreadId};

/// What a scope's opener is called. Nothing is copied for it: few are ever named.
#[derive(Debug, Clone)]
pub enum Name {
    /// A test's.
    Test(&'static str),
    /// That of the thread which made a guard.
    Thread(Thread),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Test(name) => name,
            Self::Thread(thread) => thread.name().unwrap_or("a thread without a name"),
        })
    }
}

/// Who opens a scope: a test's name and place.
#[derive(Debug, Clone)]
pub struct Who {
    pub name: Name,
    pub location: &'static Location<'static>,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}:{})", self.name, self.location.file(), self.location.line())
    }
}

/// A thread's handle, of which each further one costs two atomic additions: what a forgotten scope had is for the next one.
struct Spare {
    own: Cell<Option<ThreadId>>,
    handle: Cell<Option<Thread>>,
}

thread_local! {
    static SPARE: Spare = const { Spare { own: Cell::new(None), handle: Cell::new(None) } };
}

impl Who {
    /// The calling thread, which makes a guard there.
    pub fn thread(location: &'static Location<'static>) -> Self {
        let spare = SPARE.try_with(|spare| spare.handle.take());
        let thread = match spare {
            Ok(Some(thread)) => thread,
            _ => Self::handle(),
        };
        Self { name: Name::Thread(thread), location }
    }

    #[cold]
    fn handle() -> Thread {
        let thread = std::thread::current();
        let _ = SPARE.try_with(|spare| spare.own.set(Some(thread.id())));
        thread
    }

    /// Nobody is told this name any more.
    pub fn forget(self) {
        let Name::Thread(thread) = self.name else { return };
        let _ = SPARE.try_with(|spare| {
            if spare.own.get() == Some(thread.id()) {
                spare.handle.set(Some(thread));
            }
        });
    }
}

/// A scope that has begun and not ended. Until then it has its turn: with all others, or alone.
#[derive(Debug)]
pub struct Live {
    /// What the scope's threads have as their scope word.
    pub word: u64,
    pub who: Who,
    pub alone: bool,
    /// Who sees a patch that does not say so itself.
    pub visibility: Visibility,
    /// The thread that it ends with, if it is bound to one.
    pub thread: Option<i32>,
    /// Frames and guards; the scope ends with the last one.
    pub holds: usize,
    pub layers: Chain,
}

/// How many scopes that have ended are remembered, to say whose threads still run.
const REMEMBERED: usize = 64;

/// All scopes that have begun and not ended, and who waits for a turn.
#[derive(Debug)]
pub struct Scopes {
    pub live: Reserved<Live>,
    next: u64,
    /// How many wait to be alone, and one of them.
    pub waiting_alone: usize,
    pub waits_alone: Option<Who>,
    ended: [Option<(u64, Who)>; REMEMBERED],
    next_ended: usize,
}

impl Scopes {
    pub const fn new() -> Self {
        Self {
            live: Reserved::new(),
            next: FIRST,
            waiting_alone: 0,
            waits_alone: None,
            ended: [const { None }; REMEMBERED],
            next_ended: 0,
        }
    }

    /// The scope of this word; `None` if there is none or it has ended.
    pub fn get(&self, word: u64) -> Option<&Live> {
        for live in self.live.iter() {
            if live.word == word {
                return Some(live);
            }
        }
        None
    }

    pub fn get_mut(&mut self, word: u64) -> Option<&mut Live> {
        for live in self.live.iter_mut() {
            if live.word == word {
                return Some(live);
            }
        }
        None
    }

    /// Begins a scope; there has to be room for it. Words are never used again.
    pub fn add(&mut self, who: Who, visibility: Visibility, thread: Option<i32>) -> u64 {
        let word = self.next;
        self.next += STEP;
        let alone = visibility == Visibility::Process;
        let layers = Chain::default();
        self.live.push(Live { word, who, alone, visibility, thread, holds: 1, layers });
        word
    }

    pub fn remove(&mut self, word: u64) -> Option<Live> {
        self.live.take(|live| live.word == word)
    }

    /// Keeps the name of a scope that has ended; the one that is forgotten for it.
    pub fn remember(&mut self, word: u64, who: Who) -> Option<Who> {
        let place = &mut self.ended[self.next_ended % REMEMBERED];
        self.next_ended += 1;
        match place.replace((word, who)) {
            Some((_, forgotten)) => Some(forgotten),
            None => None,
        }
    }

    /// Whose scope has, or had, this word.
    pub fn name(&self, word: u64) -> Option<Who> {
        let ended =
            || self.ended.iter().flatten().find(|(ended, _)| *ended == word).map(|(_, who)| who.clone());
        self.get(word).map(|live| live.who.clone()).or_else(ended)
    }
}

/// Words are multiples of four: others are marks of slots.
const STEP: u64 = 4;
const FIRST: u64 = 4;

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
        Self { word: thread::scope() }
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
    member: Option<&'static Member>,
}

impl Visit {
    pub fn begin(word: u64) -> Self {
        let before = thread::scope();
        let member = if word == before || word == thread::NONE { None } else { members::visit(word) };
        thread::set_scope(word);
        Self { before, member }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        thread::set_scope(self.before);
        self.member.inspect(|member| member.give_back());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgotten_name_is_used_again_by_its_own_thread_alone() {
        let here = Location::caller();
        let own = Who::thread(here).to_string();
        let other = std::thread::Builder::new().name("other".to_owned()).spawn(move || Who::thread(here));
        let other = other.unwrap().join().unwrap();
        assert!(other.to_string().contains("`other`"), "{other}");
        other.forget();
        assert_eq!(Who::thread(here).to_string(), own);
        Who::thread(here).forget();
        assert_eq!(Who::thread(here).to_string(), own);
    }
}
