//! Runs one test of the running test program in a process of its own, so that a crash there is a failure here.
use std::backtrace::Backtrace;
use std::env;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Set in children: which case to run.
const CASE: &str = "MONKEY_TEST_CASE";

/// The case that this process is to run, if it is a child.
#[must_use]
pub fn case() -> Option<String> {
    env::var(CASE).ok()
}

/// Whether this process runs in an emulator.
#[must_use]
pub fn emulated() -> bool {
    runner().is_some()
}

/// The ways of writing code that work here, as `MONKEY_CODE_WRITE` names them. Emulators before qemu 10 go on running
/// what they translated before when code is written through `/proc/self/mem`.
#[must_use]
pub fn ways() -> &'static [&'static str] {
    let version = || {
        let runner = runner()?;
        let output = Command::new(runner.split_ascii_whitespace().next()?).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_once("version ")?.1.split('.').next()?.parse::<u32>().ok()
    };
    match version() {
        Some(version) if version < 10 => {
            println!("skipped: /proc/self/mem, which qemu {version} does not notice");
            &["mprotect"]
        }
        _ => &["mem", "mprotect"],
    }
}

/// What cargo was told to run test programs by: the system need not know how to start those of another architecture.
fn runner() -> Option<String> {
    let runner = env::var("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER").ok()?;
    cfg!(target_arch = "aarch64").then_some(runner)
}

/// A command that runs a program which was built for this machine, the emulated one if there is an emulator.
///
/// # Panics
/// When cargo was told of a runner without words.
#[must_use]
pub fn program(path: &Path) -> Command {
    let Some(runner) = runner() else { return Command::new(path) };
    let mut words = runner.split_ascii_whitespace();
    let mut command = Command::new(words.next().expect("a runner that is not empty"));
    command.args(words).arg(path);
    command
}

/// What the kit says of a place of the running program: ``tests/bank.rs:3 (`bank``, or, built without lines, that it was.
#[must_use]
pub fn said_place(file: &str, line: u32) -> String {
    // A backtrace of the standard library's says what there is, too.
    let here = Backtrace::force_capture().to_string();
    let has_lines = here.lines().any(|frame| frame.contains(file));
    if has_lines { format!("{file}:{line} (`") } else { "without debug information (a profile's".to_owned() }
}

/// Where another cargo puts what it builds in a target directory. It finds in its environment what this one was told of
/// compiler, target, linker and runner; a target named there has a folder of its own.
#[must_use]
pub fn built(target_directory: &Path) -> PathBuf {
    target_directory.join(env::var("CARGO_BUILD_TARGET").unwrap_or_default())
}

/// One target directory for all programs that tests build, so that what they depend on is built once.
///
/// # Panics
/// When the system cannot say which program runs.
#[must_use]
pub fn shared_target() -> PathBuf {
    let program = env::current_exe().expect("the path of the test program");
    program
        .ancestors()
        .nth(3)
        .expect("it lies in deps, in a profile, in the target directory")
        .join("programs")
}

/// A command that runs the test of this name, in this program, with a case.
///
/// # Panics
/// When the system cannot say which program runs.
#[must_use]
pub fn command(test: &str, case: &str) -> Command {
    let mut command = program(&env::current_exe().expect("the path of the test program"));
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

/// Runs the body of the test of this name in a process of its own.
///
/// # Panics
/// When the body does, or when the process ends in any other way than well.
pub fn alone(test: &str, body: impl FnOnce()) {
    if case().is_some() {
        return body();
    }
    let output = run(test, "alone");
    assert!(passed(&output), "{}", describe(output.status, &output));
}

/// Runs the body of the test of this name in a process of its own, which is killed and a failure after `limit` (ten times
/// as long where it is emulated).
///
/// # Panics
/// When the body does, when it takes too long, or when the process ends in any other way than well.
pub fn within(limit: Duration, test: &str, body: impl FnOnce()) {
    if case().is_some() {
        return body();
    }
    let limit = if emulated() { limit * 10 } else { limit };
    let (output, late) = limited(&mut command(test, "alone"), limit);
    let what = if late { format!("not done after {limit:?}, ") } else { String::new() };
    assert!(passed(&output), "{what}{}", describe(output.status, &output));
}

/// Runs a command to its end, or kills it with all that it started after `limit`; and whether it had to.
///
/// # Panics
/// When the command cannot be started.
pub fn limited(command: &mut Command, limit: Duration) -> (Output, bool) {
    use std::os::unix::process::CommandExt;
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a child process");
    let readers = [read(child.stdout.take()), read(child.stderr.take())];
    let begun = Instant::now();
    let mut late = false;
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child's status") {
            break status;
        }
        late = begun.elapsed() > limit;
        if late {
            // SAFETY: the group is the child's own.
            unsafe { libc::kill(-child.id().cast_signed(), libc::SIGKILL) };
            break child.wait().expect("the child's status");
        }
        thread::sleep(Duration::from_millis(5));
    };
    let [stdout, stderr] = readers.map(|reader| reader.join().expect("a reader does not panic"));
    (Output { status, stdout, stderr }, late)
}

/// Reads to the end in a thread of its own, so that the child never waits for a reader.
fn read(from: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            from.read_to_end(&mut bytes).ok();
        }
        bytes
    })
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
