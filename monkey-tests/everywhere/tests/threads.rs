//! Who sees a replacement: the test with the threads that it starts, and nobody else.
#![cfg(not(target_family = "wasm"))]
#![forbid(unsafe_code)]
use everywhere::{INHERITS, now};
use std::sync::mpsc;
use std::thread;

#[monkey::test(replace(now = || 1))]
fn threads_and_their_threads_see_it() {
    if !INHERITS {
        let scope = monkey::Scope::current();
        let (outside, by_hand) = thread::spawn(move || (now(), scope.run(now))).join().unwrap();
        assert_eq!((outside, by_hand), (1_700_000_000, 1));
        return;
    }
    let seen = thread::spawn(|| (now(), thread::spawn(now).join().unwrap())).join().unwrap();
    assert_eq!(seen, (1, 1));
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(now)).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 1));
    });
    let named = thread::Builder::new().name("named".into()).spawn(now).unwrap();
    assert_eq!(named.join().unwrap(), 1);
}

#[test]
fn a_thread_from_before_does_not() {
    let (ask, asked) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        while asked.recv().is_ok() {
            tell.send(now()).unwrap();
        }
    });
    let guard = monkey::patch!(now = || 2);
    ask.send(()).unwrap();
    assert_eq!((told.recv().unwrap(), now()), (1_700_000_000, 2));
    drop(guard);
    drop(ask);
    thread.join().unwrap();
}

#[test]
fn a_scope_is_handed_on_by_hand() {
    let (give, take) = mpsc::channel::<Box<dyn FnOnce() -> u64 + Send>>();
    let thread = thread::spawn(move || take.recv().unwrap()());
    let guard = monkey::patch!(now = || 3);
    let scope = monkey::Scope::current();
    give.send(Box::new(move || scope.run(now))).unwrap();
    assert_eq!(thread.join().unwrap(), 3);
    drop(guard);
}

macro_rules! in_parallel {
    ($($name:ident $value:literal)*) => {
        $(
            #[monkey::test(replace(now = || $value))]
            fn $name() {
                for _ in 0..1000 {
                    assert_eq!(now(), $value);
                }
                let scope = monkey::Scope::current();
                let call = move || if INHERITS { now() } else { scope.run(now) };
                assert_eq!(thread::spawn(call).join().unwrap(), $value);
            }
        )*
    };
}

in_parallel! {
    each_sees_its_own_10 10 each_sees_its_own_11 11
    each_sees_its_own_12 12 each_sees_its_own_13 13
    each_sees_its_own_14 14 each_sees_its_own_15 15
    each_sees_its_own_16 16 each_sees_its_own_17 17
    each_sees_its_own_18 18 each_sees_its_own_19 19
}

#[test]
fn those_without_one_see_none() {
    for _ in 0..10_000 {
        assert_eq!(now(), 1_700_000_000);
    }
}
