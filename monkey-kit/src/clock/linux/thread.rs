//! Waits of the C library's own: for a thread's end, on a condition, on a semaphore. It makes their system calls itself, so they
//! are waited for in slices of real time.
use super::slot::Kind;
use super::time::{self, real_clock, timespec_of};
use super::wait::{End, Slept};
use crate::border::{errno, fail, functions};
use crate::world::{self, Inside};
use libc::{c_int, c_void, clockid_t, pthread_cond_t, pthread_mutex_t, pthread_t, sem_t, timespec};
use monkey_core::border::Bypass;
use std::cell::Cell;

functions! {
    PTHREAD_JOIN = pthread_join(thread: pthread_t, result: *mut *mut c_void) -> c_int => pthread_join;
    PTHREAD_TIMEDJOIN_NP = pthread_timedjoin_np(thread: pthread_t, result: *mut *mut c_void, until: *const timespec) -> c_int => pthread_timedjoin_np;
    PTHREAD_CLOCKJOIN_NP = pthread_clockjoin_np(thread: pthread_t, result: *mut *mut c_void, clock: clockid_t, until: *const timespec) -> c_int => pthread_clockjoin_np;
    PTHREAD_COND_WAIT = pthread_cond_wait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t) -> c_int => pthread_cond_wait;
    PTHREAD_COND_TIMEDWAIT = pthread_cond_timedwait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, until: *const timespec) -> c_int => pthread_cond_timedwait;
    PTHREAD_COND_CLOCKWAIT = pthread_cond_clockwait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, clock: clockid_t, until: *const timespec) -> c_int => pthread_cond_clockwait;
    SEM_WAIT = sem_wait(semaphore: *mut sem_t) -> c_int => sem_wait;
    SEM_TIMEDWAIT = sem_timedwait(semaphore: *mut sem_t, until: *const timespec) -> c_int => sem_timedwait;
    SEM_CLOCKWAIT = sem_clockwait(semaphore: *mut sem_t, clock: clockid_t, until: *const timespec) -> c_int => sem_clockwait;
}

/// How long a slice of a wait is that nobody can end but its own reason.
pub const SLICE: i64 = 50_000_000;
/// That of a semaphore, which a turn of the clock may have to end.
pub const SHORT_SLICE: i64 = 2_000_000;
/// That of a condition, which is woken where it has to end.
const LONG_SLICE: i64 = 2_000_000_000;

/// The caller's world, if its clock is paused.
pub fn paused() -> Option<Inside> {
    world::enter().filter(|world| world.clock.counts())
}

pub fn real(clock: clockid_t, span: i64) -> timespec {
    timespec_of(real_clock(clock) + span)
}

unsafe fn join(thread: pthread_t, result: *mut *mut c_void, deadline: Option<u64>, world: &Inside) -> End {
    let try_until = |until: timespec| {
        // musl looks at the clock for it by the function that is replaced.
        let _bypass = Bypass::begin();
        // SAFETY: the caller's arguments, and a time of our own.
        match unsafe { original::pthread_timedjoin_np(thread, result, &raw const until) } {
            libc::ETIMEDOUT => None,
            over => Some(over),
        }
    };
    // There is no asking whether a thread has ended without joining it.
    let joined = Cell::new(None);
    let mut has_ended = || {
        joined.set(try_until(timespec_of(0)));
        joined.get().is_some()
    };
    let end = world.clock.wait(Kind::Slices, 0, deadline, &mut has_ended, &mut |_| {
        let over = joined.take().or_else(|| try_until(real(libc::CLOCK_REALTIME, SLICE)));
        over.map_or(Slept::Again, Slept::Over)
    });
    // Joined, there is no such thread any more, whatever the clock says.
    joined.take().map_or(end, End::Woken)
}

