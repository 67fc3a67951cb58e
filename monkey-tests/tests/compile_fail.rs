//! What must not compile, with the words it is refused with, and what must compile without a warning.
//!
//! On x86-64 alone: macros and compiler run on the host and say the same for every target, and the compiler that builds
//! for others here is another version, with words of its own.
#![cfg(target_arch = "x86_64")]

#[test]
fn compile_fail() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/compile_fail/pass/*.rs");
    cases.compile_fail("tests/compile_fail/*.rs");
}
