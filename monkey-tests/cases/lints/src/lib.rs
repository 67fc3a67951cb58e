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

/// Uses them.
#[must_use]
pub fn all() -> u8 {
    Shouting();
    told::old();
    let numbers = [1; 8];
    variable(1) + mutable(1) + unreachable() + unwraps() + by_value(String::new()) as u8 + told::Shouting(1)
        + eight(numbers[0], 1, 1, 1, 1, 1, 1, 1)
}
