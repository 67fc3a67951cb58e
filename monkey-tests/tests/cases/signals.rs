//! Signal handlers that call what is replaced, and ones that were there before the engine's.
#![allow(clippy::large_stack_arrays, reason = "what is tried is which stack they are on")]
use monkey_tests::child;
use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

static CALLS: AtomicU64 = AtomicU64::new(0);
static TWICE: AtomicU64 = AtomicU64::new(0);
static INSIDE: AtomicBool = AtomicBool::new(false);

#[monkey::patchable]
fn given(x: u64) -> u64 {
    x
}

#[monkey::patchable]
fn other() -> u64 {
    1
}

/// Counts how often a call of the original came back to the replacement. Zero is what the handlers call it with.
fn replacement(x: u64) -> u64 {
    CALLS.fetch_add(1, Relaxed);
    if x == 0 {
        return 7;
    }
    if INSIDE.swap(true, Relaxed) {
        TWICE.fetch_add(1, Relaxed);
    }
    let result = monkey::original!(given(x));
    INSIDE.store(false, Relaxed);
    result
}

static SEEN: AtomicU64 = AtomicU64::new(0);

extern "C" fn calls_the_replacement(_: c_int) {
    SEEN.fetch_add(u64::from(given(0) == 7), Relaxed);
}

/// The original too, and the replacement again behind it.
extern "C" fn calls_the_original(_: c_int) {
    static DEPTH: AtomicUsize = AtomicUsize::new(0);
    // Where it may interrupt itself, it need not do so until the stack is used up.
    if DEPTH.fetch_add(1, Relaxed) < 4 {
        let seen = monkey::original!(given(0)) == 0 && given(0) == 7 && monkey::original!(given(0)) == 0;
        SEEN.fetch_add(u64::from(seen), Relaxed);
    }
    DEPTH.fetch_sub(1, Relaxed);
}

extern "C" fn asks(_: c_int) {
    let original = monkey::original!(other());
    SEEN.fetch_add(u64::from(original == 1 && monkey::calls!(other) < usize::MAX), Relaxed);
}

fn on(signal: c_int, handler: *const (), flags: c_int) {
    // SAFETY: all zeros is a valid sigaction.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = flags;
    // SAFETY: the handlers of this file do what handlers may, with the engine's functions.
    assert_eq!(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) }, 0);
}

struct Stack(UnsafeCell<[u8; 64 << 10]>);
// SAFETY: the kernel alone writes to it.
unsafe impl Sync for Stack {}
static STACK: Stack = Stack(UnsafeCell::new([0; 64 << 10]));

fn alternative_stack() {
    let stack = libc::stack_t { ss_sp: STACK.0.get().cast(), ss_flags: 0, ss_size: 64 << 10 };
    // SAFETY: memory that lives as long as the process.
    assert_eq!(unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) }, 0);
}

/// Starts a timer whose signal comes to the calling thread: one for the process may come to any other.
fn interrupt_own_thread() -> libc::timer_t {
    // SAFETY: all zeros is a valid sigevent.
    let mut event: libc::sigevent = unsafe { mem::zeroed() };
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_signo = libc::SIGALRM;
    // SAFETY: takes nothing, changes nothing.
    event.sigev_notify_thread_id = unsafe { libc::gettid() };
    let mut timer = ptr::null_mut();
    // SAFETY: both are valid, the second one is writable.
    let made = unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) };
    assert_eq!(made, 0);
    let often = libc::timespec { tv_sec: 0, tv_nsec: if child::emulated() { 2_000_000 } else { 50_000 } };
    let often = libc::itimerspec { it_interval: often, it_value: often };
    // SAFETY: a timer, whose signal has a handler.
    assert_eq!(unsafe { libc::timer_settime(timer, 0, &raw const often, ptr::null_mut()) }, 0);
    timer
}

/// Does `work` for two seconds, interrupted all the time; how often, and how often the handler saw what it should.
fn interrupted(handler: extern "C" fn(c_int), flags: c_int, mut work: impl FnMut()) {
    on(libc::SIGALRM, handler as *const (), flags | libc::SA_RESTART);
    let timer = interrupt_own_thread();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        work();
    }
    // SAFETY: made above.
    assert_eq!(unsafe { libc::timer_delete(timer) }, 0);
    on(libc::SIGALRM, libc::SIG_IGN as *const (), 0);
    assert!(SEEN.load(Relaxed) > 100, "interrupted {} times", SEEN.load(Relaxed));
}

