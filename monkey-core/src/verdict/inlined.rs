//! Calls that were inlined, and so did not come through the target.
use super::Evidence;
use crate::image::{self, Inlined};
use std::fmt::Write as _;

/// Places of inlined calls that are worth a line each.
const PLACES: usize = 5;

/// Where calls of the target were inlined.
pub fn find(target: usize, target_type: Option<&str>) -> Vec<Inlined> {
    let calls = image::inlined(target);
    match target_type {
        // Of a function that is known by itself, a search for its name alone finds nothing more.
        Some(name) if calls.is_empty() && !image::is_single(target) => {
            let one_of_many = image::is_instance(target);
            let mut calls = image::inlined_named(name);
            for call in &mut calls {
                call.certain &= !one_of_many;
            }
            calls
        }
        _ => calls,
    }
}

/// A call within somebody else's code, which the test need not come through.
pub fn is_foreign(call: &Inlined) -> bool {
    // The last is this crate itself, which the test's program contains.
    ["library/", "/rustc/", "/rust/deps/", concat!(env!("CARGO_MANIFEST_DIR"), "/src/")]
        .iter()
        .any(|start| call.file.starts_with(start))
        || call.file.contains("/.cargo/registry/")
}

/// Whether inlined calls are worth telling where there may be others that left no trace. In somebody else's code they may
/// be of another instance, and where they are many, none is likely to be the one.
pub fn tells(calls: &[Inlined]) -> bool {
    let few = calls.len() <= PLACES;
    calls.iter().any(|call| !is_foreign(call) || call.certain && few)
}

/// The places.
pub fn tell_places(calls: &[Inlined], text: &mut String) {
    let own: Vec<_> = calls.iter().filter(|call| !is_foreign(call)).collect();
    let shown = if own.is_empty() { calls.iter().collect() } else { own };
    for call in shown.iter().take(PLACES) {
        let Inlined { file, line, into, certain } = call;
        let surely = if *certain { "was" } else { "may have been" };
        let _ = write!(text, "\n  note: the call at {file}:{line} {surely} inlined into `{into}`");
    }
    if shown.len() > PLACES {
        let _ = write!(text, "\n  note: and {} further calls", shown.len() - PLACES);
    }
}

/// The places, and what to do.
pub fn tell(evidence: &Evidence, calls: &[Inlined], text: &mut String) {
    tell_places(calls, text);
    text.push_str(match (evidence.optimised, evidence.can_be_marked()) {
        (true, true) => {
            "\n  help: mark the target #[monkey::patchable], or replace a function that calls it, or test without \
             optimisation"
        }
        (true, false) => "\n  help: replace a function that calls it, or test without optimisation",
        // Not optimised, and inlined all the same: `#[inline(always)]`, or a crate that is optimised by itself.
        (false, _) => "\n  help: replace a function that calls it",
    });
}
