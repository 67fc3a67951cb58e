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
const CALLERS: u64 = 4;
const REFUSED: &str = "refused: ";

/// The kinds of target, and the form of the jump there; `byte` is what is found where nobody says which.
#[cfg(target_arch = "x86_64")]
fn cases() -> Vec<(&'static str, &'static str)> {
    vec![
        ("one instruction of five bytes", "near"),
        ("row of pushes", "near"),
        ("frame pointer", "near"),
        ("cache line boundary", "near"),
        ("short body", "near"),
        ("short loop to byte 2", "near"),
        ("loop to byte 2", "near"),
        ("plain Rust", "near"),
        ("row of pushes", "byte"),
        ("frame pointer", "byte"),
        ("cache line boundary", "byte"),
        ("plain Rust", "byte"),
    ]
}

/// Every prologue. Near, any first instruction is as good as any other: it is one store. Far, there are instructions to
/// stand between, and what cannot be displaced is found out by trying.
#[cfg(target_arch = "aarch64")]
fn cases() -> Vec<(&'static str, &'static str)> {
    let all = prologues::all().into_iter();
    let near = all.clone().filter(|prologue| prologue.fate == prologues::Fate::Works);
    let near = near.map(|prologue| (prologue.name, "near")).chain([("plain Rust", "near")]);
    near.chain(all.map(|prologue| (prologue.name, "far"))).chain([("plain Rust", "far")]).collect()
}

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
    let refused = patch_and_restore(function, model, toggles);
    STOP.store(true, Relaxed);
    for caller in callers {
        caller.join().unwrap();
    }
    if let Some(error) = refused {
        let far = env::var("MONKEY_JUMP").is_ok_and(|form| form == "far");
        assert!(far && matches!(error.cause(), monkey::Cause::Instructions(_)), "{error}");
        println!("{REFUSED}{error}");
    }
}

/// The error of the first patch, if that is refused.
fn patch_and_restore(
    function: Function,
    model: fn(u64) -> u64,
    toggles: usize,
) -> Option<monkey::PatchError> {
    for x in 1..=toggles as u64 {
        // SAFETY: both have the type `Function`.
        let guard = unsafe { monkey::patch_at(function as *const (), replacement as *const ()) };
        let guard = match guard {
            Err(error) if x == 1 => return Some(error),
            guard => guard.unwrap(),
        };
        assert_eq!(black_box(function)(x), x + 1_000_000);
        drop(guard);
        assert_eq!(black_box(function)(x), model(x));
    }
    None
}

#[test]
fn a_running_target_is_hooked_and_toggled() {
    // Under an emulator both take their time, and there are more cases: say `MONKEY_RACES=20 MONKEY_TOGGLES=1000`.
    let (processes, toggles) = if child::emulated() { (1, 100) } else { (10, 1_000) };
    let processes = env::var("MONKEY_RACES").map_or(processes, |processes| processes.parse().unwrap());
    let toggles = env::var("MONKEY_TOGGLES").map_or(toggles, |toggles| toggles.parse().unwrap());
    if let Some(case) = child::case() {
        return toggle(&case, toggles);
    }
    for (case, form) in cases() {
        let children = (0..processes).map(|_| {
            let output = child::command(TEST, case).env("MONKEY_JUMP", form).output().unwrap();
            (child::passed(&output), child::describe(output.status, &output))
        });
        let (passed, failures): (Vec<_>, Vec<_>) = children.partition(|(passed, _)| *passed);
        let refused = passed.iter().filter(|(_, said)| said.contains(REFUSED)).count();
        println!("{case} ({form}): {} of {processes} processes failed, {refused} refused", failures.len());
        assert!(failures.is_empty(), "{case}: {} of {processes} failed: {}", failures.len(), failures[0].1);
    }
}