fn calls_of_the_original(handler: extern "C" fn(c_int), flags: c_int) {
    let _guard = monkey::patch!(given = replacement);
    let mut calls = 0;
    interrupted(handler, flags, || {
        calls += 1;
        assert_eq!(black_box(given(1)), 1);
    });
    assert_eq!(
        TWICE.load(Relaxed),
        0,
        "of {calls} calls by `original!` so many came back to the replacement"
    );
}

static WHERE: AtomicUsize = AtomicUsize::new(0);
static HANDLED: AtomicU64 = AtomicU64::new(0);

/// Needs more stack than an alternative one has.
extern "C" fn needs_stack(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    let big = [1_u8; 256 << 10];
    black_box(&big);
    WHERE.store(big.as_ptr() as usize, Relaxed);
    HANDLED.fetch_add(1, Relaxed);
}

const DEADLY: [c_int; 6] =
    [libc::SIGILL, libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGTRAP, libc::SIGABRT];

/// Each of the signals that the engine looks at comes to the program's own handler, on the thread's own stack.
fn all_are_handled() {
    for signal in DEADLY {
        let before = HANDLED.load(Relaxed);
        // SAFETY: it has a handler.
        assert_eq!(unsafe { libc::raise(signal) }, 0);
        assert_eq!(HANDLED.load(Relaxed), before + 1, "signal {signal}");
        let here = 0_u8;
        let distance = (&raw const here as usize).abs_diff(WHERE.load(Relaxed));
        assert!(distance < 2 << 20, "signal {signal} was handled on another stack, {distance} bytes away");
    }
}

fn own_handlers() {
    for signal in DEADLY {
        on(signal, needs_stack as *const (), libc::SA_SIGINFO);
    }
    all_are_handled();
}

limited! {
    a_handler_leaves_the_bypass_alone in 30 s {
        calls_of_the_original(calls_the_replacement, 0);
    }

    a_handler_has_a_bypass_of_its_own in 30 s {
        calls_of_the_original(calls_the_original, 0);
    }

    on_an_alternative_stack_as_well in 30 s {
        alternative_stack();
        calls_of_the_original(calls_the_original, libc::SA_ONSTACK);
    }

    a_handler_within_a_handler in 30 s {
        calls_of_the_original(calls_the_original, libc::SA_NODEFER);
    }

    /// The thread that it interrupts is in the engine most of the time.
    a_handler_asks_while_its_thread_patches in 30 s {
        let _guard = monkey::patch!(other = || 2);
        interrupted(asks, 0, || drop(monkey::patch!(given = |x| x + 1)));
    }

    /// As without monkey: it did not ask for the alternative stack, and gets the thread's.
    own_handlers_from_before_the_first_patch in 20 s {
        own_handlers();
        let _guard = monkey::patch!(other = || 2);
        all_are_handled();
    }

    own_handlers_from_between_patches in 20 s {
        drop(monkey::patch!(other = || 2));
        own_handlers();
        let _guard = monkey::patch!(other = || 2);
        all_are_handled();
    }

    own_handlers_on_a_started_thread in 20 s {
        own_handlers();
        let _guard = monkey::patch!(other = || 2);
        std::thread::spawn(all_are_handled).join().unwrap();
    }
}

#[cfg(target_arch = "x86_64")]
limited! {
    /// A handler that goes on behind the instruction, as emulators and just-in-time compilers have.
    a_handler_that_mends_its_program in 20 s {
        extern "C" fn skip(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
            let big = [1_u8; 64 << 10];
            black_box(&big);
            // SAFETY: the kernel's context of this signal.
            let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
            context.uc_mcontext.gregs[libc::REG_RIP as usize] += 2;
        }
        on(libc::SIGILL, skip as *const (), libc::SA_SIGINFO);
        // SAFETY: two bytes, which the handler skips.
        unsafe { std::arch::asm!("ud2") };
        let _guard = monkey::patch!(other = || 2);
        // SAFETY: as above.
        unsafe { std::arch::asm!("ud2") };
    }
}
