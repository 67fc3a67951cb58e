//! macOS: what the standard library asks, and what C programs do.
use super::arc4random::{ARC4RANDOM, ARC4RANDOM_BUF, ARC4RANDOM_UNIFORM, GETENTROPY};
use super::fill;
use crate::border::{Entry, functions};
use libc::{c_int, c_void, size_t};

functions! {
    CC_RANDOM_GENERATE_BYTES = CCRandomGenerateBytes(buffer: *mut c_void, length: size_t) -> c_int => generate;
    SEC_RANDOM_COPY_BYTES = SecRandomCopyBytes(source: *const c_void, length: size_t, buffer: *mut c_void) -> c_int => copy;
}

pub static ENTRIES: [&Entry; 6] = [
    &CC_RANDOM_GENERATE_BYTES,
    &SEC_RANDOM_COPY_BYTES,
    &GETENTROPY,
    &ARC4RANDOM,
    &ARC4RANDOM_BUF,
    &ARC4RANDOM_UNIFORM,
];

unsafe extern "C-unwind" fn generate(buffer: *mut c_void, length: size_t) -> c_int {
    // SAFETY: the caller's memory.
    if unsafe { fill(buffer, length) } {
        return 0;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::CCRandomGenerateBytes(buffer, length) }
}

unsafe extern "C-unwind" fn copy(source: *const c_void, length: size_t, buffer: *mut c_void) -> c_int {
    // SAFETY: the caller's memory.
    if unsafe { fill(buffer, length) } {
        return 0;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::SecRandomCopyBytes(source, length, buffer) }
}

unsafe extern "C" {
    fn malloc_size(block: *const c_void) -> size_t;
}

/// Looks at the calling thread's block of each loaded file: dyld allocates it when the thread first wants it, and keeps it as the value
/// of a key.
pub fn thread_local_blocks(look: &mut dyn FnMut(*mut u64, usize)) {
    const KEYS: libc::pthread_key_t = 768;
    for key in 256..KEYS {
        // SAFETY: for a key that nobody has it gives null.
        let block = unsafe { libc::pthread_getspecific(key) }.cast::<u64>();
        if !block.is_null() && block.is_aligned() {
            // SAFETY: any address may be asked for; 0 for what is no block of the heap's.
            let size = unsafe { malloc_size(block.cast()) };
            look(block, size / size_of::<u64>());
        }
    }
}
