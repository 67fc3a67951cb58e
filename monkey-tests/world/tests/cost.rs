//! What a paused clock costs who reads it.
#![cfg(target_os = "linux")]
use std::time::Instant;

const READINGS: u32 = 200_000;

/// Nanoseconds that a reading takes, by a clock that nobody pauses: the thread's own.
fn reading() -> u64 {
    let own = || {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: room for the time.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
        now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
    };
    let begun = own();
    for _ in 0..READINGS {
        std::hint::black_box(Instant::now());
    }
    (own() - begun) / u64::from(READINGS)
}

#[monkey::test]
fn reading_a_paused_clock_is_cheap() {
    let real = (0..7).map(|_| reading()).min().unwrap();
    let _clock = monkey::clock::pause();
    let paused = (0..7).map(|_| reading()).min().unwrap();
    println!("real {real} ns, paused {paused} ns");
    // The kit is not optimised in a debug build, and the machine may be emulated.
    let most = if cfg!(debug_assertions) { 12 } else { 2 };
    assert!(paused <= real * most, "real {real} ns, paused {paused} ns");
}
