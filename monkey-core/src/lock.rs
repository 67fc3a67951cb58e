//! The engine's two locks, which a fork finds free. They know nothing of what they guard.
//!
//! A user may have replaced whatever foreign code there is: `malloc`, the loader, a mutex. Its replacement may ask the
//! engine for something, and may hold locks of its own meanwhile, in an order that nobody knows. So nothing foreign runs under
//! [`Mark::Patches`]: what is needed is allocated, read and formatted before, and freed and said after it was given back.
//! [`Mark::Text`], which only first hooks take, allows system calls and memory, but not the loader, the environment,
//! standard error or anything of the user's.
use crate::thread::{self, BypassAll};
use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};
use std::time::Duration;

/// How often the processor is given away before a thread that waits begins to sleep.
const YIELDS: u32 = 20;
const PAUSE: Duration = Duration::from_micros(50);

/// Which lock it is, in a thread's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Who has patched what: held for moments.
    Patches = 1,
    /// The program's code.
    Text = 2,
}

/// A value that one thread at a time may look at.
#[derive(Debug)]
pub struct Lock<T> {
    taken: AtomicBool,
    mark: Mark,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time gets at the value, which may be sent to each.
unsafe impl<T: Send> Sync for Lock<T> {}

/// A lock, held. Hooked functions that this thread calls meanwhile are the originals.
#[derive(Debug)]
pub struct Held<T: 'static> {
    // In this order: the lock is given back before replacements are seen again.
    taken: Taken<T>,
    _bypass: BypassAll,
}

/// A lock that this thread has.
#[derive(Debug)]
struct Taken<T: 'static> {
    lock: &'static Lock<T>,
    /// The locks that the thread held before.
    before: u64,
    /// These are this thread's.
    _thread: PhantomData<*const ()>,
}

impl<T> Lock<T> {
    pub const fn new(mark: Mark, value: T) -> Self {
        Self { taken: AtomicBool::new(false), mark, value: UnsafeCell::new(value) }
    }

    /// Takes the lock.
    ///
    /// # Panics
    /// When this thread holds one of the engine's locks: a signal handler has interrupted the engine, and would wait for itself.
    #[inline]
    pub fn hold(&'static self) -> Held<T> {
        let bypass = BypassAll::begin();
        let before = thread::locks();
        assert!(
            before == 0,
            "a signal handler has interrupted the engine, and asks it to change patches\n  \
             help: make and drop patches outside of signal handlers"
        );
        if self.taken.swap(true, Acquire) {
            self.wait();
        }
        thread::set_locks(self.mark as u64);
        Held { taken: Taken { lock: self, before, _thread: PhantomData }, _bypass: bypass }
    }

    /// Tries again and again instead of queueing. A queue would be copied by a fork, with threads in it that the child
    /// does not have, and the lock be handed to one of them there.
    #[cold]
    fn wait(&self) {
        let mut attempts = 0;
        while self.taken.swap(true, Acquire) {
            attempts += 1;
            if attempts < YIELDS {
                std::thread::yield_now();
            } else {
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Takes the lock until the same thread calls [`Lock::after_fork`].
    ///
    /// Not where a signal handler forks that has interrupted the holder: both go on in the child.
    pub fn before_fork(&'static self) {
        if thread::locks() == 0 {
            let _bypass = BypassAll::begin();
            self.wait();
        }
    }

    /// Gives the lock back, in the parent and in the child.
    pub fn after_fork(&'static self) {
        if thread::locks() == 0 {
            self.taken.store(false, Release);
        }
    }
}

impl<T> Held<T> {
    /// Gives the lock back, and drops what is left of something afterwards.
    pub fn release<R>(self, remains: R) {
        drop(self.taken);
        drop(remains);
    }
}

impl<T> Deref for Held<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this thread has the lock as long as this lives.
        unsafe { &*self.taken.lock.value.get() }
    }
}

impl<T> DerefMut for Held<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this thread has the lock as long as this lives, and lends it once at a time.
        unsafe { &mut *self.taken.lock.value.get() }
    }
}

impl<T> Drop for Taken<T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.taken.store(false, Release);
        thread::set_locks(self.before);
    }
}

/// Whether this thread holds the lock under which nothing foreign may run, memory included. For tests.
#[must_use]
pub fn patches_are_locked() -> bool {
    thread::locks() & Mark::Patches as u64 != 0
}

/// States that no lock of the engine is held: what follows asks the loader, the environment or standard error.
#[track_caller]
pub fn assert_unlocked() {
    debug_assert!(thread::locks() == 0, "foreign code under one of the engine's locks");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_knows_which_locks_it_holds() {
        static LOCK: Lock<u32> = Lock::new(Mark::Patches, 1);
        static TEXT: Lock<u32> = Lock::new(Mark::Text, 1);
        assert!(!patches_are_locked());
        let held = LOCK.hold();
        assert!(patches_are_locked() && *held == 1);
        held.release(());
        let held = TEXT.hold();
        assert!(!patches_are_locked() && thread::locks() != 0);
        drop(held);
        assert_unlocked();
    }

    #[test]
    #[should_panic(expected = "make and drop patches outside of signal handlers")]
    fn who_holds_a_lock_does_not_wait_for_itself() {
        static LOCK: Lock<u32> = Lock::new(Mark::Patches, 1);
        let _held = LOCK.hold();
        LOCK.hold();
    }
}
