//! From within a function that asks, to where its call came from.
use crate::hook::CallerFrame;
use crate::image::FrameRule;

/// Whether a function that asks knows where its call came from. One whose future is polled does not.
pub const CALLERS_ARE_KNOWN: bool = cfg!(system = "linux");

/// Registers of a function that asks, at one place in its body. The place is 0 where they are not looked at.
#[derive(Debug, Clone, Copy)]
pub struct Asking {
    pub place: usize,
    stack_pointer: usize,
    frame_pointer: usize,
}

/// Copies the address of an instruction, the stack pointer and the frame pointer.
#[cfg(all(system = "linux", target_arch = "x86_64"))]
macro_rules! registers {
    () => {
        "lea {}, [rip]\nmov {}, rsp\nmov {}, rbp"
    };
}
#[cfg(all(system = "linux", target_arch = "aarch64"))]
macro_rules! registers {
    () => {
        "adr {}, .\nmov {}, sp\nmov {}, x29"
    };
}

impl Asking {
    /// Those of the function in which this is inlined. No call, which an optimiser could move to a function of its own.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is about the function that it is a part of")]
    pub fn here() -> Self {
        #[cfg(system = "linux")]
        {
            let (place, stack_pointer, frame_pointer);
            // SAFETY: copies registers, and touches nothing else.
            unsafe {
                std::arch::asm!(
                    registers!(), out(reg) place, out(reg) stack_pointer, out(reg) frame_pointer,
                    options(nomem, nostack, preserves_flags)
                );
            }
            Self { place, stack_pointer, frame_pointer }
        }
        #[cfg(not(system = "linux"))]
        Self { place: 0, stack_pointer: 0, frame_pointer: 0 }
    }

    /// What is known of the call.
    pub fn caller(self, rule: FrameRule) -> CallerFrame {
        let base = if rule.by_frame_pointer { self.frame_pointer } else { self.stack_pointer };
        let frame = base.wrapping_add_signed(rule.frame as isize);
        let at = frame.wrapping_add_signed(rule.return_address as isize) as *const u64;
        // SAFETY: the function's own table says that its return address is there while it is at this place, where it is now.
        CallerFrame { stack_pointer: frame as u64, return_address: unsafe { at.read() } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expansion::stack;
    use crate::image;
    use std::hint::black_box;

    #[repr(align(64))]
    struct Aligned([u8; 64]);

    fn caller_of(asking: Asking) -> CallerFrame {
        asking.caller(image::frame_rule(asking.place).expect("unwind tables"))
    }

    #[inline(never)]
    fn asks(number: u64) -> CallerFrame {
        black_box(number);
        caller_of(Asking::here())
    }

    #[inline(never)]
    fn asks_with_a_large_frame(number: u64) -> CallerFrame {
        let large = black_box([number; 2_000]);
        let asking = Asking::here();
        assert_eq!(black_box(large)[7], number);
        caller_of(asking)
    }

    #[inline(never)]
    fn asks_with_an_aligned_frame(number: u64) -> CallerFrame {
        let aligned = black_box(Aligned([number as u8; 64]));
        let asking = Asking::here();
        assert_eq!((&raw const aligned as usize % 64, black_box(&aligned).0[9]), (0, number as u8));
        caller_of(asking)
    }

    #[test]
    fn its_call_is_found_from_within_a_function() {
        if !CALLERS_ARE_KNOWN {
            return;
        }
        for function in [asks, asks_with_a_large_frame, asks_with_an_aligned_frame] {
            let CallerFrame { stack_pointer, return_address } = black_box(function)(7);
            assert_eq!(stack_pointer, stack() as u64);
            let caller = image::caller(return_address as usize).unwrap();
            assert!(caller.function.contains("its_call_is_found_from_within_a_function"), "{caller:?}");
        }
    }

    #[test]
    fn what_no_file_has_has_no_rule() {
        assert_eq!(image::frame_rule(64), None);
    }
}
