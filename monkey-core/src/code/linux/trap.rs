//! The two signal handlers of a redirection: the trap over a target's first byte, and the question to each thread.
//!
//! The handlers are assembly. A user may be patching any function that a compiled handler would call, down to
//! `memcpy`, and the trap would then stand in its own way.
use crate::code::Redirect;
use std::arch::naked_asm;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};

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

/// The handlers that were there before: an address, `SIG_DFL` or `SIG_IGN`.
static TRAP_BEFORE: AtomicUsize = AtomicUsize::new(0);
static QUESTION_BEFORE: AtomicUsize = AtomicUsize::new(0);

/// Makes both handlers ready; again if somebody put another one in their place.
pub fn install() {
    put(TRAP, on_trap as *const () as usize, &TRAP_BEFORE, 0);
    put(QUESTION, on_question as *const () as usize, &QUESTION_BEFORE, libc::SA_RESTART);
}

fn put(signal: libc::c_int, handler: usize, before: &AtomicUsize, flags: libc::c_int) {
    // SAFETY: all zeros is a valid sigaction: SIG_DFL, no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: asks only; `action` is writable.
    unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
    if action.sa_sigaction == handler {
        return;
    }
    before.store(action.sa_sigaction, SeqCst);
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER | flags;
    // One frame at a time: an alternative stack has room for two, or for one where the registers are large. Only the
    // trap stays open, for a handler before us that calls the target.
    // SAFETY: the set is writable.
    unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    // SAFETY: the set is writable and the signal's number valid.
    unsafe { libc::sigdelset(&raw mut action.sa_mask, TRAP) };
    // SAFETY: the handler has the three-argument form, and passes on what is not meant for it.
    unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
}

