//! Where short pieces of code lead: thunks and shims. Pure: bytes and addresses in, addresses out; every architecture is
//! compiled on every host.
#[cfg_attr(not(target_arch = "aarch64"), allow(dead_code, reason = "tested on every host"))]
mod aarch64;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "tested on every host"))]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(super) use aarch64::destinations;
#[cfg(target_arch = "x86_64")]
pub(super) use x86_64::destinations;

#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
mod unsupported;
#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
pub(super) use unsupported::destinations;

/// Where a piece of code goes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Destinations {
    /// What it calls or jumps to directly, outside of itself.
    pub functions: Vec<usize>,
    /// Places in memory from which it takes addresses, perhaps to call them.
    pub slots: Vec<usize>,
}
