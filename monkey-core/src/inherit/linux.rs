//! `pthread_create`. Hooked, it finds every thread that std, thread pools, async runtimes and C code start, in statically
//! linked programs and with two versions of this crate in one program too, which a symbol of that name in the program would not.
use super::{begin, give_up, prepare};
use crate::code;
use crate::error::Cause;
use crate::fork;
use crate::group::Group;
use crate::handoff::{Routine, Start};
use crate::text::{self, Body, TEXT};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

type Create = unsafe extern "C" fn(
    *mut libc::pthread_t,
    *const libc::pthread_attr_t,
    Start,
    *mut libc::c_void,
) -> libc::c_int;

/// The displaced instructions of `pthread_create`, behind the detour; set before the hook is.
static TRAMPOLINE: AtomicUsize = AtomicUsize::new(0);

/// Hooks `pthread_create`, once.
pub fn ensure() -> Result<(), Cause> {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.load(SeqCst) {
        return Ok(());
    }
    fork::linked();
    let body = Body::unbounded(libc::pthread_create as *const () as usize);
    let map = text::map(&[body])?;
    let through = |trampoline| {
        TRAMPOLINE.store(trampoline, SeqCst);
        create as *const () as usize
    };
    let mut text = TEXT.hold();
    // Another thread may have been first.
    if DONE.load(SeqCst) {
        return Ok(());
    }
    let writing = code::Writing::begin();
    text.hook(map.as_ref(), body, Group::new(), Some(&through))?;
    drop(writing);
    DONE.store(true, SeqCst);
    drop(text);
    Ok(())
}

/// Where calls of `pthread_create` go that no test replaces. Takes no lock, and waits for nobody.
unsafe extern "C" fn create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    start: Start,
    argument: *mut libc::c_void,
) -> libc::c_int {
    // SAFETY: TRAMPOLINE is that of `pthread_create`, set before this function could be reached.
    let original = unsafe { std::mem::transmute::<usize, Create>(TRAMPOLINE.load(SeqCst)) };
    let Some(handoff) = prepare(Routine { start, argument }) else {
        // SAFETY: the caller's arguments, passed on.
        return unsafe { original(thread, attributes, start, argument) };
    };
    let handed = std::ptr::from_ref(handoff).cast_mut().cast();
    // SAFETY: the caller's arguments, but for a start routine of the same type and what it takes.
    let result = unsafe { original(thread, attributes, begin, handed) };
    if result != 0 {
        give_up(handoff);
    }
    result
}
