//! The two signal handlers of a redirection: the trap over a target's first byte, and the question to each thread.
//!
//! The handlers are assembly. A user may be patching any function that a compiled handler would call, down to
//! `memcpy`, and the trap would then stand in its own way.
use super::signal::{self, Layer, Manner, hand_on};
use crate::code::Redirect;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "aarch64")]
use aarch64 as arch;
#[cfg(target_arch = "x86_64")]
use x86_64 as arch;

use arch::{on_question, on_trap};

/// Stops a thread at a target's first byte.
const TRAP: libc::c_int = libc::SIGTRAP;
/// Asks a thread where it stands. Ignored by default, so a late one does no harm; the Go runtime uses it likewise.
pub const QUESTION: libc::c_int = libc::SIGURG;

/// The longest jump, in bytes: one entry of [`MOVES`] for each offset.
const LONGEST: usize = 16;

/// The target that is being redirected, or 0.
static TARGET: AtomicUsize = AtomicUsize::new(0);
/// Where a thread goes on that stands at an offset of the target; 0: it stays.
static MOVES: [AtomicUsize; LONGEST] = [const { AtomicUsize::new(0) }; LONGEST];
/// Who is asked, and who answered last.
static ASKED: AtomicI32 = AtomicI32::new(0);
static ANSWERED: AtomicI32 = AtomicI32::new(0);
/// The stack pointer of who answered last, of what the question interrupted.
static ANSWERED_FROM: AtomicUsize = AtomicUsize::new(0);

/// How often each handler is there; see [`super::signal`].
const LAYERS: usize = 8;
static TRAP_LAYERS: [Layer; LAYERS] = [const { Layer::new() }; LAYERS];
static QUESTION_LAYERS: [Layer; LAYERS] = [const { Layer::new() }; LAYERS];

/// Makes both handlers ready; again if somebody put another one in their place.
pub fn install() {
    static TRAP_USED: AtomicUsize = AtomicUsize::new(0);
    static QUESTION_USED: AtomicUsize = AtomicUsize::new(0);
    macro_rules! layers {
        ($entry:ident, $layers:ident, [$($index:literal)*]) => {
            [$(($entry::<{ $index * size_of::<Layer>() }> as *const () as usize, &$layers[$index])),*]
        };
    }
    let traps = layers!(on_trap, TRAP_LAYERS, [0 1 2 3 4 5 6 7]);
    let questions = layers!(on_question, QUESTION_LAYERS, [0 1 2 3 4 5 6 7]);
    // One frame at a time: an alternative stack has room for two, or for one where the registers are large.
    let manner = Manner { flags: libc::SA_NODEFER, flags_alone: libc::SA_ONSTACK, mask: signal::ALL };
    signal::install(TRAP, &traps, &TRAP_USED, manner);
    let flags_alone = libc::SA_ONSTACK | libc::SA_RESTART;
    signal::install(QUESTION, &questions, &QUESTION_USED, Manner { flags_alone, ..manner });
}

/// Says which target is about to get its trap.
pub fn publish(redirect: &Redirect<'_>) {
    TARGET.store(0, SeqCst);
    for place in &MOVES {
        place.store(0, SeqCst);
    }
    for (offset, address) in redirect.moves.iter().filter(|(offset, _)| *offset < LONGEST) {
        MOVES[*offset].store(*address, SeqCst);
    }
    TARGET.store(redirect.target, SeqCst);
}

/// Whether a trap's signal arrives at its handler: who traces the process may keep it. To be asked before a target is
/// published. Not asked on `AArch64`, where a tracer that keeps it would make the trap repeat itself.
#[cfg(target_arch = "x86_64")]
pub fn arrives() -> bool {
    let target = arch::probe as *const () as usize;
    let moves = [(0, arch::probe_arrived as *const () as usize)];
    publish(&Redirect { target, jump: &[], first: &[], moves: &moves });
    let arrived = arch::probe() == 1;
    withdraw();
    arrived
}

/// Says that the trap is gone.
pub fn withdraw() {
    ASKED.store(0, SeqCst);
    TARGET.store(0, SeqCst);
}

/// Asks a thread; false when there is none of that id any more.
pub fn ask(thread: i32) -> bool {
    ANSWERED.store(0, SeqCst);
    ASKED.store(thread, SeqCst);
    let process = std::process::id();
    // SAFETY: sends a signal that has our handler to a thread of this process, or to nobody.
    unsafe { libc::syscall(libc::SYS_tgkill, process, thread, QUESTION) == 0 }
}

/// Whether the thread that was asked has answered.
pub fn answered(thread: i32) -> bool {
    ANSWERED.load(SeqCst) == thread
}

/// The stack pointer that it had when it was asked.
pub fn answered_from() -> usize {
    ANSWERED_FROM.load(SeqCst)
}

/// While it lives, the calling thread does not block the trap: it may itself call what it is patching.
#[derive(Debug)]
pub struct Unblocked {
    before: libc::sigset_t,
}

impl Unblocked {
    pub fn begin() -> Self {
        // SAFETY: all zeros is a valid set of signals: the empty one.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        let mut before = set;
        // SAFETY: `set` is writable and the signal's number valid.
        unsafe { libc::sigaddset(&raw mut set, TRAP) };
        // SAFETY: both sets are valid; only this thread's mask changes, until the value is dropped.
        unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, &raw mut before) };
        Self { before }
    }
}

impl Drop for Unblocked {
    fn drop(&mut self) {
        // SAFETY: gives back the mask that the thread had.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut()) };
    }
}
