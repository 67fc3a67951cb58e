//! Signal handlers of ours over those of the program, and handing on to them as the kernel would have.
//!
//! What the program sees of a handler of ours over one of its own, for a signal that is not meant for us:
//!
//! * the stack: that of its own flag `SA_ONSTACK`. Ours asks for the alternative stack only where the program's does,
//!   or where the program has no handler;
//! * what is blocked meanwhile: its own mask, and the signal itself unless `SA_NODEFER`;
//! * calls that go on or fail with `EINTR`: by its own `SA_RESTART`;
//! * `SA_RESETHAND`: its handler is called once, then the default action;
//! * `SIG_IGN`: nothing, but a fault ends the process, as the kernel does not let faults be ignored;
//! * `SIG_DFL`: the process ends of the signal, at the place where it came.
//!
//! A program may put a handler over ours that calls ours, as good handlers do. A second handler of ours above that one must
//! then not be the first one again: both would call each other for ever. So each of ours is there several times, as
//! [`Layer`]s with a record of their own of what lies below.
use super::system_call::system_call;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::SeqCst};

/// The kernel's signal sets have 64 bits.
const SET: usize = size_of::<u64>();

/// What a program does at a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Action {
    /// An address, `SIG_DFL` or `SIG_IGN`.
    handler: usize,
    flags: libc::c_int,
    /// What is blocked while the handler runs.
    mask: u64,
}

impl Action {
    const DEFAULT: Self = Self { handler: libc::SIG_DFL, flags: 0, mask: 0 };

    fn current(signal: libc::c_int) -> Self {
        // SAFETY: all zeros is a valid sigaction: SIG_DFL, no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: asks only; `action` is writable.
        unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
        Self::from_c(&action)
    }

    fn from_c(action: &libc::sigaction) -> Self {
        let mask = (&raw const action.sa_mask).cast();
        // SAFETY: the first 64 signals are the first 64 bits of the set, in every C library of Linux.
        let mask = unsafe { std::ptr::read_unaligned::<u64>(mask) };
        Self { handler: action.sa_sigaction, flags: action.sa_flags, mask }
    }

    /// Takes the place of the present action, which it gives back.
    fn take_over(self, signal: libc::c_int) -> Self {
        // SAFETY: all zeros is a valid sigaction.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        let mut before = action;
        (action.sa_sigaction, action.sa_flags) = (self.handler, self.flags);
        let mask = (&raw mut action.sa_mask).cast::<u64>();
        // SAFETY: as in `from_c`.
        unsafe { mask.write_unaligned(self.mask) };
        // SAFETY: the handler is one of ours, of the three-argument form, which hands on what is not meant for it.
        unsafe { libc::sigaction(signal, &raw const action, &raw mut before) };
        Self::from_c(&before)
    }

    fn is_handler(self) -> bool {
        !matches!(self.handler, libc::SIG_DFL | libc::SIG_IGN)
    }
}

/// How a handler of ours wants to be called, apart from what it keeps of the program's.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Flags that it has in any case.
    pub flags: libc::c_int,
    /// Flags that it has where the program has no handler.
    pub flags_alone: libc::c_int,
    /// What it blocks in any case.
    pub mask: u64,
}

impl Manner {
    /// The action of our `handler` over that of the program.
    fn over(self, handler: usize, below: Action) -> Action {
        let kept = libc::SA_ONSTACK | libc::SA_RESTART | libc::SA_NODEFER;
        let flags = if below.is_handler() { below.flags & kept } else { self.flags_alone };
        let mask = if self.mask == 0 { below.mask } else { self.mask };
        Action { handler, flags: flags | self.flags | libc::SA_SIGINFO, mask }
    }
}

/// The bit of a signal in a set.
pub const fn bit(signal: libc::c_int) -> u64 {
    1 << (signal - 1)
}

/// All that a handler of ours blocks which must not be interrupted: not the trap, for a handler of the program's that
/// calls what is being hooked, and not the two signals that the C library keeps for itself.
pub const ALL: u64 = !(bit(libc::SIGKILL) | bit(libc::SIGSTOP) | bit(libc::SIGTRAP) | bit(32) | bit(33));
/// Those of them that can be blocked everywhere: qemu-user keeps the last four for itself.
const BLOCKABLE: u64 = ALL & (bit(61) - 1);

/// What lies below one handler of ours: read in signal handlers, so without a lock.
#[derive(Debug)]
pub struct Layer {
    handler: AtomicUsize,
    flags: AtomicI32,
    mask: AtomicU64,
}

impl Layer {
    pub const fn new() -> Self {
        Self { handler: AtomicUsize::new(libc::SIG_DFL), flags: AtomicI32::new(0), mask: AtomicU64::new(0) }
    }

    fn set(&self, action: Action) {
        self.flags.store(action.flags, SeqCst);
        self.mask.store(action.mask, SeqCst);
        self.handler.store(action.handler, SeqCst);
    }

    fn get(&self) -> Action {
        Action {
            handler: self.handler.load(SeqCst),
            flags: self.flags.load(SeqCst),
            mask: self.mask.load(SeqCst),
        }
    }
}

