//! What the macros' output names. Not for users; no promise of stability.
pub mod foreign;
mod outcome;
mod patchable;
mod signature;
mod stack;
pub(crate) mod target;

use crate::lock;
use crate::thread::{Once, scope};
use crate::{PatchError, PatchGuard};
use std::panic::Location;

pub use crate::__monkey_kind_of_foreign as kind_of_foreign;
pub use crate::frame::{Frame, IntoCount, Replacement};
pub use crate::patch::Visibility;
pub use core;
pub use foreign::{ProbeNoShape, ProbeOtherPointer, ProbeSafePointer, ProbeShape};
pub use outcome::{Fallible, Infallible, Outcome, Reference};
pub use patchable::{entry, kept, never, opaque, unreturned, unwinding};
pub use signature::{
    BehindReference, InPlaceOf, NoReference, NotSafeToCall, Probe, Receiver, Safe, SafeFn, SafeToCall,
    Unsafe, same_safety,
};
pub use stack::stack;
pub use target::{
    FunctionByItsPath, FunctionItem, Item, ProbeItem, ProbeMistaken, ProbeValue, Value, address, is_function,
};

/// `patch!`.
///
/// # Panics
/// With the `PatchError`'s text.
#[track_caller]
pub fn patch<const N: usize>(visibility: Option<Visibility>, replacements: [Replacement; N]) -> PatchGuard {
    match try_patch(visibility, replacements) {
        Ok(guard) => guard,
        Err(error) => panic!("{error}"),
    }
}

/// `try_patch!`.
///
/// # Errors
/// When one of the targets cannot be patched; then none is.
#[track_caller]
pub fn try_patch<const N: usize>(
    visibility: Option<Visibility>,
    replacements: [Replacement; N],
) -> Result<PatchGuard, PatchError> {
    let orders = replacements.map(|replacement| replacement.0);
    target::check(&orders)?;
    PatchGuard::new(visibility, &orders, Location::caller())
}

/// `original!`: while it lives, the calling thread's next call of the target goes to the original, once.
#[derive(Debug)]
pub struct Original(#[allow(dead_code, reason = "held for its drop")] Option<Once>);

impl Original {
    /// Has no effect where the target is not hooked: what is called is the original then.
    #[must_use]
    pub fn of(target: *const (), _stack: usize) -> Self {
        let group = lock::hold().patches.group_of(target as usize);
        Self(group.map(Once::begin))
    }
}

/// `calls!`.
///
/// # Panics
/// When the function is not, and was not, replaced in the caller's scope.
#[must_use]
#[track_caller]
pub fn calls(target: *const (), name: &'static str) -> usize {
    let calls = lock::hold().calls_of(target as usize, scope());
    match calls {
        Some(calls) => calls as usize,
        None => panic!(
            "`{name}` is not replaced in this scope, so its calls are not counted\n  \
             help: ask where it is replaced, within that test and on its threads"
        ),
    }
}
