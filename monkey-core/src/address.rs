//! What is found by an address.

/// A number of 32 bits that depends on all of an address, the highest of them most.
///
/// Fibonacci hashing: Knuth, "The Art of Computer Programming", volume 3, section 6.4.
#[inline]
pub fn hash(address: usize) -> u32 {
    ((address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}
