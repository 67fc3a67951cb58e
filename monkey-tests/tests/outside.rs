//! A crate of somebody else's, with monkey as a path dependency: its tests see replacements, and what it ships has no
//! trace of them.
#[path = "outside/code.rs"]
mod code;

use code::{functions, symbols};
use monkey_tests::child;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TESTS: [&str; 12] = [
    "tests::a_function",
    "tests::a_method",
    "tests::a_method_of_a_trait",
    "tests::an_instance",
    "a_function",
    "a_method",
    "a_method_of_a_trait",
    "instances_of_either_crate",
    "a_module_and_a_guard",
    "tests::in_a_test",
    "tests::in_a_frame",
    "tests::with_guards",
];

#[test]
fn its_tests_pass_and_see_replacements() {
    let crates = Crates::write("tested", str::to_owned);
    let said = crates.cargo(&["test", "--workspace"]);
    let passed: Vec<_> =
        said.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok")).collect();
    let sorted = |names: &[&'static str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(passed.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), sorted(&TESTS), "{said}");
    assert_eq!(passed.len(), TESTS.len(), "{said}");
}

#[test]
fn a_release_build_is_that_of_the_source_without_the_attributes() {
    let crates = Crates::write("shipped", str::to_owned);
    let with = crates.release();
    for (artefact, symbols) in &with.symbols {
        let ours: Vec<_> = symbols.iter().filter(|symbol| symbol.contains("monkey_core")).collect();
        assert!(ours.is_empty(), "{}: {ours:?}", artefact.display());
    }
    let said = child::program(&crates.directory().join("library")).output().unwrap().stdout;
    assert_eq!(String::from_utf8(said).unwrap(), "false 3 (6, 6)\n3.5 7\n");

    // At the same place, so that cargo gives it the same identity.
    let without = Crates::write("shipped", without_attributes).release();
    for name in ["3now", "3age", "3put", "9put_twice", "10parse_both"] {
        assert!(with.functions.keys().any(|symbol| symbol.contains(name)), "{name} is not there");
    }
    let names = |release: &Release| release.functions.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&with), names(&without));
    for (name, function) in &with.functions {
        assert_eq!(*function, without.functions[name], "{name} is not what it would be");
    }
    assert!(with.program == without.program, "the program has something else in it");
}

/// Their lines stay, for places in the source are part of what panics say.
fn without_attributes(source: &str) -> String {
    let mut removed = 0;
    let mut blank = |line: &str| {
        let attribute = line.trim_start().starts_with("#[monkey::patchable");
        removed += usize::from(attribute);
        if attribute { String::new() } else { line.to_owned() }
    };
    let lines: Vec<_> = source.lines().map(&mut blank).collect();
    let text = lines.join("\n") + "\n";
    assert!(removed > 0 || !source.contains("monkey::patchable"));
    text
}

/// The crates, copied to where they may be built.
struct Crates(PathBuf);

struct Release {
    program: Vec<u8>,
    functions: code::Functions,
    symbols: Vec<(PathBuf, Vec<String>)>,
}

impl Crates {
    fn write(name: &str, change: fn(&str) -> String) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside").join(name);
        copy(&here.join("outside"), &to, &|path, text| match path.extension().and_then(|end| end.to_str()) {
            Some("toml") => text.replace("MONKEY", here.parent().unwrap().to_str().unwrap()),
            _ if path.ends_with("lib.rs") => change(&text),
            _ => text,
        });
        write(&to.join("Cargo.lock"), &fs::read_to_string(here.join("../Cargo.lock")).unwrap());
        Self(to)
    }

    fn target(&self) -> PathBuf {
        self.0.with_file_name("target")
    }

    /// Where a release build comes to lie.
    fn directory(&self) -> PathBuf {
        child::built(&self.target()).join("release")
    }

    fn cargo(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).arg("--offline").arg("--target-dir").arg(self.target()).current_dir(&self.0);
        // What this program's own build was told is not for that one.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let (said, errors) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "cargo {arguments:?}:\n{said}\n{errors}");
        said
    }

    /// Builds what is shipped, and looks into all of it.
    fn release(&self) -> Release {
        self.cargo(&["build", "--release", "--package", "library"]);
        let directory = self.directory();
        let files = fs::read_dir(directory.join("deps")).unwrap().map(|entry| entry.unwrap().path());
        let artefacts = files.chain([directory.join("library")]).filter(|path| path.is_file());
        let symbols: Vec<_> =
            artefacts.filter_map(|path| Some((path.clone(), symbols(&fs::read(&path).unwrap())?))).collect();
        assert!(symbols.len() >= 3, "the library, monkey and the program: {symbols:?}");
        let [library, program] =
            ["liblibrary.rlib", "library"].map(|name| fs::read(directory.join(name)).unwrap());
        Release { program, functions: functions(&library), symbols }
    }
}

fn copy(from: &Path, to: &Path, change: &dyn Fn(&Path, String) -> String) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to, change);
        } else {
            write(&to, &change(&from, fs::read_to_string(&from).unwrap()));
        }
    }
}

/// Leaves what is there already with its time, so that nothing is built again for it.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap();
    }
}
