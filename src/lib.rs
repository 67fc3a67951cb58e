//! Replaces functions in tests by patching their machine code.

#[cfg(feature = "runtime")]
pub use monkey_core::{Cause, PatchError, PatchGuard, Scope, patch_at};

pub use monkey_macros::{calls, original, patch, patchable, test, try_patch, with};

#[cfg(feature = "runtime")]
#[doc(hidden)]
pub use monkey_core::expansion as __private;
