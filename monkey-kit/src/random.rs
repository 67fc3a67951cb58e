//! A test's own randomness: what the system gives as random is a seed's sequence.
//!
//! Each thread has a stream of its own, by its place among its parent's children, so that what one thread draws does not
//! depend on when another does.
mod device;
mod keys;
mod stream;

use crate::border::{fail, functions};
use crate::guard::Guard;
use crate::{system_call, world};
use libc::{c_int, c_uint, c_void, size_t, ssize_t};
use monkey_core::{border::Bypass, lineage};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

pub(crate) use device::read;

functions! {
    GETRANDOM = getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t => getrandom;
    GETENTROPY = getentropy(buffer: *mut c_void, length: size_t) -> c_int => getentropy;
    ARC4RANDOM = arc4random() -> u32 => arc4random;
    ARC4RANDOM_BUF = arc4random_buf(buffer: *mut c_void, length: size_t) => arc4random_buf;
    ARC4RANDOM_UNIFORM = arc4random_uniform(bound: u32) -> u32 => arc4random_uniform;
}

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
    let guard = Guard::new(&[
        &GETRANDOM,
        &GETENTROPY,
        &ARC4RANDOM,
        &ARC4RANDOM_BUF,
        &ARC4RANDOM_UNIFORM,
        &system_call::SYSCALL,
        &crate::files::READ,
    ]);
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

/// `getrandom`, also as a system call.
///
/// # Safety
/// As the function of this name.
pub(crate) unsafe fn getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    // SAFETY: the caller's memory.
    if unsafe { fill(buffer, length) } {
        return length as ssize_t;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::getrandom(buffer, length, flags) }
}

unsafe fn getentropy(buffer: *mut c_void, length: size_t) -> c_int {
    const MOST: usize = 256;
    if length > MOST {
        return fail(libc::EIO);
    }
    // SAFETY: the caller's memory.
    if unsafe { fill(buffer, length) } {
        return 0;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::getentropy(buffer, length) }
}

unsafe fn arc4random() -> u32 {
    let mut bytes = [0; 4];
    // SAFETY: memory of our own.
    if unsafe { fill(bytes.as_mut_ptr().cast(), bytes.len()) } {
        return u32::from_ne_bytes(bytes);
    }
    // SAFETY: takes nothing.
    unsafe { original::arc4random() }
}

unsafe fn arc4random_buf(buffer: *mut c_void, length: size_t) {
    // SAFETY: the caller's memory.
    if unsafe { !fill(buffer, length) } {
        // SAFETY: the caller's arguments.
        unsafe { original::arc4random_buf(buffer, length) }
    }
}

unsafe fn arc4random_uniform(bound: u32) -> u32 {
    let mut bytes = [0; 8];
    // SAFETY: memory of our own.
    if unsafe { fill(bytes.as_mut_ptr().cast(), bytes.len()) } {
        // What is left over of 64 bits shifts the odds by less than one in 2³².
        return (u64::from_ne_bytes(bytes) % u64::from(bound.max(1))) as u32;
    }
    // SAFETY: the caller's argument.
    unsafe { original::arc4random_uniform(bound) }
}
