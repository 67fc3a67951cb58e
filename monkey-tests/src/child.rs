//! Runs one test of the running test program in a process of its own, so that a crash there is a failure here.
use std::env;
use std::process::{Command, ExitStatus, Output, Stdio};

/// Set in children: which case to run.
const CASE: &str = "MONKEY_TEST_CASE";

/// The case that this process is to run, if it is a child.
#[must_use]
pub fn case() -> Option<String> {
    env::var(CASE).ok()
}

/// A command that runs the test of this name, in this program, with a case.
///
/// # Panics
/// When the system cannot say which program runs.
#[must_use]
pub fn command(test: &str, case: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("the path of the test program"));
    command.args([test, "--exact", "--nocapture", "--include-ignored", "--test-threads=1"]).env(CASE, case);
    command
}

/// Runs a case to its end.
///
/// # Panics
/// When the child cannot be started.
#[must_use]
pub fn run(test: &str, case: &str) -> Output {
    command(test, case).stdin(Stdio::null()).output().expect("a child process")
}

/// Whether the child ran its case, and well. (A name that fits no test makes the harness succeed as well.)
#[must_use]
pub fn passed(output: &Output) -> bool {
    output.status.success() && String::from_utf8_lossy(&output.stdout).contains("1 passed")
}

/// Runs a case in this many processes; what each that failed said.
///
/// # Panics
/// When a child cannot be started.
#[must_use]
pub fn failures(test: &str, case: &str, processes: usize) -> Vec<String> {
    let outputs = (0..processes).map(|_| run(test, case));
    outputs.filter(|output| !passed(output)).map(|output| describe(output.status, &output)).collect()
}

/// What a child said, for a message.
#[must_use]
pub fn describe(status: ExitStatus, output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{status}\n{}\n{}", text(&output.stdout), text(&output.stderr))
}
