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
