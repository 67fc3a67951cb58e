//! What a paused clock shows.
use crate::word::load;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};

#[cfg(any(unix, test))]
pub const SECOND: i64 = 1_000_000_000;

/// Which of a system's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The wall's, since 1970.
    Wall,
    /// A stopwatch.
    Monotonic,
    /// One that goes on, or does not, while the system sleeps: the other one of two.
    Boot,
}

/// A clock that stands still until it is turned. All of it in nanoseconds.
#[derive(Debug, Default)]
pub struct Time {
    /// Guards that want it to stand still.
    paused: AtomicU64,
    /// How far it was turned since it stands.
    elapsed: AtomicU64,
    /// What clocks showed when it began to stand: the wall's since the epoch, and those since the system's start.
    wall: AtomicI64,
    monotonic: AtomicI64,
    boot: AtomicI64,
}

impl Time {
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "each look at a paused clock comes by, in builds that are not optimised too"
    )]
    pub fn is_paused(&self) -> bool {
        load(&self.paused) != 0
    }

    /// One more guard; whether it is the first.
    pub fn pause(&self, real: impl Fn(Shown) -> i64) -> bool {
        if self.paused.load(SeqCst) == 0 {
            self.elapsed.store(0, SeqCst);
            self.wall.store(real(Shown::Wall), SeqCst);
            self.monotonic.store(real(Shown::Monotonic), SeqCst);
            self.boot.store(real(Shown::Boot), SeqCst);
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
        self.shows(Shown::Wall)
    }

    pub fn set_wall(&self, wall: i64) {
        self.wall.store(wall - self.elapsed() as i64, SeqCst);
    }

    /// Lets stopwatches show this, if they have not shown more.
    #[cfg(target_os = "linux")]
    pub fn set_stopwatches(&self, shows: i64) {
        let begun = shows - self.elapsed() as i64;
        self.monotonic.fetch_max(begun, SeqCst);
        self.boot.fetch_max(begun, SeqCst);
    }

    /// What one of the clocks shows.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "each look at a paused clock comes by, in builds that are not optimised too"
    )]
    pub fn shows(&self, clock: Shown) -> i64 {
        let begun = match clock {
            Shown::Wall => &self.wall,
            Shown::Monotonic => &self.monotonic,
            Shown::Boot => &self.boot,
        };
        load(begun) as i64 + load(&self.elapsed) as i64
    }

    /// When this much time is over.
    pub fn after(&self, span: i64) -> u64 {
        self.elapsed().saturating_add_signed(span.max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_clocks_go_together_and_the_wall_alone_is_set() {
        let time = Time::default();
        assert!(time.pause(|clock| clock as i64 * SECOND));
        time.turn_to(5);
        time.turn_to(3);
        assert_eq!(time.shows(Shown::Monotonic), SECOND + 5);
        assert_eq!(time.shows(Shown::Boot), 2 * SECOND + 5);
        time.set_wall(-1);
        time.turn_to(6);
        assert_eq!((time.wall(), time.shows(Shown::Monotonic)), (0, SECOND + 6));
        assert_eq!((time.after(4), time.after(-1)), (10, 6));
        assert!(!time.pause(|_| 0) && !time.resume() && time.resume());
    }
}
