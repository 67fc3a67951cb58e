//! Waits on a futex: those of the standard library's locks, channels and parking, and of `parking_lot`.
use super::slot::{Kind, Slot};
use super::time;
use super::wait::{End, Slept};
use super::wake::ANY;
use crate::border::{errno, fail};
use crate::system_call;
use crate::world;
use libc::{c_int, c_long, clockid_t, timespec};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// A wait as the program asked for it.
#[derive(Clone, Copy)]
pub struct Wait {
    pub address: usize,
    pub operation: c_int,
    pub value: u32,
    pub timeout: *const timespec,
    pub bits: u32,
}

impl Wait {
    fn command(&self) -> c_int {
        self.operation & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME)
    }

    fn clock(&self) -> clockid_t {
        if self.operation & libc::FUTEX_CLOCK_REALTIME != 0 {
            libc::CLOCK_REALTIME
        } else {
            libc::CLOCK_MONOTONIC
        }
    }

    /// Whether it is a wait that the clock has to do with, and one that the kernel would not refuse.
    fn is_wait(&self) -> bool {
        let waits = matches!(self.command(), libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET);
        waits && self.address != 0 && self.address.is_multiple_of(4)
    }
}

/// Waits if the caller's clock is paused; `None`: it is not.
///
/// # Safety
/// As for the system call.
pub unsafe fn wait(wait: Wait) -> Option<c_long> {
    let world = world::enter().filter(|world| wait.is_wait() && world.clock.counts())?;
    let clock = &world.clock;
    // SAFETY: null, or the caller's.
    let timeout = unsafe { wait.timeout.as_ref() }.copied();
    if timeout.is_some_and(|timeout| !time::is_valid(timeout)) {
        return Some(c_long::from(fail(libc::EINVAL)));
    }
    // SAFETY: the caller's futex.
    let futex = unsafe { AtomicU32::from_ptr(wait.address as *mut u32) };
    let mut is_over = || futex.load(SeqCst) != wait.value;
    if is_over() {
        return Some(c_long::from(fail(libc::EAGAIN)));
    }
    let deadline = timeout.map(|timeout| match wait.command() {
        libc::FUTEX_WAIT => clock.time.moment_in(timeout),
        _ => clock.time.moment(wait.clock(), timeout).unwrap_or(0),
    });
    let end = clock.wait(Kind::Futex, wait.address, deadline, &mut is_over, &mut |slot| sleep(wait, slot));
    Some(match end {
        End::Woken(0) | End::Gone | End::Deadlocked => 0,
        End::Woken(error) => c_long::from(fail(error)),
        End::TimedOut => c_long::from(fail(libc::ETIMEDOUT)),
    })
}

/// Sleeps on the program's futex, without an end.
fn sleep(wait: Wait, slot: &Slot) -> Slept {
    let operation = libc::FUTEX_WAIT_BITSET | wait.operation & libc::FUTEX_PRIVATE_FLAG;
    let is_any = wait.command() == libc::FUTEX_WAIT || wait.bits == ANY;
    let bits = if is_any { slot.bit } else { wait.bits };
    // SAFETY: the caller's futex.
    let result = unsafe {
        system_call::original::syscall(
            libc::SYS_futex,
            wait.address,
            operation as usize,
            wait.value as usize,
            0,
            0,
            bits as usize,
        )
    };
    Slept::Over(if result == 0 { 0 } else { errno() })
}
