//! Packages of their own, in `monkey-tests/cases`, whose tests must pass, fail with a reason, or not compile.
use monkey_tests::child;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const BUILD: Duration = Duration::from_mins(15);
const RUN: Duration = Duration::from_mins(2);

/// For the workspace's own packages alone; with flags for all, everything below them would be built again.
const V0: &str = "#!/bin/sh\nexec \"$@\" -C symbol-mangling-version=v0\n";

/// The workspace, copied to where it may be built. One test at a time has it: cargo would let the others wait too, but
/// then their time limits would count that.
struct Workspace {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

/// What a command of cargo said, and whether it went well.
struct Said {
    well: bool,
    text: String,
}

impl Workspace {
    fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cases");
        copy(&here.join("cases"), &folder, here.parent().unwrap().to_str().unwrap());
        let own = folder.join("manglings/tests/own");
        fs::create_dir_all(&own).unwrap();
        write(&own.join("copies.rs"), include_str!("copies.rs"));
        write(&own.join("drops.rs"), include_str!("drops.rs"));
        write(&own.join("functions.rs"), include_str!("functions.rs"));
        write(&folder.join("Cargo.lock"), &fs::read_to_string(here.join("../Cargo.lock")).unwrap());
        write(&folder.join("v0"), V0);
        Command::new("chmod").arg("+x").arg(folder.join("v0")).status().unwrap();
        Self { folder, _alone: alone }
    }

    fn cargo(&self, limit: Duration, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Said {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).args(["--offline", "--color=never", "--target-dir"]);
        command.arg(child::shared_target()).current_dir(&self.folder).env("RUST_BACKTRACE", "0");
        // What this program's own build was told is not for that one.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        change(&mut command);
        let (output, late) = child::limited(&mut command, limit);
        let text = child::describe(output.status, &output);
        assert!(!late, "cargo {arguments:?} took longer than {limit:?}: {text}");
        Said { well: output.status.success(), text }
    }

    /// Builds the test file, which must compile, and runs it.
    fn test(&self, package: &str, test: &[&str]) -> Said {
        self.test_with(package, test, |_| ())
    }

    fn test_with(&self, package: &str, test: &[&str], change: impl Fn(&mut Command)) -> Said {
        let arguments = [&["test", "--package", package, "--no-fail-fast"], test].concat();
        let built = self.cargo(BUILD, &[&arguments[..], &["--no-run"]].concat(), &change);
        if !built.well {
            return built;
        }
        self.cargo(RUN, &arguments, change)
    }
}

impl Said {
    /// All tests ran, and passed.
    fn passes(&self) {
        assert!(self.well && self.text.contains(" passed; 0 failed"), "{}", self.text);
        assert!(!self.text.contains(" 0 passed;"), "nothing ran: {}", self.text);
    }

    /// What the test said that failed.
    fn of_failed(&self, test: &str) -> &str {
        let mark = format!("---- {test} stdout ----");
        let start = self.text.find(&mark).unwrap_or_else(|| panic!("{test} does not fail: {}", self.text));
        let rest = &self.text[start + mark.len()..];
        let ends = ["\n---- ", "\nfailures:\n    "].iter().filter_map(|end| rest.find(end));
        &rest[..ends.min().unwrap_or(rest.len())]
    }
}

fn copy(from: &Path, to: &Path, monkey: &str) {
    fs::create_dir_all(to).unwrap();
    for from in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to, monkey);
        } else {
            write(&to, &fs::read_to_string(&from).unwrap().replace("MONKEY", monkey));
        }
    }
}

/// Leaves what is there already with its time, so that nothing is built again for it.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap();
    }
}

/// Macros and compiler run on the host and say the same for every target.
fn is_said_elsewhere() -> bool {
    child::emulated()
}

#[test]
fn two_builds_of_one_crate_are_no_copies() {
    let workspace = Workspace::new();
    workspace.test("account", &["--lib"]).passes();
    let config = "profile.dev.package.account.debug=\"line-tables-only\"";
    workspace.test("account", &["--lib", "--config", config]).passes();
    let v0 = workspace.folder.join("v0");
    let with_v0 = |cargo: &mut Command| {
        cargo.env("RUSTC_WORKSPACE_WRAPPER", &v0);
    };
    workspace.test_with("account", &["--lib"], with_v0).passes();
}

