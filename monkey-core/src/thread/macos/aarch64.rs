//! The slots on `AArch64`, at `tpidrro_el0`, whose lowest bits are the processor's number on some systems.
use std::arch::asm;

fn slots() -> usize {
    let slots: usize;
    // SAFETY: reading the register has no effect.
    unsafe { asm!("mrs {}, tpidrro_el0", out(reg) slots, options(nostack, preserves_flags, nomem)) };
    slots & !7
}

/// Where the calling thread's slots begin, as its stubs leave it.
#[must_use]
pub fn pointer() -> usize {
    slots()
}

/// Reads a slot.
#[inline]
pub fn load(offset: usize) -> u64 {
    // SAFETY: a slot of this thread's own. Volatile, because the stubs that this thread runs change it behind the
    // compiler's back.
    unsafe { ((slots() + offset) as *const u64).read_volatile() }
}

/// Writes a slot.
#[inline]
pub fn store(offset: usize, value: u64) {
    // SAFETY: as above; no other thread looks at it.
    unsafe { ((slots() + offset) as *mut u64).write_volatile(value) };
}
