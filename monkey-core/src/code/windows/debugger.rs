//! A debugger gets every exception first, and stops the program at a trap.
use super::api;
use std::fmt;

/// A debugger that is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracer(());

impl Tracer {
    /// The present one.
    pub fn find() -> Option<Self> {
        // SAFETY: reads a flag of the process's.
        (unsafe { api::IsDebuggerPresent() } != 0).then_some(Self(()))
    }

    /// Whether it puts breakpoints back whenever the program goes on.
    #[expect(clippy::unused_self, reason = "as where there are other tracers")]
    #[must_use]
    pub fn is_debugger(&self) -> bool {
        true
    }
}

impl fmt::Display for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a debugger")
    }
}
