//! `AArch64`: `[bti c;] adrp x16, page; ldr x17, [x16, #offset]; ..; br x17`.

/// The slot of the entry at `address`. Asks for an instruction only where those before it are of an entry.
pub fn slot_of(byte: impl Fn(usize) -> Option<u8>, address: usize) -> Option<usize> {
    let instruction = |index: usize| {
        let mut word = [0; 4];
        for (offset, part) in word.iter_mut().enumerate() {
            *part = byte(4 * index + offset)?;
        }
        Some(u32::from_le_bytes(word))
    };
    // 11010101000000110010 0100 010 11111              bti c
    let first = usize::from(instruction(0)? == 0xD503_245F);
    // 1 immlo 10000 immhi 10000                        adrp x16, page
    // 11 111 0 01 01 imm12 10000 10001                 ldr  x17, [x16, #offset]
    // 1101011 0000 11111 000000 10001 00000            br   x17
    let adrp = instruction(first).filter(|word| word & 0x9F00_001F == 0x9000_0010)?;
    let ldr = instruction(first + 1).filter(|word| word & 0xFFC0_03FF == 0xF940_0211)?;
    if ![first + 2, first + 3].into_iter().any(|index| instruction(index) == Some(0xD61F_0220)) {
        return None;
    }
    let pages = ((adrp >> 5) & 0x7_FFFF) << 2 | (adrp >> 29) & 3;
    let pages = i64::from(pages) << 43 >> 43;
    let page = (address + 4 * first) & !0xFFF;
    let offset = ((ldr >> 10) & 0xFFF) as usize * 8;
    Some(page.wrapping_add_signed((pages << 12) as isize).wrapping_add(offset))
}

#[cfg(test)]
mod tests {
    fn slot(words: &[u32], address: usize) -> Option<usize> {
        let code: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        super::slot_of(|offset| code.get(offset).copied(), address)
    }

    #[test]
    fn reads_plt_entries() {
        // adrp x16, +1 page; ldr x17, [x16, #0x18]; add x16, x16, #0x18; br x17
        let plt = [0xb000_0010, 0xf940_0e11, 0x9100_6210, 0xd61f_0220];
        assert_eq!(slot(&plt, 0x40_0120), Some(0x40_1018));
        let guarded = [0xd503_245f, 0xb000_0010, 0xf940_0e11, 0x9100_6210, 0xd61f_0220];
        assert_eq!(slot(&guarded, 0x40_0120), Some(0x40_1018));
        assert_eq!(slot(&plt[..3], 0x40_0120), None);
        assert_eq!(slot(&[0xd65f_03c0], 0x40_0120), None);
    }
}
