//! Where no function of the system is hooked, a thread is given its scope by hand, by `Scope::run`.
use crate::error::Cause;

/// Nothing to hook.
#[expect(clippy::unnecessary_wraps, reason = "as where there is")]
pub fn ensure() -> Result<(), Cause> {
    Ok(())
}
