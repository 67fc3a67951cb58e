//! The two signal handlers on x86-64.
use super::{ANSWERED, ANSWERED_FROM, ASKED, LONGEST, MOVES, QUESTION_LAYERS, TARGET, TRAP_LAYERS, hand_on};
use std::arch::naked_asm;

/// Where the registers lie in a `ucontext_t`, in bytes.
const REGISTERS: usize =
    std::mem::offset_of!(libc::ucontext_t, uc_mcontext) + std::mem::offset_of!(libc::mcontext_t, gregs);
const PROGRAM_COUNTER: usize = REGISTERS + libc::REG_RIP as usize * 8;
const STACK_POINTER: usize = REGISTERS + libc::REG_RSP as usize * 8;

/// The code of a SIGTRAP that comes from `int3`: `SI_KERNEL`, not a user's `kill`, not a single step.
const FROM_INT3: i32 = 0x80;

/// SIGTRAP. At the target's trap: on to the stub. At a trap that has gone meanwhile: once more from there.
#[unsafe(naked)]
pub extern "C" fn on_trap<const LAYER: usize>(
    signal: libc::c_int,
    information: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
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
        "lea rcx, [rip + {layers} + {layer}]",
        "jmp {hand_on}",
        int3 = const FROM_INT3,
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
        "mov r8, [rdx + {sp}]",
        "mov [rip + {from}], r8",
        "mov [rip + {answered}], eax",
        "ret",
        "9:",
        "lea rcx, [rip + {layers} + {layer}]",
        "jmp {hand_on}",
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

/// A trap of its own, to see whether its signal arrives: 0 if the program goes on as if nothing had been.
#[unsafe(naked)]
pub extern "C" fn probe() -> u32 {
    // CC 31 C0 C3
    naked_asm!("int3", "xor eax, eax", "ret")
}

/// Where the trap's handler sends who runs into [`probe`].
#[unsafe(naked)]
pub extern "C" fn probe_arrived() -> u32 {
    naked_asm!("mov eax, 1", "ret")
}
