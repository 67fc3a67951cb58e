//! The thread pointer of Linux on x86-64, and where the words lie from it.
use std::arch::{asm, naked_asm};

/// The words' distance from the thread pointer, in bytes.
#[unsafe(naked)]
pub extern "C" fn offset() -> isize {
    naked_asm!(concat!("mov rax, qword ptr [rip + ", words_symbol!(), "@GOTTPOFF]"), "ret")
}

/// The thread pointer.
pub fn pointer() -> usize {
    let base: usize;
    // SAFETY: the psABI keeps the thread pointer itself at `fs:0`; the load touches nothing else.
    unsafe {
        asm!("mov {}, fs:0", out(reg) base, options(nostack, preserves_flags, readonly));
    }
    base
}

/// Where the words of the calling thread are.
#[inline]
pub fn words() -> usize {
    let words: usize;
    // SAFETY: reads the offset, which the linker or the loader has filled in, and the thread pointer; see `offset`, `pointer`.
    unsafe {
        asm!(
            concat!("mov {words}, qword ptr [rip + ", words_symbol!(), "@GOTTPOFF]"),
            "add {words}, fs:0",
            words = out(reg) words,
            options(nostack, readonly),
        );
    }
    words
}
