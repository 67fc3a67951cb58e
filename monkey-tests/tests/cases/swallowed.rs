//! A test that must panic does not pass because of what monkey says: the panic has to be its own, and what is wrong with
//! the replacements fails it all the same.
#![allow(clippy::should_panic_without_expect, reason = "a panic of any kind is what is tried")]
use monkey_tests::child;

#[monkey::patchable]
fn number() -> u32 {
    1
}

mod purposes {
    use super::*;

    #[monkey::test(replace(number = || 2))]
    #[ignore = "for a child process"]
    #[should_panic]
    fn panics_without_a_call() {
        panic!("for another reason")
    }

    #[monkey::test(replace(number = || 2))]
    #[ignore = "for a child process"]
    #[should_panic(expected = "another reason")]
    fn panics_as_expected_without_a_call() {
        panic!("for another reason")
    }

    #[monkey::test(replace(number = || 2))]
    #[ignore = "for a child process"]
    #[should_panic(expected = "never called")]
    fn wants_the_words_of_a_miss() {}

    #[monkey::test(replace(number = || 2), expect(number = 1))]
    #[ignore = "for a child process"]
    #[should_panic]
    fn panics_after_a_call_too_many() {
        panic!("{}", number() + number())
    }

    #[monkey::test]
    #[ignore = "for a child process"]
    #[should_panic]
    fn panics_by_its_guard() {
        let _guard = monkey::patch!(replace(number = || 2), expect(number = 1));
    }

    #[monkey::test]
    #[ignore = "for a child process"]
    fn swallows_what_its_guard_says() {
        let guarded = || drop(monkey::patch!(replace(number = || 2), expect(number = 1)));
        std::panic::catch_unwind(guarded).unwrap_err();
    }

    #[monkey::with(replace(number = || 2), expect(number = 1))]
    fn within() {}

    #[monkey::test]
    #[ignore = "for a child process"]
    #[should_panic]
    fn panics_by_a_run_within() {
        within();
    }

    #[monkey::test]
    #[ignore = "for a child process"]
    #[should_panic]
    fn panics_as_nothing_can_be_replaced() {
        let _guard = monkey::patch!(number = number);
    }

    fn guarded() {
        let _guard = monkey::patch!(replace(number = || 2), expect(number = 1));
    }

    #[monkey::test]
    #[ignore = "for a child process"]
    #[should_panic]
    fn panics_by_a_guard_of_a_thread() {
        std::thread::spawn(guarded).join().unwrap();
    }

    #[monkey::test]
    #[ignore = "for a child process"]
    fn swallows_what_a_guard_of_a_thread_says() {
        std::thread::spawn(guarded).join().unwrap_err();
    }

    #[monkey::test]
    #[ignore = "for a child process"]
    #[should_panic]
    fn panics_by_an_error() {
        drop(monkey::try_patch!(number = number).unwrap());
    }

    #[monkey::test]
    #[ignore = "for a child process"]
    #[should_panic]
    fn panics_by_an_error_that_it_shows() {
        let error = monkey::try_patch!(number = number).unwrap_err();
        panic!("no: {error}");
    }

    #[monkey::test]
    #[ignore = "for a child process"]
    #[should_panic(expected = "no number")]
    fn panics_beside_an_error() {
        assert!(monkey::try_patch!(number = number).is_err());
        panic!("no number");
    }

    #[monkey::test(replace(number = || 2))]
    #[ignore = "for a child process"]
    #[should_panic(expected = "it is 2")]
    fn panics_after_its_call() {
        panic!("it is {}", number())
    }
}

fn run(name: &str) -> (bool, String) {
    let output = child::run(&format!("swallowed::purposes::{name}"), "on purpose");
    let said = child::describe(output.status, &output);
    assert!(said.contains("running 1 test"), "{said}");
    (child::passed(&output), said)
}

#[test]
fn a_miss_fails_a_test_that_panics_for_its_own_reason() {
    for name in ["panics_without_a_call", "panics_as_expected_without_a_call"] {
        let (passed, said) = run(name);
        assert!(!passed, "{name} passed: {said}");
        assert!(said.contains("`number` was replaced by") && said.contains("never called"), "{name}: {said}");
    }
}

#[test]
fn a_call_too_many_fails_it_too() {
    let (passed, said) = run("panics_after_a_call_too_many");
    assert!(!passed && said.contains("`number` was replaced by"), "{said}");
}

#[test]
fn the_words_of_a_miss_are_not_its_panic() {
    let (passed, said) = run("wants_the_words_of_a_miss");
    assert!(!passed, "{said}");
}

#[test]
fn what_a_guard_or_a_run_within_says_is_not_its_panic() {
    for name in [
        "panics_by_its_guard",
        "swallows_what_its_guard_says",
        "panics_by_a_run_within",
        "panics_by_a_guard_of_a_thread",
        "swallows_what_a_guard_of_a_thread_says",
    ] {
        let (passed, said) = run(name);
        assert!(!passed && said.contains("which was never called; expected: exactly 1"), "{name}: {said}");
    }
    for name in
        ["panics_as_nothing_can_be_replaced", "panics_by_an_error", "panics_by_an_error_that_it_shows"]
    {
        let (passed, said) = run(name);
        assert!(!passed && said.contains("cannot replace `number`"), "{name}: {said}");
    }
    let (passed, said) = run("panics_beside_an_error");
    assert!(passed, "{said}");
}

#[test]
fn its_own_panic_is_enough() {
    let (passed, said) = run("panics_after_its_call");
    assert!(passed, "{said}");
}
