//! Code that was optimised, where calls are inlined or removed without a trace.
use super::Evidence;
use crate::image::{self, DebugInfo, Origin};
use std::fmt::Write as _;

/// The whole program is optimised.
pub fn tell_program(target: usize, text: &mut String) {
    let known = match image::debug_info(target) {
        DebugInfo::Full => "",
        DebugInfo::Lines => " (there are line tables only, which do not say which calls were inlined)",
        DebugInfo::Compressed => " (its debug information is compressed, and was not read)",
        DebugInfo::None => " (there is no debug information that would say so)",
    };
    let help = if image::can_be_marked(target) {
        "unless it is so already, mark the target #[monkey::patchable]"
    } else {
        "replace a function that calls it, or test without optimisation"
    };
    let _ = write!(
        text,
        "\n  note: the program is optimised, and the call may have been inlined or removed{known}\n  help: {help}"
    );
}

/// The package that has the target, where it is optimised and the test is not.
pub fn dependency(evidence: &Evidence) -> Option<String> {
    let package = package(evidence.target).filter(|_| !evidence.optimised)?;
    (image::home_optimised(evidence.target) == Some(true)).then_some(package)
}

pub fn tell_dependency(evidence: &Evidence, package: &str, text: &mut String) {
    let mark = if evidence.can_be_marked() { ", or mark the target #[monkey::patchable]" } else { "" };
    let _ = write!(
        text,
        "\n  note: the package `{package}` is optimised, though this test is not: calls within it, and of its small \
         functions, are inlined or removed\n  help: test with `[profile.dev.package.{package}] opt-level = 0`{mark}, or \
         replace a function that calls it"
    );
}

/// The package that the target is written in, unless it is the standard library.
pub fn package(target: usize) -> Option<String> {
    match image::origin(target)? {
        Origin::Std => None,
        Origin::Own(folder) => Some(folder),
        Origin::Foreign(package) => Some(without_version(&package).to_owned()),
    }
}

/// `tokio` of `tokio-1.54.1`.
fn without_version(package: &str) -> &str {
    let starts_version = |(_, rest): &(&str, &str)| {
        let major = rest.split_once('.').map_or("", |(major, _)| major);
        !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut ends = package.match_indices('-').map(|(at, _)| (&package[..at], &package[at + 1..]));
    ends.find(starts_version).map_or(package, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_without_its_version() {
        assert_eq!(without_version("tokio-1.54.1"), "tokio");
        assert_eq!(without_version("rand-core-6-0.9.0-rc.1"), "rand-core-6");
        assert_eq!(without_version("iced-x86-1.22.0"), "iced-x86");
        assert_eq!(without_version("shop"), "shop");
    }
}
