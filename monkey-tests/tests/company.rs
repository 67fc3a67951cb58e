//! The engine beside others who do as they like: threads that end in the middle, turns that nobody gives back, guards that
//! nobody called for.
//!
//! What may hang or crash does so in child processes with time limits.
#![cfg(target_os = "linux")]
#[path = "company/closed.rs"]
mod closed;
#[path = "company/expected.rs"]
mod expected;
#[path = "company/notes.rs"]
mod notes;
#[path = "company/turns.rs"]
mod turns;
#[path = "company/two_engines.rs"]
mod two_engines;

#[monkey::patchable]
fn number() -> u64 {
    1
}

#[monkey::patchable]
fn two() -> u64 {
    2
}

/// The path of a test in one of the modules, as the harness names it.
fn path_of(module: &str, test: &str) -> String {
    let module = module.split_once("::").map_or("", |(_, module)| module);
    format!("{module}::{test}")
}
