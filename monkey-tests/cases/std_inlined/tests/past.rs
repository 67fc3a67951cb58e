//! Each replacement is reached by one call, and another goes past it: every test fails for that, and says which call.
use std::io::ErrorKind::NotFound;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn later() -> Instant {
    monkey::original!(Instant::now()) + Duration::from_secs(100)
}

fn at_42() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(42)
}

#[monkey::test(replace(SystemTime::now = at_42))]
fn system_time() {
    assert_eq!(SystemTime::now(), at_42());
    std_inlined::unix();
}

#[monkey::test(replace(SystemTime::now = at_42))]
fn system_time_on_a_started_thread() {
    assert_eq!(SystemTime::now(), at_42());
    std::thread::spawn(|| std_inlined::age(UNIX_EPOCH)).join().unwrap();
}

#[monkey::test(replace(Instant::now = later))]
fn instant() {
    std_inlined::since(Instant::now());
}

#[monkey::test]
fn instant_by_a_guard() {
    let start = Instant::now();
    let _guard = monkey::patch!(Instant::now = later);
    let _ = Instant::now();
    std_inlined::since(start);
}

#[monkey::test(replace(std::fs::File::open::<&Path> = |_: &Path| Err(NotFound.into())))]
fn open() {
    assert!(std::fs::File::open(Path::new("Cargo.toml")).is_err());
    let _ = std_inlined::read("Cargo.toml");
}

#[monkey::test(replace(std::fs::File::open::<&Path> = |_: &Path| Err(NotFound.into())))]
fn open_for_bytes() {
    assert!(std::fs::File::open(Path::new("Cargo.toml")).is_err());
    let _ = std_inlined::read_bytes("Cargo.toml");
}

#[monkey::test(replace(std::fs::File::create::<&Path> = |_: &Path| Err(NotFound.into())))]
fn create() {
    assert!(std::fs::File::create(Path::new("/dev/null")).is_err());
    std_inlined::write("/dev/null").unwrap();
}

#[monkey::test(replace(std::thread::sleep = |_| ()))]
fn sleep() {
    std::thread::sleep(Duration::from_secs(1000));
    std_inlined::pause();
}

#[monkey::test(replace(Instant::duration_since = |_: &Instant, _: Instant| Duration::ZERO))]
fn difference() {
    let start = Instant::now();
    assert!(Instant::now().duration_since(start).is_zero());
    std_inlined::since(start);
}
