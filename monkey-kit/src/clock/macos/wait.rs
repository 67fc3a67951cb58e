//! Sleeping, and what the standard library's locks, channels and parking are made of.
use super::{clock_moment, paused};
use crate::border::{fail, functions};
use crate::clock::ledger::{End, Reason};
use crate::clock::posix::{self, SECOND, timespec_of};
use crate::world::Inside;
use libc::{c_int, c_uint, c_void, pthread_cond_t, pthread_mutex_t, pthread_t, timespec};
use monkey_core::border::{self, Bypass};

functions! {
    NANOSLEEP = nanosleep(span: *const timespec, left: *mut timespec) -> c_int => nanosleep;
    USLEEP = usleep(span: c_uint) -> c_int => usleep;
    SLEEP = sleep(seconds: c_uint) -> c_uint => sleep;
    JOIN = pthread_join(thread: pthread_t, result: *mut *mut c_void) -> c_int => join;
    CONDITION_WAIT = pthread_cond_wait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t) -> c_int => condition_wait;
    CONDITION_TIMED = pthread_cond_timedwait(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, until: *const timespec) -> c_int => condition_timed;
    CONDITION_RELATIVE = pthread_cond_timedwait_relative_np(condition: *mut pthread_cond_t, mutex: *mut pthread_mutex_t, span: *const timespec) -> c_int => condition_relative;
    CONDITION_SIGNAL = pthread_cond_signal(condition: *mut pthread_cond_t) -> c_int => condition_signal;
    CONDITION_BROADCAST = pthread_cond_broadcast(condition: *mut pthread_cond_t) -> c_int => condition_broadcast;
}

/// Sleeps for a span; `None`: the clock is not paused.
///
/// # Safety
/// The span is null or the caller's.
unsafe fn doze(span: *const timespec) -> Option<c_int> {
    let world = paused()?;
    // SAFETY: as the caller says.
    let span = unsafe { span.as_ref() }.copied()?;
    if !posix::is_valid(span) {
        return Some(libc::EINVAL);
    }
    let deadline = world.clock.time().moment_in(span);
    let _bypass = Bypass::begin();
    let end = world.clock.wait(Reason::Time, Some(deadline), || false);
    (end != End::Gone).then_some(0)
}

unsafe extern "C-unwind" fn nanosleep(span: *const timespec, left: *mut timespec) -> c_int {
    // SAFETY: the caller's.
    match unsafe { doze(span) } {
        Some(0) => 0,
        Some(error) => fail(error),
        // SAFETY: the caller's arguments.
        None => unsafe { original::nanosleep(span, left) },
    }
}

unsafe extern "C-unwind" fn usleep(span: c_uint) -> c_int {
    let span = timespec_of(i64::from(span) * 1000);
    // SAFETY: memory of our own.
    unsafe { nanosleep(&raw const span, std::ptr::null_mut()) }
}

unsafe extern "C-unwind" fn sleep(seconds: c_uint) -> c_uint {
    let span = timespec_of(i64::from(seconds) * SECOND);
    // SAFETY: memory of our own.
    unsafe { nanosleep(&raw const span, std::ptr::null_mut()) };
    0
}

unsafe extern "C-unwind" fn join(thread: pthread_t, result: *mut *mut c_void) -> c_int {
    if let Some(world) = paused() {
        let _bypass = Bypass::begin();
        let mut id = 0;
        // SAFETY: a thread that was not joined, and room for its number.
        unsafe { libc::pthread_threadid_np(thread, &raw mut id) };
        world.clock.wait(Reason::Time, None, || !border::thread_exists(id as i32));
    }
    // SAFETY: the caller's arguments. By now it ends at once, where the clock is paused.
    unsafe { original::pthread_join(thread, result) }
}

/// How long a wait on a condition goes on without a look at what it is for, in real time: who wakes it may be outside the scope.
const SLICE: i64 = 2 * SECOND;

/// Waits on a condition; `None`: the clock is not paused.
///
/// # Safety
/// As for the function: the caller has the mutex.
unsafe fn on_condition(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    deadline: impl FnOnce(&Inside) -> Option<u64>,
) -> Option<c_int> {
    let world = paused()?;
    let deadline = deadline(&world);
    let _bypass = Bypass::begin();
    let (mut is_unlocked, begun) = (false, posix::real_clock(libc::CLOCK_UPTIME_RAW));
    let end = world.clock.wait(Reason::Address(condition as usize), deadline, || {
        // Once the wait is written down: who has the mutex next, and wakes, finds it.
        if !is_unlocked {
            // SAFETY: the caller has it.
            unsafe { libc::pthread_mutex_unlock(mutex) };
            is_unlocked = true;
        }
        posix::real_clock(libc::CLOCK_UPTIME_RAW) - begun > SLICE
    });
    if is_unlocked {
        // SAFETY: the caller had it.
        unsafe { libc::pthread_mutex_lock(mutex) };
    }
    Some(if end == End::TimedOut { libc::ETIMEDOUT } else { 0 })
}

unsafe extern "C-unwind" fn condition_wait(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
) -> c_int {
    // SAFETY: the caller's arguments.
    let waited = unsafe { on_condition(condition, mutex, |_| None) };
    // SAFETY: the caller's arguments.
    waited.unwrap_or_else(|| unsafe { original::pthread_cond_wait(condition, mutex) })
}

unsafe extern "C-unwind" fn condition_timed(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's time.
    let deadline = |world: &Inside| unsafe { clock_moment(world, libc::CLOCK_REALTIME, until) };
    // SAFETY: the caller's arguments.
    let waited = unsafe { on_condition(condition, mutex, deadline) };
    // SAFETY: the caller's arguments.
    waited.unwrap_or_else(|| unsafe { original::pthread_cond_timedwait(condition, mutex, until) })
}

unsafe extern "C-unwind" fn condition_relative(
    condition: *mut pthread_cond_t,
    mutex: *mut pthread_mutex_t,
    span: *const timespec,
) -> c_int {
    // SAFETY: null, or the caller's.
    let given = unsafe { span.as_ref() }.copied();
    let deadline = |world: &Inside| given.map(|given| world.clock.time().moment_in(given));
    // SAFETY: the caller's arguments.
    let waited = unsafe { on_condition(condition, mutex, deadline) };
    // SAFETY: the caller's arguments.
    waited.unwrap_or_else(|| unsafe { original::pthread_cond_timedwait_relative_np(condition, mutex, span) })
}

/// Wakes who waits on a condition in the caller's scope.
fn wake(condition: *mut pthread_cond_t, all: bool) {
    if let Some(world) = paused() {
        let _bypass = Bypass::begin();
        world.clock.wake(condition as usize, all);
    }
}

unsafe extern "C-unwind" fn condition_signal(condition: *mut pthread_cond_t) -> c_int {
    wake(condition, false);
    // SAFETY: the caller's argument. Who is outside the scope waits in the system's own way.
    unsafe { original::pthread_cond_signal(condition) }
}

unsafe extern "C-unwind" fn condition_broadcast(condition: *mut pthread_cond_t) -> c_int {
    wake(condition, true);
    // SAFETY: as above.
    unsafe { original::pthread_cond_broadcast(condition) }
}
