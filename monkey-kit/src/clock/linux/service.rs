//! Threads of the kit's own: of no scope, and with the real time. What they print is kept by no test's harness.
//!
//! Not by `std::thread`, whose generic functions would be compiled for each of them: a tenth of a cold build of this crate.
use libc::{c_int, c_void};
use std::ffi::CStr;
use std::mem::MaybeUninit;

/// As the standard library gives its threads; musl's own would be too small for looking functions up.
const STACK: usize = 2 << 20;

/// What such a thread does.
pub type Run = extern "C" fn(*mut c_void) -> *mut c_void;

/// Starts one. Called while replacements are bypassed, so that it is of no scope.
pub fn start(run: Run, argument: *mut c_void) -> Result<(), c_int> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let mut thread = MaybeUninit::<libc::pthread_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    // SAFETY: room for them.
    check(unsafe { libc::pthread_attr_init(attributes) })?;
    // SAFETY: they were made above.
    check(unsafe { libc::pthread_attr_setstacksize(attributes, STACK) })?;
    // SAFETY: as above.
    check(unsafe { libc::pthread_attr_setdetachstate(attributes, libc::PTHREAD_CREATE_DETACHED) })?;
    // SAFETY: room for the thread, and a function that takes any argument of its starter's.
    check(unsafe { libc::pthread_create(thread.as_mut_ptr(), attributes, run, argument) })?;
    Ok(())
}

fn check(error: c_int) -> Result<(), c_int> {
    if error == 0 { Ok(()) } else { Err(error) }
}

/// Gives the calling thread, one of these, its name.
pub fn name(name: &CStr) {
    // SAFETY: a name that ends with a zero.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}
