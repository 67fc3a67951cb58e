//! The thread pointer of Linux on x86-64, and where the words lie from it.
use std::arch::{asm, naked_asm};

/// The words' distance from the thread pointer, in bytes.
#[unsafe(naked)]
pub extern "C" fn offset() -> isize {
    naked_asm!(
        concat!("mov rax, qword ptr [rip + ", words_symbol!(), "@GOTTPOFF]"),
        "ret",
        words_definition!()
    )
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
