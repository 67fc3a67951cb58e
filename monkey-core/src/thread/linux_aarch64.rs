//! The thread pointer of Linux on `AArch64`, and where the words lie from it.
use std::arch::{asm, naked_asm};

/// The words' distance from the thread pointer, in bytes.
#[unsafe(naked)]
pub extern "C" fn offset() -> isize {
    naked_asm!(
        concat!("adrp x0, :gottprel:", words_symbol!()),
        concat!("ldr x0, [x0, :gottprel_lo12:", words_symbol!(), "]"),
        "ret",
        words_definition!()
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
