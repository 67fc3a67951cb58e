//! That calls go past is said to be fine: these pass.
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn later() -> Instant {
    monkey::original!(Instant::now()) + Duration::from_secs(100)
}

#[monkey::test(replace(Instant::now = later), partly(Instant::now))]
fn on_a_test() {
    std_inlined::since(Instant::now());
}

#[monkey::test]
fn on_a_guard() {
    let _guard = monkey::patch!(
        replace(SystemTime::now = || UNIX_EPOCH + Duration::from_secs(42)),
        partly(SystemTime::now),
    );
    let _ = SystemTime::now();
    std_inlined::unix();
}
