//! Opening, reading and closing at the border.
use crate::border::functions;
use crate::{random, world};
use libc::{c_char, c_int, c_void, mode_t, size_t, ssize_t};
use std::ffi::CStr;

functions! {
    OPEN = open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int => open;
    OPEN64 = open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int => open64;
    OPENAT = openat(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int => openat;
    OPENAT64 = openat64(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int => openat64;
    READ = read(descriptor: c_int, buffer: *mut c_void, length: size_t) -> ssize_t => read;
    CLOSE = close(descriptor: c_int) -> c_int => close;
}

/// Tells the caller's world what was opened.
///
/// # Safety
/// The path is null or ends with a zero.
unsafe fn opened(path: *const c_char, descriptor: c_int) -> c_int {
    if let Some(world) = world::enter().filter(|_| !path.is_null()) {
        // SAFETY: the caller's path.
        random::open(&world, unsafe { CStr::from_ptr(path) }, descriptor);
    }
    descriptor
}

unsafe fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's arguments.
    let descriptor = unsafe { original::open(path, flags, mode) };
    // SAFETY: the caller's path.
    unsafe { opened(path, descriptor) }
}

unsafe fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's arguments.
    let descriptor = unsafe { original::open64(path, flags, mode) };
    // SAFETY: the caller's path.
    unsafe { opened(path, descriptor) }
}

unsafe fn openat(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's arguments.
    let descriptor = unsafe { original::openat(folder, path, flags, mode) };
    // SAFETY: the caller's path.
    unsafe { opened(path, descriptor) }
}

unsafe fn openat64(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's arguments.
    let descriptor = unsafe { original::openat64(folder, path, flags, mode) };
    // SAFETY: the caller's path.
    unsafe { opened(path, descriptor) }
}

unsafe fn read(descriptor: c_int, buffer: *mut c_void, length: size_t) -> ssize_t {
    if let Some(world) = world::enter().filter(|_| !buffer.is_null() && length != 0) {
        // SAFETY: the caller's memory.
        let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
        if random::read(&world, descriptor, buffer) {
            return length as ssize_t;
        }
    }
    // SAFETY: the caller's arguments. Nobody is in the world while it blocks.
    unsafe { original::read(descriptor, buffer, length) }
}

unsafe fn close(descriptor: c_int) -> c_int {
    if let Some(world) = world::enter() {
        random::close(&world, descriptor);
        world.clock.forget_descriptor(descriptor);
    }
    // SAFETY: the caller's argument.
    unsafe { original::close(descriptor) }
}
