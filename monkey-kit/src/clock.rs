//! A test's own time: it stands still, and goes on when all that wait for it do nothing else.
#[cfg(not(target_os = "linux"))]
mod ledger;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(unix)]
mod posix;
mod time;
#[cfg(windows)]
mod windows;

use crate::guard::Guard;
use crate::world::World;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;
use monkey_core::border::{self, Bypass, Membership, Owing};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
#[cfg(windows)]
use windows as system;

pub(crate) use system::State;
#[cfg(target_os = "linux")]
pub(crate) use system::{
    Room, Wait, before_reading, before_writing, clock_gettime, clock_nanosleep, epoll_pwait, epoll_pwait2,
    gettimeofday, is_paused, let_others_end, nanosleep, note_real, port, ppoll, pselect, send_some,
    wait_on_futex,
};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use system::{epoll_wait, poll, select, wall_seconds};

/// How often a clock turns itself before that is taken for a test without an end.
const TURNS: u64 = 1_000_000;

/// A scope's clock, which stands still until it is turned. When it is dropped, the scope has the real one again.
///
/// # Panics
/// When it is dropped, and all threads of the scope waited for good: with which waits where.
#[must_use = "the clock goes on by itself when the guard is dropped"]
#[derive(Debug)]
pub struct Clock {
    // Dropped in this order.
    _membership: Membership,
    owing: Option<Owing>,
    guard: Guard,
}

/// Lets time stand still for the caller's scope, at the present.
///
/// Every clock shows it: `SystemTime`, `Instant`, chrono's, C's. Whoever sleeps, or waits with a timeout, waits for this
/// clock. When every thread of the scope waits, time jumps to the next deadline, so that no test waits in earnest. When all
/// wait and there is none, the test fails and says who waits where.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let _clock = monkey_kit::clock::pause();
/// let start = Instant::now();
/// std::thread::sleep(Duration::from_secs(3600));
/// assert_eq!(start.elapsed(), Duration::from_secs(3600));
/// ```
///
/// # Panics
/// When one of the functions cannot be replaced.
#[track_caller]
pub fn pause() -> Clock {
    let guard = Guard::new(&system::ENTRIES);
    let scope = border::scope();
    let _bypass = Bypass::begin();
    border::count_visitors(true);
    let world = guard.world();
    guard.clock.pause(world, scope);
    let owing = Some(Owing::begin(scope, || resume(world)));
    Clock { _membership: Membership::begin(scope), owing, guard }
}

/// One guard less: what its test has not been told yet.
fn resume(world: &World) -> Option<String> {
    let _bypass = Bypass::begin();
    border::count_visitors(false);
    world.clock.resume(world)
}

/// The same, at a time of the wall's clock.
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
///
/// let party = UNIX_EPOCH + Duration::from_secs(946_684_799);
/// let clock = monkey_kit::clock::pause_at(party);
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs(), 946_684_800);
/// ```
///
/// # Panics
/// As [`pause`].
#[track_caller]
pub fn pause_at(time: SystemTime) -> Clock {
    let clock = pause();
    clock.set(time);
    clock
}

#[cfg(target_os = "linux")]
impl Clock {
    /// The same for stopwatches, whose beginning is the machine's: whoever prints one, or draws from it, does so alike in each run.
    pub(crate) fn with_stopwatches_at(self, shows: Duration) -> Self {
        self.guard.clock.time().set_stopwatches(shows.as_nanos() as i64);
        self
    }
}

impl Clock {
    /// Turns the clock on. Waits that end on the way end in their order, and those who waited run until they wait again, before the
    /// clock goes on.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let clock = monkey_kit::clock::pause();
    /// let start = Instant::now();
    /// let sleeper = std::thread::spawn(|| std::thread::sleep(Duration::from_secs(5)));
    /// clock.advance(Duration::from_secs(10));
    /// assert!(sleeper.is_finished());
    /// assert_eq!(start.elapsed(), Duration::from_secs(10));
    /// ```
    pub fn advance(&self, by: Duration) {
        let _bypass = Bypass::begin();
        self.guard.clock.advance(by.as_nanos().min(u128::from(u64::MAX / 4)) as u64);
    }

    /// Sets the wall's clock, back too; `Instant` and all waits go on as they were.
    ///
    /// ```
    /// use std::time::{Instant, SystemTime, UNIX_EPOCH};
    ///
    /// let clock = monkey_kit::clock::pause();
    /// let start = Instant::now();
    /// clock.set(UNIX_EPOCH);
    /// assert_eq!((SystemTime::now(), start.elapsed().as_nanos()), (UNIX_EPOCH, 0));
    /// ```
    ///
    /// # Panics
    /// When the time is more than 292 years from 1970.
    pub fn set(&self, time: SystemTime) {
        let since = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()),
            Err(before) => i64::try_from(before.duration().as_nanos()).map(|before| -before),
        };
        let Ok(wall) = since else { panic!("`clock.set`: more than 292 years from 1970") };
        self.guard.clock.time().set_wall(wall);
    }

    /// What the wall's clock shows.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let wall = self.guard.clock.time().wall();
        let apart = Duration::from_nanos(wall.unsigned_abs());
        if wall < 0 { UNIX_EPOCH - apart } else { UNIX_EPOCH + apart }
    }

    /// How far the clock was turned since it stands still.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.guard.clock.time().elapsed())
    }

    /// Lets the clock go on by [`advance`](Self::advance) alone, and not when all wait.
    pub fn manual(&self) -> &Self {
        self.guard.clock.turn_by_hand();
        self
    }

    /// How often the clock may turn itself before the test is taken for one that goes on for ever, and fails. A million if
    /// not said.
    pub fn turn_limit(&self, turns: u64) -> &Self {
        self.guard.clock.limit_turns(turns);
        self
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        // One that outlives its scope was ended with it.
        let is_owed = self.owing.take().is_some_and(Owing::end);
        let failure = is_owed.then(|| resume(self.guard.world())).flatten();
        if let Some(failure) = failure {
            assert!(!border::may_panic(), "{failure}");
            border::complain(failure, false);
        }
    }
}
