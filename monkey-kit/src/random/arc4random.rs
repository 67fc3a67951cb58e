//! Randomness by the functions of BSD, which other C libraries have as well.
use super::fill;
use crate::border::{fail, functions};
use libc::{c_int, c_void, size_t};

functions! {
    GETENTROPY = getentropy(buffer: *mut c_void, length: size_t) -> c_int => getentropy;
    ARC4RANDOM = arc4random() -> u32 => arc4random;
    ARC4RANDOM_BUF = arc4random_buf(buffer: *mut c_void, length: size_t) => arc4random_buf;
    ARC4RANDOM_UNIFORM = arc4random_uniform(bound: u32) -> u32 => arc4random_uniform;
}

unsafe extern "C-unwind" fn getentropy(buffer: *mut c_void, length: size_t) -> c_int {
    const MOST: usize = 256;
    if length > MOST {
        return fail(libc::EIO);
    }
    // SAFETY: the caller's memory.
    if unsafe { fill(buffer, length) } {
        return 0;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::getentropy(buffer, length) }
}

unsafe extern "C-unwind" fn arc4random() -> u32 {
    let mut bytes = [0; 4];
    // SAFETY: memory of our own.
    if unsafe { fill(bytes.as_mut_ptr().cast(), bytes.len()) } {
        return u32::from_ne_bytes(bytes);
    }
    // SAFETY: takes nothing.
    unsafe { original::arc4random() }
}

unsafe extern "C-unwind" fn arc4random_buf(buffer: *mut c_void, length: size_t) {
    // SAFETY: the caller's memory.
    if unsafe { !fill(buffer, length) } {
        // SAFETY: the caller's arguments.
        unsafe { original::arc4random_buf(buffer, length) }
    }
}

unsafe extern "C-unwind" fn arc4random_uniform(bound: u32) -> u32 {
    let mut bytes = [0; 8];
    // SAFETY: memory of our own.
    if unsafe { fill(bytes.as_mut_ptr().cast(), bytes.len()) } {
        // What is left over of 64 bits shifts the odds by less than one in 2³².
        return (u64::from_ne_bytes(bytes) % u64::from(bound.max(1))) as u32;
    }
    // SAFETY: the caller's argument.
    unsafe { original::arc4random_uniform(bound) }
}
