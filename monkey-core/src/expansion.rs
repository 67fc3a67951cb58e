//! What the macros' output names. Not for users; no promise of stability.
pub mod asynchronous;
pub mod callee;
mod captured;
pub mod foreign;
mod late;
mod lent;
mod original_future;
mod outcome;
mod patchable;
pub mod returns;
mod signature;
mod stack;
pub(crate) mod target;
mod variadic;

use crate::captured::Environment;
use crate::few::Few;
use crate::group::Group;
use crate::guard::Fail;
use crate::notes;
use crate::registry;
use crate::thread::{BypassAll, BypassOnce, scope};
use crate::{PatchError, PatchGuard};
use std::mem;
use std::panic::Location;

pub use crate::__monkey_kind_of_foreign as kind_of_foreign;
pub use crate::dispatch::{Own, Site, asks, replacement};
pub use crate::order::Step;
pub use crate::replacement::{IntoCount, Replacement};
pub use crate::request::Visibility;
pub use crate::test_run::TestRun;
pub use asynchronous::{
    Asks, FutureOf, Output, ProbeAwaited, ProbeBefore, ProbeBothAwaited, ProbeBoxed, ProbeByCall,
    ProbeNotAwaited, ProbeNotSend, ProbePlain, ProbeSame, ProbeSend, ProbeUnpin, SendsOf, Unwritten,
    asks_when_polled, awaited, begin, goes_as, stand_in,
};
pub use captured::{
    Call, CalledAgain, Caller, DecidedBy, Entered, Hint, Keeps, Kept, NotSync, Once, OneByOne, Shared, Takes,
    Way, WayOf, again, argument, decide, diverge, enter, fits, keep, original,
};
pub use core;
pub use foreign::borrowing::{
    ProbeReferenceFirst, ProbeReferenceLast, ProbeReferences, ProbeSafeReferenceFirst,
    ProbeSafeReferenceLast, ProbeSafeReferences,
};
pub use foreign::{ProbeNoShape, ProbeOtherPointer, ProbeSafePointer, ProbeShape, recognised};
pub use late::{ProbeEarly, ProbeLate, ProbeLateToo};
pub use lent::{
    AsksByName, AsksByPath, AsksByTrait, AsksNoMore, Inherited, Lent, Lookup, NameWithoutModule, PathEnd,
    hash_in_module,
};
pub use original_future::OriginalFuture;
pub use outcome::{Fallible, Infallible, Outcome, Reference};
pub use patchable::{entry, kept, never, opaque, unreturned, unwinding};
pub use returns::{
    ProbeFixed, ProbeLends, ProbeLent, ProbeOwned, ProbeTakes, ProbeTied, ProbeUnknown, guess, hint_of,
    in_turn_of, may_be_inferred, needs_no_type, returns_of, row, shapes,
};
pub use signature::{
    BehindReference, InPlaceOf, NoReference, NotSafeToCall, Probe, Receiver, Safe, SafeFn, SafeToCall,
    Unsafe, same_safety,
};
pub use stack::stack;
pub use std::borrow::ToOwned;
pub use target::{
    FunctionItem, Item, ProbeBehind, ProbeItem, ProbeMistaken, ProbeValue,
    TargetMustBeAFunctionNamedByItsPath, Value, address, is_function,
};
pub use variadic::*;

