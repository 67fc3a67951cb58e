//! Unwinding passes through a hooked call.
#![cfg(panic = "unwind")]
#![forbid(unsafe_code)]
use everywhere::{now, with_something_to_drop};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

#[monkey::test(replace(now = || panic!("on purpose")))]
fn what_is_to_be_dropped_is_dropped() {
    let drops = AtomicU32::new(0);
    let caught = catch_unwind(|| with_something_to_drop(&drops)).unwrap_err();
    assert_eq!(caught.downcast_ref::<&str>(), Some(&"on purpose"));
    assert_eq!(drops.load(SeqCst), 2);
}

#[monkey::patchable]
fn fails(deep: u32) -> u32 {
    if deep == 0 {
        panic!("at the bottom");
    }
    fails(deep - 1) + 1
}

fn passes_on(deep: u32) -> u32 {
    monkey::original!(fails(deep))
}

#[monkey::test(replace(fails = passes_on), expect(fails = ..))]
fn an_original_panics_through_its_replacement() {
    let caught = catch_unwind(|| fails(3)).unwrap_err();
    assert_eq!(caught.downcast_ref::<&str>(), Some(&"at the bottom"));
    let again = catch_unwind(|| fails(3)).unwrap_err();
    assert_eq!(again.downcast_ref::<&str>(), Some(&"at the bottom"));
}

#[test]
#[should_panic(expected = "on purpose")]
fn a_panic_ends_a_guard() {
    let _guard = monkey::patch!(now = || panic!("on purpose"));
    now();
}
