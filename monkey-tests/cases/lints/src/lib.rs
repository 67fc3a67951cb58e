//! Built as it stands, with the attributes, and with the attributes and the engine: lints say the same each time.
#![deny(unfulfilled_lint_expectations)]
#![warn(clippy::pedantic, clippy::unwrap_used, missing_docs, unreachable_pub, unused_qualifications)]

pub struct Store;

#[cfg_attr(feature = "marked", monkey::patchable)]
impl Store {
    #[expect(clippy::unused_self, reason = "kept for later")]
    fn method(&self) -> u8 {
        1
    }
    #[expect(unused_variables, reason = "kept for later")]
    fn later(&self, later: u8) -> u8 {
        1
    }
    #[expect(clippy::must_use_candidate, missing_docs)]
    pub fn public(&self) -> u8 {
        self.method() + self.later(1)
    }
    fn not_used(&self) {}
}

#[cfg_attr(feature = "marked", monkey::patchable)]
#[expect(unused_variables)]
fn variable(x: u8) -> u8 {
    1
}
#[cfg_attr(feature = "marked", monkey::patchable)]
#[expect(clippy::needless_pass_by_value)]
fn by_value(x: String) -> usize {
    x.len()
}
#[cfg_attr(feature = "marked", monkey::patchable)]
#[expect(unused_mut)]
fn mutable(mut x: u8) -> u8 {
    x
}
#[cfg_attr(feature = "marked", monkey::patchable)]
#[expect(dead_code)]
fn never() {}
#[cfg_attr(feature = "marked", monkey::patchable)]
#[expect(unreachable_code)]
fn unreachable() -> u8 {
    return 1;
    2
}
#[cfg_attr(feature = "marked", monkey::patchable)]
#[expect(clippy::unnecessary_wraps)]
fn wraps() -> Option<u8> {
    Some(1)
}
#[cfg_attr(feature = "marked", monkey::patchable)]
#[expect(clippy::unwrap_used)]
fn unwraps() -> u8 {
    wraps().unwrap()
}
#[cfg_attr(feature = "marked", monkey::patchable)]
#[expect(clippy::too_many_arguments)]
fn eight(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u8 {
    a + b + c + d + e + f + g + h
}
#[cfg_attr(feature = "marked", monkey::patchable)]
#[allow(non_snake_case)]
fn Shouting() {}

/// Lints that nobody expects: each is said once.
pub mod told {
    #[cfg_attr(feature = "marked", monkey::patchable)]
    fn variable(x: u8, mut y: u8) -> u8 {
        let z = y;
        1
    }
    #[cfg_attr(feature = "marked", monkey::patchable)]
    fn dead() {}
    #[cfg_attr(feature = "marked", monkey::patchable)]
    pub fn undocumented(text: String) -> Result<u8, u8> {
        return Ok(text.len() as u8);
    }
    #[cfg_attr(feature = "marked", monkey::patchable)]
    pub fn unreachable() -> u8 {
        variable(1, 2);
        undocumented(String::new());
        return 1;
        2
    }
    #[cfg_attr(feature = "marked", monkey::patchable)]
    pub fn shadows(x: &Vec<u8>) -> bool {
        let x = x.len() == 0;
        if x == true { true } else { false }
    }
    #[cfg_attr(feature = "marked", monkey::patchable)]
    pub(crate) fn Shouting(X: u8) -> u8 {
        X
    }
    #[cfg_attr(feature = "marked", monkey::patchable)]
    #[deprecated]
    pub fn old() {}
}

/// More of them, each for a lint of its own.
pub mod more {
    #[cfg_attr(feature = "marked", monkey::patchable)]
    mod inside {
        pub fn returned(x: u8) -> u8 {
            let y = x + 1;
            return y;
        }
        pub fn assigned() -> u8 {
            let mut x = 1;
            x = 2;
            3
        }
        fn result() -> Result<u8, ()> {
            Ok(1)
        }
        pub fn ignored() {
            result();
            1 + 1;
        }
        pub fn matched(x: Option<u8>) -> Option<u8> {
            match x {
                Some(x) => Some(x + 1),
                None => None,
            }
        }
        pub fn one(x: Option<u8>) {
            match x {
                Some(x) => drop(x),
                _ => (),
            }
        }
        pub fn cloned(x: &String) -> String {
            let y = x.clone().clone();
            y
        }
        pub fn looped(all: &[u8]) -> u8 {
            let mut sum = 0;
            for i in 0..all.len() {
                sum += all[i];
            }
            sum
        }
        pub fn named<'a>(x: &'a str) -> usize {
            x.len()
        }
        pub fn flags(a: bool, b: bool, c: bool, d: bool) -> bool {
            a && b && c && d
        }
        pub fn nested(a: bool, b: bool) -> u8 {
            if a {
                if b {
                    return 1;
                }
            }
            0
        }
        pub fn panics(x: Option<u8>) -> u8 {
            x.expect("there")
        }
        pub fn closed() -> impl Fn(u8) -> u8 {
            |x| inside(x)
        }
        fn inside(x: u8) -> u8 {
            x
        }
        pub async fn waits_for_nothing() -> u8 {
            1
        }
        pub unsafe fn without_a_contract(x: *const u8) -> u8 {
            unsafe { *x }
        }
        pub fn big(x: [u64; 64]) -> u64 {
            x[0]
        }
        pub fn by_reference(x: &u8) -> u8 {
            *x
        }
        pub fn pattern((a, b): (u8, u8), _: u8, [c, ..]: [u8; 2]) -> u8 {
            a
        }
    }

    pub struct Counter(pub u8);

    #[cfg_attr(feature = "marked", monkey::patchable)]
    impl Counter {
        pub fn new() -> Self {
            Counter(0)
        }
        pub fn add(self, other: Self) -> Self {
            Self(self.0 + other.0)
        }
        pub fn to_owned_one(self) -> u8 {
            self.0
        }
        pub fn changes_nothing(&mut self) -> u8 {
            self.0
        }
        fn is_never_used(&self) -> bool {
            self.0 == 0 || self.0 == 0
        }
    }

    #[cfg_attr(feature = "marked", monkey::patchable)]
    pub trait Shape {
        fn area(&self, unused: u8) -> u8 {
            let x = 1;
            2
        }
    }
}

/// Uses them.
#[must_use]
pub fn all() -> u8 {
    Shouting();
    told::old();
    let numbers = [1; 8];
    variable(1) + mutable(1) + unreachable() + unwraps() + by_value(String::new()) as u8 + told::Shouting(1)
        + eight(numbers[0], 1, 1, 1, 1, 1, 1, 1)
}

#[cfg(test)]
mod tests {
    #[cfg_attr(feature = "marked", monkey::patchable)]
    fn helps(x: u8, y: u8) -> u8 {
        return x;
    }

    #[cfg_attr(feature = "runtime", monkey::with(replace(helps = |_, _| 2)))]
    fn with(unused: u8) -> u8 {
        let z = 1;
        helps(1, 2)
    }

    #[test]
    fn plain() {
        let nothing = 1;
        assert_eq!(with(1) == 2, true);
    }
}
