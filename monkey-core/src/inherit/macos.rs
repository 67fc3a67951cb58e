//! Started threads come into their parent's scope: macOS.
//!
//! The C library tells of each thread that is created, on its parent, before it runs. No function is hooked for that. The
//! workers of dispatch queues are created by the kernel: they have no parent.
use crate::error::Cause;
use crate::fork;
use crate::lineage;
use crate::members::{self, Member};
use crate::recorder;
use crate::thread::{self, Handed};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// `pthread_introspection_hook_t`
type Hook = unsafe extern "C" fn(
    event: libc::c_uint,
    thread: libc::pthread_t,
    address: *mut libc::c_void,
    size: libc::size_t,
);

unsafe extern "C" {
    fn pthread_introspection_hook_install(hook: Hook) -> Option<Hook>;
}

/// `PTHREAD_INTROSPECTION_THREAD_CREATE`, `PTHREAD_INTROSPECTION_THREAD_START`
const CREATE: libc::c_uint = 1;
const START: libc::c_uint = 2;
/// `PTHREAD_INTROSPECTION_THREAD_TERMINATE`
const TERMINATE: libc::c_uint = 3;

/// The hook that was there before; 0 if none was.
static BELOW: AtomicUsize = AtomicUsize::new(0);

/// Installs the hook, once.
#[expect(clippy::unnecessary_wraps, reason = "as where a function is hooked")]
pub fn ensure() -> Result<(), Cause> {
    static DONE: AtomicBool = AtomicBool::new(false);
    if !DONE.swap(true, SeqCst) {
        fork::linked();
        // SAFETY: the hook has the type that the C library calls, and hands on to the one before it.
        let below = unsafe { pthread_introspection_hook_install(on_event) };
        BELOW.store(below.map_or(0, |below| below as usize), SeqCst);
    }
    Ok(())
}

unsafe extern "C" fn on_event(
    event: libc::c_uint,
    created: libc::pthread_t,
    address: *mut libc::c_void,
    size: libc::size_t,
) {
    let below = BELOW.load(SeqCst);
    if below != 0 {
        // SAFETY: the hook that the C library gave when ours was installed.
        let below = unsafe { std::mem::transmute::<usize, Hook>(below) };
        // SAFETY: these are our own arguments.
        unsafe { below(event, created, address, size) };
    }
    match event {
        CREATE => create(created),
        START => arrive(),
        TERMINATE => {
            let _bypass = thread::BypassAll::begin();
            recorder::note_end();
        }
        _ => {}
    }
}

/// On the parent. Outside any scope, and where the engine is at work, there is nothing to hand on.
fn create(created: libc::pthread_t) {
    let scope = thread::scope();
    // SAFETY: takes nothing, changes nothing.
    let own = unsafe { libc::pthread_self() };
    if created == own || scope == thread::NONE || thread::bypasses_all() {
        return;
    }
    let _bypass = thread::BypassAll::begin();
    let member = members::expect(scope).map_or(0, |member| std::ptr::from_ref(member) as usize);
    let handed = Handed { scope, lineage: lineage::of_next_child(), member };
    // SAFETY: the event says that this thread is being created.
    unsafe { thread::hand_to(created, handed) };
}

/// On the thread itself, before its routine.
fn arrive() {
    let _bypass = thread::BypassAll::begin();
    let Some(handed) = thread::handed() else { return };
    lineage::set(handed.lineage);
    // SAFETY: null, or the place that the parent took, which lives for ever.
    if let Some(member) = unsafe { (handed.member as *const Member).as_ref() } {
        member.arrive();
    }
}
