//! Every copy of a function is replaced, in each way that a program can be built, or the test fails and says why.
//!
//! The program is `monkey-tests/copies`: a library, a second one that uses it, and an integration test of a third. What
//! comes out is the table in `docs/src/copies.md`: `MONKEY_BLESS=1` writes it, from all ways; without it two are tried
//! and compared with the table, with `MONKEY_MATRIX=1` all.
use monkey_tests::child;
use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// A way to build a program.
#[derive(Debug, Clone, Copy)]
struct Way {
    name: &'static str,
    optimisation: &'static str,
    mangling: &'static str,
    debug: &'static str,
}

const WAYS: [Way; 11] = [
    Way { name: "debug", optimisation: "0", mangling: "legacy", debug: "2" },
    Way { name: "debug, v0", optimisation: "0", mangling: "v0", debug: "2" },
    Way { name: "debug, no debug information", optimisation: "0", mangling: "legacy", debug: "0" },
    Way { name: "debug, v0, no debug information", optimisation: "0", mangling: "v0", debug: "0" },
    Way { name: "opt-level 1", optimisation: "1", mangling: "legacy", debug: "2" },
    Way { name: "opt-level 1, v0", optimisation: "1", mangling: "v0", debug: "2" },
    Way { name: "opt-level 1, no debug information", optimisation: "1", mangling: "legacy", debug: "0" },
    Way { name: "opt-level 1, v0, no debug information", optimisation: "1", mangling: "v0", debug: "0" },
    Way { name: "opt-level 3", optimisation: "3", mangling: "legacy", debug: "2" },
    Way {
        name: "opt-level 3, line tables only",
        optimisation: "3",
        mangling: "legacy",
        debug: "line-tables-only",
    },
    Way { name: "opt-level 3, no debug information", optimisation: "3", mangling: "legacy", debug: "0" },
];

const CASES: [(&str, &str); 10] = [
    ("path_exists", "`Path::exists`"),
    ("string_length", "`String::len`"),
    ("inline_function", "an `#[inline]` function"),
    ("called_here_too", "one that the test calls as well, and does not look at what the library gives"),
    ("track_caller", "`Vec::remove` (`#[track_caller]`)"),
    ("always_inlined", "`Option::unwrap` (`#[track_caller]` and `#[inline(always)]`)"),
    ("method_of_a_generic_type", "`HashMap::insert`"),
    ("generic_called_by_the_library", "a generic called by its own library"),
    ("one_instance_of_two", "`parse::<u32>`, beside `parse::<u64>`"),
    ("one_version_of_two", "one of two versions of a crate"),
];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// For the program's own crates alone: with RUSTFLAGS everything below them would be built again each time. The legacy
/// mangling, once the default, has become an unstable option.
const WRAPPER: &str = r#"#!/bin/sh
rustc=$1
shift
[ "$MANGLING" = legacy ] && export RUSTC_BOOTSTRAP=1 && set -- "$@" -Z unstable-options
exec "$rustc" "$@" -C symbol-mangling-version="$MANGLING"
"#;

/// The program, copied to where it may be built.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(program);

/// Copies the program next to our own build.
fn program() -> PathBuf {
    let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().join("copies");
    copy(&here("copies"), &target);
    write(&target.join("Cargo.lock"), &fs::read_to_string(here("../Cargo.lock")).unwrap());
    let wrapper = target.join("rustc");
    write(&wrapper, WRAPPER);
    Command::new("chmod").arg("+x").arg(&wrapper).status().unwrap();
    target
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            let text = fs::read_to_string(entry.path()).unwrap();
            write(&to, &text.replace("\"MONKEY\"", &format!("\"{}\"", here("..").display())));
        }
    }
}

/// Leaves what is there already with its time, so that nothing is built again for it.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap();
    }
}

/// What a package's tests say.
fn test(program: &Path, way: Way, arguments: &[&str]) -> (bool, String) {
    // Emulated, an unoptimised search for copies takes a minute. How the program's own crates are built stays the same.
    let search = ["--config", "profile.dev.package.monkey-core.opt-level=2"];
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet", "--no-fail-fast"])
        .args(arguments)
        .args(if child::emulated() { &search[..] } else { &[] })
        .current_dir(program)
        .env("CARGO_TARGET_DIR", program.join("target").join(way.mangling))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", way.optimisation)
        .env("CARGO_PROFILE_DEV_DEBUG", way.debug)
        .env("RUSTC_WORKSPACE_WRAPPER", program.join("rustc"))
        .env("MANGLING", way.mangling)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

/// What happens in each case.
fn run(program: &Path, way: Way) -> BTreeMap<&'static str, String> {
    let (_, said) = test(program, way, &["-p", "top", "--test", "copies"]);
    assert!(said.contains("test result:"), "{}: {said}", way.name);
    CASES.map(|(case, _)| (case, outcome(&said, case))).into_iter().collect()
}

