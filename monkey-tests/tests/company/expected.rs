//! What guards expect is judged when they are dropped.
use super::{number, path_of, two};
use monkey_tests::child;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What dropping a guard panics with.
fn said_when_dropped(guard: monkey::PatchGuard) -> String {
    let thrown = catch_unwind(AssertUnwindSafe(|| drop(guard))).expect_err("the count is wrong");
    text_of(thrown.as_ref()).to_owned()
}

fn text_of(thrown: &(dyn Any + Send)) -> &str {
    thrown.downcast_ref::<String>().map_or_else(|| thrown.downcast_ref::<&str>().unwrap(), String::as_str)
}

#[test]
fn too_few_calls_are_an_error_of_the_drop() {
    let guard = monkey::patch!(replace(number = two), expect(number = 2));
    assert_eq!(number(), 2);
    let said = said_when_dropped(guard);
    for part in ["`number` was replaced by `two`, which was called once; expected: exactly 2", "expected.rs:"]
    {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    assert_eq!(number(), 1, "the replacement is gone all the same");
}

#[test]
fn too_many_calls_are_an_error_of_the_drop() {
    let guard = monkey::patch!(replace(number = two), expect(number = ..=1));
    assert_eq!(number() + number(), 4);
    let said = said_when_dropped(guard);
    assert!(said.contains("called 2 times; expected: at most 1"), "{said}");
    assert!(said.contains("company::expected::"), "who called is named: {said}");
}

#[test]
fn a_guard_that_was_tried_for_is_judged_as_well() {
    let guard = monkey::try_patch!(replace(number = two), expect(number = 1..)).unwrap();
    let said = said_when_dropped(guard);
    assert!(said.contains("`number` was replaced by `two`, which was never called"), "{said}");
    let guard = monkey::try_patch!(replace(number = two), expect(number = 1)).unwrap();
    assert_eq!(number(), 2);
    drop(guard);
    assert_eq!(number(), 1);
}

#[test]
fn what_is_kept_is_not_told() {
    let guard = monkey::patch!(replace(number = two), expect(number = 1..=3));
    assert_eq!(number() + number(), 4);
    drop(guard);
    drop(monkey::patch!(replace(number = two), expect(number = 0)));
}

/// A second panic would abort the process.
#[test]
fn a_guard_dropped_by_a_panic_leaves_a_note() {
    let path = path_of(module_path!(), "a_guard_dropped_by_a_panic_leaves_a_note");
    if child::case().is_some() {
        let _guard = monkey::patch!(replace(number = two), expect(number = 2));
        assert_eq!(number(), 2);
        panic!("my own failure");
    }
    let output = child::run(&path, "panics");
    let said = child::describe(output.status, &output);
    assert_eq!(output.status.code(), Some(101), "{said}");
    let note = "note: `number` was replaced by `two`, which was called once; expected: exactly 2";
    for part in ["my own failure", note] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}
