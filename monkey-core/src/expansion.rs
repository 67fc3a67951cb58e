//! What the macros' output names. Not for users; no promise of stability.
mod outcome;
mod patchable;
mod signature;

use crate::{PatchError, PatchGuard};
use std::future::Future;

pub use outcome::{Fallible, Infallible, Outcome};
pub use patchable::{entry, never, opaque, unreturned, unwinding};
pub use signature::{InPlaceOf, NotSafeToCall, Probe, Safe, SafeFn, SafeToCall, Unsafe, same_safety};

/// Who sees the patches of a frame or a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// The scope's threads.
    Scope,
    /// Every thread.
    Process,
}

/// One `T = R` of a list.
#[derive(Debug)]
pub struct Replacement {}

impl Replacement {
    /// `target` and `replacement` are of one type; the names are the paths as the user wrote them.
    #[track_caller]
    pub fn new(_target: *const (), _replacement: *const (), _target_name: &'static str, _replacement_name: &'static str) -> Self {
        todo!()
    }

    /// How many calls `expect(T = COUNT)` allows.
    pub fn expect(self, _count: impl IntoCount) -> Self {
        todo!()
    }
}

/// What may stand as COUNT in `expect(T = COUNT)`: a number or a range of `usize`.
pub trait IntoCount {}
impl IntoCount for usize {}

/// One run of a function annotated with `test` or `with`.
#[derive(Debug)]
pub struct Frame {}

impl Frame {
    /// A `#[monkey::test]`: opens a scope; every replacement must be called unless `expect` says otherwise.
    #[track_caller]
    pub fn test(_name: &'static str, _visibility: Visibility) -> Self {
        todo!()
    }

    /// A `#[monkey::with]`: joins the caller's scope or opens one. `None`: as the caller's frame.
    #[track_caller]
    pub fn with(_name: &'static str, _visibility: Option<Visibility>) -> Self {
        todo!()
    }

    /// Installs, runs, checks the counts (unless the body failed), takes away. Panics with the reason.
    pub fn run<R>(self, _replacements: impl FnOnce() -> Vec<Replacement>, _failed: fn(&R) -> bool, _body: impl FnOnce() -> R) -> R {
        todo!()
    }

    /// The same for a body that is a future: every poll runs in the scope.
    pub async fn run_async<R>(self, _replacements: impl FnOnce() -> Vec<Replacement>, _failed: fn(&R) -> bool, _body: impl Future<Output = R>) -> R {
        todo!()
    }
}

/// `patch!`.
///
/// # Panics
/// With the `PatchError`'s text.
#[track_caller]
pub fn patch(_visibility: Option<Visibility>, _replacements: Vec<Replacement>) -> PatchGuard {
    todo!()
}

/// `try_patch!`.
///
/// # Errors
/// When one of the targets cannot be patched; then none is.
#[track_caller]
pub fn try_patch(_visibility: Option<Visibility>, _replacements: Vec<Replacement>) -> Result<PatchGuard, PatchError> {
    todo!()
}

/// While it lives, the calling thread's next call of the target goes to the original, once.
#[derive(Debug)]
pub struct Original {}

impl Original {
    /// Has no effect where the target is not hooked.
    pub fn of(_target: *const ()) -> Self {
        todo!()
    }
}

/// `calls!`.
#[track_caller]
pub fn calls(_target: *const (), _name: &'static str) -> usize {
    todo!()
}
