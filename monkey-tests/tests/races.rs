//! Targets called in a tight loop while their first hook is made and their patch toggled.
//!
//! Each process hooks its target once, so each try is a process of its own. `MONKEY_RACES=1000` runs them all.
use monkey_tests::child;
use monkey_tests::prologues::{self, Function};
use std::env;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

const TEST: &str = "a_running_target_is_hooked_and_toggled";
const CALLERS: u64 = 3;

extern "C-unwind" fn replacement(x: u64) -> u64 {
    x + 1_000_000
}

#[inline(never)]
extern "C-unwind" fn plain_rust(x: u64) -> u64 {
    let doubled = black_box(x) * 2;
    doubled - black_box(x) + 9
}

fn target(case: &str) -> (Function, fn(u64) -> u64) {
    if case == "plain Rust" {
        return (plain_rust, |x| x + 9);
    }
    let prologue = prologues::all().into_iter().find(|prologue| prologue.name == case);
    prologue.map(|prologue| (prologue.function, prologue.model)).expect("a prologue of this name")
}

fn toggle(case: &str, toggles: usize) {
    static STOP: AtomicBool = AtomicBool::new(false);
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let (function, model) = target(case);
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            // Started before there is a scope: these see the original, always.
            thread::spawn(move || {
                let mut x = 1;
                while !STOP.load(Relaxed) {
                    x = x % 1000 + 1;
                    assert_eq!(black_box(function)(x), model(x));
                    CALLS.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    while CALLS.load(Relaxed) < 1000 {
        thread::yield_now();
    }
    for x in 1..=toggles as u64 {
        // SAFETY: both have the type `Function`.
        let guard = unsafe { monkey::patch_at(function as *const (), replacement as *const ()) }.unwrap();
        assert_eq!(black_box(function)(x), x + 1_000_000);
        drop(guard);
        assert_eq!(black_box(function)(x), model(x));
    }
    STOP.store(true, Relaxed);
    callers.into_iter().for_each(|caller| caller.join().unwrap());
}

#[test]
fn a_running_target_is_hooked_and_toggled() {
    let processes = env::var("MONKEY_RACES").map_or(10, |processes| processes.parse().unwrap());
    let toggles = env::var("MONKEY_TOGGLES").map_or(1_000, |toggles| toggles.parse().unwrap());
    if let Some(case) = child::case() {
        return toggle(&case, toggles);
    }
    let cases: &[&str] = if cfg!(target_arch = "x86_64") {
        &["one instruction of five bytes", "row of pushes", "frame pointer", "cache line boundary", "plain Rust"]
    } else {
        &["plain Rust"]
    };
    for case in cases {
        let failures = child::failures(TEST, case, processes);
        println!("{case}: {} of {processes} processes failed", failures.len());
        assert!(failures.is_empty(), "{case}: {} of {processes} failed: {}", failures.len(), failures[0]);
    }
}
