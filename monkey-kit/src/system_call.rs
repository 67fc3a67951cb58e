//! System calls that are made by `syscall`: those that have a function are that function's concern.
use crate::border::functions;
use crate::{clock, random};
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
    if number == libc::SYS_futex {
        let (operation, value, timeout) = (b as i32, c as u32, d as *const libc::timespec);
        let wait = clock::Wait { address: a, operation, value, timeout, bits: f as u32 };
        // SAFETY: the caller's arguments.
        if let Some(result) = unsafe { clock::wait_on_futex(wait) } {
            return result;
        }
    }
    // SAFETY: the caller's arguments.
    let result = unsafe { original::syscall(number, a, b, c, d, e, f) };
    if number == libc::SYS_futex && std::thread::panicking() {
        clock::let_others_end(b as i32);
    }
    result
}
