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

extern "C-unwind" fn identity(x: u64) -> u64 {
    x
}

/// What a function is called with: some count down to 0 first, one calls its argument.
fn argument(prologue: &Prologue, x: u64) -> u64 {
    match prologue.name {
        "call that returns into the jump" => identity as *const () as u64,
        name if name.contains("loop") => x + 1,
        _ => x,
    }
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
                let x = argument(prologue, x);
                assert_eq!(call(prologue.function, x), x + 1_000_000, "{}: patched", prologue.name);
                assert_eq!(call(original, x), (prologue.model)(x), "{}: original", prologue.name);
            }
            drop(guard);
            for x in [1, 5, 300] {
                let x = argument(prologue, x);
                assert_eq!(call(prologue.function, x), (prologue.model)(x), "{}: afterwards", prologue.name);
            }
        }
        (Err(error), Fate::Refused(why)) => {
            assert!(error.to_string().contains(why), "{}: {error}", prologue.name);
        }
        // The far form covers more bytes, and its trampoline reaches less: more is refused, nothing goes wrong.
        (Err(error), Fate::Works) if far() => {
            assert!(matches!(error.cause(), monkey::Cause::Instructions(_)));
        }
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
    if prologue.name != "ret without padding" {
        let x = argument(&prologue, 5);
        assert_eq!(call(prologue.function, x), (prologue.model)(x), "the model is wrong");
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
    if child::case().is_none() {
        // On AArch64 no function that returns begins with a call, so it is the far form that displaces one.
        let forms: &[&str] = if cfg!(target_arch = "aarch64") { &["near", "far"] } else { &["near"] };
        for form in forms {
            let mut command = child::command("a_displaced_call_unwinds_and_is_seen_by_backtraces", form);
            let output = command.env("MONKEY_JUMP", form).output().unwrap();
            assert!(child::passed(&output), "{form}: {}", child::describe(output.status, &output));
        }
        return;
    }
    for prologue in prologues::all() {
        if !matches!(prologue.name, "call" | "call through memory" | "bl" | "bl behind paciasp" | "blr") {
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

/// Pages on which indirect branches have to end at landing pads.
#[cfg(target_arch = "aarch64")]
mod guarded {
    use super::*;
    use std::arch::global_asm;

    /// The same number in all Linux kernels; `libc` does not have it.
    const PROT_BTI: libc::c_int = 0x10;

    global_asm!(
        ".pushsection .text.guarded, \"ax\"",
        ".balign 0x10000",
        "guarded_bti: hint #34", // bti c
        "    add x0, x0, #8",
        "    ret",
        ".balign 32",
        "guarded_paciasp: hint #25",
        "    stp x29, x30, [sp, #-16]!",
        "    add x0, x0, #9",
        "    ldp x29, x30, [sp], #16",
        "    hint #29", // autiasp
        "    ret",
        ".balign 32",
        "guarded_without: add x0, x0, #10",
        "    ret",
        ".balign 0x10000",
        ".popsection",
    );

    unsafe extern "C-unwind" {
        safe fn guarded_bti(x: u64) -> u64;
        safe fn guarded_paciasp(x: u64) -> u64;
        safe fn guarded_without(x: u64) -> u64;
    }

    fn protect() {
        let (page, protection) =
            (guarded_bti as *const () as usize, libc::PROT_READ | libc::PROT_EXEC | PROT_BTI);
        // SAFETY: the page is code, and stays it; what stands on it begins with landing pads, or is not called but for
        // the trap.
        assert_eq!(unsafe { libc::mprotect(page as *mut libc::c_void, 0x10000, protection) }, 0);
    }

    #[test]
    fn landing_pads_stay_in_front_of_hook_and_original() {
        const TEST: &str = "guarded::landing_pads_stay_in_front_of_hook_and_original";
        let cases: [(&str, Function, u64); 2] = [("bti", guarded_bti, 8), ("paciasp", guarded_paciasp, 9)];
        let Some(case) = child::case() else {
            for (case, form) in [("bti", "near"), ("bti", "far"), ("paciasp", "near"), ("paciasp", "far")] {
                let output = child::command(TEST, case).env("MONKEY_JUMP", form).output().unwrap();
                assert!(
                    child::passed(&output),
                    "{case}, {form}: {}",
                    child::describe(output.status, &output)
                );
            }
            return;
        };
        let (_, function, more) = cases.into_iter().find(|(name, ..)| *name == case).unwrap();
        protect();
        for _ in 0..2 {
            assert_eq!(call(function, 1), 1 + more);
            // SAFETY: both have the type `Function`.
            let guard = unsafe { monkey::patch_at(function as *const (), replacement as *const ()) }.unwrap();
            // SAFETY: the way to a function of this type.
            let original = unsafe { std::mem::transmute::<*const (), Function>(guard.original()) };
            assert_eq!((call(function, 1), call(original, 1)), (1_000_001, 1 + more));
            drop(guard);
            protect();
        }
    }

    /// Otherwise the test above shows nothing.
    #[test]
    fn the_machine_minds() {
        if child::case().is_some() {
            protect();
            call(guarded_without, 1);
            return;
        }
        let output = child::run("guarded::the_machine_minds", "call");
        let said = child::describe(output.status, &output);
        if std::arch::is_aarch64_feature_detected!("bti") {
            assert!(!child::passed(&output), "{said}");
        } else {
            println!("skipped: this processor has no landing pads");
        }
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
