//! Whether a test's result means that the test has failed, for results of any type.
//!
//! Method look-up takes the first of the two traits that fits: [`Fallible`] by value for the types that can
//! tell, [`Infallible`] one reference further on for all others. No bound on the result is needed.
use std::process::ExitCode;

/// A reference to a result. By this name, because lints have views on how a user's reference types are written.
pub type Reference<'a, R> = &'a R;

/// A result on its way through `(&Outcome(result)).__monkey_failed()`.
#[derive(Debug)]
pub struct Outcome<'a, R>(pub &'a R);

/// Results that can tell.
pub trait Fallible {
    /// Whether the harness will report the test as failed.
    fn __monkey_failed(&self) -> bool;
}

impl<T, E> Fallible for Outcome<'_, Result<T, E>> {
    fn __monkey_failed(&self) -> bool {
        self.0.is_err()
    }
}

impl Fallible for Outcome<'_, ExitCode> {
    fn __monkey_failed(&self) -> bool {
        *self.0 != ExitCode::SUCCESS
    }
}

/// All the others.
pub trait Infallible {
    /// No.
    fn __monkey_failed(&self) -> bool;
}

impl<R> Infallible for &Outcome<'_, R> {
    fn __monkey_failed(&self) -> bool {
        false
    }
}

#[cfg(test)]
#[expect(clippy::needless_borrow, reason = "the macros write it: that is what method look-up starts from")]
mod tests {
    use super::{ExitCode, Fallible as _, Infallible as _, Outcome};

    #[test]
    fn only_errors_and_exit_codes_fail() {
        assert!((&Outcome(&Err::<(), _>("no"))).__monkey_failed());
        assert!(!(&Outcome(&Ok::<_, ()>(1))).__monkey_failed());
        assert!((&Outcome(&ExitCode::FAILURE)).__monkey_failed());
        assert!(!(&Outcome(&ExitCode::SUCCESS)).__monkey_failed());
        assert!(!(&Outcome(&())).__monkey_failed());
        assert!(!(&Outcome(&"a value")).__monkey_failed());
    }
}
