//! Nothing explains it: perhaps nobody called.
use super::{Evidence, optimised};
use crate::image::{self, DebugInfo};
use std::fmt::Write as _;

pub fn tell(evidence: &Evidence, text: &mut String) {
    let known = match image::debug_info(evidence.target) {
        DebugInfo::Full => "",
        _ => ", which is without the debug information that names inlined calls",
    };
    let _ = write!(text, "\n  note: as far as can be told, nobody called it{known}");
    if evidence.expected.allows(0) {
        return;
    }
    let name = evidence.target_name;
    // A crate of which nothing tells how it was compiled may be optimised by itself.
    let unknown =
        optimised::package(evidence.target).filter(|_| image::home_optimised(evidence.target).is_none());
    let _ = match unknown.filter(|_| known.is_empty()) {
        Some(package) => write!(
            text,
            "; unless the package `{package}` is optimised, whose calls may then have been inlined\n  help: look for \
             `[profile.dev.package.{package}] opt-level`; if nobody called it and that is right, say so: `expect({name} = \
             0..)`"
        ),
        None => write!(text, "\n  help: if that is right, say so: `expect({name} = 0..)`"),
    };
}
