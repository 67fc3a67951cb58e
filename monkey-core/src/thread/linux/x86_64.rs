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

/// One of the calling thread's words. Not optimised away: the stubs that this thread runs change them behind the compiler's back.
#[inline]
pub fn load(index: usize) -> u64 {
    let value: u64;
    // SAFETY: reads the offset, which the linker or the loader has filled in, and one of the words, which are this thread's own
    // and alive as long as it runs; see `offset`.
    unsafe {
        asm!(
            concat!("mov {value}, qword ptr [rip + ", words_symbol!(), "@GOTTPOFF]"),
            "mov {value}, qword ptr fs:[{value} + 8*{index}]",
            value = out(reg) value,
            index = in(reg) index,
            options(nostack, preserves_flags, readonly),
        );
    }
    value
}

/// Changes one of the calling thread's words.
#[inline]
pub fn store(index: usize, value: u64) {
    // SAFETY: as in `load`; no other thread looks at them.
    unsafe {
        asm!(
            concat!("mov {words}, qword ptr [rip + ", words_symbol!(), "@GOTTPOFF]"),
            "mov qword ptr fs:[{words} + 8*{index}], {value}",
            words = out(reg) _,
            index = in(reg) index,
            value = in(reg) value,
            options(nostack, preserves_flags),
        );
    }
}
