//! System calls that are made by `syscall`: those that have a function are that function's concern.
use crate::border::{fail, functions};
use crate::{clock, files, fs, net, process, random};
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
    if let Some(result) = unsafe { as_function(number, [a, b, c, d, e, f]) } {
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
unsafe fn as_function(number: c_long, [a, b, c, d, e, f]: [usize; 6]) -> Option<c_long> {
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
        libc::SYS_pselect6 if clock::is_paused() => {
            let [read, write, except] = [b, c, d].map(|set| set as *mut _);
            // SAFETY: as above: null, or the address of a mask, and its size.
            let mask = unsafe { (f as *const *const libc::sigset_t).as_ref() }
                .map_or(std::ptr::null(), |mask| *mask);
            // SAFETY: as above.
            c_long::from(unsafe { clock::pselect(a as i32, read, write, except, e as *const _, mask) })
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_select if clock::is_paused() => {
            let [read, write, except] = [b, c, d].map(|set| set as *mut _);
            // SAFETY: as above.
            c_long::from(unsafe { clock::select(a as i32, read, write, except, e as *mut _) })
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
        libc::SYS_clone if a as c_int & libc::CLONE_THREAD == 0 && process::forbids_fork("fork") => {
            c_long::from(fail(libc::EPERM))
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork | libc::SYS_vfork if process::forbids_fork("fork") => c_long::from(fail(libc::EPERM)),
        _ => {
            // SAFETY: as above.
            if let Some(result) = unsafe { on_files(number, [a, b, c, d, e]) } {
                return Some(result);
            }
            note_real(number, a);
            return None;
        }
    })
}

/// The same for functions on files.
///
/// # Safety
/// As for the system call.
#[allow(clippy::many_single_char_names, reason = "the arguments of whatever call it is")]
unsafe fn on_files(number: c_long, [a, b, c, d, e]: [usize; 5]) -> Option<c_long> {
    let (folder, path) = (a as c_int, b as *const _);
    Some(match number {
        // SAFETY: the caller's arguments, here and below.
        libc::SYS_read => unsafe { files::read(folder, b as *mut _, c) as c_long },
        // SAFETY: as above.
        libc::SYS_write => unsafe { files::write(folder, b as *const _, c) as c_long },
        // SAFETY: as above.
        libc::SYS_openat => c_long::from(unsafe { files::openat(folder, path, c as c_int, d as _) }),
        // SAFETY: as above.
        libc::SYS_unlinkat => c_long::from(unsafe { fs::unlinkat(folder, path, c as c_int) }),
        // SAFETY: as above.
        libc::SYS_mkdirat => c_long::from(unsafe { fs::mkdirat(folder, path, c as _) }),
        libc::SYS_renameat2 => {
            let (to_folder, to) = (c as c_int, d as *const _);
            // SAFETY: as above.
            c_long::from(unsafe { fs::renameat2(folder, path, to_folder, to, e as _) })
        }
        // SAFETY: as above.
        libc::SYS_statx => c_long::from(unsafe { fs::statx(folder, path, c as c_int, d as _, e as *mut _) }),
        // SAFETY: as above.
        libc::SYS_faccessat => c_long::from(unsafe { fs::faccessat(folder, path, c as c_int, 0) }),
        // SAFETY: as above.
        libc::SYS_faccessat2 => c_long::from(unsafe { fs::faccessat(folder, path, c as c_int, d as c_int) }),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => {
            let path = a as *const _;
            // SAFETY: as above.
            c_long::from(unsafe { files::openat(libc::AT_FDCWD, path, b as c_int, c as _) })
        }
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        libc::SYS_unlink => c_long::from(unsafe { fs::unlinkat(libc::AT_FDCWD, a as *const _, 0) }),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_rename => {
            let (from, to) = (a as *const _, b as *const _);
            // SAFETY: as above.
            c_long::from(unsafe { fs::renameat2(libc::AT_FDCWD, from, libc::AT_FDCWD, to, 0) })
        }
        _ => return None,
    })
}

/// Says of a call that has to do with time that it goes by the real clock.
fn note_real(number: c_long, first: usize) {
    clock::note_real(match number {
        libc::SYS_futex_waitv => "futex_waitv",
        libc::SYS_io_uring_setup => "io_uring",
        libc::SYS_setitimer if first as c_int == libc::ITIMER_REAL as c_int => "setitimer",
        libc::SYS_timer_create => "timer_create",
        libc::SYS_mq_timedreceive | libc::SYS_mq_timedsend => "a message queue",
        libc::SYS_semtimedop => "semtimedop",
        _ => return,
    });
}
