//! Subjects for the promise that a patchable function stays replaceable at every optimisation level. Each function
//! is what an optimiser likes to see through, and stands beside a caller that it would then change.
//!
//! The tests also take this file in as a module of their own, where nothing is exported.
// As a module of a test this is private, and then each of these is wrong.
#![allow(missing_docs, clippy::must_use_candidate, clippy::missing_panics_doc, clippy::unnecessary_wraps)]

#[path = "optimised/same.rs"]
pub mod same;

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::AtomicU32;

/// Counts its drops in a cell.
pub struct Witness<'a>(pub &'a Cell<u32>);

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

// Inlining, and what is known of a result.

#[monkey::patchable]
pub fn constant() -> u32 {
    1
}
#[inline(never)]
pub fn calls_constant() -> u32 {
    constant() + 1
}

#[monkey::patchable]
pub fn remainder(value: usize) -> usize {
    value % 10
}
#[inline(never)]
pub fn is_below_ten(value: usize) -> bool {
    remainder(value) < 10
}

#[monkey::patchable]
pub fn even(value: u32) -> u32 {
    value & !1
}
#[inline(never)]
pub fn lowest_bit(value: u32) -> u32 {
    even(value) & 1
}

#[monkey::patchable]
pub fn identity(value: u32) -> u32 {
    value
}
#[inline(never)]
pub fn is_identity(value: u32) -> bool {
    identity(value) == value
}

#[monkey::patchable]
pub fn first<'a>(first: &'a u32, _second: &'a u32) -> &'a u32 {
    first
}
#[inline(never)]
#[allow(clippy::trivially_copy_pass_by_ref, reason = "the addresses are what is compared")]
pub fn gives_first(left: &u32, right: &u32) -> bool {
    std::ptr::eq(first(left, right), left)
}

#[monkey::patchable]
pub fn found(_text: &str) -> Option<u32> {
    None
}
#[inline(never)]
pub fn found_or(text: &str, other: u32) -> u32 {
    found(text).unwrap_or(other)
}

/// # Errors
/// Never.
#[monkey::patchable]
pub fn fallible(value: u32) -> Result<u32, String> {
    Ok(value)
}
#[inline(never)]
pub fn succeeds(value: u32) -> bool {
    fallible(value).is_ok()
}

#[monkey::patchable]
pub fn fresh(value: u32) -> *mut u32 {
    Box::into_raw(Box::new(value))
}
/// Nobody else has a pointer to what is fresh, or so it seems.
#[inline(never)]
pub fn writes_behind(cell: &Cell<u32>) -> u32 {
    let pointer = fresh(1);
    cell.set(2);
    // SAFETY: the original gives a box, the replacement a pointer to the cell.
    unsafe { pointer.write(3) };
    cell.get()
}

// Pure calls.

#[monkey::patchable]
pub fn pure(value: u32) -> u32 {
    value.wrapping_mul(3)
}
#[inline(never)]
pub fn calls_twice(value: u32) -> u32 {
    pure(value) + pure(value)
}
#[inline(never)]
pub fn calls_in_vain(value: u32) {
    pure(value);
}
#[inline(never)]
pub fn calls_in_a_loop(times: u32, value: u32) -> u32 {
    (0..times).fold(0, |sum, _| pure(value).wrapping_add(sum))
}

#[monkey::patchable]
pub fn touches_nothing() {}
/// The cell's content before and after the call.
#[inline(never)]
pub fn around_a_call(cell: &Cell<u32>) -> [u32; 2] {
    let before = cell.get();
    touches_nothing();
    [before, cell.get()]
}

// Arguments.

#[monkey::patchable]
pub fn ignores(_first: u32, _: &str, third: u64, (_, _): (u8, u16), _last: f64) -> u64 {
    third
}
#[inline(never)]
pub fn calls_ignores(seed: u32) -> u64 {
    ignores(black_box(seed), "four", 5, (6, 7), 8.5)
}

#[monkey::patchable]
pub fn ignores_all(_: u32, _: u32) {}
#[inline(never)]
pub fn calls_ignores_all(left: u32, right: u32) {
    ignores_all(left, right);
}

#[monkey::patchable]
pub fn always_seven(value: u32, flag: bool, text: &str) -> u32 {
    if flag { value + text.len() as u32 } else { 0 }
}
#[inline(never)]
pub fn passes_seven() -> u32 {
    always_seven(7, true, "text")
}
#[inline(never)]
pub fn passes_seven_too() -> u32 {
    always_seven(7, true, "text") + 1
}

/// One per crate that uses it, and private to that crate.
#[monkey::patchable]
pub fn generic<T: Into<u64>>(value: T, by: u64) -> u64 {
    value.into() * by
}
#[inline(never)]
pub fn calls_generic() -> u64 {
    generic(7u32, 3) + generic(7u32, 3)
}

// What stands behind references.

