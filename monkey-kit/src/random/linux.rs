//! Linux: `getrandom`, its system call, the devices, and what C libraries have beside them.
mod device;

use super::arc4random::{ARC4RANDOM, ARC4RANDOM_BUF, ARC4RANDOM_UNIFORM, GETENTROPY};
use super::fill;
use crate::border::{Entry, functions};
use crate::{files, system_call};
use libc::{c_int, c_uint, c_void, dl_phdr_info, size_t, ssize_t};

pub use device::read;

functions! {
    GETRANDOM = getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t => getrandom;
}

pub static ENTRIES: [&Entry; 9] = [
    &GETRANDOM,
    &GETENTROPY,
    &ARC4RANDOM,
    &ARC4RANDOM_BUF,
    &ARC4RANDOM_UNIFORM,
    &system_call::SYSCALL,
    &files::READ,
    &files::READV,
    &files::PREAD,
];

/// `getrandom`, also as a system call.
///
/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    // SAFETY: the caller's memory.
    if unsafe { fill(buffer, length) } {
        return length as ssize_t;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::getrandom(buffer, length, flags) }
}

/// What is done with a block: where it begins, and how many words it has.
type Look<'a> = dyn FnMut(*mut u64, usize) + 'a;

/// Looks at the calling thread's block of each loaded file.
pub fn thread_local_blocks(mut look: &mut Look) {
    // SAFETY: `each` takes what it is given here.
    unsafe { libc::dl_iterate_phdr(Some(each), (&raw mut look).cast()) };
}

unsafe extern "C" fn each(info: *mut dl_phdr_info, _: size_t, look: *mut c_void) -> c_int {
    // SAFETY: `thread_local_blocks` passed its own.
    let look = unsafe { &mut *look.cast::<&mut Look>() };
    // SAFETY: the loader's, for this call.
    let info = unsafe { &*info };
    let block = info.dlpi_tls_data.cast::<u64>();
    // SAFETY: the file's program headers.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    let size = headers.iter().find(|header| header.p_type == libc::PT_TLS).map_or(0, |header| header.p_memsz);
    if !block.is_null() && block.is_aligned() {
        look(block, size as usize / size_of::<u64>());
    }
    0
}
