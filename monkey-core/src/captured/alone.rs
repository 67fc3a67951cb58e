//! One caller at a time, for closures that change what they have captured.
use crate::code;
use crate::thread::{self, BypassAll};
use std::cell::UnsafeCell;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Release, SeqCst};
use std::time::Duration;

/// How often the processor is given away before a thread that waits begins to sleep.
const YIELDS: u32 = 20;
const PAUSE: Duration = Duration::from_micros(50);
/// After how many pauses it is worth a look whether the caller is still there.
const LOOK: u32 = 200;

/// A value for one caller at a time. Who waits looks again and again, as at the engine's [lock](crate::lock): a mutex may itself be replaced.
#[derive(Debug)]
pub struct Alone<T> {
    /// The caller's thread, by its thread pointer; 0: none.
    caller: AtomicUsize,
    value: UnsafeCell<T>,
}

// SAFETY: only one thread at a time gets at the value, and it may be sent to each.
unsafe impl<T: Send> Sync for Alone<T> {}

/// Why somebody cannot have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The calling thread has it already.
    Within,
    /// Who has it is not in this process, which is a fork.
    Gone,
}

impl<T> Alone<T> {
    pub const fn new(value: T) -> Self {
        Self { caller: AtomicUsize::new(0), value: UnsafeCell::new(value) }
    }

    /// Waits until no other thread has it.
    #[inline]
    pub fn with<R>(&self, use_it: impl FnOnce(&mut T) -> R) -> Result<R, Refused> {
        self.wait()?;
        let _leave = Leave(&self.caller);
        // SAFETY: this thread has it, and no other gets it before `_leave` is dropped.
        Ok(use_it(unsafe { &mut *self.value.get() }))
    }

    #[inline]
    fn wait(&self) -> Result<(), Refused> {
        let own = thread::pointer();
        match self.caller.compare_exchange(0, own, SeqCst, SeqCst) {
            Ok(_) => Ok(()),
            Err(_) => self.wait_for_another(own),
        }
    }

    #[cold]
    fn wait_for_another(&self, own: usize) -> Result<(), Refused> {
        let _bypass = BypassAll::begin();
        let mut attempts = 0;
        loop {
            match self.caller.compare_exchange(0, own, SeqCst, SeqCst) {
                Ok(_) => return Ok(()),
                Err(caller) if caller == own => return Err(Refused::Within),
                Err(caller) if attempts % LOOK == LOOK - 1 && is_gone(caller) => return Err(Refused::Gone),
                Err(_) if attempts < YIELDS => std::thread::yield_now(),
                Err(_) => std::thread::sleep(PAUSE),
            }
            attempts += 1;
        }
    }
}

/// Whether a thread is there no more, though it has not left: a fork has only the one that forked.
fn is_gone(caller: usize) -> bool {
    thread::id_of(caller).is_none_or(|id| !code::thread_exists(id))
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(0, Release);
    }
}
