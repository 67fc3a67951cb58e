//! A replacement that is not called as expected fails its test, and the message says what was found out.
//!
//! The tests that fail do so in child processes.
#![allow(clippy::should_panic_without_expect, reason = "a panic of any kind is what is tried")]
use self::number as counted;
use monkey_tests::child;
use std::hint::black_box;

#[monkey::patchable]
fn number() -> u64 {
    1
}

#[monkey::patchable]
fn letter() -> char {
    'a'
}

fn two() -> u64 {
    2
}

/// Inlined without optimisation too, but where its address is taken.
#[inline(always)]
#[expect(clippy::inline_always, reason = "that is what is tried")]
fn always(x: u32) -> u32 {
    black_box(x) + 1
}

/// In a compilation unit of its own.
mod elsewhere {
    pub fn calls_it(x: u32) -> u32 {
        super::always(x)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "that is what is tried")]
    pub fn instance<T: Into<u64>>(x: T) -> u64 {
        x.into() + 1
    }

    pub fn calls_an_instance(x: u32) -> u64 {
        instance(x)
    }
}

fn by_its_address(x: u32) -> u32 {
    let known: fn(u32) -> u32 = black_box(always);
    known(x)
}

macro_rules! failing {
    ($($(#[$attribute:meta])* fn $name:ident() $(-> $result:ty)? $body:block)*) => {$(
        $(#[$attribute])*
        #[ignore = "fails on purpose, in a child process"]
        fn $name() $(-> $result)? $body
    )*};
}

failing! {
    #[monkey::test(replace(number = two, letter = || 'b'))]
    fn unused() {
        assert_eq!(letter(), 'b');
    }

    #[monkey::test(replace(number = two), expect(number = 2))]
    fn once_instead_of_twice() {
        assert_eq!(number(), 2);
    }

    #[monkey::test(replace(number = two), expect(number = ..=1))]
    fn twice_instead_of_once() {
        assert_eq!(number() + number(), 4);
    }

    #[monkey::test(replace(number = two), expect(number = 0))]
    fn once_instead_of_never() {
        assert_eq!(number(), 2);
    }

    #[monkey::test(replace(number = two))]
    fn fails_of_its_own() {
        assert_eq!(letter(), 'z', "my own failure");
    }

    #[monkey::test(replace(number = two))]
    fn fails_by_its_result() -> Result<(), String> {
        Err("my own error".into())
    }

    #[monkey::test(replace(number = number))]
    fn replaces_by_itself() {}

    #[monkey::test(replace(number = two))]
    #[should_panic]
    fn should_panic_and_misses() {}

    #[monkey::test(replace(number = number))]
    #[should_panic]
    fn should_panic_and_cannot_replace() {}

    #[monkey::test]
    #[should_panic]
    fn should_panic_and_a_guard_misses() {
        let _guard = monkey::patch!(replace(number = two), expect(number = 2));
        assert_eq!(number(), 3);
    }

    #[monkey::test]
    #[should_panic]
    fn should_panic_and_a_run_within_misses() {
        #[monkey::with(replace(number = two), expect(number = 2))]
        fn within() {
            assert_eq!(number(), 3);
        }
        within();
    }

    #[monkey::test(replace(number = two, counted = || 3))]
    fn replaces_twice() {
        assert_eq!(number(), 3);
    }

    #[monkey::test(replace(always = |_| 7))]
    fn goes_past_where_it_is_always_inlined() {
        assert_eq!((by_its_address(1), elsewhere::calls_it(1)), (7, 2));
    }

    #[monkey::test(replace(always = |_| 7))]
    fn never_comes_where_it_is_always_inlined() {
        assert_eq!(elsewhere::calls_it(1), 2);
    }

    #[monkey::test(replace(elsewhere::instance::<u32> = |_: u32| 7))]
    fn goes_past_where_an_instance_is() {
        let known: fn(u32) -> u64 = black_box(elsewhere::instance::<u32>);
        assert_eq!((known(1), elsewhere::calls_an_instance(1)), (7, 2));
    }

    #[monkey::test(replace(monkey_tests::always::always_inlined = |_| 7))]
    fn goes_past_in_another_crate() {
        let known: fn(u32) -> u32 = black_box(monkey_tests::always::always_inlined);
        assert_eq!((known(1), monkey_tests::always::calls_always_inlined(1)), (7, 2));
    }

    #[test]
    fn a_guard_misses() {
        drop(monkey::patch!(replace(number = two), expect(number = 1)));
    }

    #[monkey::test(replace(number = two), expect(number = ..0))]
    fn no_count_is_right() {
        assert_eq!(number(), 2);
    }
}

#[monkey::test(replace(number = two))]
#[test_case::test_case(1 => panics; "one")]
#[ignore = "fails on purpose, in a child process"]
fn cases_panic_and_miss(value: u64) {
    assert_eq!(value, 1);
}

#[monkey::test(replace(number = two))]
#[rstest::rstest]
#[case(1)]
#[should_panic]
#[tokio::test]
#[ignore = "fails on purpose, in a child process"]
async fn futures_panic_and_miss(#[case] value: u64) {
    assert_eq!(value, 1);
}

#[monkey::test(replace(number = two), expect(number = 0..))]
#[tokio::test]
#[ignore = "fails on purpose, in a child process"]
async fn a_future_s_guard_misses() {
    let _guard = monkey::patch!(replace(letter = || 'b'), expect(letter = 1));
    tokio::task::yield_now().await;
}

#[monkey::test(replace(number = two))]
#[rstest::rstest]
#[case(1)]
#[tokio::test]
#[ignore = "fails on purpose, in a child process"]
async fn a_future_misses(#[case] value: u64) {
    assert_eq!(value, 1);
}

/// What a failing test says.
fn said_by(test: &str) -> String {
    let output = child::run(test, "fails");
    let said = child::describe(output.status, &output);
    assert_eq!(output.status.code(), Some(101), "{said}");
    said
}

fn check(test: &str, parts: &[&str], not: &[&str]) {
    let said = said_by(test);
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    for part in not {
        assert!(!said.contains(part), "{part:?} is in: {said}");
    }
}

#[test]
fn an_unused_replacement_fails_its_test() {
    let reason = if cfg!(debug_assertions) { "expect(number = 0..)" } else { "the program is optimised" };
    let parts = ["`number` was replaced by `two`, which was never called", "verdicts.rs:", reason];
    check("unused", &parts, &["`letter`"]);
}

#[test]
fn counts_are_checked() {
    check("once_instead_of_twice", &["called once; expected: exactly 2"], &[]);
    check("twice_instead_of_once", &["called 2 times; expected: at most 1"], &["nobody"]);
    check("once_instead_of_never", &["called once; expected: exactly 0"], &["nobody"]);
}

#[test]
fn a_failure_of_its_own_is_not_masked_and_the_miss_is_told_beside_it() {
    let missed = "note: `number` was replaced by `two`, which was never called";
    check("fails_of_its_own", &["my own failure", missed], &[]);
    check("fails_by_its_result", &["my own error", missed], &[]);
}

/// Where calls are dispatched in source, what is not patchable is refused.
fn is_patched() -> bool {
    std::env::var("MONKEY_DISPATCH").is_err()
}

#[test]
fn a_call_that_went_past_is_an_error_without_optimisation_too() {
    if cfg!(not(debug_assertions)) || !is_patched() {
        return;
    }
    for (test, target, called) in [
        ("goes_past_where_it_is_always_inlined", "always", "elsewhere::calls_it"),
        ("goes_past_where_an_instance_is", "elsewhere::instance", "elsewhere::calls_an_instance"),
        (
            "goes_past_in_another_crate",
            "monkey_tests::always::always_inlined",
            "monkey_tests::always::calls_always_inlined",
        ),
    ] {
        let parts =
            ["but a call went past it", called, "mark the target #[monkey::patchable], or replace", target];
        check(test, &parts, &["left == right"]);
    }
    // With who called, and not once more as a place.
    let parts = ["never called; expected: at least 1", "`verdicts::elsewhere::calls_it` was called from"];
    check("never_comes_where_it_is_always_inlined", &parts, &["was inlined into"]);
}

#[cfg(debug_assertions)]
#[test]
fn a_call_that_goes_past_may_be_fine() {
    #[monkey::with(replace(always = |_| 7), partly(always))]
    fn replaced() {
        black_box((by_its_address(1), elsewhere::calls_it(1)));
    }
    if is_patched() {
        replaced();
    }
}

/// The place of the panic is the user's, whoever drops the guard or polls the future.
#[test]
fn what_is_missed_is_told_of_the_users_place() {
    for test in ["a_guard_misses", "a_future_s_guard_misses", "a_future_misses::case_1"] {
        check(
            test,
            &["never called", "panicked at monkey-tests/tests/verdicts.rs:"],
            &["panicked at monkey-core"],
        );
    }
}

#[test]
fn what_cannot_be_patched_names_target_cause_and_place() {
    let parts = ["cannot replace `number` (at 0x", "are the same function", "verdicts.rs:", "help:"];
    check("replaces_by_itself", &parts, &[]);
}

#[test]
fn one_list_replaces_a_function_once() {
    let parts = ["cannot replace `counted` (at 0x", "by another path", "verdicts.rs:", "keep one"];
    check("replaces_twice", &parts, &["never called"]);
}

#[test]
fn what_is_wrong_with_replacements_does_not_pass_for_a_wanted_panic() {
    check("should_panic_and_misses", &["never called", "did not panic as expected"], &[]);
    for test in ["should_panic_and_a_guard_misses", "should_panic_and_a_run_within_misses"] {
        check(test, &["the test panicked, as it is to, but:\n", "called once"], &[]);
    }
    check("should_panic_and_cannot_replace", &["cannot replace `number`", "did not panic as expected"], &[]);
    for test in ["cases_panic_and_miss::test_case_1_one", "futures_panic_and_miss::case_1"] {
        check(test, &["never called", "did not panic as expected"], &[]);
    }
    check("no_count_is_right", &["called once; expected: no count at all"], &[]);
}

#[monkey::test(replace(number = two))]
#[should_panic = "on purpose"]
fn a_wanted_panic_passes() {
    assert_eq!(number(), 2);
    panic!("on purpose");
}

#[monkey::test(replace(number = two, letter = || 'b'), expect(number = 1..=3, letter = ..))]
fn ranges_that_hold_pass() {
    assert_eq!(number() + number(), 4);
    assert_eq!(monkey::calls!(number), 2);
}

#[monkey::test(replace(number = two), expect(number = 0))]
fn none_may_be_expected() {}

#[monkey::test(replace(number = two), expect(number = 0..))]
fn any_may_be_expected() {}

#[monkey::with(replace(number = two))]
fn with_demands_no_call() {}

#[test]
fn with_and_guards_demand_no_call() {
    with_demands_no_call();
    drop(black_box(monkey::patch!(number = two)));
}
