//! The two signal handlers on `AArch64`.
use super::{ANSWERED, ANSWERED_FROM, ASKED, LONGEST, MOVES, QUESTION_LAYERS, TARGET, TRAP_LAYERS, hand_on};
use std::arch::naked_asm;

/// Where the registers lie in a `ucontext_t`, in bytes.
const PROGRAM_COUNTER: usize =
    std::mem::offset_of!(libc::ucontext_t, uc_mcontext) + std::mem::offset_of!(libc::mcontext_t, pc);

const STACK_POINTER: usize =
    std::mem::offset_of!(libc::ucontext_t, uc_mcontext) + std::mem::offset_of!(libc::mcontext_t, sp);

/// The code of a SIGTRAP that comes from `brk`: `TRAP_BRKPT`, not a user's `kill`, not a single step.
const FROM_BRK: i32 = 1;

/// SIGTRAP. At the target's trap: on to the stub. At a trap that has gone meanwhile: once more from there.
///
/// Both handlers begin with `bti c`: where the program's own pages are guarded, the kernel enters them as a call does.
#[unsafe(naked)]
pub extern "C" fn on_trap<const LAYER: usize>(
    signal: libc::c_int,
    information: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
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
        "adrp x3, {layers}",
        "add x3, x3, :lo12:{layers}",
        "add x3, x3, #{layer}",
        "b {hand_on}",
        brk = const FROM_BRK,
        pc = const PROGRAM_COUNTER,
        target = sym TARGET,
        moves = sym MOVES,
        layers = sym TRAP_LAYERS,
        layer = const LAYER,
        hand_on = sym hand_on,
    )
}

/// SIGURG. Asked: out of the way if need be, and the answer. Not asked: as if we were not there.
#[unsafe(naked)]
pub extern "C" fn on_question<const LAYER: usize>(
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
        "ldr x3, [x2, #{sp}]",
        "adrp x4, {from}",
        "str x3, [x4, :lo12:{from}]",
        "adrp x4, {answered}",
        "add x4, x4, :lo12:{answered}",
        "stlr w10, [x4]",
        "ret",
        "9:",
        "adrp x3, {layers}",
        "add x3, x3, :lo12:{layers}",
        "add x3, x3, #{layer}",
        "b {hand_on}",
        pc = const PROGRAM_COUNTER,
        sp = const STACK_POINTER,
        from = sym ANSWERED_FROM,
        longest = const LONGEST,
        asked = sym ASKED,
        answered = sym ANSWERED,
        target = sym TARGET,
        moves = sym MOVES,
        layers = sym QUESTION_LAYERS,
        layer = const LAYER,
        hand_on = sym hand_on,
    )
}
