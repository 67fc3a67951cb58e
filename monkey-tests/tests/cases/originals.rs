//! `original!` asks no file and searches nothing: of a function that nobody hooked it is a call.
use std::hint::black_box;
use std::time::{Duration, Instant};

#[monkey::patchable]
fn wanted(x: u64) -> u64 {
    x
}

#[monkey::patchable]
fn another(x: u64) -> u64 {
    x
}

fn generic<T: Copy>(x: T) -> T {
    black_box(x)
}

/// The best of several tries, which others on this machine disturb least.
fn a_call(call: impl Fn(u64) -> u64) -> Duration {
    let one = || {
        let begun = Instant::now();
        (0..200).for_each(|x| assert_eq!(black_box(call(x)), x));
        begun.elapsed() / 200
    };
    (0..20).map(|_| one()).min().unwrap()
}

/// Without optimisation a call takes some hundred nanoseconds; a search took 84 microseconds.
fn quick(what: &str, call: impl Fn(u64) -> u64) {
    let limit = Duration::from_micros(if monkey_tests::child::emulated() { 40 } else { 4 });
    let time = a_call(call);
    assert!(time < limit, "{what}: {time:?} a call");
}

#[monkey::with]
fn all(what: &str) {
    quick(&format!("{what}, a function"), |x| monkey::original!(wanted(x)));
    quick(&format!("{what}, an instance"), |x| monkey::original!(generic(x)));
    quick(&format!("{what}, of C"), |x| {
        // SAFETY: it takes and gives numbers.
        let positive = unsafe { monkey::original!(libc::labs(x.cast_signed())) };
        positive.cast_unsigned()
    });
}

limited! {
    /// One process for all, since what is hooked stays hooked.
    of_what_is_not_hooked in 60 s {
        all("nothing is hooked");
        let guard = monkey::patch!(another = |x| x + 1);
        all("another is replaced");
        drop(guard);
        all("another was replaced");
        let guard = monkey::patch!(wanted = |x| x + 1);
        all("it is replaced");
        drop(guard);
        all("it was replaced");
    }
}
