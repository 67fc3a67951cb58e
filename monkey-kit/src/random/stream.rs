//! The bytes that a thread draws: from the seed, the thread's lineage, and how much it has drawn.
use monkey_core::lineage;
use std::cell::Cell;

thread_local! {
    /// The seeding that the thread draws from.
    static SERIAL: Cell<u64> = const { Cell::new(0) };
    /// How many words it has drawn of it.
    static DRAWN: Cell<u64> = const { Cell::new(0) };
}

/// The next bytes of the calling thread.
pub fn fill(serial: u64, seed: u64, buffer: &mut [u8]) {
    if SERIAL.replace(serial) != serial {
        DRAWN.set(0);
    }
    let key = mixed(seed ^ mixed(lineage::own()));
    for chunk in buffer.chunks_mut(size_of::<u64>()) {
        let drawn = DRAWN.get();
        DRAWN.set(drawn + 1);
        let word = mixed(key ^ mixed(drawn)).to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
}

/// The finisher of `SplitMix64`: each bit of what goes in changes half of what comes out.
const fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn a_seed_gives_the_same_again_and_another_seed_other_bytes() {
        let draw = |serial, seed| {
            let mut bytes = [0; 20];
            fill(serial, seed, &mut bytes);
            bytes
        };
        let (first, second) = (draw(1, 7), draw(1, 7));
        assert_ne!(first, second);
        assert_eq!((draw(2, 7), draw(2, 7)), (first, second));
        assert_ne!(draw(3, 8), first);
        assert!(first.iter().any(|byte| *byte != 0));
    }
}
