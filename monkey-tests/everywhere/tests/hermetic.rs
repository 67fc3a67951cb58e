//! A test's own world, where there is one. Elsewhere this does not compile, and says why: `.ci/others` sees to that.
#![cfg(feature = "hermetic")]
use std::time::{Duration, Instant};

#[monkey::test(hermetic)]
fn time_stands_still() {
    let begun = Instant::now();
    std::thread::sleep(Duration::from_secs(3600));
    assert_eq!(begun.elapsed(), Duration::from_secs(3600));
}
