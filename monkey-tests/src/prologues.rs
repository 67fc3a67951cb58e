//! Functions written in assembly whose first bytes are hard to move, with what they do.

// With paths, as a crate outside the workspace takes this file as it is.
#[cfg(target_arch = "x86_64")]
#[path = "prologues/x86_64.rs"]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub use x86_64::{all, padded_ret};

#[cfg(target_arch = "aarch64")]
#[path = "prologues/aarch64.rs"]
mod aarch64;
#[cfg(target_arch = "aarch64")]
pub use aarch64::all;

/// The argument that makes callees panic.
pub const PANIC: u64 = 0xDEAD;

/// What every prologue's function is.
#[cfg(not(windows))]
pub type Function = extern "C-unwind" fn(u64) -> u64;
/// The same: the assembly has its argument where the other systems have it.
#[cfg(windows)]
pub type Function = extern "sysv64-unwind" fn(u64) -> u64;

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
