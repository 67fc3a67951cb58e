//! Reading clocks.
use crate::border::functions;
use crate::clock::time::{Shown, Time};
use crate::windows::{FileTimeToLocalFileTime, FileTimeToSystemTime, QueryPerformanceFrequency};
use crate::world;
use monkey_core::border::Bypass;
use std::ffi::c_void;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// Hundreds of nanoseconds since 1601. Aligned to four bytes only.
type FileTime = [u32; 2];

functions! {
    PRECISE_FILE_TIME = GetSystemTimePreciseAsFileTime(to: *mut FileTime) => precise_file_time;
    FILE_TIME = GetSystemTimeAsFileTime(to: *mut FileTime) => file_time;
    SYSTEM_TIME = GetSystemTime(to: *mut c_void) => system_time;
    LOCAL_TIME = GetLocalTime(to: *mut c_void) => local_time;
    COUNTER = QueryPerformanceCounter(to: *mut i64) -> i32 => counter;
    TICKS = GetTickCount64() -> u64 => ticks;
    SHORT_TICKS = GetTickCount() -> u32 => short_ticks;
    UNBIASED = QueryUnbiasedInterruptTime(to: *mut u64) -> i32 => unbiased;
    UNBIASED_PRECISE = QueryUnbiasedInterruptTimePrecise(to: *mut u64) => unbiased_precise;
    INTERRUPT_TIME = QueryInterruptTime(to: *mut u64) => interrupt_time;
    INTERRUPT_TIME_PRECISE = QueryInterruptTimePrecise(to: *mut u64) => interrupt_time_precise;
}

const UNIT: i64 = 100;
/// From 1601 to 1970, in hundreds of nanoseconds.
const EPOCH: i64 = 116_444_736_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// How often the counter counts in a second.
fn frequency() -> i64 {
    static KNOWN: AtomicI64 = AtomicI64::new(0);
    let known = KNOWN.load(Relaxed);
    if known != 0 {
        return known;
    }
    let mut frequency = 0;
    // SAFETY: room for the number.
    unsafe { QueryPerformanceFrequency(&raw mut frequency) };
    KNOWN.store(frequency.max(1), Relaxed);
    frequency.max(1)
}

/// What the real clock shows, in nanoseconds.
pub fn real(clock: Shown) -> i64 {
    match clock {
        Shown::Wall => {
            let mut now = [0; 2];
            // SAFETY: room for the time.
            unsafe { original::GetSystemTimePreciseAsFileTime(&raw mut now) };
            (units(now) - EPOCH) * UNIT
        }
        Shown::Monotonic => {
            let mut counts = 0;
            // SAFETY: room for the number.
            unsafe { original::QueryPerformanceCounter(&raw mut counts) };
            (i128::from(counts) * i128::from(SECOND) / i128::from(frequency())) as i64
        }
        // SAFETY: takes nothing.
        Shown::Boot => unsafe { original::GetTickCount64() as i64 * super::MILLISECOND },
    }
}

fn units(time: FileTime) -> i64 {
    i64::from(time[0]) | i64::from(time[1]) << 32
}

/// When a time of the wall's clock is, in nanoseconds since 1970.
pub fn wall(units: i64) -> i64 {
    units.saturating_sub(EPOCH).saturating_mul(UNIT)
}

/// The caller's clock, if it is paused.
#[inline]
fn paused() -> Option<&'static Time> {
    world::own().map(|world| world.clock.time()).filter(|time| time.is_paused())
}

fn paused_wall() -> Option<FileTime> {
    let units = paused()?.wall().div_euclid(UNIT) + EPOCH;
    Some([units as u32, (units >> 32) as u32])
}

unsafe extern "C-unwind" fn precise_file_time(to: *mut FileTime) {
    match paused_wall() {
        // SAFETY: the caller's place for it.
        Some(now) => unsafe { to.write(now) },
        // SAFETY: the caller's argument.
        None => unsafe { original::GetSystemTimePreciseAsFileTime(to) },
    }
}

