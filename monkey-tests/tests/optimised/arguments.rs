//! Arguments that the original does not read, is always given the same, or does not write behind.
use super::subject;
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

static SEEN: AtomicU32 = AtomicU32::new(0);

fn sums(first: u32, text: &str, third: u64, (fourth, fifth): (u8, u16), last: f64) -> u64 {
    let bits = (last * 2.0).to_bits();
    assert_eq!(bits, 17.0f64.to_bits());
    u64::from(first) + text.len() as u64 * 10 + third * 100 + u64::from(fourth) + u64::from(fifth) * 1000
}

fn notes(left: u32, right: u32) {
    SEEN.store(left * 100 + right, SeqCst);
}

#[monkey::test(replace(subject::ignores = sums, subject::ignores_all = notes))]
fn dead_arguments() {
    assert_eq!(subject::calls_ignores(3), 3 + 40 + 500 + 6 + 7000);
    assert_eq!(subject::ignores(1, "", 2, (3, 4), 8.5), 1 + 200 + 3 + 4000);
    assert_eq!(monkey::original!(subject::ignores(1, "", 2, (3, 4), 8.5)), 2);
    subject::calls_ignores_all(12, 34);
    assert_eq!(SEEN.load(SeqCst), 1234);
}

#[monkey::test(replace(subject::always_seven = |value, flag: bool, text: &str| {
    assert!(flag);
    value * 100 + text.len() as u32
}))]
fn constant_arguments() {
    assert_eq!(subject::passes_seven(), 704);
    assert_eq!(subject::passes_seven_too(), 705);
}

#[monkey::test(replace(subject::generic::<u32> = |value, by| u64::from(value) * 100 + by))]
fn constant_arguments_of_generic_instances() {
    assert_eq!(subject::generic(7u32, 3), 703);
    assert_eq!(subject::calls_generic(), 1406);
    assert_eq!(subject::generic(7u8, 3), 21);
}

#[monkey::test(replace(
    subject::reads_atomic = |value: &AtomicU32| value.swap(9, SeqCst),
    subject::reads_cell = |value: &Cell<u32>| value.replace(9),
    subject::reads_exclusive = |value: &mut u32| std::mem::replace(value, 9),
    // SAFETY: every caller has a number there.
    subject::reads_raw = |value: *mut u32| { unsafe { value.write(9) }; true }
))]
fn references_that_the_original_only_reads() {
    assert_eq!(subject::atomic_around_a_call(), [5, 9]);
    assert_eq!(subject::cell_around_a_call(), [5, 9]);
    assert_eq!(subject::exclusive_around_a_call(), [5, 9]);
    assert_eq!(subject::raw_around_a_call(), (true, 9));
    let mut value = 5;
    assert_eq!((subject::reads_exclusive(&mut value), value), (5, 9));
}

#[monkey::test(replace(subject::reads_owned = |mut values: [u64; 16]| {
    std::hint::black_box(&mut values).fill(8);
    values[3] + 1
}))]
fn large_arguments_that_the_original_only_reads() {
    assert_eq!(subject::owned_twice(2), [9, 9, 2]);
}

fn change(value: &mut (u32, &Cell<u32>)) -> u32 {
    value.0 += 1;
    value.1.set(value.1.get() + 10);
    0
}

#[monkey::test(replace(subject::nested = change))]
fn references_behind_references() {
    assert_eq!(subject::nested_around_a_call(), [7, 25]);
}
