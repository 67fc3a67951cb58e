//! The calls are in the dependency, which is optimised, so they may have been inlined: what is said must say so.
use dependency::Clock;

#[monkey::test(replace(dependency::now = || 42))]
fn through_the_dependency() {
    assert!(dependency::is_expired(1));
}

#[monkey::test(replace(dependency::small = || 42))]
fn a_small_one() {
    dependency::uses_small();
}

#[monkey::test(replace(Clock::hour = |_: &Clock| 3))]
fn a_method() {
    Clock.is_noon();
}