unsafe extern "C-unwind" fn file_time(to: *mut FileTime) {
    match paused_wall() {
        // SAFETY: the caller's place for it.
        Some(now) => unsafe { to.write(now) },
        // SAFETY: the caller's argument.
        None => unsafe { original::GetSystemTimeAsFileTime(to) },
    }
}

unsafe extern "C-unwind" fn system_time(to: *mut c_void) {
    let Some(now) = paused_wall() else {
        // SAFETY: the caller's argument.
        return unsafe { original::GetSystemTime(to) };
    };
    // SAFETY: a time, and the caller's place for it.
    unsafe { FileTimeToSystemTime(&raw const now, to) };
}

unsafe extern "C-unwind" fn local_time(to: *mut c_void) {
    let Some(now) = paused_wall() else {
        // SAFETY: the caller's argument.
        return unsafe { original::GetLocalTime(to) };
    };
    let _bypass = Bypass::begin();
    let mut local = now;
    // SAFETY: a time, and room for one.
    unsafe { FileTimeToLocalFileTime(&raw const now, &raw mut local) };
    // SAFETY: a time, and the caller's place for it.
    unsafe { FileTimeToSystemTime(&raw const local, to) };
}

unsafe extern "C-unwind" fn counter(to: *mut i64) -> i32 {
    let Some(time) = paused().filter(|_| !to.is_null()) else {
        // SAFETY: the caller's argument.
        return unsafe { original::QueryPerformanceCounter(to) };
    };
    let now = time.shows(Shown::Monotonic);
    let frequency = frequency();
    let counts = if SECOND % frequency == 0 {
        now as u64 / (SECOND / frequency) as u64
    } else {
        (i128::from(now) * i128::from(frequency) / i128::from(SECOND)) as u64
    };
    // SAFETY: the caller's place for it.
    unsafe { to.write(counts as i64) };
    1
}

unsafe extern "C-unwind" fn ticks() -> u64 {
    match paused() {
        Some(time) => (time.shows(Shown::Boot) / super::MILLISECOND) as u64,
        // SAFETY: takes nothing.
        None => unsafe { original::GetTickCount64() },
    }
}

unsafe extern "C-unwind" fn short_ticks() -> u32 {
    match paused() {
        Some(time) => (time.shows(Shown::Boot) / super::MILLISECOND) as u32,
        // SAFETY: takes nothing.
        None => unsafe { original::GetTickCount() },
    }
}

/// Writes what a clock since the system's start shows; whether it is paused.
///
/// # Safety
/// It is null or a place for the time.
unsafe fn write_boot(to: *mut u64) -> bool {
    let Some(time) = paused().filter(|_| !to.is_null()) else { return false };
    // SAFETY: as the caller says.
    unsafe { to.write((time.shows(Shown::Boot) / UNIT) as u64) };
    true
}

unsafe extern "C-unwind" fn unbiased(to: *mut u64) -> i32 {
    // SAFETY: the caller's place for it.
    if unsafe { write_boot(to) } {
        return 1;
    }
    // SAFETY: the caller's argument.
    unsafe { original::QueryUnbiasedInterruptTime(to) }
}

unsafe extern "C-unwind" fn unbiased_precise(to: *mut u64) {
    // SAFETY: the caller's place for it.
    if unsafe { !write_boot(to) } {
        // SAFETY: the caller's argument.
        unsafe { original::QueryUnbiasedInterruptTimePrecise(to) }
    }
}

unsafe extern "C-unwind" fn interrupt_time(to: *mut u64) {
    // SAFETY: the caller's place for it.
    if unsafe { !write_boot(to) } {
        // SAFETY: the caller's argument.
        unsafe { original::QueryInterruptTime(to) }
    }
}

unsafe extern "C-unwind" fn interrupt_time_precise(to: *mut u64) {
    // SAFETY: the caller's place for it.
    if unsafe { !write_boot(to) } {
        // SAFETY: the caller's argument.
        unsafe { original::QueryInterruptTimePrecise(to) }
    }
}
