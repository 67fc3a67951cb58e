//! The attributes beside others, in every order.
#![deny(warnings, clippy::all, clippy::pedantic)]

#[path = "attributes/kinds.rs"]
mod kinds;

use std::process::{ExitCode, Termination};

#[monkey::patchable]
fn now() -> u64 {
    1
}
fn frozen() -> u64 {
    42
}

#[monkey::test]
fn alone() {
    assert_eq!(now(), 1);
}

#[monkey::test(replace(now = frozen))]
fn replaced() {
    assert_eq!(now(), 42);
}

#[monkey::test(replace(now = frozen))]
#[test]
fn above_test() {
    assert_eq!(now(), 42);
}

#[test]
#[monkey::test(replace(now = || 43), expect(now = 1..))]
fn below_test() {
    assert_eq!(now(), 43);
}

/// Documented.
#[monkey::test(replace(now = frozen), scope = process)]
#[should_panic(expected = "42")]
#[allow(clippy::manual_assert)]
fn panics() {
    panic!("{}", now());
}

#[monkey::test(replace(now = frozen))]
#[ignore = "said so"]
fn ignored() {
    panic!("never run");
}

#[monkey::test(replace(now = frozen))]
fn with_a_result() -> Result<(), Box<dyn std::error::Error>> {
    let number: u64 = "42".parse()?;
    if now() != number {
        return Err("no".into());
    }
    Ok(())
}

#[monkey::test(replace(now = frozen))]
fn with_a_code() -> ExitCode {
    if now() == 42 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[monkey::test(replace(now = frozen))]
fn with_a_hidden_result() -> impl Termination {
    assert_eq!(now(), 42);
}

#[monkey::test(replace(now = frozen))]
#[tokio::test]
async fn asynchronous() {
    assert_eq!(now(), 42);
    tokio::task::yield_now().await;
    assert_eq!(tokio::spawn(async { now() }).await.unwrap(), 42);
}

#[monkey::test(replace(now = frozen))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "42")]
async fn asynchronous_threads() {
    let seen = tokio::spawn(async { now() }).await.unwrap();
    panic!("{seen}");
}

#[tokio::test]
#[monkey::test(replace(now = frozen))]
async fn runtime_outside() {
    assert_eq!(now(), 42);
    tokio::task::yield_now().await;
    assert_eq!(now(), 42);
}

#[rstest::rstest]
#[case(1)]
#[case(2)]
#[monkey::test(replace(now = frozen))]
fn cases_above(#[case] add: u64) {
    assert_eq!(now() + add, 42 + add);
}

#[monkey::test(replace(now = frozen))]
#[rstest::rstest]
#[case(1)]
#[case(2)]
fn cases_below(#[case] add: u64) {
    assert_eq!(now() + add, 42 + add);
}

#[monkey::test(replace(now = frozen))]
#[rstest::rstest]
#[case(1)]
#[case(2)]
#[tokio::test]
async fn asynchronous_cases(#[case] add: u64) {
    tokio::task::yield_now().await;
    assert_eq!(now() + add, 42 + add);
}

#[monkey::test(replace(now = frozen))]
#[test_case::test_case(1; "one")]
#[test_case::test_case(2; "two")]
fn other_cases(add: u64) {
    assert_eq!(now() + add, 42 + add);
}

#[test_case::test_case(1 => 43; "one")]
#[monkey::test(replace(now = frozen))]
fn cases_with_results(add: u64) -> u64 {
    now() + add
}

#[rstest::fixture]
fn made_at() -> u64 {
    now()
}

#[monkey::test(replace(now = frozen))]
#[rstest::rstest]
fn fixtures_below(made_at: u64) {
    assert_eq!(made_at, 42);
}

#[rstest::rstest]
#[monkey::test(replace(now = frozen))]
fn fixtures_above(made_at: u64) {
    assert_eq!(made_at, 42);
}

#[monkey::test(replace(now = frozen))]
#[rstest::rstest]
#[case(now())]
#[should_panic(expected = "seen 43")]
#[case(now() + 1)]
fn values_of_cases(#[case] value: u64) {
    assert_eq!(value, 42, "seen {value}");
}

#[monkey::test(replace(now = frozen))]
#[rstest::rstest]
#[tokio::test]
async fn values_for_a_runtime(#[values(now(), now().max(1))] value: u64) {
    tokio::task::yield_now().await;
    assert_eq!(value, now());
}

#[monkey::test(replace(now = frozen), expect(now = 2))]
#[test_case::test_case(now() => 43; "one")]
#[test_case::test_case(now() + 1 => 44; "more")]
fn values_of_other_cases(value: u64) -> u64 {
    value + now() - 41
}

struct Clock {
    ticks: u64,
}
impl Clock {
    #[monkey::with(replace(now = frozen))]
    fn tick(&mut self) -> &mut u64 {
        self.ticks += now();
        &mut self.ticks
    }

    #[monkey::with(replace(now = frozen))]
    async fn later(&mut self) -> &mut u64 {
        tokio::task::yield_now().await;
        self.ticks += now();
        &mut self.ticks
    }
}

#[test]
fn methods() {
    assert_eq!(*Clock { ticks: 1 }.tick(), 43);
}

#[tokio::test]
async fn asynchronous_methods() {
    assert_eq!(*Clock { ticks: 1 }.later().await, 43);
    assert_eq!(now(), 1);
}

#[monkey::test]
fn guards_and_originals() {
    fn next() -> u64 {
        monkey::original!(now()) + 100
    }
    assert_eq!(now(), 1);
    let guard = monkey::patch!(now = next);
    assert_eq!(now(), 101);
    assert_eq!(monkey::original!(now()), 1);
    assert_eq!(monkey::calls!(now), 1);
    drop(guard);
    assert_eq!(now(), 1);
}
