//! Guards that nobody called for, in tests that fail of their own.
use super::{number, path_of, two};
use monkey_tests::child;

fn make_a_guard() {
    drop(monkey::patch!(number = two));
}

#[monkey::with]
fn around() {
    make_a_guard();
}

macro_rules! failing {
    ($($(#[$attribute:meta])* fn $name:ident() $(-> $result:ty)? $body:block)*) => {$(
        #[monkey::test]
        $(#[$attribute])*
        #[ignore = "fails on purpose, in a child process"]
        fn $name() $(-> $result)? $body
    )*};
}

failing! {
    fn fails_by_its_result() -> Result<(), String> {
        (0..1000).for_each(|_| make_a_guard());
        Err("my own error".into())
    }

    fn fails_behind_another_frame() -> Result<(), String> {
        around();
        Err("my own error".into())
    }

    fn fails_by_a_panic() {
        make_a_guard();
        let _guard = monkey::patch!(two = || 3);
        panic!("my own failure");
    }

    fn is_called() -> Result<(), String> {
        let guard = monkey::patch!(number = two);
        assert_eq!(number(), 2);
        drop(guard);
        drop(monkey::patch!(replace(number = two), expect(number = 0)));
        Err("my own error".into())
    }
}

#[monkey::test]
#[tokio::test]
#[ignore = "fails on purpose, in a child process"]
async fn fails_as_a_future() -> Result<(), String> {
    make_a_guard();
    tokio::task::yield_now().await;
    Err("my own error".into())
}

#[monkey::test]
#[tokio::test]
#[ignore = "fails on purpose, in a child process"]
async fn panics_as_a_future() {
    make_a_guard();
    tokio::task::yield_now().await;
    panic!("my own failure");
}

#[test]
#[ignore = "fails on purpose, in a child process"]
fn panics_without_a_frame() {
    make_a_guard();
    let _guard = monkey::patch!(two = || 3);
    panic!("my own failure");
}

fn said_by(test: &str) -> String {
    let output = child::run(&path_of(module_path!(), test), "fails");
    let said = child::describe(output.status, &output);
    assert_eq!(output.status.code(), Some(101), "{said}");
    said
}

const NEVER: &str = "note: `number` was replaced by `two`, which was never called\n";

#[test]
fn a_test_that_fails_tells_once_for_each_place() {
    for test in [
        "fails_by_its_result",
        "fails_behind_another_frame",
        "fails_by_a_panic",
        "fails_as_a_future",
        "panics_as_a_future",
    ] {
        let said = said_by(test);
        assert_eq!(said.matches(NEVER).count(), 1, "{test}: {said}");
        assert!(said.contains("notes.rs:") && said.contains("my own "), "{said}");
        assert!(!said.contains("0..)"), "nothing was expected of it: {said}");
    }
}

#[test]
fn a_guard_dropped_by_a_panic_tells() {
    let note = "note: `two` was replaced by `|| 3`, which was never called\n";
    for test in ["fails_by_a_panic", "panics_without_a_frame"] {
        let said = said_by(test);
        assert_eq!(said.matches(note).count(), 1, "{said}");
    }
}

#[test]
fn what_was_called_or_expected_is_not_told() {
    let said = said_by("is_called");
    assert!(!said.contains("note: `number`"), "{said}");
    let said = said_by("panics_without_a_frame");
    assert!(!said.contains(NEVER), "no frame was there to keep it: {said}");
}

#[monkey::test]
fn a_test_that_passes_tells_nothing() {
    make_a_guard();
}
