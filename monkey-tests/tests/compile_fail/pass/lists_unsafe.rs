//! Targets that are unsafe to call take replacements that are, and ones that are not.
#![deny(warnings)]
#![allow(dead_code)]

/// # Safety
/// `pointer` is valid for reads.
unsafe fn read(pointer: *const u32) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { *pointer }
}
unsafe fn zero(_: *const u32) -> u32 {
    0
}
fn one(_: *const u32) -> u32 {
    1
}

unsafe extern "C" {
    fn getpid() -> i32;
    fn printf(format: *const std::ffi::c_char, ...) -> i32;
}

#[monkey::with(replace(read = zero))]
fn unsafe_for_unsafe() {}

#[monkey::with(replace(read = one))]
fn safe_for_unsafe() {}

#[monkey::with(replace(read = |_: *const u32| 3))]
unsafe fn a_closure_for_unsafe(pointer: *const u32) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { read(pointer) }
}

extern "C" fn my_pid() -> i32 {
    1
}

#[monkey::with(replace(getpid = my_pid))]
fn of_another_abi() {}

fn original() -> u32 {
    // SAFETY: a reference is valid for reads.
    unsafe { monkey::original!(read(&3)) }
}

fn variadic() -> i32 {
    // SAFETY: the format asks for one integer.
    unsafe { monkey::original!(printf(c"%d".as_ptr(), 3)) }
}

fn main() {}
