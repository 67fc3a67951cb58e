//! A library of which the program has two versions.
#[inline] pub fn inl(x: u32) -> u32 { std::hint::black_box(x + NUMBER) }
pub fn plain(x: u32) -> u32 { std::hint::black_box(x + 10 * NUMBER) }
pub fn instance<T: std::str::FromStr>(s: &str) -> Option<T> { std::hint::black_box(s.parse().ok()) }
