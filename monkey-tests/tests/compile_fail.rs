//! What must not compile, with the words it is refused with, and what must compile without a warning.
//!
//! On x86-64 alone: the compiler says the same for every target, and for others it is another one.
#![cfg(target_arch = "x86_64")]

#[test]
fn compile_fail() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/compile_fail/pass/*.rs");
    cases.compile_fail("tests/compile_fail/*.rs");
}
