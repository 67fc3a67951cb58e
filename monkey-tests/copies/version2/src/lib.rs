//! The same crate in another version, with a function of the same path.
#[inline]
pub fn version(x: u32) -> u32 {
    std::hint::black_box(x) + 2
}
