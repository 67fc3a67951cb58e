//! Originals that never unwind, never return, or call themselves last.
use super::super::caught;
use super::subject;
use std::cell::Cell;

#[monkey::test(replace(subject::never_panics = |_| panic!("replaced")))]
fn panics_in_place_of_an_original_that_never_does() {
    let drops = Cell::new(0);
    assert_eq!(caught(|| subject::drops_around(&drops)).as_deref(), Some("replaced"));
    assert_eq!(drops.get(), 1);
    assert_eq!(caught(|| subject::never_panics(1)).as_deref(), Some("replaced"));
    assert_eq!(monkey::original!(subject::never_panics(1)), 4);
}

#[monkey::test(replace(subject::always_panics = |value| value + 4))]
fn returns_in_place_of_an_original_that_always_panics() {
    let cell = Cell::new(0);
    assert_eq!((subject::goes_on_behind_a_panic(&cell), cell.get()), (6, 7));
    assert_eq!(subject::always_panics(2), 6);
    let original = caught(|| monkey::original!(subject::always_panics(3)));
    assert_eq!(original.as_deref(), Some("the original with 3"));
}

#[monkey::test(replace(subject::waits_forever = || 4))]
fn returns_in_place_of_an_original_that_never_does() {
    let cell = Cell::new(0);
    assert_eq!((subject::goes_on_behind_a_loop(&cell), cell.get()), (5, 7));
    assert_eq!(subject::waits_forever(), 4);
}

fn loops() -> ! {
    panic!("looped")
}
fn exits() -> ! {
    panic!("exited")
}

#[monkey::test(replace(
    subject::diverges = |code: u32| -> ! { panic!("replaced {code}") },
    subject::loops = loops,
    subject::exits = exits
))]
fn unwinds_from_functions_that_diverge() {
    let drops = Cell::new(0);
    for (which, said) in ["replaced 0", "looped", "exited"].into_iter().enumerate() {
        let found = caught(|| subject::drops_around_diverging(&drops, which as u32));
        assert_eq!(found.as_deref(), Some(said));
        assert_eq!(drops.get(), which as u32 + 1);
    }
}

fn counts_up(number: u32) -> u32 {
    monkey::original!(subject::counts_down(number)) + 1
}
fn multiplies(number: u64) -> u64 {
    monkey::original!(subject::factorial(number)) * 2
}

#[monkey::test(
    replace(subject::counts_down = counts_up, subject::factorial = multiplies),
    expect(subject::counts_down = 4, subject::factorial = 5)
)]
fn recursion_goes_through_the_replacement() {
    assert_eq!(subject::counts_down(3), 4);
    assert_eq!(subject::factorial(5), 120 * 32);
}

fn drains(cell: &Cell<u32>) {
    monkey::original!(subject::drains(cell));
}
fn drains_without_arguments() -> u32 {
    monkey::original!(subject::drains_without_arguments()) + 1
}

#[monkey::test(
    replace(subject::drains = drains, subject::drains_without_arguments = drains_without_arguments),
    expect(subject::drains = 4, subject::drains_without_arguments = 4)
)]
fn tail_recursion_without_a_result_or_arguments() {
    let cell = Cell::new(3);
    subject::drains(&cell);
    assert_eq!(cell.get(), 0);
    subject::LEFT.set(3);
    assert_eq!(subject::drains_without_arguments(), 4);
}
