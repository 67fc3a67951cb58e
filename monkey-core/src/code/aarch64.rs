//! What `AArch64` adds to writing code.
use std::arch::asm;

/// The instruction that stops whoever runs into it: `brk #0x6D6B`, `11010100001 imm16 00000`.
#[cfg(system = "linux")]
pub const TRAP: &[u8] = &0xD42D_AD60_u32.to_le_bytes();

/// What debuggers and coverage tools set: `brk #0`.
#[cfg(system = "linux")]
pub const BREAKPOINT: &[u8] = &0xD420_0000_u32.to_le_bytes();

/// Puts `movz w0, #value; ret` into bytes: a function to try a way of writing on.
#[cfg(system = "linux")]
pub fn returning(value: u32) -> Vec<u8> {
    // 010100101 00 imm16 Rd                  movz w0, #value
    // 11010110010 11111 000000 11110 00000   ret
    let words = [0x5280_0000 | (value & 0xFFFF) << 5, 0xD65F_03C0];
    words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect()
}

/// Makes written code visible to instruction fetch, on all cores.
///
/// Source: Arm Architecture Reference Manual (DDI 0487), B2.7.4.2. `CTR_EL0` names the shortest cache lines: data in bits 16 to
/// 19, instructions in bits 0 to 3, as the logarithm of their words.
#[cfg(system = "linux")]
pub fn flush(address: usize, length: usize) {
    let lines: usize;
    // SAFETY: reads a register that Linux leaves readable.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) lines, options(nomem, nostack, preserves_flags)) };
    let (data, instructions) = (4 << (lines >> 16 & 15), 4 << (lines & 15));
    let end = address + length;
    for line in (address & !(data - 1)..end).step_by(data) {
        // SAFETY: the line is mapped and readable: it was just written.
        unsafe { asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags)) };
    }
    // SAFETY: a barrier.
    unsafe { asm!("dsb ish", options(nostack, preserves_flags)) };
    for line in (address & !(instructions - 1)..end).step_by(instructions) {
        // SAFETY: as for the data.
        unsafe { asm!("ic ivau, {}", in(reg) line, options(nostack, preserves_flags)) };
    }
    // SAFETY: barriers.
    unsafe { asm!("dsb ish", "isb", options(nostack, preserves_flags)) };
}

/// Stores one byte.
///
/// # Safety
/// `address` must be writable.
pub unsafe fn store_byte(address: usize, value: u8) {
    // SAFETY: the caller's.
    unsafe {
        asm!("strb {:w}, [{}]", in(reg) u32::from(value), in(reg) address, options(nostack, preserves_flags));
    }
}

/// Stores eight bytes at once.
///
/// # Safety
/// `address` must be writable and a multiple of eight.
pub unsafe fn store_eight(address: usize, value: u64) {
    // SAFETY: the caller's.
    unsafe { asm!("str {}, [{}]", in(reg) value, in(reg) address, options(nostack, preserves_flags)) }
}
