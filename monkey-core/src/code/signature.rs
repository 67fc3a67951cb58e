//! Whether a target is hooked already by another copy of this engine: each stub has a signature in front of it.
//!
//! Pure: what reads memory is passed in. Every architecture is compiled on every host.

/// Bytes of a signature.
pub const LENGTH: usize = 16;

/// Reads memory from an address on; false if it is not all there.
pub type Read<'a> = &'a dyn Fn(usize, &mut [u8]) -> bool;

/// Where the code at an address jumps at once, on one instruction set.
pub type Destination = fn(usize, Read<'_>) -> Option<usize>;

/// Jumps that lead to a stub: one at the entry, one in the padding in front of it, one on a page near by.
const JUMPS: usize = 3;

/// The code with the signature in front of it, if the target begins with a jump to it, or with jumps to jumps.
#[must_use]
pub fn leads_to(
    signature: &[u8; LENGTH],
    target: usize,
    destination: Destination,
    read: Read<'_>,
) -> Option<usize> {
    let mut at = target;
    for _ in 0..JUMPS {
        let next = destination(at, read)?;
        let mut there = [0; LENGTH];
        if next.checked_sub(LENGTH).is_some_and(|before| read(before, &mut there)) && there == *signature {
            return Some(next);
        }
        at = next;
    }
    None
}

/// Where the jump at an address of x86-64 code goes.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "tested on every host"))]
#[must_use]
pub fn destination_x86_64(at: usize, read: Read<'_>) -> Option<usize> {
    let mut code = [0; 6];
    // A short jump may be the last instruction of what is mapped.
    let length = [6, 5, 2].into_iter().find(|length| read(at, &mut code[..*length]))?;
    let field = i32::from_le_bytes([code[1], code[2], code[3], code[4]]);
    let pointer = i32::from_le_bytes([code[2], code[3], code[4], code[5]]);
    match code {
        // EB cb            jmp rel8
        [0xEB, distance, ..] => Some(at.wrapping_add(2).wrapping_add_signed(isize::from(distance as i8))),
        // E9 cd            jmp rel32
        [0xE9, ..] if length >= 5 => Some(at.wrapping_add(5).wrapping_add_signed(field as isize)),
        // FF 25 cd         jmp [rip+disp32]
        [0xFF, 0x25, ..] if length >= 6 => {
            word(at.wrapping_add(6).wrapping_add_signed(pointer as isize), read)
        }
        _ => None,
    }
}

/// Where the jump at an address of `AArch64` code goes; a landing pad may stand in front of it.
#[cfg_attr(not(target_arch = "aarch64"), allow(dead_code, reason = "tested on every host"))]
#[must_use]
pub fn destination_aarch64(at: usize, read: Read<'_>) -> Option<usize> {
    let instruction = |at: usize| {
        let mut code = [0; 4];
        read(at, &mut code).then(|| u32::from_le_bytes(code))
    };
    let first = instruction(at)?;
    // 11010101000000110010 CRm op2 11111   hints: bti, paciasp, pacibsp
    let (at, first) = match first & 0xFFFF_F01F {
        0xD503_201F => (at + 4, instruction(at + 4)?),
        _ => (at, first),
    };
    // 000101 imm26                         b
    if first >> 26 == 0b00_0101 {
        let distance = ((first << 6) as i32 >> 4) as isize;
        return Some(at.wrapping_add_signed(distance));
    }
    // 01011000 imm19 Rt                    ldr Rt, #imm19
    // 11010110000 11111 000000 Rn 00000    br Rn
    let register = first & 31;
    let branch = 0xD61F_0000 | register << 5;
    if first >> 24 == 0b0101_1000 && instruction(at + 4) == Some(branch) {
        let distance = ((first << 8) as i32 >> 13) as isize * 4;
        return word(at.wrapping_add_signed(distance), read);
    }
    None
}

fn word(at: usize, read: Read<'_>) -> Option<usize> {
    let mut bytes = [0; 8];
    read(at, &mut bytes).then(|| u64::from_le_bytes(bytes) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub;

    const SIGNATURE: &[u8; LENGTH] = b"signature of one";

    /// Memory of some pieces.
    fn memory<'a>(pieces: &'a [(usize, &'a [u8])]) -> impl Fn(usize, &mut [u8]) -> bool + 'a {
        move |at, bytes| {
            let there = pieces.iter().find_map(|(start, piece)| {
                let offset = at.checked_sub(*start)?;
                piece.get(offset..offset + bytes.len())
            });
            if let Some(there) = there {
                bytes.copy_from_slice(there);
            }
            there.is_some()
        }
    }

    fn check(destination: Destination, target: usize, pieces: &[(usize, &[u8])]) -> bool {
        leads_to(SIGNATURE, target, destination, &memory(pieces)).is_some()
    }

    const STUB: usize = 0x5_0010;
    const SIGNED: (usize, &[u8]) = (0x5_0000, SIGNATURE);

    #[test]
    fn every_form_of_jump_is_followed_on_x86_64() {
        let is = |pieces: &[(usize, &[u8])]| check(destination_x86_64, 0x1000, pieces);
        let near = stub::x86_64::jump(0x1000, STUB as u64, stub::x86_64::NEAR);
        let far = stub::x86_64::jump(0x1000, STUB as u64, stub::x86_64::FAR);
        assert!(is(&[(0x1000, &near), SIGNED]) && is(&[(0x1000, &far), SIGNED]));
        assert!(!is(&[(0x1000, &near), (0x5_0000, &[0; 16])]) && !is(&[(0x1000, &near)]));
        let padded = [&stub::x86_64::jump(0xFFB, STUB as u64, 5)[..], &[0xEB, 0xF9]].concat();
        assert!(is(&[(0xFFB, &padded), SIGNED]));
        assert!(!is(&[(0x1000, &[0x55, 0x48, 0x89, 0xE5, 0xC3, 0xC3]), SIGNED]));
        assert!(!is(&[(0x1000, &[0xEB, 0xFE]), SIGNED]), "a loop ends");
        assert!(!is(&[]));
    }

    #[test]
    fn every_form_of_jump_is_followed_on_aarch64() {
        let is = |pieces: &[(usize, &[u8])]| check(destination_aarch64, 0x1000, pieces);
        for (skipped, pad) in
            [(0, &[][..]), (4, &0xD503_245F_u32.to_le_bytes()), (4, &0xD503_233F_u32.to_le_bytes())]
        {
            let from = 0x1000 + skipped;
            for length in [stub::aarch64::NEAR, stub::aarch64::FAR] {
                let jump = [pad, &stub::aarch64::jump(from, STUB as u64, length)].concat();
                assert!(is(&[(0x1000, &jump), SIGNED]), "{jump:x?}");
                assert!(!is(&[(0x1000, &jump), (0x5_0000, &[0; 16])]));
            }
        }
        let back = stub::aarch64::jump(0x1000, 0x10, stub::aarch64::NEAR);
        assert!(is(&[(0x1000, &back), (0, SIGNATURE)]));
        assert!(!is(&[(0x1000, &[0xFD, 0x7B, 0xBF, 0xA9]), SIGNED]) && !is(&[]));
    }
}
