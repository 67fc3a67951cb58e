//! System calls that are made by `syscall`: those that have a function are that function's concern.
use crate::border::{fail, functions};
use crate::{clock, net, process, random};
use libc::{c_int, c_long};

functions! {
    SYSCALL = syscall(number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> c_long => syscall;
}

#[allow(clippy::many_single_char_names, reason = "the arguments of whatever call it is")]
unsafe extern "C-unwind" fn syscall(
    number: c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> c_long {
    // SAFETY: the caller's arguments.
    if let Some(result) = unsafe { as_function(number, [a, b, c, d, e]) } {
        return result;
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

/// What the function gives that has the call's arguments; `None` where there is none, or it is left to the system.
///
/// # Safety
/// As for the system call.
#[allow(clippy::many_single_char_names, reason = "the arguments of whatever call it is")]
unsafe fn as_function(number: c_long, [a, b, c, d, e]: [usize; 5]) -> Option<c_long> {
    Some(match number {
        libc::SYS_getrandom => {
            // SAFETY: the caller's arguments, here and below.
            let read = unsafe { random::getrandom(a as *mut _, b, c as u32) };
            read as c_long
        }
        // SAFETY: as above.
        libc::SYS_clock_gettime => c_long::from(unsafe { clock::clock_gettime(a as i32, b as *mut _) }),
        // SAFETY: as above.
        libc::SYS_gettimeofday => c_long::from(unsafe { clock::gettimeofday(a as *mut _, b as *mut _) }),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        libc::SYS_time => unsafe { clock::wall_seconds(a as *mut _) },
        // SAFETY: as above.
        libc::SYS_nanosleep => c_long::from(unsafe { clock::nanosleep(a as *const _, b as *mut _) }),
        libc::SYS_clock_nanosleep => {
            // SAFETY: as above.
            let error = unsafe { clock::clock_nanosleep(a as i32, b as i32, c as *const _, d as *mut _) };
            if error == 0 { 0 } else { c_long::from(fail(error)) }
        }
        libc::SYS_ppoll if clock::is_paused() => {
            // SAFETY: as above.
            let ready = unsafe { clock::ppoll(a as *mut _, b as _, c as *const _, d as *const _) };
            c_long::from(ready)
        }
        libc::SYS_epoll_pwait if clock::is_paused() => {
            // SAFETY: as above.
            let ready =
                unsafe { clock::epoll_pwait(a as i32, b as *mut _, c as i32, d as i32, e as *const _) };
            c_long::from(ready)
        }
        libc::SYS_epoll_pwait2 if clock::is_paused() => {
            let (span, mask) = (d as *const _, e as *const _);
            // SAFETY: as above.
            c_long::from(unsafe { clock::epoll_pwait2(a as i32, b as *mut _, c as i32, span, mask) })
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_poll if clock::is_paused() => {
            // SAFETY: as above.
            c_long::from(unsafe { clock::poll(a as *mut _, b as _, c as i32) })
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_epoll_wait if clock::is_paused() => {
            // SAFETY: as above.
            c_long::from(unsafe { clock::epoll_wait(a as i32, b as *mut _, c as i32, d as i32) })
        }
        // SAFETY: as above.
        libc::SYS_connect => c_long::from(unsafe { net::connect(a as i32, b as *const _, c as u32) }),
        libc::SYS_execve => {
            // SAFETY: as above.
            let failed = unsafe { process::execve(a as *const _, b as *const _, c as *const _) };
            c_long::from(failed)
        }
        libc::SYS_execveat => {
            let (path, argv, envp) = (b as *const _, c as *const _, d as *const _);
            // SAFETY: as above.
            let failed = unsafe { process::execveat(a as i32, path, argv, envp, e as i32) };
            c_long::from(failed)
        }
        libc::SYS_clone if a as c_int & libc::CLONE_THREAD == 0 && process::forbids_fork() => {
            c_long::from(fail(libc::EPERM))
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork | libc::SYS_vfork if process::forbids_fork() => c_long::from(fail(libc::EPERM)),
        _ => return None,
    })
}
