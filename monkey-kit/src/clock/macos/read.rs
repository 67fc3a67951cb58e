//! Reading clocks in Mach's ways.
use crate::border::functions;
use crate::clock::time::{Shown, Time};
use crate::world;
use libc::clockid_t;
use mach::Timebase;

functions! {
    ABSOLUTE = mach_absolute_time() -> u64 => absolute;
    APPROXIMATE = mach_approximate_time() -> u64 => approximate;
    CONTINUOUS = mach_continuous_time() -> u64 => continuous;
    NANOSECONDS = clock_gettime_nsec_np(clock: clockid_t) -> u64 => nanoseconds;
}

mod mach {
    /// `mach_timebase_info_data_t`: how many nanoseconds a tick is.
    #[repr(C)]
    #[derive(Debug, Clone, Copy)]
    pub struct Timebase {
        pub numerator: u32,
        pub denominator: u32,
    }

    unsafe extern "C" {
        pub fn mach_timebase_info(to: *mut Timebase) -> i32;
    }
}

fn timebase() -> Timebase {
    let mut known = Timebase { numerator: 1, denominator: 1 };
    // SAFETY: room for both numbers.
    unsafe { mach::mach_timebase_info(&raw mut known) };
    known
}

pub fn ticks(nanoseconds: i64) -> u64 {
    let Timebase { numerator, denominator } = timebase();
    (i128::from(nanoseconds) * i128::from(denominator) / i128::from(numerator.max(1))) as u64
}

/// When a stopwatch shows so many ticks, in nanoseconds of its own.
pub fn nanoseconds_of(ticks: u64) -> i64 {
    let Timebase { numerator, denominator } = timebase();
    (i128::from(ticks) * i128::from(numerator) / i128::from(denominator.max(1))) as i64
}

/// The caller's clock, if it is paused.
fn paused() -> Option<&'static Time> {
    world::own().map(|world| world.clock.time()).filter(|time| time.is_paused())
}

unsafe extern "C-unwind" fn absolute() -> u64 {
    match paused() {
        Some(time) => ticks(time.shows(Shown::Monotonic)),
        // SAFETY: takes nothing.
        None => unsafe { original::mach_absolute_time() },
    }
}

unsafe extern "C-unwind" fn approximate() -> u64 {
    match paused() {
        Some(time) => ticks(time.shows(Shown::Monotonic)),
        // SAFETY: takes nothing.
        None => unsafe { original::mach_approximate_time() },
    }
}

unsafe extern "C-unwind" fn continuous() -> u64 {
    match paused() {
        Some(time) => ticks(time.shows(Shown::Boot)),
        // SAFETY: takes nothing.
        None => unsafe { original::mach_continuous_time() },
    }
}

unsafe extern "C-unwind" fn nanoseconds(clock: clockid_t) -> u64 {
    match paused().and_then(|time| time.read(clock)) {
        Some(now) => now as u64,
        // SAFETY: takes a number.
        None => unsafe { original::clock_gettime_nsec_np(clock) },
    }
}
