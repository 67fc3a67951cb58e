//! The exception handler of a redirection: the trap over a target's first byte.
//!
//! It is assembly. A user may be patching any function that a compiled handler would call, and the trap would then stand in its
//! own way.
use super::api::{self, ExceptionPointers, ExceptionRecord};
use crate::code::Redirect;
use std::arch::naked_asm;
use std::mem::offset_of;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::SeqCst};

/// The target that is being redirected, or 0.
static TARGET: AtomicUsize = AtomicUsize::new(0);
/// Where a thread goes on that comes to it.
static STUB: AtomicUsize = AtomicUsize::new(0);

/// Makes the handler the first one.
pub fn install() {
    static INSTALLED: AtomicPtr<std::ffi::c_void> = AtomicPtr::new(ptr::null_mut());
    // SAFETY: the handler has the type that the system calls, and hands on what is not meant for it.
    let installed = unsafe { api::AddVectoredExceptionHandler(1, on_trap) };
    let before = INSTALLED.swap(installed, SeqCst);
    if !before.is_null() {
        // SAFETY: it was given by the call above, and is given back once.
        unsafe { api::RemoveVectoredExceptionHandler(before) };
    }
}

/// Says which target is about to get its trap.
pub fn publish(redirect: &Redirect<'_>) {
    TARGET.store(0, SeqCst);
    let stub = redirect.moves.iter().find(|(offset, _)| *offset == 0).map_or(0, |(_, stub)| *stub);
    STUB.store(stub, SeqCst);
    TARGET.store(redirect.target, SeqCst);
}

/// Says that the trap is gone.
pub fn withdraw() {
    TARGET.store(0, SeqCst);
}

/// `EXCEPTION_BREAKPOINT`.
const BREAKPOINT: u32 = 0x8000_0003;
/// Where `Rip` lies in a `CONTEXT` of x86-64, in bytes.
const PROGRAM_COUNTER: usize = 0xF8;

/// At the target's trap: on to the stub. At a trap that has gone meanwhile: once more from there. A breakpoint that somebody
/// raises by a call has no parameters, that of an instruction has one.
#[unsafe(naked)]
unsafe extern "system" fn on_trap(pointers: *const ExceptionPointers) -> i32 {
    naked_asm!(
        "mov rax, [rcx + {record}]",
        "cmp dword ptr [rax + {code}], {breakpoint}",
        "jne 9f",
        "cmp dword ptr [rax + {parameters}], 0",
        "je 9f",
        "mov rdx, [rax + {address}]",
        "mov rcx, [rcx + {context}]",
        "cmp rdx, [rip + {target}]",
        "jne 2f",
        "mov r8, [rip + {stub}]",
        // Read between two looks at the target: the next redirection may have begun.
        "cmp rdx, [rip + {target}]",
        "jne 2f",
        "mov [rcx + {pc}], r8",
        "mov eax, -1", // EXCEPTION_CONTINUE_EXECUTION
        "ret",
        "2:",
        "mov al, [rdx]",
        "cmp al, 0xCC",
        "je 9f",
        // CD 03 is the long form of int3, never ours.
        "cmp al, 0x03",
        "jne 3f",
        "cmp byte ptr [rdx - 1], 0xCD",
        "je 9f",
        "3:",
        "mov [rcx + {pc}], rdx",
        "mov eax, -1",
        "ret",
        "9:",
        "xor eax, eax", // EXCEPTION_CONTINUE_SEARCH
        "ret",
        record = const offset_of!(ExceptionPointers, record),
        context = const offset_of!(ExceptionPointers, context),
        code = const offset_of!(ExceptionRecord, code),
        address = const offset_of!(ExceptionRecord, address),
        parameters = const offset_of!(ExceptionRecord, parameters),
        breakpoint = const BREAKPOINT as i32,
        pc = const PROGRAM_COUNTER,
        target = sym TARGET,
        stub = sym STUB,
    )
}