/// Says which target is about to get its trap.
pub fn publish(order: &Redirect<'_>) {
    TARGET.store(0, SeqCst);
    for place in &MOVES {
        place.store(0, SeqCst);
    }
    for (offset, address) in order.moves.iter().filter(|(offset, _)| *offset < LONGEST) {
        MOVES[*offset].store(*address, SeqCst);
    }
    TARGET.store(order.target, SeqCst);
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

/// Where the program counter lies in a `ucontext_t`, in bytes.
#[cfg(target_arch = "x86_64")]
const PROGRAM_COUNTER: usize = std::mem::offset_of!(libc::ucontext_t, uc_mcontext)
    + std::mem::offset_of!(libc::mcontext_t, gregs)
    + libc::REG_RIP as usize * 8;

/// The code of a SIGTRAP that comes from `int3`: `SI_KERNEL`, not a user's `kill`, not a single step.
#[cfg(target_arch = "x86_64")]
const FROM_INT3: i32 = 0x80;

/// SIGTRAP. At the target's trap: on to the stub. At a trap that has gone meanwhile: once more from there.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
extern "C" fn on_trap(signal: libc::c_int, information: *mut libc::siginfo_t, context: *mut libc::c_void) {
    naked_asm!(
        "cmp dword ptr [rsi + 8], {int3}",
        "jne 9f",
        "mov rcx, [rdx + {pc}]",
        "dec rcx",
        "cmp rcx, [rip + {target}]",
        "jne 2f",
        "mov rax, [rip + {moves}]",
        // Read between two looks at the target: the next redirection may have begun.
        "cmp rcx, [rip + {target}]",
        "jne 2f",
        "mov [rdx + {pc}], rax",
        "ret",
        "2:",
        "mov al, [rcx]",
        "cmp al, 0xCC",
        "je 9f",
        // CD 03 is the long form of int3, never ours.
        "cmp al, 0x03",
        "jne 3f",
        "cmp byte ptr [rcx - 1], 0xCD",
        "je 9f",
        "3:",
        "mov [rdx + {pc}], rcx",
        "ret",
        "9:",
        "mov rcx, [rip + {before}]",
        "jmp {pass_on}",
        int3 = const FROM_INT3,
        pc = const PROGRAM_COUNTER,
        target = sym TARGET,
        moves = sym MOVES,
        before = sym TRAP_BEFORE,
        pass_on = sym pass_on,
    )
}

/// SIGURG. Asked: out of the way if need be, and the answer. Not asked: as if we were not there.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
extern "C" fn on_question(
    signal: libc::c_int,
    information: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    naked_asm!(
        "mov eax, 186", // gettid
        "syscall",
        "cmp eax, [rip + {asked}]",
        "jne 9f",
        "mov rcx, [rdx + {pc}]",
        "sub rcx, [rip + {target}]",
        "cmp rcx, {longest}",
        "jae 3f",
        "lea r8, [rip + {moves}]",
        "mov r8, [r8 + rcx * 8]",
        "test r8, r8",
        "jz 3f",
        "mov [rdx + {pc}], r8",
        "3:",
        "mov [rip + {answered}], eax",
        "ret",
        "9:",
        "mov rcx, [rip + {before}]",
        "jmp {pass_on}",
        pc = const PROGRAM_COUNTER,
        longest = const LONGEST,
        asked = sym ASKED,
        answered = sym ANSWERED,
        target = sym TARGET,
        moves = sym MOVES,
        before = sym QUESTION_BEFORE,
        pass_on = sym pass_on,
    )
}

/// Where the program counter lies in a `ucontext_t`, in bytes.
#[cfg(target_arch = "aarch64")]
const PROGRAM_COUNTER: usize =
    std::mem::offset_of!(libc::ucontext_t, uc_mcontext) + std::mem::offset_of!(libc::mcontext_t, pc);

/// The code of a SIGTRAP that comes from `brk`: `TRAP_BRKPT`, not a user's `kill`, not a single step.
#[cfg(target_arch = "aarch64")]
const FROM_BRK: i32 = 1;

/// SIGTRAP. At the target's trap: on to the stub. At a trap that has gone meanwhile: once more from there.
///
/// Both handlers begin with `bti c`: where the program's own pages are guarded, the kernel enters them as a call does.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
extern "C" fn on_trap(signal: libc::c_int, information: *mut libc::siginfo_t, context: *mut libc::c_void) {
    naked_asm!(
        "hint #34", // bti c
        "ldr w3, [x1, #8]",
        "cmp w3, #{brk}",
        "b.ne 9f",
        // Unlike int3, brk leaves the address of itself.
        "ldr x3, [x2, #{pc}]",
        "adrp x4, {target}",
        "add x4, x4, :lo12:{target}",
        "ldar x5, [x4]",
        "cmp x3, x5",
        "b.ne 2f",
        "adrp x6, {moves}",
        "add x6, x6, :lo12:{moves}",
        "ldar x6, [x6]",
        // Read between two looks at the target: the next redirection may have begun.
        "ldar x5, [x4]",
        "cmp x3, x5",
        "b.ne 2f",
        "str x6, [x2, #{pc}]",
        "ret",
        "2:",
        // 11010100 001 imm16 00000     brk #imm16
        "ldr w4, [x3]",
        "lsr w4, w4, #21",
        "mov w5, #0x6A1",
        "cmp w4, w5",
        "b.eq 9f",
        "ret",
        "9:",
        "adrp x3, {before}",
        "ldr x3, [x3, :lo12:{before}]",
        "b {pass_on}",
        brk = const FROM_BRK,
        pc = const PROGRAM_COUNTER,
        target = sym TARGET,
        moves = sym MOVES,
        before = sym TRAP_BEFORE,
        pass_on = sym pass_on,
    )
}

/// SIGURG. Asked: out of the way if need be, and the answer. Not asked: as if we were not there.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
extern "C" fn on_question(
    signal: libc::c_int,
    information: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    naked_asm!(
        "hint #34", // bti c
        "mov x9, x0",
        "mov x8, #178", // gettid
        "svc #0",
        "mov x10, x0",
        "mov x0, x9",
        "adrp x4, {asked}",
        "add x4, x4, :lo12:{asked}",
        "ldar w4, [x4]",
        "cmp w10, w4",
        "b.ne 9f",
        "ldr x3, [x2, #{pc}]",
        "adrp x4, {target}",
        "ldr x4, [x4, :lo12:{target}]",
        "sub x3, x3, x4",
        "cmp x3, #{longest}",
        "b.hs 3f",
        "adrp x4, {moves}",
        "add x4, x4, :lo12:{moves}",
        "ldr x4, [x4, x3, lsl #3]",
        "cbz x4, 3f",
        "str x4, [x2, #{pc}]",
        "3:",
        "adrp x4, {answered}",
        "add x4, x4, :lo12:{answered}",
        "stlr w10, [x4]",
        "ret",
        "9:",
        "adrp x3, {before}",
        "ldr x3, [x3, :lo12:{before}]",
        "b {pass_on}",
        pc = const PROGRAM_COUNTER,
        longest = const LONGEST,
        asked = sym ASKED,
        answered = sym ANSWERED,
        target = sym TARGET,
        moves = sym MOVES,
        before = sym QUESTION_BEFORE,
        pass_on = sym pass_on,
    )
}

/// A signal that was not ours goes to the handler before us, or has its default effect.
unsafe extern "C" fn pass_on(
    signal: libc::c_int,
    information: *mut libc::siginfo_t,
    context: *mut libc::c_void,
    before: usize,
) {
    match before {
        libc::SIG_IGN => {}
        libc::SIG_DFL if signal == QUESTION => {}
        libc::SIG_DFL => {
            // SAFETY: puts the default action back; the signal, sent again, then ends the process as it would have.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
            // SAFETY: sends this thread the signal that it is handling.
            unsafe { libc::raise(signal) };
        }
        handler => {
            type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
            // SAFETY: the system gave this address as the signal's handler; one that takes the number only ignores
            // the two registers behind it.
            let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
            handler(signal, information, context);
        }
    }
}
