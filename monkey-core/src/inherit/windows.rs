//! Every thread that this process starts in itself comes through `CreateRemoteThreadEx` of `kernelbase.dll`, `CreateThread` and
//! `_beginthreadex` included. It is hooked like any target, for good, with a detour on the way to the original. The
//! workers of the system's own pools are started by the kernel, for whoever comes first: they have no parent.
use super::{begin, give_up, prepare};
use crate::code::api;
use crate::error::Cause;
use crate::group::Group;
use crate::handoff::{Routine, Start};
use crate::text::{self, Body, TEXT};
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

type Create = unsafe extern "system" fn(
    process: *mut c_void,
    security: *const c_void,
    stack: usize,
    start: Start,
    argument: *mut c_void,
    flags: u32,
    attributes: *const c_void,
    thread: *mut u32,
) -> *mut c_void;

/// The displaced instructions of `CreateRemoteThreadEx`, behind the detour; set before the hook is.
static TRAMPOLINE: AtomicUsize = AtomicUsize::new(0);

/// Hooks `CreateRemoteThreadEx`, once.
pub fn ensure() -> Result<(), Cause> {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.load(SeqCst) {
        return Ok(());
    }
    let name = c"CreateRemoteThreadEx";
    let target = api::function(c"kernelbase.dll", name).or_else(|| api::function(c"kernel32.dll", name));
    let missing = || Cause::NotCode { found: "kernelbase.dll has no CreateRemoteThreadEx".into() };
    let body = Body::unbounded(target.ok_or_else(missing)?);
    let (map, group) = (text::map(&[body])?, Group::new());
    let through = |trampoline| {
        TRAMPOLINE.store(trampoline, SeqCst);
        create as *const () as usize
    };
    TEXT.hold().hook(map.as_ref(), body, group, Some(&through))?;
    DONE.store(true, SeqCst);
    Ok(())
}

/// Where calls of `CreateRemoteThreadEx` go that no test replaces. Takes no lock, and waits for nobody.
unsafe extern "system" fn create(
    process: *mut c_void,
    security: *const c_void,
    stack: usize,
    start: Start,
    argument: *mut c_void,
    flags: u32,
    attributes: *const c_void,
    thread: *mut u32,
) -> *mut c_void {
    // SAFETY: TRAMPOLINE is that of `CreateRemoteThreadEx`, set before this function could be reached.
    let original = unsafe { std::mem::transmute::<usize, Create>(TRAMPOLINE.load(SeqCst)) };
    let own = process == api::THIS_PROCESS;
    let Some(handoff) = own.then(|| prepare(Routine { start, argument })).flatten() else {
        // SAFETY: the caller's arguments, passed on.
        return unsafe { original(process, security, stack, start, argument, flags, attributes, thread) };
    };
    let handed = std::ptr::from_ref(handoff).cast_mut().cast();
    // SAFETY: the caller's arguments, but for a start routine of the same type and what it takes.
    let created = unsafe { original(process, security, stack, begin, handed, flags, attributes, thread) };
    if created.is_null() {
        give_up(handoff);
    }
    created
}
