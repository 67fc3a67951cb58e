//! The engine of monkey: hooks, stubs, scopes and the writing of code.
//!
//! Users take the package `monkey-mock`, which re-exports what is public here.
#![cfg_attr(system = "unsupported", allow(dead_code, reason = "what only hooks in code need"))]
#![allow(
    clippy::manual_find,
    clippy::manual_map,
    clippy::manual_unwrap_or,
    clippy::manual_unwrap_or_default,
    reason = "users do not optimise this crate in their tests, and then a loop takes a fraction of what closures do"
)]

mod address;
mod append_only;
#[doc(hidden)]
pub mod border;
mod captured;
#[cfg_attr(system = "unsupported", path = "code/unsupported.rs")]
mod code;
mod count;
#[cfg_attr(system = "macos", path = "crash/macos.rs")]
#[cfg_attr(system = "unsupported", path = "crash/unsupported.rs")]
#[cfg_attr(system = "windows", path = "crash/windows.rs")]
mod crash;
mod demand;
mod dispatch;
mod engine;
#[cfg(not(system = "unsupported"))]
mod entry;
mod error;
#[doc(hidden)]
pub mod expansion;
mod few;
#[cfg(any(system = "linux", system = "macos"))]
mod fork;
mod function;
mod given;
mod group;
mod guard;
#[cfg(any(system = "linux", system = "windows"))]
mod handoff;
mod hook;
#[doc(hidden)]
pub mod image;
#[cfg_attr(system = "macos", path = "inherit/macos.rs")]
#[cfg_attr(system = "unsupported", path = "inherit/unsupported.rs")]
mod inherit;
mod install;
mod installed;
mod kept;
#[doc(hidden)]
pub mod lineage;
#[doc(hidden)]
pub mod lock;
mod members;
mod memchr;
mod notes;
mod order;
mod owed;
mod patch;
mod plt;
mod record;
mod recorder;
mod registry;
#[doc(hidden)]
pub mod relocate;
mod replacement;
mod report;
mod request;
mod reserved;
mod scope;
mod sorted;
#[doc(hidden)]
pub mod stub;
mod target_kind;
mod test_run;
#[cfg_attr(system = "unsupported", path = "text/unsupported.rs")]
mod text;
mod thread;
mod turn;
#[cfg_attr(not(system = "linux"), path = "unwind/elsewhere.rs")]
mod unwind;
mod verdict;

#[doc(hidden)]
pub use code::write as write_code;
pub use error::{Cause, PatchError};
pub use function::{FunctionError, function};
pub use guard::{PatchGuard, patch_at};
#[doc(hidden)]
pub use relocate::Refusal;
pub use scope::Scope;
