//! A test's own randomness: what the system gives as random is a seed's sequence.
//!
//! Each thread has a stream of its own, by its place among its parent's children, so that what one thread draws does not
//! depend on when another does.
#[cfg(unix)]
mod arc4random;
mod keys;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
mod stream;
#[cfg(windows)]
mod windows;

use crate::guard::Guard;
use crate::world;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;
use monkey_core::{border::Bypass, lineage};
use std::ffi::c_void;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
#[cfg(windows)]
use windows as system;

#[cfg(target_os = "linux")]
pub(crate) use system::{getrandom, read};

/// What stands in a world for randomness.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Which seeding counts, 0 for none; the streams of an earlier one are over.
    serial: AtomicU64,
    seed: AtomicU64,
    /// All seedings whose guards live: their serials and seeds.
    seeded: Mutex<Vec<(u64, u64)>>,
}

impl State {
    fn change(&self, change: impl FnOnce(&mut Vec<(u64, u64)>)) {
        let _bypass = Bypass::begin();
        let mut seeded = self.seeded.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut seeded);
        let (serial, seed) = seeded.last().copied().unwrap_or_default();
        self.seed.store(seed, SeqCst);
        self.serial.store(serial, SeqCst);
    }

    /// Fills with the calling thread's next bytes, if the world is seeded.
    fn fill(&self, buffer: &mut [u8]) -> bool {
        let serial = self.serial.load(SeqCst);
        if serial != 0 {
            stream::fill(serial, self.seed.load(SeqCst), buffer);
        }
        serial != 0
    }
}

/// Takes the seed back when it is dropped; if the test fails meanwhile, it says which seed it was.
#[must_use = "randomness is the system's again when the guard is dropped"]
#[derive(Debug)]
pub struct Seeded {
    guard: Guard,
    serial: u64,
    seed: u64,
}

/// Gives the caller's scope a randomness of its own, the same in each run.
///
/// `getrandom`, `/dev/urandom`, the keys of `HashMap`, uuid, rand: whatever asks the system gets it. Each thread has a stream
/// of its own, by its place among its parent's children.
///
/// ```
/// use std::hash::{BuildHasher, RandomState};
///
/// let first = {
///     let _random = monkey_kit::random::seed(7);
///     RandomState::new().hash_one("key")
/// };
/// let _random = monkey_kit::random::seed(7);
/// assert_eq!(RandomState::new().hash_one("key"), first);
/// ```
///
/// # Panics
/// When one of the functions cannot be replaced.
#[track_caller]
pub fn seed(seed: u64) -> Seeded {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let guard = Guard::new(&system::ENTRIES);
    let serial = NEXT.fetch_add(1, SeqCst);
    guard.random.change(|seeded| seeded.push((serial, seed)));
    // Its children are counted from here.
    lineage::set(lineage::own());
    let mut bytes = [0; 16];
    guard.random.fill(&mut bytes);
    keys::set(u128::from_le_bytes(bytes));
    Seeded { guard, serial, seed }
}

impl Drop for Seeded {
    fn drop(&mut self) {
        self.guard.random.change(|seeded| seeded.retain(|(serial, _)| *serial != self.serial));
        if std::thread::panicking() {
            let location = self.guard.location;
            eprintln!(
                "note: random numbers were those of `monkey::random::seed({})` at {}:{}",
                self.seed,
                location.file(),
                location.line()
            );
        }
    }
}

/// Fills a caller's memory if his world is seeded.
///
/// # Safety
/// The memory is the caller's, or null.
unsafe fn fill(buffer: *mut c_void, length: usize) -> bool {
    let Some(world) = world::enter() else { return false };
    if buffer.is_null() || length == 0 {
        return false;
    }
    // SAFETY: the caller's memory.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
    world.random.fill(buffer)
}
