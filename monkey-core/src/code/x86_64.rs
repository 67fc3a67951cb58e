//! What x86-64 adds to writing code.
use std::arch::asm;

/// The instruction that stops whoever runs into it: `int3`, `CC`.
#[cfg(not(system = "macos"))]
pub const TRAP: &[u8] = &[0xCC];

/// What debuggers and coverage tools set.
#[cfg(system = "linux")]
pub const BREAKPOINT: &[u8] = TRAP;

/// Puts `eax = value; ret` (`B8 imm32 C3`) into bytes: a function to try a way of writing on.
#[cfg(system = "linux")]
pub fn returning(value: u32) -> Vec<u8> {
    let mut code = vec![0xB8];
    code.extend_from_slice(&value.to_le_bytes());
    code.push(0xC3);
    code
}

/// Makes written code visible to instruction fetch: x86 keeps the caches coherent by itself.
#[cfg(system = "linux")]
pub fn flush(_address: usize, _length: usize) {}

/// Stores one byte.
///
/// # Safety
/// `address` must be writable. Assembly, because a sanitizer would check a store that the compiler knows of against
/// its shadow, and text has none.
pub unsafe fn store_byte(address: usize, value: u8) {
    // SAFETY: the caller's.
    unsafe {
        asm!("mov byte ptr [{}], {}", in(reg) address, in(reg_byte) value, options(nostack, preserves_flags));
    }
}

/// Stores eight bytes at once.
///
/// # Safety
/// `address` must be writable and a multiple of eight.
pub unsafe fn store_eight(address: usize, value: u64) {
    // SAFETY: the caller's.
    unsafe {
        asm!("mov qword ptr [{}], {}", in(reg) address, in(reg) value, options(nostack, preserves_flags));
    }
}