#[test]
fn two_functions_of_one_path_are_no_copies_in_either_mangling() {
    let workspace = Workspace::new();
    let v0 = workspace.folder.join("v0");
    workspace
        .test_with("manglings", &["--test", "manglings"], |cargo| {
            cargo.env("RUSTC_WORKSPACE_WRAPPER", &v0);
        })
        .passes();
    for debug in ["\"line-tables-only\"", "0"] {
        let config = format!("profile.dev.package.manglings.debug={debug}");
        let said = workspace.test("manglings", &["--test", "manglings", "--config", &config]);
        // Less may be replaced, with a doubt that says so; nobody gets arguments of another type.
        assert!(said.text.contains("test result:"), "{}", said.text);
        assert!(!said.text.contains("assertion `left == right` failed"), "{}", said.text);
    }
}

#[test]
fn calls_that_go_past_the_replacement_fail_the_test() {
    let said = Workspace::new().test("std_inlined", &["--test", "past"]);
    let cases = [
        ("system_time", "SystemTime", "elapsed"),
        ("system_time_on_a_started_thread", "SystemTime", "elapsed"),
        ("instant", "Instant", "elapsed"),
        ("instant_by_a_guard", "Instant", "elapsed"),
        ("open", "read_to_string", "File::open"),
        ("open_for_bytes", "read", "File::open"),
        ("create", "write", "File::create"),
        ("sleep", "sleep_ms", "sleep"),
        // std has one body for both, so this is refused before anything can go past it.
        ("difference", "saturating_duration_since", "duration_since"),
    ];
    for (test, called, replaced) in cases {
        let message = said.of_failed(test);
        assert!(message.contains(called) && message.contains(replaced), "{test}: {message}");
    }
}

#[test]
fn what_reaches_the_replacement_or_is_the_standard_library_s_own_passes() {
    Workspace::new().test("std_inlined", &["--test", "seen"]).passes();
}

#[test]
fn that_calls_go_past_may_be_said_to_be_fine() {
    Workspace::new().test("std_inlined", &["--test", "partly"]).passes();
}

#[test]
fn fixtures_and_cases_run_inside_or_the_order_is_told() {
    let workspace = Workspace::new();
    workspace.test("fixtures", &["--test", "inside"]).passes();
    for test in ["above", "below", "test_case"] {
        let said = workspace.test("fixtures", &["--test", test]);
        if said.text.contains("could not compile") {
            let text = said.text.to_lowercase();
            let told = ["above", "below", "order"].iter().any(|word| text.contains(word));
            assert!(told && text.contains("help"), "{test}: {}", said.text);
        } else {
            said.passes();
        }
    }
}

#[test]
fn a_test_runs_once_whatever_stands_above() {
    let said = Workspace::new().test("fixtures", &["--test", "once"]);
    said.passes();
    assert!(said.text.contains("running 4 tests"), "{}", said.text);
}

#[test]
fn lints_mean_the_same_under_the_attribute() {
    if is_said_elsewhere() {
        return;
    }
    let workspace = Workspace::new();
    let told = |command: &str, more: &[&str]| {
        let arguments = [&[command, "--package", "lints", "--message-format", "json"], more].concat();
        let said = workspace.cargo(BUILD, &arguments, |_| ());
        let messages = said.text.lines().filter(|line| line.contains("\"reason\":\"compiler-message\""));
        let own: BTreeSet<_> =
            messages.filter_map(rendered).filter(|text| text.contains("lints/src/lib.rs")).collect();
        assert!(own.len() > 20, "{}", said.text);
        own
    };
    for command in ["check", "clippy"] {
        for tests in [&[][..], &["--tests"]] {
            let plain = told(command, tests);
            for feature in ["marked", "runtime"] {
                let marked = told(command, &[tests, &["--features", feature]].concat());
                let more: Vec<_> = marked.difference(&plain).map(String::as_str).collect();
                let fewer: Vec<_> = plain.difference(&marked).map(String::as_str).collect();
                assert!(
                    more.is_empty() && fewer.is_empty(),
                    "{command} {tests:?} {feature}, more:\n{}\nfewer:\n{}",
                    more.concat(),
                    fewer.concat()
                );
            }
        }
    }
}

