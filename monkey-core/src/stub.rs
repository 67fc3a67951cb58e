//! The code that a hooked target jumps to: who calls, and what does he get?
//!
//! Addresses in, bytes out. A stub calls nothing, locks nothing and allocates nothing, and changes no register but
//! those that the ABI leaves to such code (`r11`; `x16` and `x17`), so unwinding passes through it unseen.
pub mod aarch64;
pub mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64 as machine;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64 as machine;

/// Where the parts of a hook lie.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// The address that the stub's code is made for.
    pub stub: u64,
    /// The hook's cell.
    pub cell: u64,
    /// The distance of the thread's words from the thread pointer, in bytes.
    pub thread: i64,
}

/// How many outside calls a cell has room for.
pub const OUTSIDE: u64 = 8;

/// Offsets within a cell, in bytes. The first four words are a slot; further slots have the same form.
///
/// `hook::Cell` is the Rust side of it, and checks itself against these.
pub mod cell {
    pub const OWNER: u64 = 0;
    pub const REPLACEMENT: u64 = 8;
    pub const CALLS: u64 = 16;
    pub const NEXT: u64 = 24;
    /// Not zero: there are further slots or a patch that every thread sees ([`MORE`]), or calls from outside are to
    /// be recorded ([`ARMED`]). Both halves are read at once.
    pub const LOOK: u64 = 32;
    pub const MORE: u64 = 32;
    pub const ARMED: u64 = 36;
    pub const PROCESS_REPLACEMENT: u64 = 40;
    pub const PROCESS_CALLS: u64 = 48;
    pub const GROUP: u64 = 56;
    pub const OUTSIDE_CALLS: u64 = 64;
    pub const OUTSIDE_THREADS: u64 = 72;
    pub const SIZE: u64 = 192;
}
