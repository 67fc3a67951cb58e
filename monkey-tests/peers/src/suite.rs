//! A process for each test, as cargo-nextest makes them: 300 tests with a patch beside the same without.
use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

const TESTS: usize = 300;
const RUNS: usize = 3;

/// Builds the test program; where it is.
fn build() -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--no-run", "--test", "suite", "--message-format=json"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output();
    let text = String::from_utf8(output.expect("cargo runs").stdout).expect("JSON");
    let programs = text.split("\"executable\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    programs.last().expect("the suite is built").to_owned()
}

/// Runs the tests whose names begin so, on all cores.
fn run(program: &str, begin: &str) -> Duration {
    let next = AtomicUsize::new(0);
    let worker = || {
        loop {
            let number = next.fetch_add(1, Relaxed);
            if number >= TESTS {
                return;
            }
            let mut test = Command::new(program);
            test.args([&format!("{begin}{number}"), "--exact"]).stdout(Stdio::null());
            assert!(test.status().expect("it was built").success(), "{begin}{number}");
        }
    };
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        (0..cores).for_each(|_| drop(scope.spawn(worker)));
    });
    begun.elapsed()
}

pub fn measure() {
    let program = build();
    let size = fs::metadata(&program).expect("it was built").len() / 1_000_000;
    let mut pairs: Vec<_> = (0..RUNS).map(|_| (run(&program, "plain_"), run(&program, "patched_"))).collect();
    pairs.sort_by_key(|(plain, patched)| patched.saturating_sub(*plain));
    let (plain, patched) = pairs[RUNS / 2];
    println!("## A process for each test\n");
    println!(
        "{TESTS} tests in a debug program of {size} MB: {:.2} s without patches, {:.2} s with one each.\n",
        plain.as_secs_f64(),
        patched.as_secs_f64()
    );
}