fn outcome(said: &str, case: &str) -> String {
    let Some(start) = said.find(&format!("---- {case} stdout ----")) else { return "replaced".into() };
    let message = &said[start..];
    let message = &message[..message[4..].find("\n---- ").map_or(message.len(), |end| end + 4)];
    let reasons = [
        ("was inlined into", "error: the call at file:line was inlined"),
        ("contains a copy of it (inlined at", "error: the call at file:line was inlined"),
        ("may have been inlined into", "error: a call of that name at file:line may have been inlined"),
        ("the program is optimised", "error: the program is optimised, mark it patchable"),
        ("may be a copy of it", "error: a call may have gone past it, build with debug information or v0"),
        ("there may be more copies", "error: there may be more copies, build with debug information or v0"),
        (
            "without the debug information",
            "error: nobody called it, as far as can be told without debug information",
        ),
        ("its address is also that of", "error: the body is shared with another function"),
        ("nobody called it", "error: nobody called it"),
        ("cannot replace", "error: cannot be replaced"),
    ];
    if message.contains("inlined into") || message.contains("(inlined at") {
        let named = ["lib.rs:", "copies.rs:"].iter().any(|file| message.contains(file));
        assert!(named, "{case}: the place is not named: {message}");
    }
    let reason = reasons.iter().find(|(part, _)| message.contains(part)).map(|(_, reason)| *reason);
    reason.map_or_else(|| panic!("{case} is missed in silence: {said}"), ToOwned::to_owned)
}

fn table(outcomes: &[(Way, BTreeMap<&'static str, String>)]) -> String {
    let mut text = String::new();
    for (way, outcome) in outcomes {
        let _ = write!(text, "### {}\n\n| target | what happens |\n| --- | --- |\n", way.name);
        for (case, name) in CASES {
            let _ = writeln!(text, "| {name} | {} |", outcome[case]);
        }
        text += "\n";
    }
    text
}

const PAGE: &str = "../docs/src/copies.md";
const MARK: &str = "<!-- written by monkey-tests/tests/copies.rs -->\n";

#[test]
fn every_copy_is_replaced_or_the_test_says_why() {
    let all = env::var("MONKEY_BLESS").is_ok() || env::var("MONKEY_MATRIX").is_ok();
    let program = &*PROGRAM;
    let ways: Vec<Way> =
        WAYS.into_iter().filter(|way| all || matches!(way.name, "debug" | "debug, v0")).collect();
    let outcomes: Vec<_> = ways.into_iter().map(|way| (way, run(program, way))).collect();
    for (way, outcome) in &outcomes {
        if way.optimisation == "0" && way.debug == "2" {
            let missed: Vec<_> = outcome.iter().filter(|(_, what)| *what != "replaced").collect();
            // It has no body of its own, in no build: what can be told is where it was inlined.
            let always = "error: the call at file:line was inlined".to_owned();
            assert_eq!(missed, [(&"always_inlined", &always)], "{}", way.name);
        }
    }
    let page = fs::read_to_string(here(PAGE)).unwrap_or_else(|_| MARK.into());
    let text = page.split(MARK).next().unwrap();
    if env::var("MONKEY_BLESS").is_ok() {
        fs::write(here(PAGE), format!("{text}{MARK}\n{}", table(&outcomes))).unwrap();
        return;
    }
    for one in &outcomes {
        let part = table(std::slice::from_ref(one));
        assert!(
            page.contains(part.trim_end()),
            "{PAGE} says otherwise (MONKEY_BLESS=1 writes it anew): {part}"
        );
    }
}

/// Functions of one path, one file and one line. A crate that is in the program in two builds is among `cases`.
#[test]
fn another_function_is_never_replaced() {
    for (mangling, debug) in [("legacy", "2"), ("legacy", "line-tables-only"), ("v0", "2")] {
        let way = Way { name: "identity", optimisation: "0", mangling, debug };
        let (passed, said) = test(&PROGRAM, way, &["-p", "identity", "--tests"]);
        assert!(passed, "{mangling}, debug {debug}: {said}");
    }
}
