//! What the emulator calls: the engine's public surface by C functions, and targets in assembly, so that it is known which instructions
//! a jump covers and on which pages they lie.
#![cfg(target_os = "macos")]
use monkey::PatchGuard;
use std::ptr;

#[cfg(target_arch = "aarch64")]
std::arch::global_asm!(include_str!("subjects/aarch64.s"));
#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(include_str!("subjects/x86_64.s"));

/// Replaces the function at `target`. The guard; or null, and the error's text in `text`.
///
/// # Safety
/// As for `monkey::patch_at`. `text` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn emulated_patch(
    target: *const (),
    replacement: *const (),
    text: *mut u8,
    capacity: usize,
) -> *mut PatchGuard {
    // SAFETY: the caller's.
    let patched = unsafe { monkey::patch_at(target, replacement) };
    let said = match patched {
        Ok(guard) => return Box::into_raw(Box::new(guard)),
        Err(error) => error.to_string(),
    };
    // SAFETY: the caller's, and a text's bytes are as many as its length.
    unsafe { ptr::copy_nonoverlapping(said.as_ptr(), text, said.len().min(capacity)) };
    ptr::null_mut()
}

/// Takes a replacement away.
///
/// # Safety
/// `guard` is one that `emulated_patch` has given, and was not dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn emulated_drop(guard: *mut PatchGuard) {
    // SAFETY: the caller's.
    drop(unsafe { Box::from_raw(guard) });
}

/// The way to the original.
///
/// # Safety
/// As for `emulated_drop`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn emulated_original(guard: *const PatchGuard) -> *const () {
    // SAFETY: the caller's.
    unsafe { &*guard }.original()
}

/// A replacement.
#[unsafe(no_mangle)]
pub extern "C" fn emulated_hundred(_: u64) -> u64 {
    100
}

/// Another.
#[unsafe(no_mangle)]
pub extern "C" fn emulated_thousand(_: u64) -> u64 {
    1000
}
