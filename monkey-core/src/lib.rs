//! The engine of monkey: hooks, stubs, scopes and the writing of code.
//!
//! Users take the crate `monkey`, which re-exports what is public here.

mod error;
#[doc(hidden)]
pub mod expansion;
mod patch;
#[doc(hidden)]
pub mod relocate;

pub use error::PatchError;
pub use patch::{PatchGuard, Scope, patch_at};
