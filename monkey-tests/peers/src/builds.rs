//! What builds take, beside mockall's.
use crate::runs::median;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 3;
/// Functions, and tests, of an incremental build.
const FUNCTIONS: usize = 300;

/// A package that depends on one of them; where it is.
fn package(name: &str, dependency: &str, source: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/builds").join(name);
    fs::create_dir_all(folder.join("src")).expect("the target directory is cargo's");
    let head = "[package]\nname = \"built\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
    let text = format!("{head}[dev-dependencies]\n{dependency}\n");
    fs::write(folder.join("Cargo.toml"), text).expect("the folder was made");
    fs::write(folder.join("src/lib.rs"), source).expect("the folder was made");
    folder
}

fn monkey() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    format!("monkey-mock = {{ path = \"{}\" }}", root.display())
}

const MOCKALL: &str = "mockall = \"0.15\"";

/// Seconds that the build of the package's tests takes.
fn build(folder: &Path, environment: &[(&str, &str)]) -> f64 {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--no-run", "--target-dir", "target"]).current_dir(folder).stderr(Stdio::null());
    cargo.envs(environment.iter().copied());
    let begun = Instant::now();
    assert!(cargo.status().expect("cargo runs").success(), "{}", folder.display());
    begun.elapsed().as_secs_f64()
}

pub fn cold() {
    let packages = [("monkey", monkey()), ("mockall", MOCKALL.to_owned())];
    let folders = packages.map(|(name, dependency)| package(name, &dependency, ""));
    let mut times = [Vec::new(), Vec::new()];
    // The first fetches what is not here yet.
    for run in 0..=RUNS {
        for (folder, times) in folders.iter().zip(&mut times) {
            let _ = fs::remove_dir_all(folder.join("target"));
            // What comes from a registry is never compiled incrementally, what comes by its path is.
            let time = build(folder, &[("CARGO_INCREMENTAL", "0")]);
            times.extend((run > 0).then_some(time));
        }
    }
    let [monkey, mockall] = times.map(|times| median(times).unwrap_or_default());
    println!("## Builds\n");
    println!(
        "Cold, of an empty crate that dev-depends on it: monkey {monkey:.1} s, mockall {mockall:.1} s.\n"
    );
}

/// Functions that are replaced, and tests that do, each in a crate.
fn sources() -> [(&'static str, String, String); 3] {
    let mut plain = String::new();
    let mut monkey = String::new();
    let mut mockall = String::from("#[cfg_attr(test, mockall::automock)]\npub trait All {\n");
    let mut tests = String::new();
    for number in 0..FUNCTIONS {
        let function = format!("pub fn f{number}(x: u64) -> u64 {{ x + {number} }}\n");
        let test = |attribute: &str, value: &str| {
            format!("{attribute} fn t{number}() {{ assert_eq!(super::f{number}(1), {value}); }}\n")
        };
        plain += &format!(
            "{function}#[cfg(test)] mod m{number} {{ {} }}\n",
            test("#[test]", &(number + 1).to_string())
        );
        let replaced = test(&format!("#[monkey::test(replace(super::f{number} = |_| 7))]"), "7");
        monkey += &format!(
            "#[cfg_attr(test, monkey::patchable)] {function}#[cfg(test)] mod m{number} {{ {replaced} }}\n"
        );
        mockall += &format!("fn f{number}(&self, x: u64) -> u64;\n");
        tests += &format!(
            "#[test] fn t{number}() {{ let mut all = super::MockAll::new(); \
             all.expect_f{number}().return_const(7_u64); assert_eq!(super::All::f{number}(&all, 1), 7); }}\n"
        );
    }
    mockall += &format!("}}\n#[cfg(test)] mod tests {{ {tests} }}\n");
    [
        ("plain", String::new(), plain),
        ("with monkey", self::monkey(), monkey),
        ("with mockall", MOCKALL.to_owned(), mockall),
    ]
}

pub fn incremental() {
    let mut told = Vec::new();
    for (name, dependency, source) in sources() {
        let folder = package(&name.replace(' ', "-"), &dependency, &source);
        build(&folder, &[]);
        let times = (0..RUNS).map(|run| {
            fs::write(folder.join("src/lib.rs"), format!("{source}// {run}\n")).expect("the folder was made");
            build(&folder, &[])
        });
        told.push(format!("{:.2} s {name}", median(times.collect()).unwrap_or_default()));
    }
    println!("Incremental, of {FUNCTIONS} functions and tests after a change: {}.", told.join(", "));
}
