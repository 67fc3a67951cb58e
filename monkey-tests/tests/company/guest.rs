//! A library that has the engine linked in itself, for a program that has one as well.
use std::ffi::c_int;
use std::{ptr, slice, thread};

#[monkey::patchable]
fn own() -> c_int {
    1
}

/// Replaces a function; a guard, or null with the error's text.
///
/// # Safety
/// What `patch_at` asks for, and `text` has `length` bytes that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_patch(
    target: *const (),
    replacement: *const (),
    text: *mut u8,
    length: usize,
) -> *mut monkey::PatchGuard {
    // SAFETY: the caller's promise.
    let patched = unsafe { monkey::patch_at(target, replacement) };
    match patched {
        Ok(guard) => Box::into_raw(Box::new(guard)),
        Err(error) => {
            // SAFETY: the caller's promise.
            let text = unsafe { slice::from_raw_parts_mut(text, length) };
            let said = format!("{:?}: {error}", error.cause());
            let length = said.len().min(length);
            text[..length].copy_from_slice(&said.as_bytes()[..length]);
            ptr::null_mut()
        }
    }
}

/// # Safety
/// The guard is one of `guest_patch`, and dropped once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_drop(guard: *mut monkey::PatchGuard) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(guard) });
}

/// Asks a function in a thread that the guest starts.
#[unsafe(no_mangle)]
pub extern "C" fn guest_thread(asked: extern "C" fn() -> c_int) -> c_int {
    thread::spawn(move || asked()).join().unwrap_or(-1)
}

/// Whether its own functions can be replaced.
#[unsafe(no_mangle)]
pub extern "C" fn guest_own() -> c_int {
    let guard = monkey::patch!(replace(own = || 5), expect(own = 2));
    let seen = own() * 10 + thread::spawn(own).join().unwrap_or(0);
    drop(guard);
    seen * 10 + own()
}
