//! Every prologue through hook, replacement, original (while patched, and afterwards).
use monkey_tests::prologues::{self, Fate, Function, Prologue};
use monkey_tests::{PANIC, child};
use std::backtrace::Backtrace;
use std::hint::black_box;
use std::panic;
use std::sync::Mutex;

extern "C-unwind" fn replacement(x: u64) -> u64 {
    x + 1_000_000
}

fn call(function: Function, x: u64) -> u64 {
    black_box(function)(x)
}

/// Whether this process uses the jump that reaches everywhere.
fn far() -> bool {
    std::env::var("MONKEY_JUMP").is_ok_and(|form| form == "far")
}

fn check(prologue: &Prologue) {
    // SAFETY: both have the type `Function`.
    let guard = unsafe { monkey::patch_at(prologue.function as *const (), replacement as *const ()) };
    match (guard, prologue.fate) {
        // The far form displaces more, among it loops that the near one would have cut.
        (Ok(guard), fate) if fate == Fate::Works || far() => {
            // SAFETY: the way to a function of this type.
            let original = unsafe { std::mem::transmute::<*const (), Function>(guard.original()) };
            for x in [0, 1, 5, 300] {
                let x = if prologue.name.starts_with("loop") { x + 1 } else { x };
                assert_eq!(call(prologue.function, x), x + 1_000_000, "{}: patched", prologue.name);
                assert_eq!(call(original, x), (prologue.model)(x), "{}: original", prologue.name);
            }
            drop(guard);
            for x in [1, 5, 300] {
                assert_eq!(call(prologue.function, x), (prologue.model)(x), "{}: afterwards", prologue.name);
            }
        }
        (Err(error), Fate::Refused(why)) => {
            assert!(error.to_string().contains(why), "{}: {error}", prologue.name);
        }
        // The far form covers more bytes, and its trampoline reaches less: more is refused, nothing goes wrong.
        (Err(error), Fate::Works) if far() => assert!(matches!(error.cause(), monkey::Cause::Instructions(_))),
        (result, fate) => panic!("{}: {result:?}, not {fate:?}", prologue.name),
    }
}

#[test]
fn each_works_or_is_refused() {
    const TEST: &str = "each_works_or_is_refused";
    let Some(case) = child::case() else {
        for prologue in prologues::all() {
            for form in ["near", "far"] {
                let mut command = child::command(TEST, prologue.name);
                let output = command.env("MONKEY_JUMP", form).output().unwrap();
                let said = child::describe(output.status, &output);
                assert!(child::passed(&output), "{} ({form}): {said}", prologue.name);
            }
        }
        return;
    };
    let prologue = prologues::all().into_iter().find(|prologue| prologue.name == case).unwrap();
    if !matches!(prologue.name, "call that returns into the jump" | "ret without padding") {
        assert_eq!(call(prologue.function, 5), (prologue.model)(5), "the model is wrong");
    }
    check(&prologue);
    // A second time: the hook is there already.
    check(&prologue);
}

#[test]
fn a_displaced_call_unwinds_and_is_seen_by_backtraces() {
    static SEEN: Mutex<String> = Mutex::new(String::new());
    #[inline(never)]
    fn the_caller(function: Function) -> u64 {
        call(function, PANIC) + 1
    }
    for prologue in prologues::all() {
        if !matches!(prologue.name, "call" | "call through memory" | "bl" | "blr") {
            continue;
        }
        // SAFETY: both have the type `Function`.
        let guard = unsafe { monkey::patch_at(prologue.function as *const (), replacement as *const ()) };
        let guard = guard.unwrap();
        // SAFETY: the way to a function of this type.
        let original = unsafe { std::mem::transmute::<*const (), Function>(guard.original()) };
        for (function, unpatched) in [(original, true), (prologue.function, false)] {
            panic::set_hook(Box::new(|_| *SEEN.lock().unwrap() = Backtrace::force_capture().to_string()));
            let result = panic::catch_unwind(|| the_caller(function));
            drop(panic::take_hook());
            if unpatched {
                result.unwrap_err();
                let seen = SEEN.lock().unwrap();
                assert!(seen.contains("the_caller"), "{}: {seen}", prologue.name);
            } else {
                assert_eq!(result.unwrap(), PANIC + 1_000_001);
            }
        }
        drop(guard);
        panic::catch_unwind(|| the_caller(prologue.function)).unwrap_err();
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_padded_return_can_be_replaced() {
    let function = prologues::padded_ret();
    // SAFETY: both have the type `Function`.
    let guard = unsafe { monkey::patch_at(function as *const (), replacement as *const ()) }.unwrap();
    assert_eq!(call(function, 3), 1_000_003);
    drop(guard);
    call(function, 3);
}
