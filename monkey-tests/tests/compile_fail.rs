//! What must not compile, with the words it is refused with, and what must compile without a warning.

#[test]
fn compile_fail() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/compile_fail/pass/*.rs");
    cases.compile_fail("tests/compile_fail/*.rs");
}
