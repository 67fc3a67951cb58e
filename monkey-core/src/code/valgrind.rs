//! Telling valgrind that code has changed: it runs translations of its own, and goes on running those of what was there.
//!
//! A client request is a row of instructions that do nothing, which valgrind knows when it meets them; elsewhere it
//! costs a few nanoseconds. Source: `valgrind.h`, `VALGRIND_DO_CLIENT_REQUEST_EXPR`.
use std::arch::asm;

/// `VG_USERREQ__RUNNING_ON_VALGRIND` in `valgrind.h`.
#[cfg(test)]
const RUNNING_ON_VALGRIND: usize = 0x1001;
/// `VG_USERREQ__DISCARD_TRANSLATIONS` in `valgrind.h`.
const DISCARD_TRANSLATIONS: usize = 0x1002;

/// Whether valgrind runs this program.
#[cfg(test)]
pub fn is_running() -> bool {
    request(&[RUNNING_ON_VALGRIND, 0, 0, 0, 0, 0]) != 0
}

/// Makes valgrind translate these bytes anew before they run again.
pub fn discard_translations(address: usize, length: usize) {
    request(&[DISCARD_TRANSLATIONS, address, length, 0, 0, 0]);
}

/// Asks valgrind; 0 where there is none.
fn request(request: &[usize; 6]) -> usize {
    let mut answer = 0_usize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the rotations come to 128 bits together, and an exchange of a register with itself changes nothing.
    // Valgrind reads the request and writes the answer's register.
    unsafe {
        asm!(
            // 48 C1 C7 ib     rol rdi, ib
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            // 48 87 DB        xchg rbx, rbx
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") answer,
            options(nostack)
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: the rotations come to 128 bits together, and a register or itself is itself. Valgrind reads the request
    // and writes the answer's register.
    unsafe {
        asm!(
            // 10010011110 Rm imm6 Rn Rd     ror x12, x12, #imm6
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            // 10101010000 Rm 000000 Rn Rd   orr x10, x10, x10
            "orr x10, x10, x10",
            inout("x3") answer,
            in("x4") request.as_ptr(),
            options(nostack)
        );
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_changes_nothing_without_valgrind() {
        if !is_running() {
            discard_translations(0, usize::MAX);
            assert_eq!(request(&[0; 6]), 0);
        }
    }
}