/// A diagnostic as cargo would print it: its level, place, source, labels, notes and helps.
fn rendered(message: &str) -> Option<String> {
    let (_, text) = message.split_once("\"rendered\":\"")?;
    let mut rendered = String::new();
    let mut letters = text.chars();
    loop {
        match letters.next()? {
            '"' => return Some(rendered),
            '\\' => match letters.next()? {
                'n' => rendered.push('\n'),
                't' => rendered.push('\t'),
                letter => rendered.push(letter),
            },
            letter => rendered.push(letter),
        }
    }
}

#[test]
fn a_dependency_that_is_optimised_is_said_to_be() {
    let said = Workspace::new().test("optimised", &["--test", "missed"]);
    for test in ["through_the_dependency", "a_small_one", "a_method"] {
        let message = said.of_failed(test);
        assert!(message.contains("optimis") && message.contains("dependency"), "{test}: {message}");
        assert!(!message.contains("= 0.."), "{test}: {message}");
        // The remedy for a package that is optimised by itself, and no weaker one before it.
        assert_eq!(message.matches("help: ").count(), 1, "{test}: {message}");
        assert!(message.contains("help: test with `[profile.dev.package.dependency]"), "{test}: {message}");
    }
}

#[test]
fn a_call_that_goes_past_in_an_optimised_dependency_is_an_error() {
    let said = Workspace::new().test("optimised", &["--test", "past"]);
    for (test, container) in
        [("a_method", "dependency::Meter::twice"), ("a_function", "dependency::uses_tripled")]
    {
        let message = said.of_failed(test);
        assert!(message.contains("but a call went past it"), "{test}: {message}");
        assert!(
            message.contains(&format!("`{container}` was called from past::{test}")),
            "{test}: {message}"
        );
    }
    assert!(said.text.contains("test nobody ... ok"), "{}", said.text);
}

#[test]
fn a_guard_ends_a_program_in_which_panics_do() {
    let said = Workspace::new().cargo(BUILD, &["run", "--package", "aborts", "--profile", "aborts"], |_| ());
    assert!(!said.well && !said.text.contains("went on"), "{}", said.text);
    assert!(said.text.contains("which was never called; expected: exactly 1"), "{}", said.text);
}

#[test]
fn a_body_with_other_parameters_is_refused() {
    Workspace::new().test("optimised", &["--test", "changed"]).passes();
}

#[test]
fn forms_are_refused_told_or_work() {
    if is_said_elsewhere() {
        return;
    }
    let workspace = Workspace::new();
    let files = fs::read_dir(workspace.folder.join("forms/src/bin")).unwrap();
    let mut names: Vec<_> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    let arguments = ["build", "--package", "forms", "--bins", "--keep-going", "--message-format", "short"];
    let built = workspace.cargo(BUILD, &arguments, |_| ()).text;
    let wrong: Vec<_> = names.iter().filter_map(|name| what_is_wrong(&built, name)).collect();
    assert!(wrong.is_empty(), "{}\n{built}", wrong.join("\n"));
}

/// With one of the programs, which its name says what is right for.
fn what_is_wrong(built: &str, name: &str) -> Option<String> {
    let place = format!("forms/src/bin/{name}.rs:");
    let refused = built.lines().any(|line| line.starts_with(&place) && line.contains("error"));
    let run = || {
        let program = child::built(&child::shared_target()).join("debug").join(name);
        let (output, _) = child::limited(&mut child::program(&program), RUN);
        (output.status, child::describe(output.status, &output))
    };
    match name.split_once('_').unwrap().0 {
        "no" if !refused => Some(format!("{name} compiles")),
        // What to write instead.
        "no" if name == "no_drop_of_the_trait" && !built.contains("drop_in_place::<") => {
            Some(format!("{name}: the error has no help"))
        }
        "no" => None,
        "yes" if refused => Some(format!("{name} does not compile")),
        "yes" => {
            Some(run()).filter(|(status, _)| !status.success()).map(|(_, said)| format!("{name}: {said}"))
        }
        "told" if refused => None,
        "told" => {
            let (status, said) = run();
            // Its own panic, not a signal.
            let told = status.code() == Some(101) && said.contains("help: ");
            (!told).then(|| format!("{name}: {said}"))
        }
        other => panic!("what is right for {other}?"),
    }
}
