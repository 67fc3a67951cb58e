//! Subjects for the tests of monkey, and the running of what may crash in a child process.

pub mod child;
pub mod crowd;
mod documentation;
#[path = "optimised/instances.rs"]
pub mod instances;
pub mod optimised;
pub mod prologues;

/// The argument that makes callees panic.
pub const PANIC: u64 = 0xDEAD;