#[monkey::patchable]
pub fn reads_atomic(value: &AtomicU32) -> u32 {
    value.load(std::sync::atomic::Ordering::Relaxed)
}
#[inline(never)]
pub fn atomic_around_a_call() -> [u32; 2] {
    let value = AtomicU32::new(5);
    let read = reads_atomic(&value);
    [read, value.into_inner()]
}

#[monkey::patchable]
pub fn reads_cell(value: &Cell<u32>) -> u32 {
    value.get()
}
#[inline(never)]
pub fn cell_around_a_call() -> [u32; 2] {
    let value = Cell::new(5);
    let read = reads_cell(&value);
    [read, value.get()]
}

#[monkey::patchable]
pub fn reads_exclusive(value: &mut u32) -> u32 {
    *value
}
#[inline(never)]
pub fn exclusive_around_a_call() -> [u32; 2] {
    let mut value = 5;
    let read = reads_exclusive(&mut value);
    [read, value]
}

#[monkey::patchable]
pub fn reads_raw(value: *mut u32) -> bool {
    value.is_null()
}
#[inline(never)]
pub fn raw_around_a_call() -> (bool, u32) {
    let mut value = 5;
    let read = reads_raw(&raw mut value);
    (read, value)
}

#[monkey::patchable]
pub fn reads_owned(values: [u64; 16]) -> u64 {
    values[3]
}
/// A large argument is passed by reference to a copy, which the function that is called may write to.
#[inline(never)]
pub fn owned_twice(seed: u64) -> [u64; 3] {
    let values = black_box([seed; 16]);
    [reads_owned(values), reads_owned(values), values[3]]
}

#[monkey::patchable]
pub fn nested(value: &mut (u32, &Cell<u32>)) -> u32 {
    value.0
}
#[inline(never)]
pub fn nested_around_a_call() -> [u32; 2] {
    let cell = Cell::new(5);
    nested(&mut (1, &cell));
    let mut outer = (6, &cell);
    nested(&mut outer);
    [outer.0, cell.get()]
}

// Unwinding and not returning.

#[monkey::patchable]
pub fn never_panics(value: u32) -> u32 {
    value ^ 5
}
#[inline(never)]
pub fn drops_around(cell: &Cell<u32>) -> u32 {
    let _witness = Witness(cell);
    never_panics(1)
}

#[monkey::patchable]
pub fn always_panics(value: u32) -> u32 {
    panic!("the original with {value}")
}
#[inline(never)]
pub fn goes_on_behind_a_panic(cell: &Cell<u32>) -> u32 {
    let result = always_panics(1);
    cell.set(7);
    result + 1
}

#[monkey::patchable]
pub fn waits_forever() -> u32 {
    loop {
        std::hint::spin_loop();
    }
}
#[inline(never)]
pub fn goes_on_behind_a_loop(cell: &Cell<u32>) -> u32 {
    let result = waits_forever();
    cell.set(7);
    result + 1
}

#[monkey::patchable]
pub fn diverges(code: u32) -> ! {
    panic!("the original with {code}")
}
#[monkey::patchable]
pub fn loops() -> ! {
    loop {
        std::hint::spin_loop();
    }
}
#[monkey::patchable]
pub fn exits() -> ! {
    std::process::exit(3)
}
#[inline(never)]
pub fn drops_around_diverging(cell: &Cell<u32>, which: u32) -> u32 {
    let _witness = Witness(cell);
    match which {
        0 => diverges(0),
        1 => loops(),
        _ => exits(),
    }
}

// Recursion.

#[monkey::patchable]
pub fn counts_down(number: u32) -> u32 {
    if number == 0 { 0 } else { counts_down(number - 1) }
}
#[monkey::patchable]
pub fn drains(cell: &Cell<u32>) {
    if cell.get() > 0 {
        cell.set(cell.get() - 1);
        drains(cell);
    }
}
thread_local!(pub static LEFT: Cell<u32> = const { Cell::new(0) });
#[monkey::patchable]
pub fn drains_without_arguments() -> u32 {
    match LEFT.get() {
        0 => 0,
        left => {
            LEFT.set(left - 1);
            drains_without_arguments()
        }
    }
}
#[monkey::patchable]
pub fn factorial(number: u64) -> u64 {
    if number < 2 { 1 } else { number * factorial(number - 1) }
}

// Results.

#[monkey::patchable]
pub fn large() -> [u64; 12] {
    [1; 12]
}
#[inline(never)]
pub fn sums_large() -> u64 {
    large().iter().sum()
}
#[monkey::patchable]
pub fn pair(value: u32) -> (u64, f64) {
    (u64::from(value), 0.5)
}
#[inline(never)]
pub fn adds_pair(value: u32) -> f64 {
    let (whole, fraction) = pair(value);
    f64::from(u32::try_from(whole).unwrap_or(u32::MAX)) + fraction
}
