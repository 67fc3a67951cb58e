//! A thread's place among its parent's children, their parent's among its own, and so on: as one number.
//!
//! It is the same in each run of a program that starts its threads in the same order, whatever else they do.
use std::cell::Cell;

thread_local! {
    static OWN: Cell<u64> = const { Cell::new(0) };
    static CHILDREN: Cell<u64> = const { Cell::new(0) };
}

/// The calling thread's.
#[must_use]
pub fn own() -> u64 {
    OWN.get()
}

/// Gives the calling thread one, as if it had no children yet.
pub fn set(lineage: u64) {
    OWN.set(lineage);
    CHILDREN.set(0);
}

/// That of the next thread that the calling one starts.
#[must_use]
pub fn of_next_child() -> u64 {
    let child = CHILDREN.get() + 1;
    CHILDREN.set(child);
    mix(mix(OWN.get()) ^ child)
}

/// The finisher of `SplitMix64`: each bit of what goes in changes half of what comes out.
/// Source: Guy Steele, Doug Lea, Christine Flood, "Fast splittable pseudorandom number generators", 2014.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_own() {
        set(7);
        let children: Vec<u64> = (0..3).map(|_| of_next_child()).collect();
        set(7);
        assert_eq!(children, [of_next_child(), of_next_child(), of_next_child()]);
        set(children[0]);
        assert!(!children.contains(&of_next_child()));
        assert_ne!(children[0], children[1]);
    }
}
