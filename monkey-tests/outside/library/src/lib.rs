//! A library that is tested with replacements and shipped without.
use std::str::FromStr;

#[monkey::patchable]
pub fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs())
}

#[monkey::patchable]
pub fn parse<T: FromStr>(text: &str, otherwise: T) -> T {
    text.parse().unwrap_or(otherwise)
}

/// Instances that are in the library itself.
pub fn parse_both(text: &str) -> (u32, i64) {
    (parse(text, 1), parse(text, -1))
}

pub struct Token {
    pub issued: u64,
}

impl Token {
    #[monkey::patchable]
    pub fn age(&self) -> u64 {
        now().saturating_sub(self.issued)
    }

    pub fn is_expired(&self) -> bool {
        self.age() > 3600
    }
}

pub trait Store {
    fn put(&mut self, value: u64) -> usize;
    fn put_twice(&mut self, value: u64) -> usize;
}

#[monkey::patchable]
impl Store for Vec<u64> {
    fn put(&mut self, value: u64) -> usize {
        self.push(value);
        self.len()
    }

    fn put_twice(&mut self, value: u64) -> usize {
        self.put(value);
        self.put(value)
    }
}

#[monkey::patchable]
pub mod rates {
    pub fn rate(of: &str, index: usize) -> f64 {
        let known = [1.5, 2.5, 3.5];
        known[index] + of.len() as f64
    }

    #[monkey::patchable(skip)]
    pub fn constant() -> u32 {
        7
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[monkey::test(replace(now = || 5000))]
    fn a_function() {
        assert!(Token { issued: 1000 }.is_expired());
        assert!(!Token { issued: 4000 }.is_expired());
    }

    #[monkey::test(replace(Token::age = |_: &Token| 3601))]
    fn a_method() {
        assert!(Token { issued: u64::MAX }.is_expired());
    }

    #[monkey::test(replace(<Vec<u64> as Store>::put = |_: &mut Vec<u64>, value| value as usize))]
    fn a_method_of_a_trait() {
        assert_eq!(vec![1].put_twice(9), 9);
    }

    #[monkey::test(replace(parse::<u32> = |_: &str, _| 70))]
    fn an_instance() {
        assert_eq!(parse_both("3"), (70, 3));
    }
}