unsafe extern "C-unwind" fn pthread_join(thread: pthread_t, result: *mut *mut c_void) -> c_int {
    if let Some(world) = paused() {
        // SAFETY: the caller's arguments.
        match unsafe { join(thread, result, None, &world) } {
            End::Woken(over) => return over,
            End::TimedOut => return libc::ETIMEDOUT,
            End::Deadlocked => return libc::EDEADLK,
            End::Gone => {}
        }
    }
    // SAFETY: the caller's arguments.
    unsafe { original::pthread_join(thread, result) }
}

/// Joins until a clock shows a time; `None`: the clock is not paused.
///
/// # Safety
/// As the functions that do so.
unsafe fn join_until(
    thread: pthread_t,
    result: *mut *mut c_void,
    clock: clockid_t,
    until: *const timespec,
) -> Option<c_int> {
    let world = paused()?;
    // SAFETY: null, or the caller's.
    let until = unsafe { until.as_ref() }.copied()?;
    let deadline = world.clock.time.moment(clock, until);
    // SAFETY: the caller's arguments.
    Some(match unsafe { join(thread, result, deadline, &world) } {
        End::Woken(over) => over,
        End::TimedOut | End::Gone => libc::ETIMEDOUT,
        End::Deadlocked => libc::EDEADLK,
    })
}

unsafe extern "C-unwind" fn pthread_timedjoin_np(
    thread: pthread_t,
    result: *mut *mut c_void,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's arguments.
    let joined = unsafe { join_until(thread, result, libc::CLOCK_REALTIME, until) };
    // SAFETY: the caller's arguments.
    joined.unwrap_or_else(|| unsafe { original::pthread_timedjoin_np(thread, result, until) })
}

unsafe extern "C-unwind" fn pthread_clockjoin_np(
    thread: pthread_t,
    result: *mut *mut c_void,
    clock: clockid_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's arguments.
    let joined = unsafe { join_until(thread, result, clock, until) };
    // SAFETY: the caller's arguments.
    joined.unwrap_or_else(|| unsafe { original::pthread_clockjoin_np(thread, result, clock, until) })
}

/// Waits on a condition; `None`: the clock is not paused.
///
/// # Safety
/// As the function of this name.
unsafe fn wait_on(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    deadline: &dyn Fn(&Inside) -> Option<u64>,
) -> Option<c_int> {
    let world = paused()?;
    let deadline = deadline(&world);
    let end = world.clock.wait(Kind::Condition, condition as usize, deadline, &mut || false, &mut |_| {
        let until = real(libc::CLOCK_MONOTONIC, LONG_SLICE);
        // Other C libraries wait and lock again by functions that are replaced.
        let _bypass = Bypass::begin();
        // SAFETY: the caller's arguments, and a time of our own.
        let over = unsafe {
            original::pthread_cond_clockwait(condition, mutex, libc::CLOCK_MONOTONIC, &raw const until)
        };
        // What came between two slices would be lost: so the caller looks for himself, as he has to in any case.
        Slept::Over(if over == libc::ETIMEDOUT { 0 } else { over })
    });
    Some(match end {
        End::Woken(over) => over,
        End::TimedOut => libc::ETIMEDOUT,
        End::Gone => 0,
        End::Deadlocked => libc::EDEADLK,
    })
}

unsafe extern "C-unwind" fn pthread_cond_wait(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
) -> c_int {
    // SAFETY: the caller's arguments.
    let waited = unsafe { wait_on(condition, mutex, &|_| None) };
    // SAFETY: the caller's arguments.
    waited.unwrap_or_else(|| unsafe { original::pthread_cond_wait(condition, mutex) })
}

/// Which clock a time is of: a condition does not say, but the two are decades apart.
fn likely_moment(world: &Inside, until: timespec) -> u64 {
    let time = &world.clock.time;
    let shows = |clock| time.read(clock).unwrap_or_default();
    let apart = |clock| (time::nanoseconds(until) - shows(clock)).abs();
    let wall = apart(libc::CLOCK_REALTIME) <= apart(libc::CLOCK_MONOTONIC);
    time.moment(if wall { libc::CLOCK_REALTIME } else { libc::CLOCK_MONOTONIC }, until).unwrap_or(0)
}

