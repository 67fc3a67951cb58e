//! The engine of monkey: hooks, stubs, scopes and the writing of code.
//!
//! Users take the package `monkey-mock`, which re-exports what is public here.

#[doc(hidden)]
pub mod border;
mod captured;
mod code;
mod count;
mod crash;
mod dispatch;
mod engine;
mod entry;
mod error;
#[doc(hidden)]
pub mod expansion;
mod fork;
mod function;
mod group;
mod guard;
mod handoff;
mod hook;
#[doc(hidden)]
pub mod image;
mod inherit;
mod install;
mod installed;
mod kept;
#[doc(hidden)]
pub mod lineage;
#[doc(hidden)]
pub mod lock;
mod members;
mod notes;
mod order;
mod patch;
mod plt;
mod recorder;
mod registry;
#[doc(hidden)]
pub mod relocate;
mod replacement;
mod report;
mod request;
mod reserved;
mod scope;
#[doc(hidden)]
pub mod stub;
mod target_kind;
mod test_run;
mod text;
mod thread;
mod turn;
mod verdict;

#[doc(hidden)]
pub use code::write as write_code;
pub use error::{Cause, PatchError};
pub use function::{FunctionError, function};
pub use guard::{PatchGuard, patch_at};
#[doc(hidden)]
pub use relocate::Refusal;
pub use scope::Scope;
