//! macOS: the words lie in four slots for thread-specific data, one behind the other, so that a stub reads them from the
//! register that points at the slots: `gs` on x86-64, `tpidrro_el0` on `AArch64`.
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[cfg(target_arch = "aarch64")]
#[path = "macos/aarch64.rs"]
mod arch;
#[cfg(target_arch = "x86_64")]
#[path = "macos/x86_64.rs"]
mod arch;
mod id;

pub use arch::pointer;
pub use id::{id_of, id_offset};

/// How many words there are: those that stubs read, and two by which a parent tells a thread that it starts where it comes from.
const WORDS: usize = 6;
const LINEAGE_WORD: usize = 4;
const MEMBER_WORD: usize = 5;
/// More keys than the system has.
const KEYS: usize = 1024;

/// The words' distance from the first slot, in bytes; 0 before the keys are there, as no key is 0.
static OFFSET: AtomicUsize = AtomicUsize::new(0);

/// The words' distance from the first slot, in bytes.
pub fn offset() -> isize {
    known_offset() as isize
}

#[inline]
fn known_offset() -> usize {
    match OFFSET.load(SeqCst) {
        0 => find_keys(),
        offset => offset,
    }
}

/// Takes keys that are neighbours. New ones have no value in any thread.
///
/// # Panics
/// Where the program has taken nearly all of them before.
#[cold]
fn find_keys() -> usize {
    let mut taken = [false; KEYS];
    let mut run = None;
    while run.is_none() {
        let mut key = 0;
        // SAFETY: writes one number; values have no destructor.
        let made = unsafe { libc::pthread_key_create(&raw mut key, None) };
        assert!(made == 0 && (key as usize) < KEYS, "no six keys for thread-specific data are neighbours");
        taken[key as usize] = true;
        run = (1..=KEYS - WORDS).find(|first| taken[*first..*first + WORDS].iter().all(|taken| *taken));
    }
    let first = run.unwrap_or_default();
    let known = OFFSET.compare_exchange(0, first * 8, SeqCst, SeqCst);
    for (key, _) in taken.iter().enumerate().filter(|(_, taken)| **taken) {
        let ours = (first..first + WORDS).contains(&key) && known.is_ok();
        if !ours {
            // SAFETY: taken above, and nobody uses it.
            unsafe { libc::pthread_key_delete(key as libc::pthread_key_t) };
        }
    }
    known.err().unwrap_or(first * 8)
}

/// One of the calling thread's words.
#[inline]
pub fn load(index: usize) -> u64 {
    arch::load(known_offset() + index * 8)
}

/// Changes one of the calling thread's words.
#[inline]
pub fn store(index: usize, value: u64) {
    arch::store(known_offset() + index * 8, value);
}

/// Where a thread comes from.
#[derive(Debug, Clone, Copy)]
pub struct Handed {
    pub scope: u64,
    pub lineage: u64,
    /// The address of its place among the scope's members, or 0.
    pub member: usize,
}

/// Gives a thread that has not begun to run its scope, and the rest.
///
/// # Safety
/// `thread` is one that is being started and does not run yet.
pub unsafe fn hand_to(thread: usize, handed: Handed) {
    let words = thread + id::slots_in_thread() + known_offset();
    let values = [(0, handed.scope), (LINEAGE_WORD, handed.lineage), (MEMBER_WORD, handed.member as u64)];
    for (index, value) in values {
        // SAFETY: the slots lie in the thread's own structure, at the place where they lie in the calling thread's, which has
        // the same; nobody else has begun to use this one.
        unsafe { ((words + index * 8) as *mut u64).write_volatile(value) };
    }
}

/// What the calling thread was handed, once.
pub fn handed() -> Option<Handed> {
    let handed = Handed { scope: load(0), lineage: load(LINEAGE_WORD), member: load(MEMBER_WORD) as usize };
    store(LINEAGE_WORD, 0);
    store(MEMBER_WORD, 0);
    (handed.lineage != 0).then_some(handed)
}
