//! Message queues, and System V's semaphores with a time. As in `locks`, they are waited for in slices of real time.
use super::locks::until;
use super::thread::paused;
use super::time::{self, nanoseconds, real_clock, timespec_of};
use crate::border::{errno, fail, functions};
use libc::{c_char, c_int, c_uint, mqd_t, sembuf, size_t, ssize_t, timespec};
use std::cell::Cell;

functions! {
    MQ_RECEIVE = mq_timedreceive(queue: mqd_t, message: *mut c_char, length: size_t, priority: *mut c_uint, until: *const timespec) -> ssize_t => mq_receive;
    MQ_SEND = mq_timedsend(queue: mqd_t, message: *const c_char, length: size_t, priority: c_uint, until: *const timespec) -> c_int => mq_send;
    SEMAPHORES = semtimedop(set: c_int, operations: *mut sembuf, count: size_t, span: *const timespec) -> c_int => semaphores;
}

unsafe extern "C-unwind" fn mq_receive(
    queue: mqd_t,
    message: *mut c_char,
    length: size_t,
    priority: *mut c_uint,
    until: *const timespec,
) -> ssize_t {
    // SAFETY: the caller's arguments, and its time or one of our own.
    let by = |until| unsafe { original::mq_timedreceive(queue, message, length, priority, until) };
    // SAFETY: null, or the caller's.
    unsafe { in_slices(until, &by) }.unwrap_or_else(|| by(until))
}

unsafe extern "C-unwind" fn mq_send(
    queue: mqd_t,
    message: *const c_char,
    length: size_t,
    priority: c_uint,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's arguments, and its time or one of our own.
    let by = |until| unsafe { original::mq_timedsend(queue, message, length, priority, until) } as ssize_t;
    // SAFETY: null, or the caller's.
    unsafe { in_slices(until, &by) }.unwrap_or_else(|| by(until)) as c_int
}

/// Sends or receives until the wall's clock shows a time; `None`: it is not paused, or there is no time.
///
/// # Safety
/// The time is null or the caller's.
unsafe fn in_slices(given: *const timespec, by: &dyn Fn(*const timespec) -> ssize_t) -> Option<ssize_t> {
    let result = Cell::new(0);
    let by = |until: *const timespec| match by(until) {
        -1 => errno(),
        done => {
            result.set(done);
            0
        }
    };
    // SAFETY: as the caller says.
    match unsafe { until(libc::CLOCK_REALTIME, given, &by) }? {
        0 => Some(result.get()),
        error => Some(fail(error) as ssize_t),
    }
}

unsafe extern "C-unwind" fn semaphores(
    set: c_int,
    operations: *mut sembuf,
    count: size_t,
    span: *const timespec,
) -> c_int {
    // SAFETY: the caller's arguments, and its span or one of our own.
    let by = |span| unsafe { original::semtimedop(set, operations, count, span) };
    // SAFETY: null, or the caller's.
    let given = unsafe { span.as_ref() }.copied().filter(|span| time::is_valid(*span));
    let (Some(world), Some(given)) = (paused(), given) else { return by(span) };
    let Some(now) = world.clock.time.read(libc::CLOCK_REALTIME) else { return by(span) };
    drop(world);
    let until_then = |until: *const timespec| {
        // SAFETY: a time of `until`'s own.
        let left = nanoseconds(unsafe { *until }) - real_clock(libc::CLOCK_REALTIME);
        let span = timespec_of(left.max(0));
        match by(&raw const span) {
            -1 if errno() == libc::EAGAIN => libc::ETIMEDOUT,
            -1 => errno(),
            _ => 0,
        }
    };
    let end = timespec_of(now.saturating_add(nanoseconds(given)));
    // SAFETY: a time of our own.
    match unsafe { until(libc::CLOCK_REALTIME, &raw const end, &until_then) } {
        None => by(span),
        Some(0) => 0,
        // Also where an operation is not to wait, which is no matter of time.
        Some(libc::ETIMEDOUT) => fail(libc::EAGAIN),
        Some(error) => fail(error),
    }
}
