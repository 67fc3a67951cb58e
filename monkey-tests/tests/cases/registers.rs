//! Callers that see through a call keep values in registers that the callee leaves alone (gcc's `-fipa-ra`, and by
//! hand). A hook whose patch is gone changes none of them.
#![cfg(target_arch = "x86_64")]
use std::arch::naked_asm;
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::sync::Barrier;
use std::thread;

#[repr(C)]
struct State([usize; 6]);

#[cfg(target_env = "gnu")]
unsafe extern "C" {
    fn srandom_r(seed: c_uint, state: *mut State) -> c_int;
    fn random_r(state: *mut State, result: *mut i32) -> c_int;
    fn initstate_r(seed: c_uint, memory: *mut c_char, size: usize, state: *mut State) -> c_int;
    fn setstate_r(memory: *mut c_char, state: *mut State) -> c_int;
}

/// `initstate_r` and `setstate_r` of glibc keep values in `r11` over calls of their neighbours.
#[cfg(target_env = "gnu")]
fn numbers() -> Vec<i32> {
    let mut state = State([0; 6]);
    let [mut first, mut second] = [[0; 128], [0; 128]];
    let mut result = 0;
    // SAFETY: `state` is zeroed, as it has to be, and the memory lives as long as it is used.
    assert_eq!(unsafe { initstate_r(1, first.as_mut_ptr(), 128, &raw mut state) }, 0);
    // SAFETY: as above.
    assert_eq!(unsafe { initstate_r(2, second.as_mut_ptr(), 128, &raw mut state) }, 0);
    // SAFETY: `first` was initialised above.
    assert_eq!(unsafe { setstate_r(first.as_mut_ptr(), &raw mut state) }, 0);
    let mut next = || {
        // SAFETY: both are writable.
        unsafe { random_r(&raw mut state, &raw mut result) };
        result
    };
    (0..4).map(|_| next()).collect()
}

extern "C" fn never(_: c_uint, _: *mut c_void) -> c_int {
    0
}

fn hook_and_let_go(target: *const ()) {
    // SAFETY: the replacement is never called, for its guard goes at once.
    drop(unsafe { monkey::patch_at(target, never as *const ()) }.unwrap());
}

/// Touches `eax` alone.
#[unsafe(naked)]
extern "C" fn leaf() -> u32 {
    naked_asm!(".p2align 4", "mov eax, 1", "nop", "nop", "ret")
}

/// Calls `leaf` with a value in every register that a callee may change; the sum of what is left of them.
#[unsafe(naked)]
extern "C" fn keeps_everything() -> u64 {
    naked_asm!(
        "sub rsp, 8",
        "mov ecx, 1", "mov edx, 2", "mov esi, 4", "mov edi, 8", "mov r8d, 16", "mov r9d, 32", "mov r10d, 64",
        "mov r11d, 128", "mov eax, 256", "movd xmm0, eax", "mov eax, 512", "movd xmm15, eax",
        "call {leaf}",
        "mov eax, 0",
        "add rax, rcx", "add rax, rdx", "add rax, rsi", "add rax, rdi", "add rax, r8", "add rax, r9", "add rax, r10",
        "add rax, r11", "movd ecx, xmm0", "add rax, rcx", "movd ecx, xmm15", "add rax, rcx",
        "add rsp, 8", "ret",
        leaf = sym leaf,
    )
}

limited! {
    of_the_c_library in 20 s {
        let before = numbers();
        for target in [srandom_r as *const (), random_r as *const (), setstate_r as *const (), initstate_r as *const ()] {
            hook_and_let_go(target);
            assert_eq!(numbers(), before);
        }
    }

    every_one_that_a_callee_may_change in 20 s {
        assert_eq!(keeps_everything(), 1023);
        hook_and_let_go(leaf as *const ());
        assert_eq!(keeps_everything(), 1023, "after a hook");
        assert_eq!(while_replaced_elsewhere(keeps_everything), 1023, "while it is replaced for another scope");
    }
}

fn while_replaced_elsewhere(call: extern "C" fn() -> u64) -> u64 {
    let together = Barrier::new(2);
    thread::scope(|threads| {
        threads.spawn(|| {
            // SAFETY: both give a number.
            let _guard = unsafe { monkey::patch_at(leaf as *const (), never as *const ()) }.unwrap();
            together.wait();
            together.wait();
        });
        together.wait();
        let result = call();
        together.wait();
        result
    })
}
