//! Windows: what the standard library asks, and what others do.
use super::fill;
use crate::border::{Entry, functions};
use crate::windows::{ReadProcessMemory, THIS_PROCESS, TlsGetValue};
use std::ffi::c_void;

functions! {
    PROCESS_PRNG = ProcessPrng(buffer: *mut c_void, length: usize) -> i32 => process_prng;
    SYSTEM_FUNCTION_036 = SystemFunction036(buffer: *mut c_void, length: u32) -> u8 => rtl_gen_random;
    BCRYPT_GEN_RANDOM = BCryptGenRandom(algorithm: *mut c_void, buffer: *mut c_void, length: u32, flags: u32) -> i32 => bcrypt_gen_random;
    CRYPT_GEN_RANDOM = CryptGenRandom(provider: usize, length: u32, buffer: *mut c_void) -> i32 => crypt_gen_random;
}

pub static ENTRIES: [&Entry; 4] =
    [&PROCESS_PRNG, &SYSTEM_FUNCTION_036, &BCRYPT_GEN_RANDOM, &CRYPT_GEN_RANDOM];

unsafe extern "C-unwind" fn process_prng(buffer: *mut c_void, length: usize) -> i32 {
    // SAFETY: the caller's memory.
    if unsafe { fill(buffer, length) } {
        return 1;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::ProcessPrng(buffer, length) }
}

unsafe extern "C-unwind" fn rtl_gen_random(buffer: *mut c_void, length: u32) -> u8 {
    // SAFETY: the caller's memory.
    if unsafe { fill(buffer, length as usize) } {
        return 1;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::SystemFunction036(buffer, length) }
}

unsafe extern "C-unwind" fn bcrypt_gen_random(
    algorithm: *mut c_void,
    buffer: *mut c_void,
    length: u32,
    flags: u32,
) -> i32 {
    // SAFETY: the caller's memory.
    if unsafe { fill(buffer, length as usize) } {
        return 0;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::BCryptGenRandom(algorithm, buffer, length, flags) }
}

unsafe extern "C-unwind" fn crypt_gen_random(provider: usize, length: u32, buffer: *mut c_void) -> i32 {
    // SAFETY: the caller's memory.
    if unsafe { fill(buffer, length as usize) } {
        return 1;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::CryptGenRandom(provider, length, buffer) }
}

/// As many slots as a process has, and how much of what one points to is looked at: two keys and the standard library's number of the
/// slot. Behind that the heap has something else, or ends.
const SLOTS: u32 = 64 + 1024;
const WORDS: usize = 3;

/// Looks at what the calling thread's slots point to: the standard library has the value of a thread-local in a block of its own.
pub fn thread_local_blocks(look: &mut dyn FnMut(*mut u64, usize)) {
    for slot in 0..SLOTS {
        // SAFETY: gives null for a slot that nobody has.
        let block = unsafe { TlsGetValue(slot) }.cast::<u64>();
        if !block.is_null() && block.is_aligned() && is_there(block) {
            look(block, WORDS);
        }
    }
    #[cfg(target_env = "msvc")]
    native_blocks(look);
}

/// Whether there are this many words.
fn is_there(block: *const u64) -> bool {
    let mut words = [0_u64; WORDS];
    let (into, size, mut read) = (words.as_mut_ptr().cast(), size_of_val(&words), 0);
    // SAFETY: fails where there is no such memory; room of this size.
    unsafe { ReadProcessMemory(THIS_PROCESS, block.cast(), into, size, &raw mut read) != 0 }
}

/// With MSVC thread-locals are the loader's, in a block for each loaded file, which the thread's environment block points to.
#[cfg(target_env = "msvc")]
fn native_blocks(look: &mut dyn FnMut(*mut u64, usize)) {
    const FILES: usize = 64;
    const MOST: usize = 1024;
    let blocks: *const *mut u64;
    // SAFETY: reads a word of the thread's environment block.
    unsafe { std::arch::asm!("mov {}, gs:[0x58]", out(reg) blocks, options(nostack, readonly)) };
    for file in (0..FILES).map(|index| blocks.wrapping_add(index)) {
        let mut block = std::ptr::null_mut::<u64>();
        let (into, mut read) = ((&raw mut block).cast(), 0);
        // SAFETY: fails where there is no such memory; room for a pointer.
        let known = unsafe { ReadProcessMemory(THIS_PROCESS, file.cast(), into, 8, &raw mut read) != 0 };
        if !known || block.is_null() || !block.is_aligned() {
            continue;
        }
        let there = (0..MOST).step_by(WORDS).take_while(|words| is_there(block.wrapping_add(*words))).count();
        look(block, there * WORDS);
    }
}
