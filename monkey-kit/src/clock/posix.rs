//! Reading clocks where there are POSIX's functions for it, and its times.
use super::time::Shown;
use crate::border::functions;
use crate::world;
use libc::{c_int, c_void, clockid_t, time_t, timespec, timeval};

pub use super::time::{SECOND, Time};

functions! {
    CLOCK_GETTIME = clock_gettime(clock: clockid_t, to: *mut timespec) -> c_int => clock_gettime;
    GETTIMEOFDAY = gettimeofday(to: *mut timeval, zone: *mut c_void) -> c_int => gettimeofday;
    TIME = time(to: *mut time_t) -> time_t => wall_seconds;
}

/// Which clock an id stands for; `None` for those that are no wall's and no stopwatch, such as a thread's own.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "each look at a paused clock comes by, in builds that are not optimised too"
)]
#[cfg(target_os = "linux")]
fn shown(clock: clockid_t) -> Option<Shown> {
    Some(match clock {
        libc::CLOCK_MONOTONIC | libc::CLOCK_MONOTONIC_RAW | libc::CLOCK_MONOTONIC_COARSE => Shown::Monotonic,
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI | libc::CLOCK_REALTIME_ALARM => {
            Shown::Wall
        }
        libc::CLOCK_BOOTTIME | libc::CLOCK_BOOTTIME_ALARM => Shown::Boot,
        _ => return None,
    })
}

/// The same. Here the usual stopwatch, `CLOCK_UPTIME_RAW`, is the one that stands while the system sleeps.
#[inline]
#[cfg(target_os = "macos")]
fn shown(clock: clockid_t) -> Option<Shown> {
    const MONOTONIC_RAW_APPROX: clockid_t = 5;
    const UPTIME_RAW_APPROX: clockid_t = 9;
    Some(match clock {
        libc::CLOCK_UPTIME_RAW | UPTIME_RAW_APPROX => Shown::Monotonic,
        libc::CLOCK_REALTIME => Shown::Wall,
        libc::CLOCK_MONOTONIC | libc::CLOCK_MONOTONIC_RAW | MONOTONIC_RAW_APPROX => Shown::Boot,
        _ => return None,
    })
}

impl Time {
    /// What one of the system's clocks shows.
    #[inline]
    pub fn read(&self, clock: clockid_t) -> Option<i64> {
        Some(self.shows(shown(clock)?))
    }

    /// When a clock will show this, as it stands now; at once if it does already.
    pub fn moment(&self, clock: clockid_t, shows: timespec) -> Option<u64> {
        Some(self.after(nanoseconds(shows).saturating_sub(self.read(clock)?)))
    }

    /// When this much time is over.
    pub fn moment_in(&self, span: timespec) -> u64 {
        self.after(nanoseconds(span))
    }
}

pub fn nanoseconds(time: timespec) -> i64 {
    time.tv_sec.saturating_mul(SECOND).saturating_add(time.tv_nsec)
}

#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "each look at a paused clock comes by, in builds that are not optimised too"
)]
pub fn timespec_of(nanoseconds: i64) -> timespec {
    // One division is faster than two that round down, and time before the epoch is rare.
    if nanoseconds >= 0 {
        let seconds = (nanoseconds as u64 / SECOND as u64) as i64;
        return timespec { tv_sec: seconds, tv_nsec: nanoseconds - seconds * SECOND };
    }
    timespec { tv_sec: nanoseconds.div_euclid(SECOND), tv_nsec: nanoseconds.rem_euclid(SECOND) }
}

/// Whether the kernel would take it for a span or a time.
pub fn is_valid(time: timespec) -> bool {
    time.tv_sec >= 0 && (0..SECOND).contains(&time.tv_nsec)
}

/// What the real clock shows, in nanoseconds.
pub fn real_clock(clock: clockid_t) -> i64 {
    let mut now = timespec_of(0);
    // SAFETY: room for the time.
    unsafe { original::clock_gettime(clock, &raw mut now) };
    nanoseconds(now)
}

/// The same, of the clock that stands for others of its kind.
pub fn real(clock: Shown) -> i64 {
    #[cfg(target_os = "linux")]
    const IDS: [clockid_t; 3] = [libc::CLOCK_REALTIME, libc::CLOCK_MONOTONIC, libc::CLOCK_BOOTTIME];
    #[cfg(target_os = "macos")]
    const IDS: [clockid_t; 3] = [libc::CLOCK_REALTIME, libc::CLOCK_UPTIME_RAW, libc::CLOCK_MONOTONIC];
    real_clock(IDS[clock as usize])
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn clock_gettime(clock: clockid_t, to: *mut timespec) -> c_int {
    if let Some(world) = world::own()
        && world.clock.time().is_paused()
        && let Some(clock) = shown(clock)
        // SAFETY: null, or the caller's place for it.
        && let Some(to) = unsafe { to.as_mut() }
    {
        *to = timespec_of(world.clock.time().shows(clock));
        return 0;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::clock_gettime(clock, to) }
}

/// What the wall's clock shows for the caller, if it is paused.
fn paused_wall() -> Option<timespec> {
    let world = world::own().filter(|world| world.clock.time().is_paused())?;
    Some(timespec_of(world.clock.time().wall()))
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn gettimeofday(to: *mut timeval, zone: *mut c_void) -> c_int {
    let Some(now) = paused_wall().filter(|_| !to.is_null()) else {
        // SAFETY: the caller's arguments.
        return unsafe { original::gettimeofday(to, zone) };
    };
    // SAFETY: the caller's place for it.
    unsafe { to.write(timeval { tv_sec: now.tv_sec, tv_usec: (now.tv_nsec / 1000) as libc::suseconds_t }) };
    0
}

/// # Safety
/// As `time`.
pub unsafe extern "C-unwind" fn wall_seconds(to: *mut time_t) -> time_t {
    let Some(now) = paused_wall() else {
        // SAFETY: the caller's argument.
        return unsafe { original::time(to) };
    };
    // SAFETY: null, or the caller's place for it.
    if let Some(to) = unsafe { to.as_mut() } {
        *to = now.tv_sec;
    }
    now.tv_sec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_when_a_clock_shows_it() {
        let time = Time::default();
        assert!(time.pause(|_| SECOND));
        time.turn_to(6);
        assert_eq!(time.read(libc::CLOCK_MONOTONIC), Some(SECOND + 6));
        assert_eq!(time.read(libc::CLOCK_THREAD_CPUTIME_ID), None);
        assert_eq!(time.moment(libc::CLOCK_MONOTONIC, timespec_of(SECOND + 10)), Some(10));
        assert_eq!(time.moment(libc::CLOCK_MONOTONIC, timespec_of(SECOND)), Some(6));
    }

    #[test]
    fn times_before_the_epoch_have_positive_nanoseconds() {
        let before = timespec_of(-1);
        assert_eq!((before.tv_sec, before.tv_nsec), (-1, 999_999_999));
        assert_eq!(nanoseconds(before), -1);
        let after = timespec_of(3 * SECOND + 4);
        assert_eq!((after.tv_sec, after.tv_nsec), (3, 4));
    }
}
