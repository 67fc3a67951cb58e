//! Started threads come into their parent's scope.
//!
//! `pthread_create` is hooked like any target, for good, with a detour on the way to the original. That finds every
//! thread that std, thread pools, async runtimes and C code start, in statically linked programs and with two versions
//! of this crate in one program too, which a symbol of that name in the program would not.
use crate::error::Cause;
use crate::hook::{self, Bounds, Hooks};
use crate::lock;
use crate::thread;
use std::hint;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::SeqCst};

type Start = extern "C-unwind" fn(*mut libc::c_void) -> *mut libc::c_void;
type Create = unsafe extern "C" fn(
    *mut libc::pthread_t,
    *const libc::pthread_attr_t,
    Start,
    *mut libc::c_void,
) -> libc::c_int;

/// The group of `pthread_create`, whether a user patches it or not.
pub const GROUP: u64 = 1;

/// The displaced instructions of `pthread_create`, behind the detour; set before the hook is.
static TRAMPOLINE: AtomicUsize = AtomicUsize::new(0);

/// Hooks `pthread_create`, once.
pub fn ensure(hooks: &mut Hooks) -> Result<(), Cause> {
    let target = libc::pthread_create as *const () as usize;
    if hooks.get(target).is_some_and(|hook| hook.group == GROUP) {
        return Ok(());
    }
    let map = hook::map()?;
    let through = |trampoline| {
        TRAMPOLINE.store(trampoline, SeqCst);
        create as *const () as usize
    };
    hooks.make(&map, target, Bounds::default(), GROUP, Some(&through))
}

/// What a starting thread is handed. Not allocated: `malloc` may be what a test counts.
struct Handoff {
    taken: AtomicU64,
    start: AtomicUsize,
    argument: AtomicPtr<libc::c_void>,
    scope: AtomicU64,
}

static HANDOFFS: [Handoff; 64] = [const {
    Handoff {
        taken: AtomicU64::new(0),
        start: AtomicUsize::new(0),
        argument: AtomicPtr::new(ptr::null_mut()),
        scope: AtomicU64::new(0),
    }
}; 64];

impl Handoff {
    /// Waits for a free one: each is taken only until its thread runs.
    fn claim(start: Start, argument: *mut libc::c_void, scope: u64) -> &'static Self {
        loop {
            for handoff in &HANDOFFS {
                if handoff.taken.compare_exchange(0, 1, SeqCst, SeqCst).is_ok() {
                    handoff.start.store(start as usize, SeqCst);
                    handoff.argument.store(argument, SeqCst);
                    handoff.scope.store(scope, SeqCst);
                    return handoff;
                }
            }
            hint::spin_loop();
        }
    }
}

/// Where calls of `pthread_create` go that no test replaces.
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
    let scope = if outside { thread::NONE } else { lock::hold().share() };
    if scope == thread::NONE {
        // SAFETY: the caller's arguments, passed on.
        return unsafe { original(thread, attributes, start, argument) };
    }
    let handoff = Handoff::claim(start, argument, scope);
    let handed = ptr::from_ref(handoff).cast_mut().cast();
    // SAFETY: the caller's arguments, but for a start routine of the same type and what it takes.
    let result = unsafe { original(thread, attributes, begin, handed) };
    if result != 0 {
        handoff.taken.store(0, SeqCst);
    }
    result
}

/// Where a thread of a scope begins. `C-unwind`, and nothing to drop: `pthread_exit` unwinds through it.
extern "C-unwind" fn begin(handed: *mut libc::c_void) -> *mut libc::c_void {
    let handed: *const Handoff = handed.cast();
    // SAFETY: `create` passed one of the statics.
    let handoff = unsafe { &*handed };
    let (start, argument) = (handoff.start.load(SeqCst), handoff.argument.load(SeqCst));
    let scope = handoff.scope.load(SeqCst);
    handoff.taken.store(0, SeqCst);
    // SAFETY: the start routine that the caller of `pthread_create` gave.
    let start = unsafe { std::mem::transmute::<usize, Start>(start) };
    thread::set_scope(scope);
    start(argument)
}
