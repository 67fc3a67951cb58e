//! The thread pointer of Linux on `AArch64`, and where the words lie from it.
use std::arch::{asm, naked_asm};

/// The words' distance from the thread pointer, in bytes.
#[unsafe(naked)]
pub extern "C" fn offset() -> isize {
    naked_asm!(
        concat!("adrp x0, :gottprel:", words_symbol!()),
        concat!("ldr x0, [x0, :gottprel_lo12:", words_symbol!(), "]"),
        "ret"
    )
}

/// The thread pointer.
pub fn pointer() -> usize {
    let base: usize;
    // SAFETY: reading the thread pointer register has no effect.
    unsafe {
        asm!("mrs {}, tpidr_el0", out(reg) base, options(nostack, preserves_flags, nomem));
    }
    base
}

/// Where the words of the calling thread are.
#[inline]
fn words() -> usize {
    let words: usize;
    // SAFETY: reads the offset, which the linker or the loader has filled in, and the thread pointer; see `offset`, `pointer`.
    unsafe {
        asm!(
            concat!("adrp {words}, :gottprel:", words_symbol!()),
            concat!("ldr {words}, [{words}, :gottprel_lo12:", words_symbol!(), "]"),
            "mrs {pointer}, tpidr_el0",
            "add {words}, {words}, {pointer}",
            words = out(reg) words,
            pointer = out(reg) _,
            options(nostack, readonly, preserves_flags),
        );
    }
    words
}

/// One of the calling thread's words.
#[inline]
pub fn load(index: usize) -> u64 {
    let word = (words() as *mut u64).wrapping_add(index);
    // SAFETY: the words are this thread's own, aligned and alive as long as it runs. Volatile, because the
    // stubs that this thread runs change them behind the compiler's back.
    unsafe { word.read_volatile() }
}

/// Changes one of the calling thread's words.
#[inline]
pub fn store(index: usize, value: u64) {
    let word = (words() as *mut u64).wrapping_add(index);
    // SAFETY: as in `load`; no other thread looks at them.
    unsafe { word.write_volatile(value) }
}
