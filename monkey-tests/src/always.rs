//! A function that is inlined wherever it is called, in every build.
use std::hint::black_box;

/// Calls of it are left nowhere.
#[inline(always)]
#[expect(clippy::inline_always, reason = "that is what it is for")]
#[must_use]
pub fn always_inlined(x: u32) -> u32 {
    black_box(x) + 1
}

/// Contains it.
#[must_use]
pub fn calls_always_inlined(x: u32) -> u32 {
    always_inlined(x)
}
