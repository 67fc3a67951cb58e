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

/// The stack pointer of the function that this is inlined into, which it always is.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the stack pointer of a function of its own is another")]
pub fn stack_pointer() -> usize {
    let stack: usize;
    // SAFETY: reading the stack pointer has no effect.
    unsafe {
        asm!("mov {}, rsp", out(reg) stack, options(nostack, preserves_flags, nomem));
    }
    stack
}
