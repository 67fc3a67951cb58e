//! What the programs of `bin` stand in for or replace, from a crate of its own that may have `unsafe` in it.
//!
//! `no_*` must not compile, at a place in that file; `told_*` either, or must panic with what to write instead;
//! `yes_*` compile and run.

/// # Safety
/// `at` points to a byte.
pub unsafe extern "C" fn first_byte(at: *const u8) -> u8 {
    unsafe { *at }
}

/// # Safety
/// `at` points to a byte.
pub unsafe extern "system" fn first_byte_of_the_system(at: *const u8) -> u8 {
    unsafe { *at }
}

/// # Safety
/// `at` points to a byte.
#[allow(clippy::too_many_arguments)]
pub unsafe fn thirteen(
    at: *const u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8,
) -> u8 {
    unsafe { *at }
}

/// # Safety
/// `at` is below 1.
pub unsafe extern "C" fn first_of(bytes: &[u8; 1], at: usize) -> u8 {
    unsafe { *bytes.get_unchecked(at) }
}

/// # Safety
/// `at` points to a byte.
#[cfg(target_arch = "x86_64")]
pub unsafe extern "sysv64" fn first_byte_of_system_v(at: *const u8) -> u8 {
    unsafe { *at }
}

/// # Safety
/// None of them is 0.
pub unsafe extern "C" fn third(_: &u8, _: &u8, third: &u8) -> u8 {
    *third
}
