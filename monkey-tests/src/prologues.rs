//! Functions written in assembly whose first bytes are hard to move, with what they do.

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub use x86_64::{all, padded_ret};

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "aarch64")]
pub use aarch64::all;

/// What every prologue's function is.
pub type Function = extern "C-unwind" fn(u64) -> u64;

/// What a patch of a prologue comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is replaced, and its original can be called.
    Works,
    /// It is refused, and the message says this.
    Refused(&'static str),
}

/// One function.
#[derive(Debug, Clone, Copy)]
pub struct Prologue {
    /// What is special about it.
    pub name: &'static str,
    /// Its address.
    pub function: Function,
    /// What it does, in Rust.
    pub model: fn(u64) -> u64,
    /// What a patch comes to.
    pub fate: Fate,
}
