//! The engine of monkey: hooks, stubs, scopes and the writing of code.
//!
//! Users take the crate `monkey`, which re-exports what is public here.

mod code;
mod count;
mod crash;
mod entry;
mod error;
#[doc(hidden)]
pub mod expansion;
mod frame;
mod guard;
mod hook;
#[doc(hidden)]
pub mod image;
mod inherit;
mod install;
mod kept;
mod lock;
mod patch;

#[doc(hidden)]
pub mod relocate;
mod scope;
#[doc(hidden)]
pub mod stub;
mod thread;
mod verdict;

#[doc(hidden)]
pub use code::write as write_code;
pub use error::{Cause, PatchError};
pub use guard::{PatchGuard, patch_at};
#[doc(hidden)]
pub use relocate::Refusal;
pub use scope::Scope;
