//! Replaces functions in tests by patching their machine code.

#[cfg(feature = "runtime")]
pub use monkey_core::{PatchError, PatchGuard, Scope, patch_at};

#[cfg(feature = "runtime")]
#[doc(hidden)]
pub use monkey_core::expansion as __private;
