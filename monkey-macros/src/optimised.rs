//! Whether the crate that is being compiled is optimised.
//!
//! No `cfg` says so. But a macro runs within the compiler, and can read what the compiler was called with. A failing test
//! is told that a call may have been inlined where debug information does not say more.
use std::env;

/// Whether the compiler was told to optimise.
pub fn optimised() -> bool {
    level(env::args().collect::<Vec<_>>().iter().map(String::as_str)) != "0"
}

/// The last level counts: `-C opt-level=1`, `-Copt-level=1`, `--codegen=opt-level=1`, `-O`.
fn level<'a>(arguments: impl Iterator<Item = &'a str>) -> &'a str {
    let level = |argument: &'a str| match argument {
        "-O" => Some("3"),
        argument => argument.rsplit_once("opt-level=").map(|(_, level)| level),
    };
    arguments.filter_map(level).last().unwrap_or("0")
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn the_last_level_counts() {
        assert_eq!(level(["rustc", "-C", "debuginfo=2"].into_iter()), "0");
        assert_eq!(level(["rustc", "-C", "opt-level=0", "-Copt-level=s"].into_iter()), "s");
        assert_eq!(level(["rustc", "-O", "--codegen=opt-level=1"].into_iter()), "1");
        assert_eq!(level(["rustc", "-O"].into_iter()), "3");
    }
}
