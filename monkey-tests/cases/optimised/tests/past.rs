//! Calls in the dependency, which is optimised, go past a replacement that other calls reach.
use dependency::Meter;

#[monkey::test(replace(Meter::read = |_: &Meter| 5))]
fn a_method() {
    assert_eq!(Meter(2).read(), 5);
    Meter(2).twice();
}

#[monkey::test(replace(dependency::tripled = |_| 5))]
fn a_function() {
    assert_eq!(dependency::tripled(2), 5);
    dependency::uses_tripled(2);
}

#[monkey::test(replace(dependency::tripled = |_| 5))]
fn nobody() {
    assert_eq!(dependency::tripled(2), 5);
    Meter(2).twice();
}
