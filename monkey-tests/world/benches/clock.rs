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

#[cfg(target_os = "linux")]
fn main() {
    let (mut real, mut paused) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        real.push(reading());
        let _clock = monkey::clock::pause();
        paused.push(reading());
    }
    let (real, paused) = (median(real), median(paused));
    println!("`Instant::now`: real {real:.1} ns, paused {paused:.1} ns, {:.2} times", paused / real);
    std::process::exit(i32::from(paused > real * 2.0));
}

#[cfg(not(target_os = "linux"))]
fn main() {}
