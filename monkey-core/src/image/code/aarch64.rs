//! `AArch64`: where thunks and shims lead.
use super::Destinations;

fn words(code: &[u8]) -> impl Iterator<Item = u32> {
    code.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
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
    fn reads_where_shims_lead() {
        // bl +8 (outside), b -4
        assert_eq!(destinations(&code(&[0x9400_0002, 0x17ff_fffe]), 0x1000).functions, [0x1008, 0xffc]);
    }
}
