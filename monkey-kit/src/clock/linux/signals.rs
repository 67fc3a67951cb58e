//! Timers that send signals. A signal is the whole process's, so they go by the real clock; that is said, once a clock.
use super::thread::paused;
use crate::border::functions;
use crate::place::Frames;
use libc::{c_int, c_uint, c_void, clockid_t, itimerval, sigevent};
use std::io::Write as _;
use std::sync::atomic::Ordering::SeqCst;

functions! {
    ALARM = alarm(seconds: c_uint) -> c_uint => alarm;
    SETITIMER = setitimer(which: c_int, new: *const itimerval, old: *mut itimerval) -> c_int => setitimer;
    TIMER_CREATE = timer_create(clock: clockid_t, event: *mut sigevent, timer: *mut c_void) -> c_int => timer_create;
}

/// Says that what the caller has called goes by the real clock.
pub fn note(function: &str) {
    let Some(world) = paused() else { return };
    if world.clock.is_noted.swap(true, SeqCst) {
        return;
    }
    let _bypass = monkey_core::border::Bypass::begin();
    let place = Frames::here().place();
    let text = format!(
        "note: the clock is paused, and `{function}` goes by the real one: called at {place}\n  \
         help: for what the paused clock has no answer stands in the book's limits\n"
    );
    // Not by `eprintln`, of which the harness would keep what it says of a test that does not end.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

unsafe extern "C-unwind" fn alarm(seconds: c_uint) -> c_uint {
    if seconds != 0 {
        note("alarm");
    }
    // SAFETY: takes a number.
    unsafe { original::alarm(seconds) }
}

unsafe extern "C-unwind" fn setitimer(which: c_int, new: *const itimerval, old: *mut itimerval) -> c_int {
    // SAFETY: null, or the caller's.
    let value = unsafe { new.as_ref() }.map(|new| (new.it_value.tv_sec, new.it_value.tv_usec));
    if which == libc::ITIMER_REAL as c_int && value.is_some_and(|value| value != (0, 0)) {
        note("setitimer");
    }
    // SAFETY: the caller's arguments.
    unsafe { original::setitimer(which, new, old) }
}

unsafe extern "C-unwind" fn timer_create(
    clock: clockid_t,
    event: *mut sigevent,
    timer: *mut c_void,
) -> c_int {
    if paused().is_some_and(|world| world.clock.time.read(clock).is_some()) {
        note("timer_create");
    }
    // SAFETY: the caller's arguments.
    unsafe { original::timer_create(clock, event, timer) }
}
