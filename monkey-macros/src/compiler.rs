//! Which compiler runs, and how: a macro runs within it, and can read what it was called with.
use std::env;
use std::path::Path;

/// Whether it is clippy, which makes no code: it is given functions as they were written, so that each of its lints, and each
/// expectation of one, means what it does without monkey.
pub fn is_clippy() -> bool {
    // cargo calls `clippy-driver PATH/rustc ..`.
    env::args_os()
        .take(2)
        .any(|argument| Path::new(&argument).file_stem().is_some_and(|name| name == "clippy-driver"))
}

/// Whether the compiler was told to optimise, which no `cfg` says. A failing test is told that a call may have been inlined where
/// debug information does not say more.
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
