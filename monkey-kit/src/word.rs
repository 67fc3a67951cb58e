//! Words that others store, read without a call: where nothing is optimised, each atomic load of the standard library's is two.
use std::arch::asm;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU64};

/// An atomic of 64 bits.
pub trait Word {}

impl Word for AtomicI64 {}
impl Word for AtomicU64 {}
impl<T> Word for AtomicPtr<T> {}

/// As `load(Acquire)` does.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "each look at a paused clock comes by, in builds that are not optimised too"
)]
pub fn load<W: Word>(word: &W) -> u64 {
    const { assert!(size_of::<W>() == size_of::<u64>() && align_of::<W>() == align_of::<u64>()) };
    let place = &raw const *word;
    let value: u64;
    // SAFETY: one aligned load of a word that is borrowed, which on this processor orders what comes after it.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        asm!("mov {}, qword ptr [{}]", out(reg) value, in(reg) place, options(nostack, preserves_flags));
    }
    // SAFETY: one aligned load of a word that is borrowed, which orders what comes after it.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("ldar {}, [{}]", out(reg) value, in(reg) place, options(nostack, preserves_flags));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_was_stored() {
        let mut byte = 7_u8;
        let place = &raw mut byte;
        assert_eq!(load(&AtomicU64::new(u64::MAX - 1)), u64::MAX - 1);
        assert_eq!(load(&AtomicI64::new(-3)) as i64, -3);
        assert_eq!(load(&AtomicPtr::new(place)), place as u64);
    }
}
