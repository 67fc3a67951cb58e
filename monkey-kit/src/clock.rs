//! A test's own time: it stands still, and goes on when all that wait for it do nothing else.
mod deadlock;
mod descriptors;
mod futex;
mod judge;
mod poll;
mod ports;
mod sleep;
mod slot;
mod static_data;
mod thread;
mod time;
mod timer;
mod unwind;
mod wait;
mod wake;
mod watcher;

use crate::border::{Entry, functions};
use crate::guard::Guard;
use crate::{files, net, system_call, world};
use judge::{Found, Seen};
use libc::{c_int, c_void, clockid_t, time_t, timespec, timeval};
use monkey_core::border::{self, Bypass, Membership};
use slot::Slots;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::Time;

pub(crate) use descriptors::port;
pub(crate) use futex::{Wait, wait as wait_on_futex};

functions! {
    CLOCK_GETTIME = clock_gettime(clock: clockid_t, to: *mut timespec) -> c_int => clock_gettime;
    GETTIMEOFDAY = gettimeofday(to: *mut timeval, zone: *mut c_void) -> c_int => gettimeofday;
    TIME = time(to: *mut time_t) -> time_t => wall_seconds;
}

static ENTRIES: [&Entry; 29] = [
    &CLOCK_GETTIME,
    &GETTIMEOFDAY,
    &TIME,
    &system_call::SYSCALL,
    &files::CLOSE,
    &net::CONNECT,
    &net::LISTEN,
    &poll::EPOLL_WAIT,
    &poll::EPOLL_PWAIT,
    &poll::EPOLL_PWAIT2,
    &poll::POLL,
    &poll::PPOLL,
    &poll::SELECT,
    &poll::PSELECT,
    &sleep::NANOSLEEP,
    &sleep::CLOCK_NANOSLEEP,
    &sleep::USLEEP,
    &sleep::SLEEP,
    &thread::PTHREAD_JOIN,
    &thread::PTHREAD_TIMEDJOIN_NP,
    &thread::PTHREAD_COND_WAIT,
    &thread::PTHREAD_COND_TIMEDWAIT,
    &thread::PTHREAD_COND_CLOCKWAIT,
    &thread::SEM_WAIT,
    &thread::SEM_TIMEDWAIT,
    &thread::SEM_CLOCKWAIT,
    &timer::TIMERFD_CREATE,
    &timer::TIMERFD_SETTIME,
    &timer::TIMERFD_GETTIME,
];

/// How often a clock turns itself before that is taken for a test without an end.
const TURNS: u64 = 1_000_000;

/// What stands in a world for its clock.
#[derive(Debug, Default)]
pub(crate) struct State {
    time: Time,
    scope: AtomicU64,
    /// The thread that has paused it.
    owner: AtomicI32,
    /// Members of lower numbers were there before.
    since: AtomicU64,
    order: AtomicU64,
    manual: AtomicBool,
    /// Somebody turns it.
    advancing: AtomicBool,
    turns: AtomicU64,
    turn_limit: AtomicU64,
    seen: Mutex<Seen>,
    slots: Slots,
    timers: timer::Timers,
    ports: ports::Ports,
    watch: watcher::Watch,
    failure: Mutex<Option<String>>,
    failure_told: AtomicBool,
    /// How often it was tried to end a test that waits for good.
    ends: AtomicU32,
}

impl State {
    /// Whether the caller's waits are this clock's concern.
    pub fn counts(&self) -> bool {
        self.time.is_paused() && self.scope.load(SeqCst) == border::scope()
    }

    pub fn add_port(&self, port: u16) {
        self.ports.add(port);
    }

    pub fn forget_descriptor(&self, descriptor: c_int) {
        if self.counts() {
            let _bypass = Bypass::begin();
            self.timers.forget(descriptor);
        }
    }

    fn next_order(&self) -> u64 {
        self.order.fetch_add(1, SeqCst) + 1
    }

    fn order(&self) -> u64 {
        self.order.load(SeqCst)
    }

    fn count_turn(&self) {
        self.turns.fetch_add(1, SeqCst);
    }

    fn is_overturned(&self) -> bool {
        self.turns.load(SeqCst) > self.turn_limit.load(SeqCst)
    }

    /// Whether it was tried to end the test, because it goes on for ever.
    fn was_ended(&self) -> bool {
        self.ends.load(SeqCst) != 0
    }

    fn begin(&self, scope: u64) {
        self.slots.clear();
        self.timers.clear();
        self.ports.clear();
        self.watch.clear();
        self.scope.store(scope, SeqCst);
        // SAFETY: takes nothing, changes nothing.
        self.owner.store(unsafe { libc::gettid() }, SeqCst);
        self.since.store(border::next_number(), SeqCst);
        self.manual.store(false, SeqCst);
        self.turns.store(0, SeqCst);
        self.turn_limit.store(TURNS, SeqCst);
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.failure_told.store(false, SeqCst);
        self.ends.store(0, SeqCst);
    }

