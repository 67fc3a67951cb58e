//! What debug information is needed for: lines, copies, calls that are not there.
//!
//! Where it is made: elsewhere these tests are run without.
#![cfg(all(
    target_arch = "x86_64",
    any(all(target_os = "linux", target_env = "gnu"), all(windows, target_env = "msvc"))
))]
use std::hint::black_box;

#[track_caller]
fn assert_said(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word} is not in:\n{said}");
    }
}

/// Optimised, calls are made from elsewhere.
#[cfg(debug_assertions)]
mod unoptimised {
    use super::assert_said;
    use std::hint::black_box;
    use std::panic::catch_unwind;

    /// What a function panics with.
    fn said(fails: fn()) -> String {
        let panic = catch_unwind(fails).expect_err("it does not fail");
        match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().expect("a text")).to_owned(),
        }
    }

    /// The line that has this text.
    fn line(text: &str) -> String {
        let source = include_str!("debug_information.rs");
        let line = source.lines().position(|line| line.contains(text)).unwrap() + 1;
        format!("debug_information.rs:{line}")
    }

    #[inline(never)]
    fn asks() -> u64 {
        everywhere::now() // the first call
    }

    #[monkey::with(replace(everywhere::now = || 1), expect(everywhere::now = 3))]
    fn called_twice() {
        assert_eq!(asks(), 1);
        assert_eq!(everywhere::now(), 1); // the second call
    }

    #[test]
    fn calls_are_told_with_their_lines() {
        let said = said(called_twice);
        let (first, second) = (line("// the first call"), line("// the second call"));
        assert_said(
            &said,
            &[
                "was called 2 times",
                "target: everywhere::now (",
                "lib.rs:17)",
                "debug_information::unoptimised::asks",
                &first,
                &second,
            ],
        );
    }

    #[monkey::with(replace(everywhere::always_inlined = |_| 7))]
    fn goes_past() {
        let known: fn(u32) -> u32 = black_box(everywhere::always_inlined);
        assert_eq!((known(1), everywhere::calls_always_inlined(1)), (7, 2));
    }

    #[test]
    fn a_call_that_was_inlined_is_told() {
        assert_said(&said(goes_past), &["but a call went past it", "everywhere::calls_always_inlined"]);
    }
}

#[monkey::test(replace(everywhere::digits = |_| 7))]
fn every_copy_is_replaced() {
    let own: fn(u32) -> u32 = black_box(everywhere::digits);
    assert_eq!((own(10), everywhere::calls_digits(10)), (7, 7));
}

/// Of one name and path.
fn twins() -> [fn(u32) -> u32; 2] {
    let one = {
        fn twin(x: u32) -> u32 {
            black_box(x) + 1
        }
        twin
    };
    let other = {
        fn twin(x: u32) -> u32 {
            black_box(x) + 2
        }
        twin
    };
    [one, other]
}

fn seven(_: u32) -> u32 {
    7
}

/// Or none is replaced, where nothing tells them apart.
#[test]
fn functions_of_one_path_are_told_apart() {
    let [one, other] = black_box(twins());
    // SAFETY: both take a number and give one.
    let patched = unsafe { monkey::patch_at(one as *const (), seven as *const ()) };
    let replaced = patched.is_ok();
    assert_eq!((one(1), other(1)), (if replaced { 7 } else { 2 }, 3));
    drop(patched);
    assert_eq!((one(1), other(1)), (2, 3));
}

#[inline(never)]
fn same_here(x: u32) -> u32 {
    black_box(x) ^ 0x1234
}

/// The compiler makes one body of equal ones of a crate where it optimises, and the linker of those of all.
#[test]
fn a_function_that_is_another_one_too_is_refused() {
    let here: fn(u32) -> u32 = black_box(same_here);
    let there: [fn(u32) -> u32; 2] = black_box([everywhere::alike::one, everywhere::alike::other]);
    let [is_one, is_other] = there.map(|there| there as usize == here as usize);
    let merged = is_one || is_other || there[0] as usize == there[1] as usize;
    let patched = monkey::try_patch!(everywhere::alike::one = |_| 7, same_here = |_| 8);
    if merged {
        assert_said(&patched.unwrap_err().to_string(), &["alike::one"]);
    } else {
        let _guards = patched.unwrap();
        assert_eq!((there[0](1), there[1](1), here(1)), (7, 0x1235, 8));
    }
}
