//! Sleeping, and waiting at addresses: what the standard library's locks, channels and parking are made of.
use super::{moment_in, paused};
use crate::border::{fail, functions};
use crate::clock::ledger::{End, Reason};
use crate::windows::ERROR_TIMEOUT;
use monkey_core::border::Bypass;
use std::ffi::c_void;

functions! {
    SLEEP = Sleep(span: u32) => sleep;
    SLEEP_EX = SleepEx(span: u32, alertable: i32) -> u32 => sleep_ex;
    WAIT_ON_ADDRESS = WaitOnAddress(address: *const c_void, compare: *const c_void, size: usize, span: u32) -> i32 => wait_on_address;
    WAKE_SINGLE = WakeByAddressSingle(address: *const c_void) => wake_single;
    WAKE_ALL = WakeByAddressAll(address: *const c_void) => wake_all;
}

/// Sleeps; false: the clock is not paused.
fn doze(span: u32) -> bool {
    // A span of nothing lets others run.
    let Some(world) = paused().filter(|_| span != 0) else { return false };
    let deadline = moment_in(&world, span);
    let _bypass = Bypass::begin();
    world.clock.wait(Reason::Time, deadline, || false) != End::Gone
}

unsafe extern "C-unwind" fn sleep(span: u32) {
    if !doze(span) {
        // SAFETY: takes a number.
        unsafe { original::Sleep(span) }
    }
}

unsafe extern "C-unwind" fn sleep_ex(span: u32, alertable: i32) -> u32 {
    if doze(span) {
        return 0;
    }
    // SAFETY: takes numbers.
    unsafe { original::SleepEx(span, alertable) }
}

/// Whether there is still at an address what there was.
///
/// # Safety
/// Both have this size, and the first may change meanwhile.
unsafe fn is_same(address: *const c_void, compare: *const c_void, size: usize) -> bool {
    (0..size).all(|index| {
        // SAFETY: as the caller says.
        let now = unsafe { address.cast::<u8>().add(index).read_volatile() };
        // SAFETY: as the caller says.
        now == unsafe { compare.cast::<u8>().add(index).read() }
    })
}

unsafe extern "C-unwind" fn wait_on_address(
    address: *const c_void,
    compare: *const c_void,
    size: usize,
    span: u32,
) -> i32 {
    let known = !address.is_null() && matches!(size, 1 | 2 | 4 | 8);
    let Some(world) = paused().filter(|_| known) else {
        // SAFETY: the caller's arguments.
        return unsafe { original::WaitOnAddress(address, compare, size, span) };
    };
    // What is there already is no matter of time, not for a span of nothing either.
    // SAFETY: the caller's addresses.
    if !unsafe { is_same(address, compare, size) } {
        return 1;
    }
    let deadline = moment_in(&world, span);
    let end = {
        let _bypass = Bypass::begin();
        // SAFETY: the caller's addresses.
        let is_over = || unsafe { !is_same(address, compare, size) };
        world.clock.wait(Reason::Address(address as usize), deadline, is_over)
    };
    if end == End::TimedOut { fail(ERROR_TIMEOUT) } else { 1 }
}

/// Wakes who waits at an address in the caller's scope.
fn wake(address: *const c_void, all: bool) {
    if let Some(world) = paused() {
        let _bypass = Bypass::begin();
        world.clock.wake(address as usize, all);
    }
}

unsafe extern "C-unwind" fn wake_single(address: *const c_void) {
    wake(address, false);
    // SAFETY: the caller's argument. Who is outside the scope waits in the system's own way.
    unsafe { original::WakeByAddressSingle(address) }
}

unsafe extern "C-unwind" fn wake_all(address: *const c_void) {
    wake(address, true);
    // SAFETY: as above.
    unsafe { original::WakeByAddressAll(address) }
}
