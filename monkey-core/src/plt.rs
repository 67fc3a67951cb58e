//! Function pointers that lead through a PLT entry: how a program that is not position-independent names a library's function.

/// Where the PLT entry at `address` leads, if there is one.
#[cfg(all(not(system = "unsupported"), target_arch = "x86_64"))]
pub fn followed(address: usize) -> Option<usize> {
    let byte = |offset: usize| {
        // SAFETY: a function's code is readable, and each byte is looked at only where those before it say that the
        // instruction goes on.
        unsafe { ((address + offset) as *const u8).read_volatile() }
    };
    let all =
        |from: usize, bytes: &[u8]| bytes.iter().enumerate().all(|(at, wanted)| byte(from + at) == *wanted);
    // F3 0F 1E FA           endbr64
    // F2                    bnd
    // FF 25 rel32           jmp [rip+slot]
    let mut at = if all(0, &[0xF3, 0x0F, 0x1E, 0xFA]) { 4 } else { 0 };
    at += usize::from(all(at, &[0xF2]));
    if !all(at, &[0xFF, 0x25]) {
        return None;
    }
    let displacement = i32::from_le_bytes([2, 3, 4, 5].map(|offset| byte(at + offset)));
    let slot = (address + at + 6).wrapping_add_signed(displacement as isize);
    // SAFETY: the jump at `address`, which the program can make, reads its target there.
    Some(unsafe { (slot as *const usize).read_unaligned() })
}

/// Where the PLT entry at `address` leads, if there is one.
#[cfg(all(not(system = "unsupported"), target_arch = "aarch64"))]
pub fn followed(address: usize) -> Option<usize> {
    let word = |index: usize| {
        // SAFETY: a function's code is readable, and each instruction is looked at only where the one before it goes on.
        unsafe { ((address + index * 4) as *const u32).read_volatile() }
    };
    // 11010101000000110010 0100 010 11111              bti c
    let first = usize::from(word(0) == 0xD503_245F);
    // 1 immlo 10000 immhi 10000                        adrp x16, page
    // 11 111 0 01 01 imm12 10000 10001                 ldr  x17, [x16, #offset]
    let adrp = word(first);
    if adrp & 0x9F00_001F != 0x9000_0010 {
        return None;
    }
    let ldr = word(first + 1);
    if ldr & 0xFFC0_03FF != 0xF940_0211 {
        return None;
    }
    let pages = i64::from((adrp >> 5 & 0x7_FFFF) << 2 | adrp >> 29 & 3) << 43 >> 43;
    let page = ((address + 4 * first) & !0xFFF).wrapping_add_signed((pages << 12) as isize);
    let slot = page + (ldr >> 10 & 0xFFF) as usize * 8;
    // SAFETY: the code at `address`, which the program can run, reads its target there.
    Some(unsafe { (slot as *const usize).read_unaligned() })
}

/// Where the PLT entry at `address` leads: entries of this machine are not known, and what they lead to is not changed.
#[cfg(system = "unsupported")]
pub fn followed(_address: usize) -> Option<usize> {
    None
}

#[cfg(all(test, not(system = "unsupported"), target_arch = "x86_64"))]
mod tests {
    use super::followed;

    /// A PLT entry with its slot right behind it.
    #[repr(C, align(8))]
    struct Entry([u8; 16], usize);

    #[test]
    fn plt_entries_are_followed_and_nothing_else() {
        let plain = Entry([0xFF, 0x25, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0x1234);
        let guarded = [0xF3, 0x0F, 0x1E, 0xFA, 0xF2, 0xFF, 0x25, 5, 0, 0, 0, 0, 0, 0, 0, 0];
        let guarded = Entry(guarded, 0x5678);
        assert_eq!(followed(plain.0.as_ptr() as usize), Some(0x1234));
        assert_eq!(followed(guarded.0.as_ptr() as usize), Some(0x5678));
        assert_eq!(followed(followed as *const () as usize), None);
    }
}
