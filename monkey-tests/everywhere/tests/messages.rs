//! What a failure says.
#![cfg(panic = "unwind")]
#![forbid(unsafe_code)]
use everywhere::now;
use std::panic::catch_unwind;

/// What a function panics with.
fn said(fails: fn()) -> String {
    let panic = catch_unwind(fails).expect_err("it does not fail");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("a text")).to_owned(),
    }
}

#[monkey::with(replace(now = || 1), expect(now = 1..))]
fn never_called() {}

#[monkey::with(replace(now = || 1), expect(now = 2))]
fn called_once() {
    assert_eq!(now(), 1);
}

#[monkey::with(replace(now = sequence[1]))]
fn past_the_end() {
    assert_eq!((now(), now()), (1, 2));
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "a list of literals is shorter by it")]
fn assert_said<const N: usize>(said: String, words: [&str; N]) {
    for word in words {
        assert!(said.contains(word), "{word} is not in:\n{said}");
    }
}

#[test]
fn the_target_and_its_place_in_the_list() {
    assert_said(said(never_called), ["`now`", "was never called", file!()]);
}

#[test]
fn a_wrong_count() {
    assert_said(said(called_once), ["`now`", "was called once", "2", file!()]);
}

#[test]
fn a_sequence_that_is_at_its_end() {
    assert_said(said(past_the_end), ["now", file!()]);
}
