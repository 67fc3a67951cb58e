//! What callers know of a result, and calls that seem not to matter.
use super::subject;
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

#[monkey::test(replace(subject::constant = || 5))]
fn inlined() {
    assert_eq!(subject::constant(), 5);
    assert_eq!(subject::calls_constant(), 6);
    assert_eq!(monkey::original!(subject::constant()), 1);
}

#[monkey::test(replace(subject::remainder = |value| value + 100, subject::even = |value| value | 1))]
fn ranges_and_bits() {
    assert_eq!(subject::remainder(4), 104);
    assert!(!subject::is_below_ten(4));
    assert_eq!(subject::lowest_bit(4), 1);
    assert_eq!(monkey::original!(subject::remainder(14)), 4);
}

fn second<'a>(_: &'a u32, second: &'a u32) -> &'a u32 {
    second
}

#[monkey::test(replace(subject::identity = |value| value + 1, subject::first = second))]
fn results_that_are_arguments() {
    assert!(!subject::is_identity(4));
    assert!(!subject::gives_first(&4, &5));
}

#[monkey::test(replace(
    subject::found = |_: &str| Some(3),
    subject::fallible = |_| Err("replaced".into())
))]
fn variants() {
    assert_eq!(subject::found_or("text", 4), 3);
    assert!(!subject::succeeds(1));
    assert_eq!(monkey::original!(subject::fallible(1)), Ok(1));
}

thread_local!(static ALIASED: Cell<*mut u32> = const { Cell::new(std::ptr::null_mut()) });

#[monkey::test(replace(subject::fresh = |_| ALIASED.get()))]
fn results_that_seem_to_alias_nothing() {
    let cell = Cell::new(0);
    ALIASED.set(cell.as_ptr());
    assert_eq!(subject::writes_behind(&cell), 3);
}

static CALLS: AtomicU32 = AtomicU32::new(0);
fn count(value: u32) -> u32 {
    value + CALLS.fetch_add(1, SeqCst)
}

#[monkey::test(replace(subject::pure = count), expect(subject::pure = 8))]
fn pure_calls() {
    assert_eq!(subject::calls_twice(10), 21);
    subject::calls_in_vain(10);
    assert_eq!(CALLS.load(SeqCst), 3);
    assert_eq!(subject::calls_in_a_loop(5, 10), 50 + 3 + 4 + 5 + 6 + 7);
}

#[monkey::test(replace(subject::pure = |value| value), expect(subject::pure = 3))]
fn pure_calls_from_here() {
    let sum = subject::pure(1) + subject::pure(1);
    subject::pure(1);
    assert_eq!(sum, 2);
}

thread_local!(static TOUCHED: Cell<*const Cell<u32>> = const { Cell::new(std::ptr::null()) });

#[monkey::test(replace(subject::touches_nothing = || {
    // SAFETY: the test's own cell, which is there throughout.
    let cell = unsafe { &*TOUCHED.get() };
    cell.set(cell.get() + 1);
}))]
fn memory_around_a_call() {
    let cell = Cell::new(5);
    TOUCHED.set(&raw const cell);
    assert_eq!(subject::around_a_call(&cell), [5, 6]);
}

#[monkey::test(replace(subject::large = || [2; 12], subject::pair = |value| (u64::from(value) * 2, 0.25)))]
fn results_by_hidden_pointer_and_in_two_registers() {
    assert_eq!(subject::sums_large(), 24);
    assert_eq!(monkey::original!(subject::large()), [1; 12]);
    assert!((subject::adds_pair(3) - 6.25).abs() < f64::EPSILON);
    assert_eq!(monkey::original!(subject::pair(3)), (3, 0.5));
}
