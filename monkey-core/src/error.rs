//! Why a patch could not be made.
use std::fmt;

/// Why a function could not be replaced: target, address, cause, remedy, and the place in the user's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchError {
    pub(crate) target: String,
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot replace `{}`", self.target)
    }
}

impl std::error::Error for PatchError {}
