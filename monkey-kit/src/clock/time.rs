//! What a paused clock shows.
use libc::{clockid_t, timespec};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::SeqCst};

pub const SECOND: i64 = 1_000_000_000;

/// A clock that stands still until it is turned. All of it in nanoseconds.
#[derive(Debug, Default)]
pub struct Time {
    /// Guards that want it to stand still.
    paused: AtomicU32,
    /// How far it was turned since it stands.
    elapsed: AtomicU64,
    /// What clocks showed when it began to stand: the wall's since the epoch, and those since the system's start.
    wall: AtomicI64,
    monotonic: AtomicI64,
    boot: AtomicI64,
}

impl Time {
    #[inline]
    pub fn is_paused(&self) -> bool {
        self.paused.load(SeqCst) != 0
    }

    /// One more guard; whether it is the first.
    pub fn pause(&self, real: impl Fn(clockid_t) -> i64) -> bool {
        if self.paused.load(SeqCst) == 0 {
            self.elapsed.store(0, SeqCst);
            self.wall.store(real(libc::CLOCK_REALTIME), SeqCst);
            self.monotonic.store(real(libc::CLOCK_MONOTONIC), SeqCst);
            self.boot.store(real(libc::CLOCK_BOOTTIME), SeqCst);
        }
        self.paused.fetch_add(1, SeqCst) == 0
    }

    /// One guard less; whether it was the last.
    pub fn resume(&self) -> bool {
        self.paused.fetch_sub(1, SeqCst) == 1
    }

    pub fn elapsed(&self) -> u64 {
        self.elapsed.load(SeqCst)
    }

    /// Turns it on to a moment, never back.
    pub fn turn_to(&self, moment: u64) {
        self.elapsed.fetch_max(moment, SeqCst);
    }

    pub fn wall(&self) -> i64 {
        self.wall.load(SeqCst) + self.elapsed() as i64
    }

    pub fn set_wall(&self, wall: i64) {
        self.wall.store(wall - self.elapsed() as i64, SeqCst);
    }

    /// What one of the system's clocks shows; `None` for those that are no wall's and no stopwatch, such as a thread's own.
    #[inline]
    pub fn read(&self, clock: clockid_t) -> Option<i64> {
        let begun = match clock {
            libc::CLOCK_MONOTONIC | libc::CLOCK_MONOTONIC_RAW | libc::CLOCK_MONOTONIC_COARSE => {
                &self.monotonic
            }
            libc::CLOCK_REALTIME
            | libc::CLOCK_REALTIME_COARSE
            | libc::CLOCK_TAI
            | libc::CLOCK_REALTIME_ALARM => &self.wall,
            libc::CLOCK_BOOTTIME | libc::CLOCK_BOOTTIME_ALARM => &self.boot,
            _ => return None,
        };
        Some(begun.load(SeqCst) + self.elapsed.load(SeqCst) as i64)
    }

    /// When a clock will show this, as it stands now; at once if it does already.
    pub fn moment(&self, clock: clockid_t, shows: timespec) -> Option<u64> {
        let left = nanoseconds(shows).saturating_sub(self.read(clock)?);
        Some(self.elapsed().saturating_add_signed(left.max(0)))
    }

    /// When this much time is over.
    pub fn moment_in(&self, span: timespec) -> u64 {
        self.elapsed().saturating_add_signed(nanoseconds(span).max(0))
    }
}

pub fn nanoseconds(time: timespec) -> i64 {
    time.tv_sec.saturating_mul(SECOND).saturating_add(time.tv_nsec)
}

#[inline]
pub fn timespec_of(nanoseconds: i64) -> timespec {
    // Faster than two divisions that round down, and time before the epoch is rare.
    if nanoseconds >= 0 {
        let (seconds, rest) = (nanoseconds as u64 / SECOND as u64, nanoseconds as u64 % SECOND as u64);
        return timespec { tv_sec: seconds as i64, tv_nsec: rest as i64 };
    }
    timespec { tv_sec: nanoseconds.div_euclid(SECOND), tv_nsec: nanoseconds.rem_euclid(SECOND) }
}

/// Whether the kernel would take it for a span or a time.
pub fn is_valid(time: timespec) -> bool {
    time.tv_sec >= 0 && (0..SECOND).contains(&time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_clocks_go_together_and_the_wall_alone_is_set() {
        let time = Time::default();
        assert!(time.pause(|clock| i64::from(clock) * SECOND));
        time.turn_to(5);
        time.turn_to(3);
        assert_eq!(time.read(libc::CLOCK_MONOTONIC), Some(SECOND + 5));
        assert_eq!(time.read(libc::CLOCK_BOOTTIME), Some(7 * SECOND + 5));
        assert_eq!(time.read(libc::CLOCK_THREAD_CPUTIME_ID), None);
        time.set_wall(-1);
        time.turn_to(6);
        assert_eq!((time.wall(), time.read(libc::CLOCK_MONOTONIC)), (0, Some(SECOND + 6)));
        assert_eq!(time.moment(libc::CLOCK_MONOTONIC, timespec_of(SECOND + 10)), Some(10));
        assert_eq!(time.moment(libc::CLOCK_MONOTONIC, timespec_of(SECOND)), Some(6));
        assert!(!time.pause(|_| 0) && !time.resume() && time.resume());
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
