//! Subjects for the tests of monkey, and the running of what may crash in a child process.

pub mod always;
pub mod child;
pub mod crowd;
mod documentation;
#[path = "optimised/instances.rs"]
pub mod instances;
pub mod optimised;
pub mod prologues;

pub use prologues::PANIC;
