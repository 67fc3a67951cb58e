//! From outside, where the library is built without `cfg(test)`.
use library::{Store, Token, now, parse, parse_both, rates};

#[monkey::test(replace(now = || 5000), expect(now = 2))]
fn a_function() {
    assert!(Token { issued: 1000 }.is_expired());
    assert_eq!(now(), 5000);
}

#[monkey::test(replace(Token::age = |token: &Token| token.issued))]
fn a_method() {
    assert!(Token { issued: u64::MAX }.is_expired());
}

#[monkey::test(replace(<Vec<u64> as Store>::put = |_: &mut Vec<u64>, value| value as usize))]
fn a_method_of_a_trait() {
    assert_eq!(vec![1].put_twice(9), 9);
}

#[monkey::test(replace(parse::<u32> = |_: &str, _| 70, parse::<bool> = |_: &str, _| true))]
fn instances_of_either_crate() {
    assert_eq!(parse_both("3"), (70, 3));
    assert!(parse("false", false));
}

#[test]
fn a_module_and_a_guard() {
    let _guard = monkey::patch!(rates::rate = |_: &str, index| index as f64);
    assert_eq!(rates::rate("a", 9), 9.0);
    assert_eq!(monkey::original!(rates::rate("a", 1)), 3.5);
    assert_eq!(monkey::calls!(rates::rate), 1);
}
