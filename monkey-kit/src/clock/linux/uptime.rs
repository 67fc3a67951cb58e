//! How long the machine has been running, as functions beside the clocks tell it.
use super::time::SECOND;
use crate::border::functions;
use crate::clock::time::Shown;
use crate::world;
use libc::{c_int, clock_t};

functions! {
    TIMES = times(to: *mut libc::tms) -> clock_t => times;
    SYSINFO = sysinfo(to: *mut libc::sysinfo) -> c_int => sysinfo;
}

/// What a paused clock shows of it, in nanoseconds.
fn uptime() -> Option<i64> {
    let world = world::own().filter(|world| world.clock.time().is_paused())?;
    Some(world.clock.time().shows(Shown::Boot))
}

/// The processor's times are real, and what is returned is the clock's, in hundredths of a second.
unsafe extern "C-unwind" fn times(to: *mut libc::tms) -> clock_t {
    // SAFETY: the caller's argument.
    let real = unsafe { original::times(to) };
    uptime().map_or(real, |uptime| uptime / (SECOND / 100))
}

unsafe extern "C-unwind" fn sysinfo(to: *mut libc::sysinfo) -> c_int {
    // SAFETY: the caller's argument.
    let result = unsafe { original::sysinfo(to) };
    // SAFETY: null, or the caller's place for it.
    if let (0, Some(uptime), Some(to)) = (result, uptime(), unsafe { to.as_mut() }) {
        // Of another type with another C library.
        to.uptime = (uptime / SECOND) as _;
    }
    result
}
