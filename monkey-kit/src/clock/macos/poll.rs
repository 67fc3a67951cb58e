//! Waiting for descriptors, as tokio and mio do.
use super::{clock_span, paused};
use crate::border::functions;
use crate::clock::ledger::{End, Reason};
use libc::{c_int, kevent, nfds_t, pollfd, timespec};
use monkey_core::border::Bypass;
use std::ptr;

functions! {
    KEVENT = kevent(queue: c_int, changes: *const kevent, change_count: c_int, events: *mut kevent, count: c_int, span: *const timespec) -> c_int => wait_for_events;
    POLL = poll(all: *mut pollfd, count: nfds_t, span: c_int) -> c_int => poll;
}

/// Waits by `ask`, which is given milliseconds; `None`: the clock is not paused.
fn wait(span: Option<i64>, mut ask: impl FnMut(u32) -> c_int) -> Option<c_int> {
    let world = paused().filter(|_| span != Some(0))?;
    let deadline = span.map(|span| world.clock.time().after(span));
    let _bypass = Bypass::begin();
    let mut result = 0;
    let end = world.clock.wait_in_kernel(Reason::Port, deadline, |slice| {
        result = ask(slice);
        result != 0
    });
    // Where the clock is gone, who waits looks for himself.
    (result != 0 || end != End::Woken).then_some(result)
}

unsafe extern "C-unwind" fn wait_for_events(
    queue: c_int,
    changes: *const kevent,
    change_count: c_int,
    events: *mut kevent,
    count: c_int,
    span: *const timespec,
) -> c_int {
    let mut changes_left = change_count;
    // SAFETY: the caller's span.
    let given = unsafe { clock_span(span) };
    let waited = if count == 0 {
        None
    } else {
        wait(given, |slice| {
            let slice = timespec { tv_sec: 0, tv_nsec: i64::from(slice) * 1_000_000 };
            let first = if changes_left == 0 { ptr::null() } else { changes };
            let changed = std::mem::take(&mut changes_left);
            // SAFETY: the caller's arguments, the changes once, and a span of our own.
            unsafe { original::kevent(queue, first, changed, events, count, &raw const slice) }
        })
    };
    // SAFETY: the caller's arguments.
    waited.unwrap_or_else(|| unsafe { original::kevent(queue, changes, change_count, events, count, span) })
}

unsafe extern "C-unwind" fn poll(all: *mut pollfd, count: nfds_t, span: c_int) -> c_int {
    let given = (span >= 0).then(|| i64::from(span) * 1_000_000);
    // SAFETY: the caller's arguments, and a span of our own.
    let waited = wait(given, |slice| unsafe { original::poll(all, count, slice as c_int) });
    // SAFETY: the caller's arguments.
    waited.unwrap_or_else(|| unsafe { original::poll(all, count, span) })
}
