//! The C library's functions, and how they fail.
use std::ffi::CStr;

#[cfg(target_os = "linux")]
use libc::__errno_location as location;
#[cfg(target_os = "macos")]
use libc::__error as location;

/// Where a function is; 0 if there is none of this name.
pub fn find(name: &CStr) -> usize {
    // SAFETY: a name that ends with a zero.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) as usize }
}

/// Sets `errno`, and gives what most functions give then.
pub fn fail(error: i32) -> i32 {
    // SAFETY: the calling thread's own.
    let errno = unsafe { location() };
    // SAFETY: as above.
    unsafe { *errno = error };
    -1
}

/// What the last function that failed has left.
#[cfg(target_os = "linux")]
pub fn errno() -> i32 {
    // SAFETY: the calling thread's own.
    let errno = unsafe { location() };
    // SAFETY: as above.
    unsafe { *errno }
}
