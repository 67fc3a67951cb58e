//! Functions that have bodies in every crate that calls them.
#![allow(missing_docs)]

pub struct Holder<T>(pub T);

#[monkey::patchable]
impl<T: Copy + Into<u64>> Holder<T> {
    pub fn times(&self, by: u64) -> u64 {
        self.0.into() * by
    }
}

impl<T: Copy + Into<u64>> Holder<T> {
    #[monkey::patchable]
    pub fn plus(&self, by: u64) -> u64 {
        self.0.into() + by
    }
}

#[monkey::patchable]
pub trait Scaled: Copy + Into<u64> {
    fn scaled(self, by: u64) -> u64 {
        self.into() * by
    }
}
impl<T: Copy + Into<u64>> Scaled for T {}

#[monkey::patchable]
pub mod inline {
    pub fn generic<T: Into<u64>>(value: T, by: u64) -> u64 {
        value.into() * by
    }
}