unsafe extern "C-unwind" fn pthread_cond_timedwait(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: null, or the caller's.
    let given = unsafe { until.as_ref() }.copied();
    // SAFETY: the caller's arguments.
    let waited =
        unsafe { wait_on(condition, mutex, &|world| given.map(|given| likely_moment(world, given))) };
    // SAFETY: the caller's arguments.
    waited.unwrap_or_else(|| unsafe { original::pthread_cond_timedwait(condition, mutex, until) })
}

unsafe extern "C-unwind" fn pthread_cond_clockwait(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    clock: clockid_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: null, or the caller's.
    let given = unsafe { until.as_ref() }.copied();
    // SAFETY: the caller's arguments.
    let waited = unsafe {
        wait_on(condition, mutex, &|world| given.and_then(|given| world.clock.time.moment(clock, given)))
    };
    // SAFETY: the caller's arguments.
    waited.unwrap_or_else(|| unsafe { original::pthread_cond_clockwait(condition, mutex, clock, until) })
}

/// Waits on a semaphore; `None`: the clock is not paused.
///
/// # Safety
/// As the function of this name.
unsafe fn take(semaphore: *mut sem_t, until: Option<(clockid_t, timespec)>) -> Option<c_int> {
    let world = paused()?;
    // SAFETY: the caller's.
    if unsafe { libc::sem_trywait(semaphore) } == 0 {
        return Some(0);
    }
    let deadline = until.and_then(|(clock, until)| world.clock.time.moment(clock, until));
    let mut is_free = || {
        let mut count = 0;
        // SAFETY: the caller's, and room for the count.
        unsafe { libc::sem_getvalue(semaphore, &raw mut count) == 0 && count > 0 }
    };
    let slice = if deadline.is_some() { SHORT_SLICE } else { SLICE };
    let end = world.clock.wait(Kind::Slices, 0, deadline, &mut is_free, &mut |_| {
        let until = real(libc::CLOCK_MONOTONIC, slice);
        // SAFETY: the caller's semaphore, and a time of our own.
        let taken = unsafe { original::sem_clockwait(semaphore, libc::CLOCK_MONOTONIC, &raw const until) };
        match errno() {
            _ if taken == 0 => Slept::Over(0),
            libc::ETIMEDOUT => Slept::Again,
            error => Slept::Over(error),
        }
    });
    Some(match end {
        End::Woken(0) => 0,
        End::Woken(error) => fail(error),
        End::TimedOut => fail(libc::ETIMEDOUT),
        End::Gone => fail(libc::EINTR),
        End::Deadlocked => fail(libc::EDEADLK),
    })
}

unsafe extern "C-unwind" fn sem_wait(semaphore: *mut sem_t) -> c_int {
    // SAFETY: the caller's.
    let taken = unsafe { take(semaphore, None) };
    // SAFETY: the caller's.
    taken.unwrap_or_else(|| unsafe { original::sem_wait(semaphore) })
}

unsafe extern "C-unwind" fn sem_timedwait(semaphore: *mut sem_t, until: *const timespec) -> c_int {
    // SAFETY: null, or the caller's.
    let given = unsafe { until.as_ref() }.map(|until| (libc::CLOCK_REALTIME, *until));
    // SAFETY: the caller's.
    let taken = given.and_then(|given| unsafe { take(semaphore, Some(given)) });
    // SAFETY: the caller's arguments.
    taken.unwrap_or_else(|| unsafe { original::sem_timedwait(semaphore, until) })
}

unsafe extern "C-unwind" fn sem_clockwait(
    semaphore: *mut sem_t,
    clock: clockid_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: null, or the caller's.
    let given = unsafe { until.as_ref() }.map(|until| (clock, *until));
    // SAFETY: the caller's.
    let taken = given.and_then(|given| unsafe { take(semaphore, Some(given)) });
    // SAFETY: the caller's arguments.
    taken.unwrap_or_else(|| unsafe { original::sem_clockwait(semaphore, clock, until) })
}
