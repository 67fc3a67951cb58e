//! What a paused clock costs who reads it, beside the real one: `cargo bench -p monkey-tests-world --bench clock`.
//!
//! Ends with 1 if reading it takes more than twice as long.
#![cfg_attr(not(target_os = "linux"), allow(unused, reason = "there is no paused clock there"))]
use std::hint::black_box;
use std::time::{Duration, Instant};

const READINGS: u32 = 200_000;
const ROUNDS: usize = 41;

/// Nanoseconds that a reading takes, by a clock that nobody pauses: the thread's own.
fn reading() -> f64 {
    let own = || {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: room for the time.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
        Duration::from_secs(now.tv_sec.cast_unsigned()) + Duration::from_nanos(now.tv_nsec.cast_unsigned())
    };
    let begun = own();
    for _ in 0..READINGS {
        black_box(Instant::now());
    }
    own().saturating_sub(begun).as_secs_f64() * 1e9 / f64::from(READINGS)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Microseconds that it takes to pause the clock and to let it go on.
#[cfg(target_os = "linux")]
fn pausing() -> f64 {
    let begun = Instant::now();
    drop(monkey::clock::pause());
    begun.elapsed().as_secs_f64() * 1e6
}

#[cfg(target_os = "linux")]
fn main() {
    let unpatched = median((0..ROUNDS).map(|_| reading()).collect());
    let first = pausing();
    let later = median((0..ROUNDS).map(|_| pausing()).collect());
    println!("pausing the clock: {first:.0} us for the first time in a process, later {later:.1} us");
    let (mut outside, mut paused) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        outside.push(reading());
        let _clock = monkey::clock::pause();
        paused.push(reading());
    }
    let (outside, paused) = (median(outside), median(paused));
    println!(
        "`Instant::now`: {unpatched:.1} ns before any test has paused a clock, {outside:.1} ns ({:.2} times) beside tests that have, \
         {paused:.1} ns ({:.2} times) paused",
        outside / unpatched,
        paused / unpatched
    );
    std::process::exit(i32::from(paused > unpatched * 2.0));
}

#[cfg(not(target_os = "linux"))]
fn main() {}
