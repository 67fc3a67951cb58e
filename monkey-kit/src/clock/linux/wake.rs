//! Waking a thread whose slot has a signal for it.
use super::slot::{Kind, Slot};
use crate::system_call;
use std::sync::atomic::Ordering::SeqCst;

pub const WAIT_BITSET: i32 = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
pub const WAKE: i32 = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
pub const ANY: u32 = u32::MAX;

/// Wakes it. Doing so once more than needed does no harm.
pub fn wake(slot: &Slot) {
    match slot.kind() {
        Kind::Word => futex(slot.signal.as_ptr() as usize, WAKE, i32::MAX as usize, 0),
        Kind::Futex => {
            let address = slot.address.load(SeqCst);
            for private in [libc::FUTEX_PRIVATE_FLAG, 0] {
                futex(address, libc::FUTEX_WAKE_BITSET | private, i32::MAX as usize, slot.bit);
            }
        }
        Kind::Poll => {
            let one = 1_u64.to_ne_bytes();
            // SAFETY: memory of its size.
            unsafe { libc::write(slot.event.load(SeqCst), one.as_ptr().cast(), one.len()) };
        }
        Kind::Condition => {
            let condition = slot.address.load(SeqCst) as *mut libc::pthread_cond_t;
            // SAFETY: a thread waits on it.
            unsafe { libc::pthread_cond_broadcast(condition) };
        }
        Kind::Slices | Kind::Sealed => {}
    }
}

fn futex(address: usize, operation: i32, value: usize, bits: u32) {
    // SAFETY: waking changes nothing, wherever it is.
    unsafe {
        system_call::original::syscall(
            libc::SYS_futex,
            address,
            operation as usize,
            value,
            0,
            0,
            bits as usize,
        )
    };
}