    fn take_failure(&self) -> Option<String> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.filter(|_| !self.failure_told.load(SeqCst))
    }

    /// Lets all who wait for it wait for the real one.
    fn let_go(&self) {
        for slot in self.slots.iter().filter(|slot| slot.waits()) {
            slot.signal.store(slot::GONE, SeqCst);
            wake::wake(slot);
        }
    }
}

/// What the real clock shows, in nanoseconds.
fn real_clock(clock: clockid_t) -> i64 {
    let mut now = time::timespec_of(0);
    // SAFETY: room for the time.
    unsafe { original::clock_gettime(clock, &raw mut now) };
    time::nanoseconds(now)
}

fn real_now() -> i64 {
    real_clock(libc::CLOCK_MONOTONIC)
}

unsafe fn clock_gettime(clock: clockid_t, to: *mut timespec) -> c_int {
    if let Some(world) = world::own().filter(|world| world.clock.time.is_paused())
        && let Some(now) = world.clock.time.read(clock)
        && !to.is_null()
    {
        // SAFETY: the caller's place for it.
        unsafe { to.write(time::timespec_of(now)) };
        return 0;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::clock_gettime(clock, to) }
}

/// What the wall's clock shows for the caller, if it is paused.
fn paused_wall() -> Option<timespec> {
    let world = world::own().filter(|world| world.clock.time.is_paused())?;
    Some(time::timespec_of(world.clock.time.wall()))
}

unsafe fn gettimeofday(to: *mut timeval, zone: *mut c_void) -> c_int {
    let Some(now) = paused_wall().filter(|_| !to.is_null()) else {
        // SAFETY: the caller's arguments.
        return unsafe { original::gettimeofday(to, zone) };
    };
    // SAFETY: the caller's place for it.
    unsafe { to.write(timeval { tv_sec: now.tv_sec, tv_usec: now.tv_nsec / 1000 }) };
    0
}

unsafe fn wall_seconds(to: *mut time_t) -> time_t {
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

/// A scope's clock, which stands still until it is turned. When it is dropped, the scope has the real one again.
///
/// # Panics
/// When it is dropped, and all threads of the scope waited for good: with which waits where.
#[must_use = "the clock goes on by itself when the guard is dropped"]
#[derive(Debug)]
pub struct Clock {
    // Dropped in this order.
    _membership: Membership,
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
    let guard = Guard::new(&ENTRIES);
    let scope = border::scope();
    let _bypass = Bypass::begin();
    border::count_visitors(true);
    if guard.clock.time.pause(real_clock) {
        guard.clock.begin(scope);
        watcher::watch(guard.world());
    }
    Clock { _membership: Membership::begin(scope), guard }
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
        let state = &self.guard.clock;
        state.advancing.store(true, SeqCst);
        let target = state.time.elapsed().saturating_add(by.as_nanos().min(u128::from(u64::MAX / 4)) as u64);
        loop {
            settle(state);
            let _seen = state.lock();
            if !state.turn(target) {
                break;
            }
        }
        state.time.turn_to(target);
        state.advancing.store(false, SeqCst);
        watcher::notice();
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
        self.guard.clock.time.set_wall(wall);
    }

    /// What the wall's clock shows.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let wall = self.guard.clock.time.wall();
        let apart = Duration::from_nanos(wall.unsigned_abs());
        if wall < 0 { UNIX_EPOCH - apart } else { UNIX_EPOCH + apart }
    }

    /// How far the clock was turned since it stands still.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.guard.clock.time.elapsed())
    }

    /// Lets the clock go on by [`advance`](Self::advance) alone, and not when all wait.
    pub fn manual(&self) -> &Self {
        self.guard.clock.manual.store(true, SeqCst);
        self
    }

    /// How often the clock may turn itself before the test is taken for one that goes on for ever, and fails. A million if
    /// not said.
    pub fn turn_limit(&self, turns: u64) -> &Self {
        self.guard.clock.turn_limit.store(turns, SeqCst);
        self
    }
}

/// How long others are given to wait again, in real time: one of them may compute, or do real input.
const SETTLED: i64 = 1_000_000_000;

/// Waits until all other threads of the scope wait.
fn settle(state: &State) {
    let begun = real_now();
    let mut pause = Duration::from_micros(5);
    // SAFETY: takes nothing, changes nothing.
    let own = unsafe { libc::gettid() };
    while state.look_at_others(own) != Found::Stuck && real_now() - begun < SETTLED {
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(1));
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        let failure = {
            let _bypass = Bypass::begin();
            border::count_visitors(false);
            let state = &self.guard.clock;
            if state.time.resume() {
                watcher::forget(self.guard.world());
                state.let_go();
            }
            state.take_failure()
        };
        if let Some(failure) = failure {
            if std::thread::panicking() {
                border::complain(failure, false);
            } else {
                panic!("{failure}");
            }
        }
    }
}
