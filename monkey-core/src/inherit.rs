//! Started threads come into their parent's scope.
//!
//! `pthread_create` is hooked like any target, for good, with a detour on the way to the original. That finds every
//! thread that std, thread pools, async runtimes and C code start, in statically linked programs and with two versions
//! of this crate in one program too, which a symbol of that name in the program would not.
use crate::error::Cause;
use crate::fork;
use crate::group::Group;
use crate::handoff::{self, Handoff, Origin, Routine, Start};
use crate::lineage;
use crate::members::{self, Member};
use crate::recorder;
use crate::text::{self, Body, TEXT};
use crate::thread;
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
    let (map, group) = (text::map(&[body])?, Group::new());
    let through = |trampoline| {
        TRAMPOLINE.store(trampoline, SeqCst);
        create as *const () as usize
    };
    TEXT.hold().hook(map.as_ref(), body, group, Some(&through))?;
    DONE.store(true, SeqCst);
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
    // Outside any scope, and where the engine is at work, there is nothing to hand on.
    let outside = thread::scope() == thread::NONE || thread::is_quiet();
    let handoff = if outside { None } else { hand_off(Routine { start, argument }) };
    let Some(handoff) = handoff else {
        // SAFETY: the caller's arguments, passed on.
        return unsafe { original(thread, attributes, start, argument) };
    };
    let handed = std::ptr::from_ref(handoff).cast_mut().cast();
    // SAFETY: the caller's arguments, but for a start routine of the same type and what it takes.
    let result = unsafe { original(thread, attributes, begin, handed) };
    if result != 0 {
        handoff.origin().member.inspect(|member| member.give_back());
        handoff.give_back();
    }
    result
}

fn hand_off(routine: Routine) -> Option<&'static Handoff> {
    let _quiet = thread::Quiet::begin();
    let scope = thread::scope();
    handoff::take(
        routine,
        Origin { scope, lineage: lineage::of_next_child(), member: members::expect(scope) },
    )
}

/// The calling thread becomes what its parent has handed it.
fn arrive(handoff: &Handoff) {
    let _quiet = thread::Quiet::begin();
    let origin = handoff.origin();
    handoff.give_back();
    thread::set_scope(origin.scope);
    lineage::set(origin.lineage);
    origin.member.inspect(|member| Member::arrive(member));
}

/// Where a thread of a scope begins. `C-unwind`, and nothing to drop around its start routine: `pthread_exit` unwinds through it.
extern "C-unwind" fn begin(handed: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: `create` passed one that lives for ever.
    let handoff = unsafe { &*handed.cast::<Handoff>() };
    let Routine { start, argument } = handoff.routine();
    arrive(handoff);
    let result = start(argument);
    let _quiet = thread::Quiet::begin();
    recorder::note_end();
    result
}
