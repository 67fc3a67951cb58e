//! Linux: the C library's functions that read clocks and wait. Whether a thread sleeps is asked of the kernel.
mod blocking;
mod deadlock;
mod descriptors;
mod futex;
mod judge;
mod locks;
mod poll;
mod ports;
mod queues;
mod service;
mod signals;
mod sleep;
mod slot;
mod spin;
mod stack;
mod static_data;
mod thread;
mod timer;
mod unseen;
mod uptime;
mod wait;
mod wake;
mod watcher;

use super::posix as time;
use super::posix::Time;
use crate::border::Entry;
use crate::world::World;
use crate::{files, net, system_call};
use judge::{Found, Seen};
use libc::c_int;
use monkey_core::border::{self, Bypass};
use slot::Slots;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use blocking::{Room, before_reading, before_writing, send_some};
pub use deadlock::let_others_end;
pub use descriptors::port;
pub use futex::{Wait, wait as wait_on_futex};
pub use poll::{epoll_pwait, epoll_pwait2, ppoll, pselect};
#[cfg(target_arch = "x86_64")]
pub use poll::{epoll_wait, poll, select};
pub use signals::note as note_real;
pub use sleep::{clock_nanosleep, nanosleep};
#[cfg(target_arch = "x86_64")]
pub use time::wall_seconds;
pub use time::{clock_gettime, gettimeofday};

pub static ENTRIES: [&Entry; 61] = [
    &time::CLOCK_GETTIME,
    &time::GETTIMEOFDAY,
    &time::TIME,
    &uptime::TIMES,
    &uptime::SYSINFO,
    &system_call::SYSCALL,
    &files::CLOSE,
    &files::READ,
    &files::READV,
    &files::WRITE,
    &files::WRITEV,
    &blocking::RECV,
    &blocking::RECVFROM,
    &blocking::RECVMSG,
    &blocking::RECVMMSG,
    &blocking::ACCEPT,
    &blocking::ACCEPT4,
    &blocking::SEND,
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
    &spin::SCHED_YIELD,
    &thread::PTHREAD_JOIN,
    &thread::PTHREAD_TIMEDJOIN_NP,
    &thread::PTHREAD_CLOCKJOIN_NP,
    &thread::PTHREAD_COND_WAIT,
    &thread::PTHREAD_COND_TIMEDWAIT,
    &thread::PTHREAD_COND_CLOCKWAIT,
    &thread::SEM_WAIT,
    &thread::SEM_TIMEDWAIT,
    &thread::SEM_CLOCKWAIT,
    &locks::MUTEX,
    &locks::READ,
    &locks::WRITE,
    &locks::BARRIER,
    &locks::MUTEX_TIMED,
    &locks::MUTEX_CLOCK,
    &locks::READ_TIMED,
    &locks::READ_CLOCK,
    &locks::WRITE_TIMED,
    &locks::WRITE_CLOCK,
    &locks::SIGNAL_TIMED,
    &queues::MQ_RECEIVE,
    &queues::MQ_SEND,
    &queues::SEMAPHORES,
    &signals::ALARM,
    &signals::SETITIMER,
    &signals::TIMER_CREATE,
    &timer::TIMERFD_CREATE,
    &timer::TIMERFD_SETTIME,
    &timer::TIMERFD_GETTIME,
];

/// What stands in a world for its clock.
#[derive(Debug, Default)]
pub struct State {
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
    /// How often something was read or written.
    input: AtomicU64,
    watch: watcher::Watch,
    /// Why the test is to fail, and whether standard error has it, and whether the test's own thread has thrown it.
    failure: Mutex<Option<String>>,
    is_printed: AtomicBool,
    is_thrown: AtomicBool,
    /// How often it was tried to end a test that waits for good.
    ends: AtomicU32,
    /// Whether it was said that something goes by the real clock.
    is_noted: AtomicBool,
}

impl State {
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "each look at a paused clock comes by, in builds that are not optimised too"
    )]
    pub fn time(&self) -> &Time {
        &self.time
    }

    /// One more guard wants the scope's time to stand still.
    pub fn pause(&self, world: &'static World, scope: u64) {
        if self.time.pause(time::real) {
            self.begin(scope);
            watcher::watch(world);
        }
    }

    /// One guard less. What the test has not been told yet.
    pub fn resume(&self, world: &World) -> Option<String> {
        if self.time.resume() {
            watcher::forget(world);
            self.let_go();
        }
        self.take_failure()
    }

    pub fn advance(&self, by: u64) {
        self.advancing.store(true, SeqCst);
        let target = self.time.elapsed().saturating_add(by);
        loop {
            settle(self);
            let _seen = self.lock();
            if !self.turn(target) {
                break;
            }
        }
        self.time.turn_to(target);
        self.advancing.store(false, SeqCst);
        watcher::notice();
    }

    pub fn turn_by_hand(&self) {
        self.manual.store(true, SeqCst);
    }

    pub fn limit_turns(&self, turns: u64) {
        self.turn_limit.store(turns, SeqCst);
    }

    /// Whether the caller's waits are this clock's concern.
    pub fn counts(&self) -> bool {
        self.time.is_paused() && self.scope.load(SeqCst) == border::scope()
    }

    /// Something was read or written, or has come.
    pub fn note_input(&self) {
        self.input.fetch_add(1, SeqCst);
    }

    pub fn add_port(&self, port: u16) {
        self.note_input();
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
        *self.lock() = Seen::default();
        self.scope.store(scope, SeqCst);
        // SAFETY: takes nothing, changes nothing.
        self.owner.store(unsafe { libc::gettid() }, SeqCst);
        self.since.store(border::next_number(), SeqCst);
        self.manual.store(false, SeqCst);
        self.turns.store(0, SeqCst);
        self.turn_limit.store(super::TURNS, SeqCst);
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.is_printed.store(false, SeqCst);
        self.is_thrown.store(false, SeqCst);
        self.ends.store(0, SeqCst);
        self.is_noted.store(false, SeqCst);
    }

    fn take_failure(&self) -> Option<String> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.filter(|_| !self.is_thrown.load(SeqCst))
    }

    /// Lets all who wait for it wait for the real one.
    fn let_go(&self) {
        for slot in self.slots.all().filter(|slot| slot.waits()) {
            slot.signal.store(slot::GONE, SeqCst);
            wake::wake(slot);
        }
    }
}

/// Whether the caller's clock is.
pub fn is_paused() -> bool {
    thread::paused().is_some()
}

fn real_now() -> i64 {
    time::real_clock(libc::CLOCK_MONOTONIC)
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
