//! Threads come into their parent's scope on whatever way they are started.
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

#[monkey::patchable]
fn number() -> u64 {
    1
}

fn two() -> u64 {
    2
}

/// A function whose calls are inlined, so that `original!` of it waits for a call that never comes.
#[inline(always)]
#[allow(clippy::inline_always, reason = "that is the point")]
fn of_a_thread() -> u64 {
    thread::spawn(number).join().unwrap()
}

#[monkey::test(replace(number = two))]
fn a_thread_started_by_an_inlined_original_inherits() {
    let guard = monkey::patch!(of_a_thread = || 0);
    assert_eq!(monkey::original!(of_a_thread()), 2);
    drop(guard);
}

type Start = extern "C" fn(*mut c_void) -> *mut c_void;
type Create =
    unsafe extern "C" fn(*mut libc::pthread_t, *const libc::pthread_attr_t, Start, *mut c_void) -> c_int;

static ORIGINAL: AtomicUsize = AtomicUsize::new(0);
static STARTED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    STARTED.fetch_add(1, SeqCst);
    // SAFETY: the way to the original of this type, stored before the first thread is started.
    let original = unsafe { std::mem::transmute::<usize, Create>(ORIGINAL.load(SeqCst)) };
    // SAFETY: the caller's arguments, passed on.
    unsafe { original(thread, attributes, start, argument) }
}

#[monkey::test(replace(number = two))]
fn a_thread_started_through_a_guards_original_inherits() {
    // SAFETY: both are of the type `Create`.
    let guard = unsafe { monkey::patch_at(libc::pthread_create as *const (), create as *const ()) }.unwrap();
    ORIGINAL.store(guard.original() as usize, SeqCst);
    assert_eq!(thread::spawn(number).join().unwrap(), 2);
    assert_eq!(STARTED.load(SeqCst), 1);
    drop(guard);
    assert_eq!(thread::spawn(number).join().unwrap(), 2);
}
