//! The slots on x86-64, at `gs:0`.
use std::arch::asm;

/// The calling thread's `pthread_t`, which its first slot has, as its stubs leave it.
#[must_use]
pub fn pointer() -> usize {
    load(0) as usize
}

/// Reads a slot.
#[inline]
pub fn load(offset: usize) -> u64 {
    let word: u64;
    // SAFETY: a slot of this thread's own.
    unsafe {
        asm!("mov {}, gs:[{}]", out(reg) word, in(reg) offset, options(nostack, preserves_flags, readonly));
    };
    word
}

/// Writes a slot.
#[inline]
pub fn store(offset: usize, value: u64) {
    // SAFETY: as above; no other thread looks at it.
    unsafe { asm!("mov gs:[{}], {}", in(reg) offset, in(reg) value, options(nostack, preserves_flags)) };
}
