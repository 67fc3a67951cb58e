//! Nothing goes past: these pass.
use std::io::ErrorKind::NotFound;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[monkey::test(replace(SystemTime::now = || UNIX_EPOCH + Duration::from_secs(42)))]
fn called_directly() {
    assert_eq!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs(), 42);
}

/// An instance of this crate's, which `Path::exists` calls.
#[monkey::test(replace(std::fs::metadata::<&Path> = |_: &Path| Err(NotFound.into())))]
fn called_by_what_is_not_built_yet() {
    assert!(!std_inlined::is_there("Cargo.toml"));
}

/// Another test's call, at the same time, is none of this one's.
#[test]
fn not_replaced_at_all() {
    for _ in 0..100 {
        assert!(std_inlined::unix() > 42 && std_inlined::since(Instant::now()) < 10);
    }
}

/// What the standard library does for itself, in a thread's park, a backtrace or a channel, is nobody's concern.
#[monkey::test(replace(Instant::now = later))]
fn the_standard_library_s_own_calls() {
    let start = Instant::now();
    let (_sender, receiver) = std::sync::mpsc::channel::<()>();
    receiver.recv_timeout(Duration::from_millis(1)).unwrap_err();
    std::backtrace::Backtrace::force_capture().to_string();
    assert!(Instant::now() >= start);
}

fn later() -> Instant {
    monkey::original!(Instant::now()) + Duration::from_secs(100)
}
