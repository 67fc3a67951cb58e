//! Where the calling function's stack ends, which says whose call the next one is.

/// The caller's stack pointer, as it is before and after this call.
///
/// `original!` asks in the function that makes the call, so the address is the one below which that call's return address
/// goes. The function has no frame of its own: a return address is all that lies between.
#[cfg(not(system = "unsupported"))]
#[must_use]
#[unsafe(naked)]
pub extern "C" fn stack() -> usize {
    #[cfg(target_arch = "x86_64")]
    // 48 8D 44 24 08    lea rax, [rsp + 8]
    // C3                ret
    std::arch::naked_asm!("lea rax, [rsp + 8]", "ret");
    #[cfg(target_arch = "aarch64")]
    // 91 00 03 E0       mov x0, sp
    // D6 5F 03 C0       ret
    std::arch::naked_asm!("mov x0, sp", "ret");
}

/// An address in the caller's frame or above it, where nobody compares it with a stack pointer.
#[cfg(system = "unsupported")]
#[must_use]
#[inline(never)]
pub extern "C" fn stack() -> usize {
    let local = 0_u8;
    std::hint::black_box(&raw const local) as usize
}

#[cfg(test)]
mod tests {
    use super::stack;
    use std::hint::black_box;

    #[inline(never)]
    fn deeper() -> usize {
        let below = black_box([0u8; 256]);
        stack() + usize::from(below[0])
    }

    #[test]
    fn one_function_has_one_end() {
        let local = black_box(0u8);
        let here = stack();
        assert_eq!(here, stack());
        assert_eq!(here % 16, 0, "calls are made with an aligned stack");
        let distance = (&raw const local as usize).wrapping_sub(here);
        assert!(distance < 64 << 10, "locals lie above, in the same frame: {distance:#x}");
    }

    #[test]
    fn what_is_called_ends_lower() {
        assert!(deeper() + 256 <= stack());
    }
}
