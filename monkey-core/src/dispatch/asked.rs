//! Whether a function is patchable, by its code: each such function, and nothing else, looks at one word at its entry.
use crate::image;

/// How much of a function is looked at, in bytes: what comes before the question is a few instructions for each argument.
const MOST: usize = 1024;

/// Whether the function at `address` looks at the word. `false` where that is not known.
pub fn is_asked_at(address: usize) -> bool {
    patchable_at(address).is_some()
}

/// The function at `address`, if it looks at the word. `None` where that is not known.
pub fn patchable_at(address: usize) -> Option<image::Measured> {
    let function = image::measured(address)?;
    let code = &function.code[..function.code.len().min(MOST)];
    arch::refers(code, address).then_some(function)
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
        let mut rest = code;
        // Not by iterators, which cost several times as much in a build without optimisation.
        while let [modrm, behind @ ..] = rest {
            rest = behind;
            // mod 00, r/m 101: [rip + disp32]
            if *modrm & 0xC7 == 0x05
                && let [a, b, c, d, ..] = behind
            {
                let distance = i32::from_le_bytes([*a, *b, *c, *d]);
                let next = address + (code.len() - behind.len()) + 4;
                let to = next.wrapping_add_signed(distance as isize);
                if to == wanted[0] || to == wanted[1] {
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod arch {
    use super::super::BEGUN;
    use std::arch::asm;
    use std::ptr;

    const PAGE: usize = 4096;

    /// The page in which the program's file has the word's address, for code of other crates.
    fn page_of_slot() -> usize {
        let page: usize;
        // SAFETY: computes an address, and touches no memory.
        unsafe {
            asm!("adrp {}, :got:{}", out(reg) page, sym BEGUN, options(nomem, nostack, preserves_flags))
        };
        page
    }

    /// Whether two neighbours name the word, or where its address is.
    pub fn refers(code: &[u8], address: usize) -> bool {
        let word = ptr::from_ref(&BEGUN) as usize;
        let slots = page_of_slot();
        let (words, _) = code.as_chunks::<4>();
        words.windows(2).enumerate().any(|(index, pair)| {
            let [first, second] = [pair[0], pair[1]].map(u32::from_le_bytes);
            let Some(page) = page(first, address + index * 4) else { return false };
            match offset(second, first & 31) {
                Some((offset, true)) if page == slots && offset < PAGE => holds_address(page + offset, word),
                Some((offset, false)) => page + offset == word,
                _ => false,
            }
        })
    }

    /// 1 immlo:2 10000 immhi:19 Rd:5    adrp
    fn page(instruction: u32, at: usize) -> Option<usize> {
        let pages = (instruction >> 5 & 0x7_FFFF) << 2 | instruction >> 29 & 3;
        let pages = (pages << 11).cast_signed() >> 11;
        let is_adrp = instruction & 0x9F00_0000 == 0x9000_0000;
        is_adrp.then(|| (at & !(PAGE - 1)).wrapping_add_signed(pages as isize * PAGE as isize))
    }

    /// What is added to a register's page, and whether the result is that of a load of a pointer.
    ///
    /// F9 01 imm12 Rn Rt    ldr x, [x, #imm12 * 8]
    /// 39 01 imm12 Rn Rt    ldrb w, [x, #imm12]
    /// 91 00 imm12 Rn Rd    add x, x, #imm12
    fn offset(instruction: u32, register: u32) -> Option<(usize, bool)> {
        let imm12 = (instruction >> 10 & 0xFFF) as usize;
        let found = match instruction & 0xFFC0_0000 {
            0xF940_0000 => (imm12 * 8, true),
            0x3940_0000 | 0x9100_0000 => (imm12, false),
            _ => return None,
        };
        (instruction >> 5 & 31 == register).then_some(found)
    }

    fn holds_address(slot: usize, word: usize) -> bool {
        let slot = slot as *const usize;
        // SAFETY: aligned, and in the page in which the linker has put such addresses, which is readable.
        slot.is_aligned() && unsafe { slot.read_volatile() } == word
    }
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod arch {
    /// Not looked for.
    pub fn refers(_code: &[u8], _address: usize) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
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
