//! System calls without the C library, for signal handlers: any function of it may be what a test has replaced.
use std::arch::asm;

/// Makes a system call with four arguments; more than it takes do no harm. What it gives: a result, or an error's
/// number, negated.
///
/// # Safety
/// What the call does to memory has to be sound, as for the function of the C library.
#[cfg(target_arch = "x86_64")]
pub unsafe fn system_call(number: libc::c_long, arguments: [usize; 4]) -> isize {
    let result;
    // SAFETY: the kernel changes three registers, all named, and what the caller answers for.
    unsafe {
        asm!(
            "syscall",
            inout("rax") number as isize => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            out("rcx") _,
            out("r11") _,
            options(nostack)
        );
    }
    result
}

/// The same on `AArch64`.
///
/// # Safety
/// What the call does to memory has to be sound, as for the function of the C library.
#[cfg(target_arch = "aarch64")]
pub unsafe fn system_call(number: libc::c_long, arguments: [usize; 4]) -> isize {
    let result;
    // SAFETY: the kernel changes the register of the result, and what the caller answers for.
    unsafe {
        asm!(
            "svc #0",
            in("x8") number,
            inout("x0") arguments[0] as isize => result,
            in("x1") arguments[1],
            in("x2") arguments[2],
            in("x3") arguments[3],
            options(nostack)
        );
    }
    result
}

/// Writes to standard error, also from a signal handler.
pub fn write_stderr(bytes: &[u8]) {
    // SAFETY: write(2) reads as many bytes as there are.
    unsafe { system_call(libc::SYS_write, [2, bytes.as_ptr() as usize, bytes.len(), 0]) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_and_errors_come_back() {
        // SAFETY: asks for a number.
        let thread = unsafe { system_call(libc::SYS_gettid, [0; 4]) };
        // SAFETY: as above.
        assert_eq!(thread, unsafe { libc::gettid() } as isize);
        let nowhere = [usize::MAX, 0, 0, 0];
        // SAFETY: there is no such descriptor.
        assert_eq!(unsafe { system_call(libc::SYS_close, nowhere) }, -libc::EBADF as isize);
    }
}
