//! A target is hooked while a thread is in a signal handler that will return into the bytes which the jump overwrites.
#![cfg(target_arch = "x86_64")]
use monkey_tests::child;
use std::arch::naked_asm;
use std::ffi::{c_int, c_void};
use std::hint;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use std::{ptr, thread};

/// The second of the displaced instructions faults as long as the argument points to a page that cannot be read.
#[unsafe(naked)]
unsafe extern "C" fn reads(_: *const u64) -> u64 {
    naked_asm!(".p2align 6", "push rbx", "mov rax, [rdi]", "pop rbx", "nop", "nop", "ret",)
}

unsafe extern "C" fn replacement(_: *const u64) -> u64 {
    7
}

static PAGE: AtomicUsize = AtomicUsize::new(0);
static INSIDE: AtomicBool = AtomicBool::new(false);
static GO: AtomicBool = AtomicBool::new(false);
static SLEEPS: AtomicBool = AtomicBool::new(false);

extern "C" fn on_fault(_: c_int) {
    INSIDE.store(true, SeqCst);
    while !GO.load(SeqCst) {
        if SLEEPS.load(SeqCst) {
            thread::sleep(Duration::from_millis(1));
        } else {
            hint::spin_loop();
        }
    }
    let page = PAGE.load(SeqCst) as *mut c_void;
    // SAFETY: the page is this test's own.
    unsafe { libc::mprotect(page, 4096, libc::PROT_READ) };
}

fn install(alternative_stack: bool) {
    // SAFETY: all zeros is a valid sigaction.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_fault as *const () as usize;
    action.sa_flags = if alternative_stack { libc::SA_ONSTACK } else { 0 };
    // SAFETY: the handler does what a handler may.
    unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) };
}

fn run(case: &str) {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: new memory, anywhere.
    let page = unsafe { libc::mmap(ptr::null_mut(), 4096, libc::PROT_NONE, flags, -1, 0) };
    PAGE.store(page as usize, SeqCst);
    SLEEPS.store(case.contains("sleeps"), SeqCst);
    install(case.contains("alternative"));
    let thread = thread::spawn(|| {
        // SAFETY: a page that can be read when the handler has returned.
        unsafe { reads(PAGE.load(SeqCst) as *const u64) }
    });
    while !INSIDE.load(SeqCst) {
        thread::yield_now();
    }
    // SAFETY: both are of one type.
    let patch = || unsafe { monkey::patch_at(reads as *const (), replacement as *const ()) };
    let returns = case.contains("returns");
    if returns {
        thread::spawn(|| {
            thread::sleep(Duration::from_millis(100));
            GO.store(true, SeqCst);
        });
    }
    let patched = patch();
    if returns {
        let guard = patched.unwrap();
        assert!(GO.load(SeqCst), "the handler had not returned");
        drop(guard);
    } else {
        let error = patched.unwrap_err();
        assert!(matches!(error.cause(), monkey::Cause::ThreadInTheWay { .. }), "{error}");
        assert!(error.to_string().contains("signal handler"), "{error}");
        GO.store(true, SeqCst);
    }
    assert_eq!(thread.join().unwrap(), 0);
    let guard = patch().unwrap();
    // SAFETY: a page that can be read.
    assert_eq!(unsafe { reads(page.cast()) }, 7);
    drop(guard);
    // SAFETY: as above.
    assert_eq!(unsafe { reads(page.cast()) }, 0);
}

#[test]
fn a_thread_in_a_handler_is_waited_for() {
    const TEST: &str = "a_thread_in_a_handler_is_waited_for";
    if let Some(case) = child::case() {
        return run(&case);
    }
    let ways = ["sleeps", "spins", "sleeps on an alternative stack", "spins on an alternative stack"];
    let cases = ways.iter().flat_map(|how| ["and returns", "and stays"].map(|end| format!("{how} {end}")));
    // A jump of a single byte is in nobody's way.
    let run = |case: &str| child::command(TEST, case).env("MONKEY_JUMP", "near").output().unwrap();
    let children: Vec<_> = cases.map(|case| thread::spawn(move || (run(&case), case))).collect();
    for child in children {
        let (output, case) = child.join().unwrap();
        assert!(child::passed(&output), "{case}: {}", child::describe(output.status, &output));
    }
}
