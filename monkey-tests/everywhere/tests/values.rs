//! Closures that capture, values, sequences, and what is asked about calls.
#![forbid(unsafe_code)]
use everywhere::{Ann, Greets, Till, age, line, now, page, parsed};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Runs a future that never waits.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn a_closure_captures() {
    let asked = Arc::new(AtomicU64::new(0));
    let count = asked.clone();
    let guard = monkey::patch!(now = move || count.fetch_add(1, SeqCst));
    assert_eq!((now(), now(), now()), (0, 1, 2));
    drop(guard);
    assert_eq!((now(), asked.load(SeqCst)), (1_700_000_000, 3));
    assert_eq!(Arc::strong_count(&asked), 1);
}

#[test]
fn a_closure_changes_what_it_captured() {
    let mut last = 10;
    let _guard = monkey::patch!(
        Till::total = move |_: &Till, items| {
            last += items;
            last
        }
    );
    let till = Till { price: 5 };
    assert_eq!((till.total(1), till.total(2)), (11, 13));
}

#[test]
fn a_closure_borrows_in_a_block() {
    let seen = Mutex::new(Vec::new());
    let total = monkey::during!(Till::total = |till: &Till, items| { seen.lock().unwrap().push(items); till.price }; {
        Till { price: 5 }.total(3) + Till { price: 6 }.total(4)
    });
    assert_eq!((total, seen.into_inner().unwrap()), (11, vec![3, 4]));
}

#[monkey::test(replace(now = returns(1_700_000_001), <Ann as Greets>::greeting = returns("bye".to_owned())))]
fn values_are_given() {
    assert_eq!((age(1_700_000_000), Ann.greeting().as_str()), (1, "bye"));
}

#[monkey::test(replace(now = sequence[5, 6]))]
fn a_value_a_call() {
    assert_eq!((now(), now()), (5, 6));
}

#[monkey::test(replace(now = sequence[5, 6, ..]))]
fn and_then_the_original() {
    assert_eq!((now(), now(), now()), (5, 6, 1_700_000_000));
}

#[monkey::test(replace(parsed::<u32> = |_: &str| Some(7)))]
fn an_instance_of_a_generic_function() {
    assert_eq!((parsed::<u32>("1"), parsed::<u8>("1")), (Some(7), Some(1)));
}

#[monkey::test(replace(page = async |address: &str| Ok(format!("{address}!"))))]
fn an_async_function() {
    assert_eq!(ready(page("a")), Ok("a!".to_owned()));
}

#[monkey::test(replace(page = sequence[Ok(String::new()), ..]))]
fn values_of_an_async_function() {
    assert_eq!((ready(page("abc")), ready(page("abc"))), (Ok(String::new()), Err(3)));
}

#[monkey::test(watch(line), expect(line = 1))]
fn an_async_function_is_watched() {
    assert_eq!(ready(line(3)), "3");
}

#[monkey::test(watch(now), expect(now = 2))]
fn watched_calls_are_counted() {
    assert_eq!(age(1_600_000_000), 100_000_000);
    assert_eq!((now(), monkey::calls!(now)), (1_700_000_000, 2));
}

#[monkey::test(replace(now = || 1), watch(Till::total), expect(order[now, Till::total, now]))]
fn calls_are_in_their_order() {
    assert_eq!((now(), Till { price: 5 }.total(2), now()), (1, 10, 1));
}

#[test]
fn several_are_replaced_by_one_list() {
    let guard =
        monkey::patch!(replace(now = || 1, Till::total = |_: &Till, _| 2), expect(now = 1, Till::total = 0));
    assert_eq!(now(), 1);
    drop(guard);
}
