//! System calls that are made by `syscall`: those that have a function are that function's concern.
use crate::border::functions;
use crate::random;
use libc::c_long;

functions! {
    SYSCALL = syscall(number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> c_long => syscall;
}

#[allow(clippy::many_single_char_names, reason = "the arguments of whatever call it is")]
unsafe fn syscall(number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> c_long {
    if number == libc::SYS_getrandom {
        // SAFETY: the caller's arguments, which are those of the function.
        return unsafe { random::getrandom(a as *mut _, b, c as u32) } as c_long;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::syscall(number, a, b, c, d, e, f) }
}
