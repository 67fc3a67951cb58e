//! Measures what monkey costs beside other crates and prints it as a page: `.ci/peers`, or `.ci/peers RUNS`.
//!
//! Each measurement is made in fresh processes; what is printed is the median of all that they say.
mod builds;
mod machine;
mod runs;
mod suite;

use runs::{Profile, Programs};
use std::process::ExitCode;

/// The ways of patching that every crate has: what it is, its mode, the word that it says, and how many it says at once.
const SHARED: [(&str, &str, &str, f64); 8] = [
    ("the first function of a process", "first", "first", 1.0),
    ("a function in no file, so that nothing is read", "nothing", "first", 1.0),
    ("a further function, by its address", "later", "later", 1.0),
    ("a known function, patched and given back", "again", "again", 1.0),
    ("100 functions one after the other, each", "hundred", "hundred", 100.0),
    ("a function that eight threads are calling", "busy", "busy", 1.0),
    ("a call, unpatched", "calls", "unpatched", 1.0),
    ("a call, patched", "calls", "in", 1.0),
];

/// What has no counterpart elsewhere.
const OWN: [(&str, &str, &str, f64); 14] = [
    ("the first function, `patch!`", "first!", "first", 1.0),
    ("a further function, `patch!`", "later!", "later", 1.0),
    ("a further function, `#[with]`, given back again", "with", "later", 1.0),
    ("a function of std, `patch!`", "std", "plain", 1.0),
    ("an instance of a generic function of std, `patch!`", "std", "generic", 1.0),
    ("a known function, `patch!`, given back again", "again!", "again", 1.0),
    ("100 functions in one list, each", "hundred!", "hundred", 100.0),
    ("a call out of scope", "calls!", "out", 1.0),
    ("a call by the trampoline", "calls!", "trampoline", 1.0),
    ("a call by `original!`", "calls!", "original!", 1.0),
    ("`calls!`", "calls!", "calls!", 1.0),
    ("a thread, started and joined in a scope", "calls!", "thread", 1.0),
    ("a test's verdict, its first patch included", "verdict", "verdict", 1.0),
    ("a process with one patch: memory kept, in KiB, printed as ns", "first!", "kept", 1.0),
];

fn main() -> ExitCode {
    let runs = std::env::args().nth(1).and_then(|runs| runs.parse().ok()).unwrap_or(7);
    println!("{}\n", machine::describe());
    for profile in [Profile::Debug, Profile::Release] {
        let programs = Programs::build(profile);
        println!("## In {}\n\nA program of {}.\n", profile.name(), programs.size());
        programs.beside_peers(&SHARED, runs);
        programs.alone(&OWN, runs);
        programs.many();
    }
    suite::measure();
    builds::cold();
    builds::incremental();
    ExitCode::SUCCESS
}
