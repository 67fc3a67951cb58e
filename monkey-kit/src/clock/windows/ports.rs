//! Waiting for what has been completed, as tokio and mio do.
use super::{moment_in, paused};
use crate::border::{fail, functions};
use crate::clock::ledger::{End, Reason};
use crate::windows::{GetLastError, Handle, WAIT_TIMEOUT};
use monkey_core::border::Bypass;
use std::ffi::c_void;

functions! {
    GET_STATUS = GetQueuedCompletionStatus(port: Handle, bytes: *mut u32, key: *mut usize, overlapped: *mut *mut c_void, span: u32) -> i32 => get_status;
    GET_STATUS_EX = GetQueuedCompletionStatusEx(port: Handle, entries: *mut c_void, count: u32, removed: *mut u32, span: u32, alertable: i32) -> i32 => get_status_ex;
}

/// Waits by `ask`, which gives what the function gives; `None`: the clock is not paused.
fn wait(span: u32, ask: impl Fn(u32) -> i32) -> Option<i32> {
    let world = paused().filter(|_| span != 0)?;
    let deadline = moment_in(&world, span);
    let mut result = (0, WAIT_TIMEOUT);
    let end = {
        let _bypass = Bypass::begin();
        world.clock.wait_in_kernel(Reason::Port, deadline, |slice| {
            let taken = ask(slice);
            // SAFETY: takes nothing.
            result = (taken, if taken == 0 { unsafe { GetLastError() } } else { 0 });
            result.1 != WAIT_TIMEOUT
        })
    };
    match result {
        (taken, 0) => Some(taken),
        (_, WAIT_TIMEOUT) if end == End::Gone => None,
        (_, error) => Some(fail(error)),
    }
}

unsafe extern "C-unwind" fn get_status(
    port: Handle,
    bytes: *mut u32,
    key: *mut usize,
    overlapped: *mut *mut c_void,
    span: u32,
) -> i32 {
    // SAFETY: the caller's arguments.
    let ask = |span| unsafe { original::GetQueuedCompletionStatus(port, bytes, key, overlapped, span) };
    wait(span, ask).unwrap_or_else(|| ask(span))
}

unsafe extern "C-unwind" fn get_status_ex(
    port: Handle,
    entries: *mut c_void,
    count: u32,
    removed: *mut u32,
    span: u32,
    alertable: i32,
) -> i32 {
    let ask = |span| {
        // SAFETY: the caller's arguments.
        unsafe { original::GetQueuedCompletionStatusEx(port, entries, count, removed, span, alertable) }
    };
    wait(span, ask).unwrap_or_else(|| ask(span))
}
