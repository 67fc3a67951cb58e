//! What callers find after a call of a hooked function that went to the original, and what those who come between leave.
#![cfg(target_os = "linux")]
use monkey_tests::child;
use std::ffi::{c_char, c_int, c_uint};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

#[monkey::patchable]
fn number() -> u64 {
    1
}

#[repr(C)]
struct Random([usize; 6]);

unsafe extern "C" {
    fn srandom_r(seed: c_uint, random: *mut Random) -> c_int;
    fn initstate_r(seed: c_uint, state: *mut c_char, bytes: usize, random: *mut Random) -> c_int;
    fn random_r(random: *mut Random, number: *mut i32) -> c_int;
}

extern "C" fn no_seed(_: c_uint, _: *mut Random) -> c_int {
    0
}

fn numbers() -> [i32; 4] {
    let (mut random, mut first, mut second) = (Random([0; 6]), [0; 128], [0; 128]);
    for (seed, state) in [(1, &mut first), (2, &mut second)] {
        // SAFETY: as random_r(3) asks, the data is zero at first, and the state lives as long as it.
        assert_eq!(unsafe { initstate_r(seed, state.as_mut_ptr(), state.len(), &raw mut random) }, 0);
    }
    std::array::from_fn(|_| {
        let mut number = 0;
        // SAFETY: initialised above.
        assert_eq!(unsafe { random_r(&raw mut random, &raw mut number) }, 0);
        number
    })
}

/// glibc's `initstate_r` sees through `srandom_r`, and keeps values over its call in registers that a callee may change.
#[test]
fn a_caller_that_sees_through_the_call() {
    child::alone("a_caller_that_sees_through_the_call", || {
        let before = numbers();
        // SAFETY: both have the same signature; nobody calls the target meanwhile.
        drop(unsafe { monkey::patch_at(srandom_r as *const (), no_seed as *const ()) }.unwrap());
        assert_eq!(numbers(), before);
        // Recorded, and then no more.
        let outside = monkey::Scope::current();
        // SAFETY: as above.
        let _guard = unsafe { monkey::patch_at(srandom_r as *const (), no_seed as *const ()) }.unwrap();
        outside.run(|| (0..10).for_each(|_| assert_eq!(numbers(), before)));
    });
}

static HANDLED: AtomicU64 = AtomicU64::new(0);

extern "C" fn handler(_: c_int) {
    // Its own, too.
    HANDLED.store(10 * number() + monkey::original!(number()), SeqCst);
}

#[monkey::with(replace(number = || 3))]
fn interrupted() {
    for _ in 0..3 {
        let bypass = monkey::__private::Original::begin(number as *const (), monkey::__private::stack());
        HANDLED.store(0, SeqCst);
        // SAFETY: the handler is the one below.
        assert_eq!(unsafe { libc::raise(libc::SIGUSR1) }, 0);
        assert_eq!(HANDLED.load(SeqCst), 31);
        assert_eq!((number(), number()), (1, 3));
        drop(bypass);
        assert_eq!(number(), 3);
    }
}

#[test]
fn a_signal_handler_leaves_the_bypass_to_who_asked_for_it() {
    child::alone("a_signal_handler_leaves_the_bypass_to_who_asked_for_it", || {
        let handler = handler as extern "C" fn(c_int) as libc::sighandler_t;
        // SAFETY: a handler of this type, which calls nothing that a handler must not.
        assert_ne!(unsafe { libc::signal(libc::SIGUSR1, handler) }, libc::SIG_ERR);
        interrupted();
    });
}

/// Some of them are passed on the stack.
#[monkey::patchable]
#[expect(clippy::too_many_arguments, reason = "that is the point")]
#[expect(clippy::many_single_char_names, reason = "arguments, and no more to say of them")]
fn many(a: [u64; 3], b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64, i: u64, j: u64, k: u64) -> u64 {
    a.iter().sum::<u64>() + b + c + d + e + f + g + h + i + j + k
}

#[monkey::test(replace(many = |_, _, _, _, _, _, _, _, _, _, _| 0))]
fn the_original_with_arguments_on_the_stack() {
    assert_eq!(many([1; 3], 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 0);
    assert_eq!(monkey::original!(many([1; 3], 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)), 13);
    assert_eq!(many([1; 3], 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 0);
}
