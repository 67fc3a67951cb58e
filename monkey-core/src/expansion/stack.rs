//! Where a function's stack is, for `original!`.
use std::arch::naked_asm;

/// The stack pointer of the function that calls this.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
#[must_use]
pub extern "C" fn stack() -> usize {
    // 48 8D 44 24 08     lea rax, [rsp+8]    above the return address
    // C3                 ret
    naked_asm!("lea rax, [rsp + 8]", "ret")
}

/// The stack pointer of the function that calls this.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
#[must_use]
pub extern "C" fn stack() -> usize {
    // 0 0 100010 0 000000000000 11111 00000     mov x0, sp
    // 1101011001011111 000000 11110 00000       ret
    naked_asm!("hint #34", "mov x0, sp", "ret")
}

#[cfg(test)]
mod tests {
    use super::stack;

    #[inline(never)]
    fn below() -> usize {
        let here = std::hint::black_box([0_u8; 64]);
        let there = stack();
        assert!(here.as_ptr() as usize >= there);
        there
    }

    #[test]
    fn it_is_the_callers_own() {
        let own = stack();
        assert_eq!(stack(), own);
        assert!(below() < own);
    }
}
