//! All of a test's own world at once.
use crate::{clock, net, process, random};
use std::panic::Location;
use std::time::{Duration, UNIX_EPOCH};

/// What the wall's clock shows when a hermetic test begins: 2020-01-01 00:00:00 UTC.
const BEGINNING: Duration = Duration::from_hours(438_288);
/// What stopwatches show then: more than those of a machine do, as `Instant` never goes back.
const UPTIME: Duration = Duration::from_hours(438_288);
const SEED: u64 = 0;

/// What `#[monkey::test(hermetic)]` begins with.
#[must_use = "the world is the system's again when the guard is dropped"]
#[derive(Debug)]
pub struct Hermetic {
    // Dropped in this order.
    _net: net::Forbidden,
    _process: process::Forbidden,
    _random: random::Seeded,
    _clock: clock::Clock,
}

/// A paused clock, seeded randomness, no network beyond this machine, no programs.
///
/// # Panics
/// When one of the functions cannot be replaced.
#[track_caller]
pub fn hermetic() -> Hermetic {
    let by = Location::caller();
    Hermetic {
        _clock: clock::pause_at(UNIX_EPOCH + BEGINNING).with_stopwatches_at(UPTIME),
        _random: random::seed(SEED),
        _net: net::forbid().but_loopback().for_hermetic(by),
        _process: process::forbid().for_hermetic(by),
    }
}
