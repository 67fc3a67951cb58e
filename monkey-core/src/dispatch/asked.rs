//! Whether a function is patchable, by its code: each such function, and nothing else, looks at one word at its entry.
use crate::image;

/// How much of a function is looked at, in bytes: what comes before the question is a few instructions for each argument.
const MOST: usize = 1024;

/// Whether the function at `address` looks at the word. `false` where that is not known.
pub fn is_asked_at(address: usize) -> bool {
    let Some(size) = image::size_of(address) else { return false };
    image::code_in_file(address, size.min(MOST)).is_some_and(|code| arch::refers(code, address))
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod arch {
    use super::super::BEGUN;
    use std::arch::asm;
    use std::ptr;

    /// Where the program's file has the word's address, for code of other crates.
    fn slot() -> usize {
        let slot: usize;
        // SAFETY: computes an address, and touches no memory.
        unsafe {
            asm!("lea {}, [rip + {}@GOTPCREL]", out(reg) slot, sym BEGUN, options(nomem, nostack, preserves_flags));
        }
        slot
    }

    /// Whether an instruction names the word, or where its address is.
    pub fn refers(code: &[u8], address: usize) -> bool {
        let wanted = [ptr::from_ref(&BEGUN) as usize, slot()];
        let mut at = 0;
        while at + 5 <= code.len() {
            // mod 00, r/m 101: [rip + disp32]
            if code[at] & 0xC7 == 0x05 {
                let distance = i32::from_le_bytes([code[at + 1], code[at + 2], code[at + 3], code[at + 4]]);
                let to = (address + at + 5).wrapping_add_signed(distance as isize);
                if to == wanted[0] || to == wanted[1] {
                    return true;
                }
            }
            at += 1;
        }
        false
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod arch {
    /// Not looked for.
    pub fn refers(_code: &[u8], _address: usize) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::super::{Own, asks};
    use super::is_asked_at;

    #[inline(never)]
    fn patchable(number: u32) -> bool {
        let own = Own::by(&|| ());
        asks(own) || number == std::hint::black_box(7)
    }

    #[inline(never)]
    fn other(number: u32) -> bool {
        patchable(number) || number == std::hint::black_box(8)
    }

    #[test]
    fn what_asks_is_told_from_what_calls_it() {
        assert!(is_asked_at(patchable as fn(u32) -> bool as usize));
        assert!(!is_asked_at(other as fn(u32) -> bool as usize));
        assert!(!is_asked_at(libc::getpid as *const () as usize) && !is_asked_at(8));
    }
}
