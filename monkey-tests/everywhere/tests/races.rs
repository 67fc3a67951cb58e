//! Functions get their first hook while other threads run them.
//!
//! `EVERYWHERE_TOGGLES=10000` says how often each is patched and restored afterwards.
#![cfg(any(
    all(
        any(target_os = "linux", target_os = "macos"),
        any(target_arch = "x86_64", target_arch = "aarch64"),
        target_pointer_width = "64"
    ),
    all(windows, target_arch = "x86_64"),
))]
use everywhere::SUBJECTS;
use std::env;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

fn added(x: u64) -> u64 {
    black_box(x) + 1_000_000
}

#[test]
fn running_functions_are_hooked_and_toggled() {
    static STOP: AtomicBool = AtomicBool::new(false);
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let toggles = env::var("EVERYWHERE_TOGGLES").map_or(100, |toggles| toggles.parse().unwrap());
    let call_all = || {
        let mut x = 0;
        while !STOP.load(SeqCst) {
            x = (x + 1) % 1000;
            for (function, factor) in SUBJECTS {
                assert_eq!(black_box(function)(x), x * factor + 1);
            }
            CALLS.fetch_add(1, SeqCst);
        }
    };
    // Started before there is a scope: these see the originals, always.
    let callers: Vec<_> = (0..3).map(|_| thread::spawn(call_all)).collect();
    while CALLS.load(SeqCst) < 100 {
        thread::yield_now();
    }
    let replacement: fn(u64) -> u64 = added;
    for (function, factor) in SUBJECTS {
        for x in 0..toggles {
            // SAFETY: both have the type `fn(u64) -> u64`.
            let guard = unsafe { monkey::patch_at(*function as *const (), replacement as *const ()) };
            let guard = guard.unwrap();
            assert_eq!(black_box(function)(x), x + 1_000_000);
            drop(guard);
            assert_eq!(black_box(function)(x), x.wrapping_mul(*factor) + 1);
        }
    }
    STOP.store(true, SeqCst);
    for caller in callers {
        caller.join().unwrap();
    }
}
