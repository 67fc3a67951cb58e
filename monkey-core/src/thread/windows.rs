//! Windows: the words lie in four slots for thread-local storage, one behind the other in the thread's environment block,
//! so that a stub reads them through `gs` with one instruction.
use std::arch::asm;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

#[link(name = "kernel32")]
unsafe extern "system" {
    fn TlsAlloc() -> u32;
    fn TlsFree(slot: u32) -> i32;
    fn ReadProcessMemory(
        process: *mut c_void,
        address: *const c_void,
        into: *mut c_void,
        size: usize,
        read: *mut usize,
    ) -> i32;
}

/// What `GetCurrentProcess` gives: a constant.
const THIS_PROCESS: *mut c_void = -1_isize as *mut c_void;

/// Where the slots lie in the environment block (`TEB::TlsSlots`), in bytes, and how many.
const SLOTS: usize = 0x1480;
const SLOT_COUNT: usize = 64;
/// How many words there are.
const WORDS: usize = 4;
/// Where a thread's id lies in the environment block (`TEB::ClientId.UniqueThread`), in bytes.
const THREAD_ID: usize = 0x48;

/// The words' distance from the environment block's begin, in bytes; 0 before the slots are there.
static OFFSET: AtomicUsize = AtomicUsize::new(0);

/// The words' distance from the environment block's begin, in bytes.
pub fn offset() -> isize {
    known_offset() as isize
}

#[inline]
fn known_offset() -> usize {
    match OFFSET.load(SeqCst) {
        0 => find_slots(),
        offset => offset,
    }
}

/// Takes four slots that are neighbours. New slots are zero in every thread. One thread at a time: of several that take slot by slot none
/// would find neighbours.
///
/// # Panics
/// Where the program has taken nearly all of the 64 before.
#[cold]
fn find_slots() -> usize {
    static FINDING: Mutex<()> = Mutex::new(());
    let _finding = FINDING.lock().unwrap_or_else(PoisonError::into_inner);
    let known = OFFSET.load(SeqCst);
    if known != 0 {
        return known;
    }
    let mut taken = [false; SLOT_COUNT];
    let mut run = None;
    while run.is_none() {
        // SAFETY: gives a number.
        let slot = unsafe { TlsAlloc() } as usize;
        assert!(slot < SLOT_COUNT, "no four slots for thread-local storage are free, one behind the other");
        taken[slot] = true;
        run = (0..=SLOT_COUNT - WORDS).find(|first| taken[*first..*first + WORDS].iter().all(|taken| *taken));
    }
    let first = run.unwrap_or_default();
    let offset = SLOTS + first * 8;
    for (slot, _) in taken.iter().enumerate().filter(|(_, taken)| **taken) {
        if !(first..first + WORDS).contains(&slot) {
            // SAFETY: taken above, and nobody uses it.
            unsafe { TlsFree(slot as u32) };
        }
    }
    OFFSET.store(offset, SeqCst);
    offset
}

/// One of the calling thread's words.
#[inline]
pub fn load(index: usize) -> u64 {
    let place = known_offset() + index * 8;
    let word: u64;
    // SAFETY: the slots are this thread's own, in its environment block.
    unsafe {
        asm!("mov {}, gs:[{}]", out(reg) word, in(reg) place, options(nostack, preserves_flags, readonly));
    };
    word
}

/// Changes one of the calling thread's words.
#[inline]
pub fn store(index: usize, value: u64) {
    let place = known_offset() + index * 8;
    // SAFETY: as in `load`; no other thread looks at them.
    unsafe { asm!("mov gs:[{}], {}", in(reg) place, in(reg) value, options(nostack, preserves_flags)) };
}

/// Where the calling thread's environment block begins: a number that no other thread has while this one lives.
#[must_use]
pub fn pointer() -> usize {
    let block;
    // SAFETY: the block has its own address in it (`NT_TIB::Self`).
    unsafe { asm!("mov {}, gs:[0x30]", out(reg) block, options(nostack, preserves_flags, readonly)) };
    block
}

/// The id of the thread with this environment block; `None` if there is none any more.
pub fn id_of(pointer: usize) -> Option<i32> {
    if pointer == 0 {
        return None;
    }
    let (mut id, mut read) = (0_u32, 0);
    let place = pointer.wrapping_add(THREAD_ID) as *const c_void;
    // SAFETY: the system writes one number, and looks itself whether the address is there: the thread may have ended.
    let done = unsafe {
        ReadProcessMemory(THIS_PROCESS, place, (&raw mut id).cast(), size_of::<u32>(), &raw mut read)
    };
    (done != 0 && id != 0).then_some(id as i32)
}

/// How far behind the environment block's begin a thread's id lies, in bytes.
#[expect(clippy::unnecessary_wraps, reason = "as where it is not known")]
pub fn id_offset() -> Option<isize> {
    Some(THREAD_ID as isize)
}
