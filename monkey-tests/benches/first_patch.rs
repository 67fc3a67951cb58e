//! What a patch costs in a large debug program, with monkey itself not optimised: the first one in a process, beside the
//! first of a function that no file has, for which nothing is read; later ones of new functions; one that is hooked. And
//! what memory is kept.
//!
//! `cargo bench -p monkey-tests --bench first_patch`. The first run builds the program. At the end stand the medians and
//! the limits.
use criterion::{BenchmarkGroup, Criterion, criterion_group, measurement::WallTime};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

/// All that was measured, in nanoseconds, by mode and kind.
static SEEN: Mutex<BTreeMap<String, Vec<u64>>> = Mutex::new(BTreeMap::new());

const DEPENDENCIES: &str = r#"
libc = "0.2"
iced-x86 = "1"
object = "0.40"
regex = "1"
serde_json = "1"
syn = { version = "2", features = ["full", "extra-traits"] }
tokio = { version = "1", features = ["full"] }
"#;

/// Builds the program in a folder of its own, by the workspace's lock file; where it is.
fn build() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("first_patch");
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    fs::create_dir_all(&folder).unwrap();
    let monkey = root.display();
    let package = "[package]\nname = \"large\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
    let target = "[[bin]]\nname = \"large\"\npath = \"program.rs\"\n";
    let dependencies = format!("[dependencies]\nmonkey-mock = {{ path = \"{monkey}\" }}{DEPENDENCIES}");
    fs::write(folder.join("Cargo.toml"), format!("{package}[workspace]\n{target}{dependencies}")).unwrap();
    fs::write(folder.join("program.rs"), include_str!("first_patch_program/program.rs")).unwrap();
    if !folder.join("Cargo.lock").exists() {
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--target-dir", "target"]).current_dir(&folder);
    assert!(cargo.status().unwrap().success(), "the large program is built");
    folder.join("target/debug/large")
}

/// Runs the program once; the numbers of this kind.
fn times(program: &PathBuf, mode: &str, kind: &str) -> Vec<u64> {
    let output = Command::new(program).arg(mode).output().unwrap();
    assert!(output.status.success(), "{mode}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let words = text.lines().filter_map(|line| line.split_once(' '));
    let times: Vec<u64> =
        words.filter(|(word, _)| *word == kind).map(|(_, time)| time.parse().unwrap()).collect();
    SEEN.lock().unwrap().entry(format!("{mode}, {kind}")).or_default().extend(&times);
    times
}

fn measure(group: &mut BenchmarkGroup<'_, WallTime>, program: &PathBuf, name: &str, mode: &str, kind: &str) {
    group.bench_function(name, |bench| {
        bench.iter_custom(|count| {
            let mut left = Vec::new();
            let one = || {
                if left.is_empty() {
                    left = times(program, mode, kind);
                }
                Duration::from_nanos(left.pop().unwrap())
            };
            std::iter::repeat_with(one).take(count as usize).sum()
        });
    });
}

fn benches_of_patches(criterion: &mut Criterion) {
    let program = build();
    println!("the program: {} MB", fs::metadata(&program).unwrap().len() / 1_000_000);
    let mut group = criterion.benchmark_group("patch in a large debug program");
    group.sample_size(10).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    measure(&mut group, &program, "first, of a function in no file", "nothing", "first");
    measure(&mut group, &program, "first, of a function of the program", "names", "first");
    measure(&mut group, &program, "first, of Path::exists", "std", "first");
    measure(&mut group, &program, "first, of HashMap::len", "generic", "first");
    measure(&mut group, &program, "later, of new functions", "names", "later");
    measure(&mut group, &program, "later, of functions of std", "std, one by one", "plain");
    measure(&mut group, &program, "later, of instances of generics of std", "std, one by one", "generic");
    measure(&mut group, &program, "patched and given back, of a hooked function", "names", "again");
    group.finish();
}

fn median(key: &str) -> f64 {
    let mut times = SEEN.lock().unwrap()[key].clone();
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds, shown in milliseconds")]
    let median = times[times.len() / 2] as f64 / 1e6;
    median
}

fn main() {
    benches();
    let (nothing, names) = (median("nothing, first"), median("names, first"));
    let seen = SEEN.lock().unwrap().clone();
    for (key, times) in seen {
        println!("{key}: median {:.3} ms of {}", median(&key), times.len());
    }
    println!("first patch: {:.3} ms more than one that reads nothing (limit: 30)", names - nothing);
    for (what, key) in [
        ("functions of the program", "names, later"),
        ("functions of std", "std, one by one, plain"),
        ("instances of generics of std", "std, one by one, generic"),
    ] {
        println!("later patches of new {what}: {:.3} ms (limit: 1)", median(key));
    }
    let program = build();
    for mode in ["nothing", "names", "std, one by one"] {
        println!(
            "memory that the process has more at the end ({mode}): {} KiB",
            times(&program, mode, "kept")[0]
        );
    }
}

criterion_group!(benches, benches_of_patches);