/// One handler of ours as often as there are layers of it: the entry of each, with its record.
pub type Layers<const N: usize> = [(usize, &'static Layer); N];

/// Puts a handler of ours on top, unless it is there. Called by one thread at a time.
pub fn install<const N: usize>(signal: libc::c_int, layers: &Layers<N>, used: &AtomicUsize, manner: Manner) {
    let below = Action::current(signal);
    if layers.iter().any(|(entry, _)| *entry == below.handler) {
        return;
    }
    let known = used.load(SeqCst);
    // Somebody puts his handler back above ours, again and again: that one has its layer.
    let again = layers[..known].iter().position(|(_, layer)| layer.get().handler == below.handler);
    let index = again.unwrap_or(known).min(N - 1);
    let (entry, layer) = layers[index];
    layer.set(below);
    used.fetch_max(index + 1, SeqCst);
    let replaced = manner.over(entry, below).take_over(signal);
    if replaced != below {
        // Another thread has put one of its own there since we asked.
        layer.set(replaced);
        manner.over(entry, replaced).take_over(signal);
    }
}

/// Hands a signal that is not ours to the program's handler, or lets it have its default effect. What a handler of ours
/// does last.
///
/// # Safety
/// The three arguments are those of a signal handler that is running.
pub unsafe extern "C" fn hand_on(
    signal: libc::c_int,
    information: *mut libc::siginfo_t,
    context: *mut libc::c_void,
    layer: &Layer,
) {
    let below = layer.get();
    // SAFETY: the kernel passed a description, which lives as long as the handler runs.
    let code = unsafe { (*information).si_code };
    match below.handler {
        // A fault is never ignored: returning would repeat it.
        libc::SIG_IGN if code <= 0 || ignored_by_default(signal) => {}
        libc::SIG_DFL if ignored_by_default(signal) => {}
        libc::SIG_DFL | libc::SIG_IGN => end_of(signal),
        handler => {
            type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
            if below.flags & libc::SA_RESETHAND != 0 {
                layer.set(Action::DEFAULT);
            }
            // SAFETY: the caller's.
            unsafe { block_as_the_kernel_would(signal, context, below) };
            // SAFETY: the system gave this address as the signal's handler; one that takes the number only ignores
            // the two registers behind it.
            let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
            handler(signal, information, context);
        }
    }
}

fn ignored_by_default(signal: libc::c_int) -> bool {
    matches!(signal, libc::SIGURG | libc::SIGCHLD | libc::SIGWINCH | libc::SIGCONT)
}

/// Where our handler has blocked everything: no more than the program's handler is used to. Our trap stays open: the
/// handler may call what is being hooked.
///
/// # Safety
/// `context` is that of a signal handler that is running.
unsafe fn block_as_the_kernel_would(signal: libc::c_int, context: *mut libc::c_void, below: Action) {
    let mut present = 0_u64;
    let block = libc::SIG_BLOCK as usize;
    // SAFETY: no new set; the kernel writes one of this size to `present`.
    unsafe { system_call(libc::SYS_rt_sigprocmask, [block, 0, &raw mut present as usize, SET]) };
    if present & BLOCKABLE != BLOCKABLE {
        // The kernel did it at our entry, or a handler above has called us and decides itself.
        return;
    }
    let interrupted = context.wrapping_byte_add(std::mem::offset_of!(libc::ucontext_t, uc_sigmask));
    // SAFETY: the caller's; the kernel saved a set of 64 bits there.
    let mut mask = unsafe { interrupted.cast::<u64>().read_unaligned() } | below.mask;
    if below.flags & libc::SA_NODEFER == 0 {
        mask |= bit(signal);
    }
    mask &= !bit(libc::SIGTRAP);
    let set = libc::SIG_SETMASK as usize;
    // SAFETY: the kernel reads a set of this size; the mask before our handler comes back when it returns.
    unsafe { system_call(libc::SYS_rt_sigprocmask, [set, &raw const mask as usize, 0, SET]) };
}

/// Ends the process of a signal, when the handler that calls this has returned at the latest: a fault repeats itself
/// there, and what somebody sent, or a trap that was passed, is sent again.
fn end_of(signal: libc::c_int) {
    /// `struct sigaction` of the kernel, larger than any: handler, flags, restorer, mask.
    const DEFAULT: [usize; 8] = [0; 8];
    let number = signal as usize;
    // SAFETY: the kernel reads an action of zeros: the default one.
    unsafe { system_call(libc::SYS_rt_sigaction, [number, DEFAULT.as_ptr() as usize, 0, SET]) };
    // SAFETY: asks for a number.
    let process = unsafe { system_call(libc::SYS_getpid, [0; 4]) };
    // SAFETY: as above.
    let thread = unsafe { system_call(libc::SYS_gettid, [0; 4]) };
    // SAFETY: sends this thread the signal that it is handling.
    unsafe { system_call(libc::SYS_tgkill, [process as usize, thread as usize, number, 0]) };
}
