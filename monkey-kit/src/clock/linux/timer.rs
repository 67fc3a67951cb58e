//! Timers that are descriptors: the kernel's own is set off when the clock comes to its time.
use super::time::{self, Time, timespec_of};
use crate::border::{fail, functions};
use crate::world;
use libc::{c_int, clockid_t, itimerspec, pollfd};
use std::sync::{Mutex, MutexGuard, PoisonError};

functions! {
    TIMERFD_CREATE = timerfd_create(clock: clockid_t, flags: c_int) -> c_int => timerfd_create;
    TIMERFD_SETTIME = timerfd_settime(timer: c_int, flags: c_int, new: *const itimerspec, old: *mut itimerspec) -> c_int => timerfd_settime;
    TIMERFD_GETTIME = timerfd_gettime(timer: c_int, current: *mut itimerspec) -> c_int => timerfd_gettime;
}

#[derive(Debug, Clone, Copy)]
struct Timer {
    descriptor: c_int,
    clock: clockid_t,
    /// `None`: not set.
    deadline: Option<u64>,
    interval: u64,
}

/// A scope's.
#[derive(Debug, Default)]
pub struct Timers(Mutex<Vec<Timer>>);

static OFF: itimerspec = itimerspec {
    it_interval: libc::timespec { tv_sec: 0, tv_nsec: 0 },
    it_value: libc::timespec { tv_sec: 0, tv_nsec: 0 },
};

impl Timers {
    fn all(&self) -> MutexGuard<'_, Vec<Timer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn clear(&self) {
        self.all().clear();
    }

    pub fn forget(&self, descriptor: c_int) {
        self.all().retain(|timer| timer.descriptor != descriptor);
    }

    /// Sets the earliest off that ends before a moment; whether there is one.
    pub fn fire_before(&self, moment: u64, time: &Time) -> bool {
        let mut all = self.all();
        let ends = all.iter_mut().filter(|timer| timer.deadline.is_some_and(|deadline| deadline < moment));
        let Some(timer) = ends.min_by_key(|timer| timer.deadline) else { return false };
        let deadline = timer.deadline.unwrap_or_default();
        time.turn_to(deadline);
        timer.deadline = (timer.interval != 0).then(|| deadline + timer.interval);
        set_off(timer.descriptor);
        true
    }

    fn get(&self, descriptor: c_int) -> Timer {
        let known = self.all().iter().find(|timer| timer.descriptor == descriptor).copied();
        known.unwrap_or(Timer { descriptor, clock: libc::CLOCK_MONOTONIC, deadline: None, interval: 0 })
    }

    fn put(&self, timer: Timer) {
        let mut all = self.all();
        all.retain(|known| known.descriptor != timer.descriptor);
        all.push(timer);
    }
}

/// Lets the kernel's timer end, and waits until it has, and so has woken who waits for it.
fn set_off(descriptor: c_int) {
    let soon = itimerspec { it_value: timespec_of(1), ..OFF };
    let mut polled = pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
    // SAFETY: memory of our own.
    unsafe { original::timerfd_settime(descriptor, 0, &raw const soon, std::ptr::null_mut()) };
    // SAFETY: as above. Who calls has bypassed replacements.
    unsafe { libc::poll(&raw mut polled, 1, 100) };
}

unsafe extern "C-unwind" fn timerfd_create(clock: clockid_t, flags: c_int) -> c_int {
    // SAFETY: takes numbers.
    let descriptor = unsafe { original::timerfd_create(clock, flags) };
    if let Some(world) = world::enter().filter(|world| descriptor >= 0 && world.clock.counts()) {
        let _bypass = monkey_core::border::Bypass::begin();
        world.clock.timers.put(Timer { descriptor, clock, deadline: None, interval: 0 });
    }
    descriptor
}

unsafe extern "C-unwind" fn timerfd_settime(
    descriptor: c_int,
    flags: c_int,
    new: *const itimerspec,
    old: *mut itimerspec,
) -> c_int {
    let Some(world) = world::enter().filter(|world| world.clock.counts()) else {
        // SAFETY: the caller's arguments.
        return unsafe { original::timerfd_settime(descriptor, flags, new, old) };
    };
    let _bypass = monkey_core::border::Bypass::begin();
    let clock = &world.clock;
    // SAFETY: null, or the caller's.
    let Some(new) = (unsafe { new.as_ref() }).copied() else { return fail(libc::EFAULT) };
    if !time::is_valid(new.it_value) || !time::is_valid(new.it_interval) {
        return fail(libc::EINVAL);
    }
    let mut timer = clock.timers.get(descriptor);
    // SAFETY: null, or the caller's.
    if let Some(old) = unsafe { old.as_mut() } {
        *old = left(&timer, &clock.time);
    }
    // SAFETY: memory of our own; this says as well whether the descriptor is a timer.
    if unsafe { original::timerfd_settime(descriptor, 0, &raw const OFF, std::ptr::null_mut()) } != 0 {
        return -1;
    }
    let is_set = time::nanoseconds(new.it_value) != 0;
    let moment = || {
        if flags & libc::TFD_TIMER_ABSTIME != 0 {
            clock.time.moment(timer.clock, new.it_value).unwrap_or(0)
        } else {
            clock.time.moment_in(new.it_value)
        }
    };
    timer.deadline = is_set.then(moment);
    timer.interval = time::nanoseconds(new.it_interval) as u64;
    if timer.deadline.is_some_and(|deadline| deadline <= clock.time.elapsed()) {
        timer.deadline = (timer.interval != 0).then(|| clock.time.elapsed() + timer.interval);
        set_off(descriptor);
    }
    clock.timers.put(timer);
    0
}

fn left(timer: &Timer, time: &Time) -> itimerspec {
    let left = timer.deadline.map_or(0, |deadline| deadline.saturating_sub(time.elapsed()));
    itimerspec { it_value: timespec_of(left as i64), it_interval: timespec_of(timer.interval as i64) }
}

unsafe extern "C-unwind" fn timerfd_gettime(descriptor: c_int, current: *mut itimerspec) -> c_int {
    let Some(world) = world::enter().filter(|world| world.clock.counts()) else {
        // SAFETY: the caller's arguments.
        return unsafe { original::timerfd_gettime(descriptor, current) };
    };
    let _bypass = monkey_core::border::Bypass::begin();
    // SAFETY: null, or the caller's.
    let Some(current) = (unsafe { current.as_mut() }) else { return fail(libc::EFAULT) };
    *current = left(&world.clock.timers.get(descriptor), &world.clock.time);
    0
}
