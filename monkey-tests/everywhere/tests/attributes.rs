//! Every form of the attributes and macros.
#![forbid(unsafe_code)]
use everywhere::{Ann, Greets, Till, age, now};

fn frozen() -> u64 {
    1_700_000_042
}

#[monkey::test(replace(now = frozen))]
fn a_function_is_replaced() {
    assert_eq!(age(1_700_000_000), 42);
}

#[monkey::test(replace(now = || 7), expect(now = 2))]
fn by_a_closure_and_counted() {
    assert_eq!(now() + now(), 14);
    assert_eq!(monkey::calls!(now), 2);
}

#[monkey::test(replace(Till::total = |_: &Till, items: u32| items))]
fn a_method_is_replaced() {
    assert_eq!(Till { price: 5 }.total(3), 3);
}

#[monkey::test(replace(<Ann as Greets>::greeting = |_: &Ann| "bye".to_owned()))]
fn a_default_method_is_replaced() {
    assert_eq!(Ann.greeting(), "bye");
}

#[test]
fn without_a_replacement_it_is_what_was_written() {
    assert_eq!(
        (now(), Till { price: 5 }.total(3), Ann.greeting().as_str()),
        (1_700_000_000, 15, "hello, Ann")
    );
}

#[test]
fn a_guard_takes_its_patch_away() {
    for _ in 0..100 {
        let guard = monkey::patch!(now = frozen);
        assert_eq!(now(), 1_700_000_042);
        drop(guard);
        assert_eq!(now(), 1_700_000_000);
    }
}

#[test]
fn the_newest_of_several_counts() {
    let first = monkey::patch!(now = || 1);
    let second = monkey::patch!(now = || 2);
    assert_eq!(now(), 2);
    drop(second);
    assert_eq!(now(), 1);
    drop(first);
    assert_eq!(now(), 1_700_000_000);
}

fn doubled(till: &Till, items: u32) -> u32 {
    monkey::original!(Till::total(till, items)) * 2
}

#[monkey::test(replace(Till::total = doubled))]
fn a_replacement_calls_the_original() {
    assert_eq!(Till { price: 5 }.total(3), 30);
    assert_eq!(Till { price: 5 }.total(1), 10);
}

#[monkey::with(replace(now = frozen))]
fn helper() -> u64 {
    now()
}

#[test]
fn a_function_that_is_no_test_has_replacements() {
    assert_eq!((helper(), now()), (1_700_000_042, 1_700_000_000));
}

#[test]
#[should_panic(expected = "now")]
fn a_replacement_that_nobody_called_fails_the_test() {
    #[monkey::with(replace(now = frozen), expect(now = 1..))]
    fn nothing() {}
    nothing();
}

#[cfg(not(target_family = "wasm"))]
#[monkey::test(replace(now = frozen), scope = process)]
fn every_thread_sees_what_is_replaced_in_the_process() {
    assert_eq!(std::thread::spawn(now).join().unwrap(), 1_700_000_042);
}
