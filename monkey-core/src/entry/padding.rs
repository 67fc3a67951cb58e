//! Is what lies in front of a function nothing but padding?
//!
//! Compilers and linkers fill it with `int3` or with nops, which nobody branches to. Should code in front of it run off
//! its end into the function, then a jump in the padding takes it to where it was going.

/// Whether all of the bytes are `int3` and nops, the long forms included.
pub fn is_padding(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let Some(length) = filler(bytes) else { return false };
        bytes = &bytes[length..];
    }
    true
}

/// The length of one instruction that does nothing.
fn filler(bytes: &[u8]) -> Option<usize> {
    // 66 .. 66 2E      prefixes of the longer forms
    let prefixes = bytes.iter().take_while(|byte| matches!(byte, 0x66 | 0x2E)).count();
    let length = match bytes[prefixes..] {
        // CC           int3
        [0xCC, ..] if prefixes == 0 => 1,
        // 90           nop
        [0x90, ..] => 1,
        // 0F 1F /0     nop r/m
        [0x0F, 0x1F, operand, ..] => 3 + addressing(operand, bytes.get(prefixes + 3).copied())?,
        _ => return None,
    };
    (prefixes + length <= bytes.len()).then_some(prefixes + length)
}

/// Bytes behind a `ModRM` byte of extension 0: a SIB byte, a displacement.
fn addressing(operand: u8, scaled: Option<u8>) -> Option<usize> {
    let (mode, extension, base) = (operand >> 6, operand >> 3 & 7, operand & 7);
    let sib = usize::from(mode != 3 && base == 4);
    let displacement = match mode {
        0 if base == 5 || (sib == 1 && scaled? & 7 == 5) => 4,
        1 => 1,
        2 => 4,
        _ => 0,
    };
    (extension == 0).then_some(sib + displacement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fillers_of_compilers_are_known() {
        // What `.p2align` makes: one to eleven bytes.
        let nops: [&[u8]; 9] = [
            &[0x90],
            &[0x66, 0x90],
            &[0x0F, 0x1F, 0x00],
            &[0x0F, 0x1F, 0x40, 0x00],
            &[0x0F, 0x1F, 0x44, 0x00, 0x00],
            &[0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
            &[0x0F, 0x1F, 0x80, 0, 0, 0, 0],
            &[0x0F, 0x1F, 0x84, 0x00, 0, 0, 0, 0],
            &[0x66, 0x66, 0x2E, 0x0F, 0x1F, 0x84, 0x00, 0, 0, 0, 0],
        ];
        for nop in nops {
            assert!(is_padding(nop), "{nop:x?}");
            assert!(is_padding(&[&[0xCC, 0xCC], nop, &[0x90]].concat()), "{nop:x?}");
            assert!(nop.len() == 1 || !is_padding(&nop[..nop.len() - 1]), "{nop:x?}, cut");
        }
    }

    #[test]
    fn what_does_something_is_not_padding() {
        let others: [&[u8]; 8] = [
            &[0xC3],
            &[0, 0, 0, 0, 0],
            &[0xCC, 0xCC, 0xE9, 0xCC, 0xCC],
            &[0x0F, 0x1F, 0x48, 0x00],
            &[0x0F, 0x0B],
            &[0x66, 0xCC],
            &[0x66],
            &[0xB8, 1, 2, 3, 4],
        ];
        for other in others {
            assert!(!is_padding(other), "{other:x?}");
        }
    }
}
