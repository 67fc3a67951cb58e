//! Functions whose first instructions are hard to move: replaced, called by their trampolines, and hooked while they run.
//!
//! `EVERYWHERE_RACES=100` says in how many processes they are hooked while they run, by each form of the jump, and
//! `EVERYWHERE_TOGGLES=1000` how often each is patched and restored there.
#![cfg(all(target_arch = "x86_64", any(target_os = "linux", windows)))]

#[allow(dead_code, unused_imports, reason = "the suite of the workspace uses all of it")]
#[path = "../../src/prologues.rs"]
mod prologues;

use prologues::{Fate, Function, Prologue};
use std::env;
use std::hint::black_box;
use std::panic::catch_unwind;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

/// Which jump the process makes, of the forms that there are.
const FORM: &str = "MONKEY_JUMP";
const FORMS: [&str; 3] = ["near", "byte", "far"];
const CALLERS: usize = 3;

#[cfg(not(windows))]
extern "C-unwind" fn replacement(x: u64) -> u64 {
    x + 1_000_000
}

#[cfg(windows)]
extern "sysv64-unwind" fn replacement(x: u64) -> u64 {
    x + 1_000_000
}

#[cfg(not(windows))]
extern "C-unwind" fn identity(x: u64) -> u64 {
    x
}

#[cfg(windows)]
extern "sysv64-unwind" fn identity(x: u64) -> u64 {
    x
}

fn number(name: &str, unless_told: u64) -> u64 {
    env::var(name).map_or(unless_told, |number| number.parse().unwrap())
}

/// Runs a test in processes of its own, each of which makes one form of the jump.
fn in_each_form(test: &str, processes: u64, body: fn()) {
    if env::var_os(FORM).is_some() {
        return body();
    }
    for form in FORMS.into_iter().flat_map(|form| (0..processes).map(move |_| form)) {
        let mut child = Command::new(env::current_exe().unwrap());
        let output = child.args([test, "--exact", "--nocapture"]).env(FORM, form).output().unwrap();
        let [said, also] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        let passed = output.status.success() && said.contains("1 passed");
        assert!(passed, "{form}: {}\n{said}\n{also}", output.status);
    }
}

fn is_far() -> bool {
    env::var(FORM).is_ok_and(|form| form == "far")
}

/// What a function is called with: some count down to 0 first, one calls its argument.
fn argument(prologue: &Prologue, x: u64) -> u64 {
    match prologue.name {
        "call that returns into the jump" => identity as *const () as u64,
        name if name.contains("loop") => x + 1,
        _ => x,
    }
}

fn patch(prologue: &Prologue) -> Result<monkey::PatchGuard, monkey::PatchError> {
    // SAFETY: both have the type `Function`.
    unsafe { monkey::patch_at(prologue.function as *const (), replacement as *const ()) }
}

/// The far form covers more bytes, and its trampoline reaches less: more is refused, or less, where loops go; nothing goes wrong.
fn check_refusal(prologue: &Prologue, error: &monkey::PatchError) {
    match prologue.fate {
        _ if is_far() => assert!(matches!(error.cause(), monkey::Cause::Instructions(_)), "{error}"),
        Fate::Refused(why) => assert!(error.to_string().contains(why), "{}: {error}", prologue.name),
        Fate::Works => panic!("{}: {error}", prologue.name),
    }
}

fn check(prologue: &Prologue) {
    let guard = match patch(prologue) {
        Ok(guard) => guard,
        Err(error) => return check_refusal(prologue, &error),
    };
    assert!(prologue.fate == Fate::Works || is_far(), "{} is patched", prologue.name);
    // SAFETY: the way to a function of this type.
    let original = unsafe { std::mem::transmute::<*const (), Function>(guard.original()) };
    for x in [0, 1, 5, 300].map(|x| argument(prologue, x)) {
        assert_eq!(black_box(prologue.function)(x), x + 1_000_000, "{}: patched", prologue.name);
        assert_eq!(black_box(original)(x), (prologue.model)(x), "{}: original", prologue.name);
    }
    drop(guard);
    for x in [1, 5, 300].map(|x| argument(prologue, x)) {
        assert_eq!(black_box(prologue.function)(x), (prologue.model)(x), "{}: afterwards", prologue.name);
    }
}

#[test]
fn each_works_or_is_refused() {
    in_each_form("each_works_or_is_refused", 1, || {
        for prologue in prologues::all() {
            check(&prologue);
            // The hook is there already.
            check(&prologue);
        }
    });
}

/// The first hook of one, and many patches, while threads that have no scope call it.
fn race(prologue: &Prologue, toggles: u64) {
    let (stop, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    let call = || {
        let mut x = 0;
        while !stop.load(SeqCst) {
            x = x % 200 + 1;
            let given = argument(prologue, x);
            let result = black_box(prologue.function)(given);
            // Not an assertion: whoever waits for the calls would wait for ever.
            if result != (prologue.model)(given) {
                return Err(format!("{}: {result} of {given}", prologue.name));
            }
            calls.fetch_add(1, SeqCst);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(call)).collect();
        while calls.load(SeqCst) < 100 && !callers.iter().any(thread::ScopedJoinHandle::is_finished) {
            thread::yield_now();
        }
        let toggled = (1..=toggles).try_for_each(|x| toggle(prologue, argument(prologue, x % 200 + 1)));
        stop.store(true, SeqCst);
        for caller in callers {
            caller.join().unwrap().unwrap();
        }
        if let Err(error) = toggled {
            check_refusal(prologue, &error);
        }
    });
}

fn toggle(prologue: &Prologue, x: u64) -> Result<(), monkey::PatchError> {
    let guard = patch(prologue)?;
    let replaced = black_box(prologue.function)(x);
    drop(guard);
    let restored = black_box(prologue.function)(x);
    assert_eq!((replaced, restored), (x + 1_000_000, (prologue.model)(x)), "{}", prologue.name);
    Ok(())
}

#[test]
fn running_ones_are_hooked_and_toggled() {
    let processes = number("EVERYWHERE_RACES", 1);
    in_each_form("running_ones_are_hooked_and_toggled", processes, || {
        // What cannot be called without its neighbour is no target.
        for prologue in prologues::all().iter().filter(|prologue| prologue.name != "ret without padding") {
            race(prologue, number("EVERYWHERE_TOGGLES", 100));
        }
    });
}

#[test]
fn a_displaced_call_unwinds() {
    in_each_form("a_displaced_call_unwinds", 1, || {
        let calls = ["call", "call through memory"];
        for prologue in prologues::all().into_iter().filter(|prologue| calls.contains(&prologue.name)) {
            let guard = match patch(&prologue) {
                Ok(guard) => guard,
                Err(error) => return check_refusal(&prologue, &error),
            };
            // SAFETY: the way to a function of this type.
            let original = unsafe { std::mem::transmute::<*const (), Function>(guard.original()) };
            catch_unwind(|| black_box(original)(prologues::PANIC)).unwrap_err();
            drop(guard);
            catch_unwind(|| black_box(prologue.function)(prologues::PANIC)).unwrap_err();
        }
    });
}
