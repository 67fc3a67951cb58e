//! `AArch64`: where thunks and shims lead.
use super::Destinations;

fn words(code: &[u8]) -> impl Iterator<Item = u32> {
    code.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}

/// Where a jump through memory reads its target: what a PLT entry is.
///
/// `[bti c;] adrp x16, page; ldr x17, [x16, #offset]; ..; br x17`.
pub(in crate::image) fn slot(code: &[u8], address: usize) -> Option<usize> {
    let words: Vec<u32> = words(code).take(5).collect();
    let skip = usize::from(words.first() == Some(&0xd503_245f));
    let (adrp, ldr) = (*words.get(skip)?, *words.get(skip + 1)?);
    let branches = words[skip..].contains(&0xd61f_0220);
    if adrp & 0x9f00_001f != 0x9000_0010 || ldr & 0xffc0_03ff != 0xf940_0211 || !branches {
        return None;
    }
    let pages = (((adrp >> 5) & 0x7_ffff) << 2) | ((adrp >> 29) & 3);
    let pages = (i64::from(pages) << 43) >> 43;
    let page = (address + 4 * skip) & !0xfff;
    let offset = ((ldr >> 10) & 0xfff) as usize * 8;
    Some(page.wrapping_add_signed((pages << 12) as isize).wrapping_add(offset))
}

/// Where the function `code`, which begins at `address`, goes. Calls through memory are not followed here.
pub(in crate::image) fn destinations(code: &[u8], address: usize) -> Destinations {
    let own = address..address + code.len();
    let mut found = Destinations::default();
    for (at, word) in words(code).enumerate() {
        if word & 0x7c00_0000 == 0x1400_0000 {
            let distance = i64::from((word << 6) as i32 >> 6) * 4;
            let target = (address + 4 * at).wrapping_add_signed(distance as isize);
            if !own.contains(&target) {
                found.functions.push(target);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn reads_plt_entries() {
        // adrp x16, +1 page; ldr x17, [x16, #0x18]; add x16, x16, #0x18; br x17
        let plt = code(&[0xb000_0010, 0xf940_0e11, 0x9100_6210, 0xd61f_0220]);
        assert_eq!(slot(&plt, 0x40_0120), Some(0x40_1018));
        assert_eq!(slot(&plt[..12], 0x40_0120), None);
    }

    #[test]
    fn reads_where_shims_lead() {
        // bl +8 (outside), b -4
        assert_eq!(destinations(&code(&[0x9400_0002, 0x17ff_fffe]), 0x1000).functions, [0x1008, 0xffc]);
    }
}
