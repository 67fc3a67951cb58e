//! Locks of the C library's own that are waited for until a time, and signals. As in `thread`, in slices of real time.
use super::slot::Kind;
use super::thread::{SHORT_SLICE, paused, real};
use super::time;
use super::wait::{End, Slept};
use crate::border::{errno, fail, functions};
use libc::{c_int, clockid_t, pthread_mutex_t, pthread_rwlock_t, siginfo_t, sigset_t, timespec};
use std::cell::Cell;

functions! {
    MUTEX_TIMED = pthread_mutex_timedlock(lock: *mut pthread_mutex_t, until: *const timespec) -> c_int => mutex_timed;
    MUTEX_CLOCK = pthread_mutex_clocklock(lock: *mut pthread_mutex_t, clock: clockid_t, until: *const timespec) -> c_int => mutex_clock;
    READ_TIMED = pthread_rwlock_timedrdlock(lock: *mut pthread_rwlock_t, until: *const timespec) -> c_int => read_timed;
    READ_CLOCK = pthread_rwlock_clockrdlock(lock: *mut pthread_rwlock_t, clock: clockid_t, until: *const timespec) -> c_int => read_clock;
    WRITE_TIMED = pthread_rwlock_timedwrlock(lock: *mut pthread_rwlock_t, until: *const timespec) -> c_int => write_timed;
    WRITE_CLOCK = pthread_rwlock_clockwrlock(lock: *mut pthread_rwlock_t, clock: clockid_t, until: *const timespec) -> c_int => write_clock;
    SIGNAL_TIMED = sigtimedwait(set: *const sigset_t, information: *mut siginfo_t, span: *const timespec) -> c_int => signal_timed;
}

/// Locks until a clock shows a time: `lock` takes one of the wall's. `None`: the clock is not paused, or there is no time.
///
/// # Safety
/// The time is null or the caller's.
unsafe fn until(
    clock: clockid_t,
    until: *const timespec,
    lock: &dyn Fn(*const timespec) -> c_int,
) -> Option<c_int> {
    let world = paused()?;
    // SAFETY: as the caller says.
    let until = unsafe { until.as_ref() }.copied()?;
    let deadline = world.clock.time.moment(clock, until)?;
    let lock = |until: timespec| match lock(&raw const until) {
        libc::ETIMEDOUT => None,
        over => Some(over),
    };
    // Asking is having it.
    let had = Cell::new(lock(time::timespec_of(0)));
    if let Some(over) = had.take() {
        return Some(over);
    }
    let mut is_free = || {
        had.set(lock(time::timespec_of(0)));
        had.get().is_some()
    };
    let end = world.clock.wait(Kind::Slices, 0, Some(deadline), &mut is_free, &mut |_| {
        let over = had.take().or_else(|| lock(real(libc::CLOCK_REALTIME, SHORT_SLICE)));
        over.map_or(Slept::Again, Slept::Over)
    });
    Some(match (had.take(), end) {
        (Some(over), _) | (None, End::Woken(over)) => over,
        (None, End::TimedOut | End::Gone) => libc::ETIMEDOUT,
        (None, End::Deadlocked) => libc::EDEADLK,
    })
}

unsafe extern "C-unwind" fn mutex_timed(lock: *mut pthread_mutex_t, until: *const timespec) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_mutex_timedlock(lock, until) };
    // SAFETY: the caller's time.
    unsafe { self::until(libc::CLOCK_REALTIME, until, &by) }.unwrap_or_else(|| by(until))
}

unsafe extern "C-unwind" fn mutex_clock(
    lock: *mut pthread_mutex_t,
    clock: clockid_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_mutex_timedlock(lock, until) };
    // SAFETY: the caller's time.
    let locked = unsafe { self::until(clock, until, &by) };
    // SAFETY: the caller's arguments.
    locked.unwrap_or_else(|| unsafe { original::pthread_mutex_clocklock(lock, clock, until) })
}

unsafe extern "C-unwind" fn read_timed(lock: *mut pthread_rwlock_t, until: *const timespec) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_rwlock_timedrdlock(lock, until) };
    // SAFETY: the caller's time.
    unsafe { self::until(libc::CLOCK_REALTIME, until, &by) }.unwrap_or_else(|| by(until))
}

unsafe extern "C-unwind" fn read_clock(
    lock: *mut pthread_rwlock_t,
    clock: clockid_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_rwlock_timedrdlock(lock, until) };
    // SAFETY: the caller's time.
    let locked = unsafe { self::until(clock, until, &by) };
    // SAFETY: the caller's arguments.
    locked.unwrap_or_else(|| unsafe { original::pthread_rwlock_clockrdlock(lock, clock, until) })
}

unsafe extern "C-unwind" fn write_timed(lock: *mut pthread_rwlock_t, until: *const timespec) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_rwlock_timedwrlock(lock, until) };
    // SAFETY: the caller's time.
    unsafe { self::until(libc::CLOCK_REALTIME, until, &by) }.unwrap_or_else(|| by(until))
}

unsafe extern "C-unwind" fn write_clock(
    lock: *mut pthread_rwlock_t,
    clock: clockid_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_rwlock_timedwrlock(lock, until) };
    // SAFETY: the caller's time.
    let locked = unsafe { self::until(clock, until, &by) };
    // SAFETY: the caller's arguments.
    locked.unwrap_or_else(|| unsafe { original::pthread_rwlock_clockwrlock(lock, clock, until) })
}

unsafe extern "C-unwind" fn signal_timed(
    set: *const sigset_t,
    information: *mut siginfo_t,
    span: *const timespec,
) -> c_int {
    let by = |span: timespec| {
        // SAFETY: the caller's arguments, and a span of our own.
        match unsafe { original::sigtimedwait(set, information, &raw const span) } {
            -1 if errno() == libc::EAGAIN => None,
            -1 => Some(-errno()),
            signal => Some(signal),
        }
    };
    // SAFETY: null, or the caller's.
    let (Some(world), Some(given)) = (paused(), unsafe { span.as_ref() }.copied()) else {
        // SAFETY: the caller's arguments.
        return unsafe { original::sigtimedwait(set, information, span) };
    };
    let taken = Cell::new(by(time::timespec_of(0)));
    let deadline = Some(world.clock.time.moment_in(given));
    let mut is_over = || {
        taken.set(taken.get().or_else(|| by(time::timespec_of(0))));
        taken.get().is_some()
    };
    if taken.get().is_none() {
        world.clock.wait(Kind::Slices, 0, deadline, &mut is_over, &mut |_| {
            taken.set(taken.get().or_else(|| by(time::timespec_of(SHORT_SLICE))));
            if taken.get().is_some() { Slept::Over(0) } else { Slept::Again }
        });
    }
    match taken.get() {
        None => fail(libc::EAGAIN),
        Some(error) if error < 0 => fail(-error),
        Some(signal) => signal,
    }
}