/// `patch!`.
///
/// # Panics
/// With the `PatchError`'s text.
#[track_caller]
pub fn patch<const N: usize>(
    visibility: Option<Visibility>,
    replacements: [Replacement<'static>; N],
    fail: Fail,
) -> PatchGuard {
    match try_patch(visibility, replacements, fail) {
        Ok(guard) => guard,
        Err(error) => refuse(&error),
    }
}

/// `try_patch!`.
///
/// # Errors
/// When one of the targets cannot be patched; then none is.
#[track_caller]
pub fn try_patch<const N: usize>(
    visibility: Option<Visibility>,
    replacements: [Replacement<'static>; N],
    fail: Fail,
) -> Result<PatchGuard, PatchError> {
    let _bypass = BypassAll::begin();
    let wanted = Few::from_array(replacements, |replacement| replacement.listed);
    PatchGuard::new(visibility, wanted, Location::caller(), fail).inspect_err(notes::refuse)
}

/// `during!`: what the replacements capture may live for as long as this call.
///
/// # Panics
/// As [`patch`], when the block does, and when the replacements are not called as expected.
#[track_caller]
pub fn during<R, const N: usize>(
    visibility: Option<Visibility>,
    replacements: [Replacement<'_>; N],
    fail: Fail,
    block: impl FnOnce() -> R,
) -> R {
    let bypass = BypassAll::begin();
    let lent = Few::from_array(replacements, |replacement| {
        let mut listed = replacement.listed;
        // Whatever happens from here on, none of them is left to a call when this returns.
        listed.environment().as_mut().into_iter().for_each(Environment::is_lent);
        listed
    });
    let guard = PatchGuard::surely_dropped(visibility, lent, Location::caller(), fail);
    drop(bypass);
    let guard = match guard {
        Ok(guard) => guard,
        Err(error) => refuse(&error),
    };
    let result = block();
    drop(guard);
    result
}

#[track_caller]
fn refuse(error: &PatchError) -> ! {
    let text = error.to_string();
    notes::complain_by_panic(&text);
    panic!("{text}")
}

/// What a guard, or a test that is a future, has to say in the end: a panic at the place of whoever calls this.
///
/// # Panics
/// Always.
#[track_caller]
pub fn fail(wrong: &str) -> ! {
    panic!("{wrong}")
}

/// `original!`: while it lives, the calling thread's next call of the target goes to the original, once.
#[derive(Debug)]
pub struct Original(#[allow(dead_code, reason = "held for its drop")] Option<BypassOnce>);

impl Original {
    /// `stack` is the stack pointer of the function that makes the call.
    ///
    /// Has no effect where the target is not hooked: what is called is the original then. Takes no lock, and waits for
    /// nobody: it may be called in place of what the engine itself, `malloc` or the loader calls.
    #[must_use]
    pub fn begin(target: *const (), stack: usize) -> Self {
        match registry::group_id(target as usize) {
            0 => Self(None),
            group => Self(Some(BypassOnce::begin(group, stack))),
        }
    }
}

/// `calls!`. Takes no lock, and waits for nobody.
///
/// # Panics
/// When the function is not, and was not, replaced in the caller's scope.
#[must_use]
#[track_caller]
pub fn calls(target: *const (), name: &'static str) -> usize {
    let bypass = BypassAll::begin();
    let calls = registry::function(target as usize).and_then(|known| known.group.calls_in(scope()));
    drop(bypass);
    match calls {
        Some(calls) => calls as usize,
        None => not_counted(name),
    }
}

/// The same for a name as a list has it: which instance of a generic function is meant stands there.
///
/// # Panics
/// When no function of that name is, or was, in a list in the caller's scope, or several are.
#[must_use]
#[track_caller]
pub fn calls_by_name(name: &'static str) -> usize {
    let bypass = BypassAll::begin();
    let scope = scope();
    let counted = |spelling: fn(&Group, &str) -> bool| {
        let named = registry::groups().filter(move |group| spelling(group, name));
        let (mut groups, mut calls) = (0, 0);
        let mut seen = 0;
        for group in named.filter(|group| group.id != mem::replace(&mut seen, group.id)) {
            if let Some(own) = group.calls_in(scope) {
                groups += 1;
                calls = own;
            }
        }
        (groups, calls)
    };
    let exact = counted(Group::is_listed_as);
    let (groups, calls) = if exact.0 == 0 { counted(Group::is_called) } else { exact };
    drop(bypass);
    match groups {
        0 => not_counted(name),
        1 => calls as usize,
        _ => panic!(
            "`{name}` is the name of {groups} functions that are replaced or watched in this scope\n  \
             help: name the one that is meant by its whole path, or with its generic arguments, here and in the list"
        ),
    }
}

#[track_caller]
fn not_counted(name: &str) -> ! {
    panic!(
        "`{name}` is neither replaced nor watched in this scope, so its calls are not counted\n  \
         help: ask where it is, within that test and on its threads, or add `watch({name})` to the list"
    )
}
