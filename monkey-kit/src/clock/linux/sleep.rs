//! Sleeping.
use super::slot::{Kind, QUIET, Slot};
use super::time::{self, timespec_of};
use super::wait::{End, Slept};
use super::wake::{ANY, WAIT_BITSET};
use crate::border::{errno, fail, functions};
use crate::system_call;
use crate::world;
use libc::{c_int, c_uint, clockid_t, timespec};

functions! {
    NANOSLEEP = nanosleep(span: *const timespec, left: *mut timespec) -> c_int => nanosleep;
    CLOCK_NANOSLEEP = clock_nanosleep(clock: clockid_t, flags: c_int, span: *const timespec, left: *mut timespec) -> c_int => clock_nanosleep;
    USLEEP = usleep(span: c_uint) -> c_int => usleep;
    SLEEP = sleep(seconds: c_uint) -> c_uint => sleep;
}

/// Sleeps in the kernel until the slot has a signal.
pub fn sleep_on_word(slot: &Slot) -> Slept {
    let word = slot.signal.as_ptr() as usize;
    // SAFETY: a word that is never freed.
    let result = unsafe {
        system_call::original::syscall(
            libc::SYS_futex,
            word,
            WAIT_BITSET as usize,
            QUIET as usize,
            0,
            0,
            ANY as usize,
        )
    };
    let interrupted = result != 0 && errno() == libc::EINTR;
    if interrupted { Slept::Over(libc::EINTR) } else { Slept::Again }
}

/// Sleeps until a moment of a clock, or for a span; `None`: that clock is not paused.
///
/// # Safety
/// The pointers are null or the caller's.
unsafe fn doze(
    clock: clockid_t,
    absolute: bool,
    span: *const timespec,
    left: *mut timespec,
) -> Option<c_int> {
    let world = world::enter().filter(|world| world.clock.counts())?;
    let state = &world.clock;
    // SAFETY: null, or the caller's.
    let span = unsafe { span.as_ref() }.copied()?;
    if !time::is_valid(span) {
        return Some(libc::EINVAL);
    }
    state.time.read(clock)?;
    let deadline = if absolute { state.time.moment(clock, span)? } else { state.time.moment_in(span) };
    match state.wait(Kind::Word, 0, Some(deadline), &mut || false, &mut sleep_on_word) {
        End::Woken(error) => {
            let rest = deadline.saturating_sub(state.time.elapsed());
            // SAFETY: null, or the caller's.
            if let Some(left) = unsafe { left.as_mut() }.filter(|_| !absolute) {
                *left = timespec_of(rest as i64);
            }
            Some(error)
        }
        _ => Some(0),
    }
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn nanosleep(span: *const timespec, left: *mut timespec) -> c_int {
    // SAFETY: the caller's.
    match unsafe { doze(libc::CLOCK_MONOTONIC, false, span, left) } {
        Some(0) => 0,
        Some(error) => fail(error),
        // SAFETY: the caller's arguments.
        None => unsafe { original::nanosleep(span, left) },
    }
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn clock_nanosleep(
    clock: clockid_t,
    flags: c_int,
    span: *const timespec,
    left: *mut timespec,
) -> c_int {
    // SAFETY: the caller's.
    let dozed = unsafe { doze(clock, flags & libc::TIMER_ABSTIME != 0, span, left) };
    // SAFETY: the caller's arguments.
    dozed.unwrap_or_else(|| unsafe { original::clock_nanosleep(clock, flags, span, left) })
}

unsafe extern "C-unwind" fn usleep(span: c_uint) -> c_int {
    let span = timespec_of(i64::from(span) * 1000);
    // SAFETY: memory of our own.
    unsafe { nanosleep(&raw const span, std::ptr::null_mut()) }
}

unsafe extern "C-unwind" fn sleep(seconds: c_uint) -> c_uint {
    let span = timespec_of(i64::from(seconds) * time::SECOND);
    let mut left = timespec_of(0);
    // SAFETY: memory of our own.
    let result = unsafe { nanosleep(&raw const span, &raw mut left) };
    if result == 0 { 0 } else { left.tv_sec as c_uint + c_uint::from(left.tv_nsec > 0) }
}
