//! Dispatch in source: a patchable function asks at its entry whether its caller's scope replaces it, and calls the replacement
//! itself. For where code cannot be patched, and for what has no code that could be.
//!
//! Who asks is known by the type of a closure in its body, which no other function has and each instance of a generic one has
//! for itself. A list knows a target by its name, and finds that type by the [records](records).
pub mod polled;
mod records;
mod site;

use crate::error::Cause;
use crate::given::Given;
use crate::group::Group;
use crate::hook::Hook;
use crate::registry::{self, Known};
use crate::text::TEXT;
use once_cell::race::OnceBool;
use std::any::TypeId;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

pub use records::{Own, identity};
pub use site::{Site, replacement};

/// Asks for it by its value `source`, where code could be patched.
const FORCED: &str = "MONKEY_DISPATCH";

/// Whether any target was ever dispatched in source. Patchable functions look at this, and go on.
static BEGUN: AtomicBool = AtomicBool::new(false);
/// Whether any of them was an `async fn`: these look at this.
static BEGUN_POLLED: AtomicBool = AtomicBool::new(false);
/// How many targets there have been: who was told that it is none asks again when there is a new one.
static TARGETS_SO_FAR: AtomicU64 = AtomicU64::new(0);
/// The newest target. Those before it hang on it; none ever goes.
static TARGETS: AtomicPtr<Target> = AtomicPtr::new(ptr::null_mut());

/// A function whose calls are dispatched in source.
#[derive(Debug)]
struct Target {
    id: TypeId,
    group: &'static Group,
    hook: &'static Hook,
    before: Option<&'static Target>,
}

/// Whether the environment asks for it.
pub fn is_forced() -> bool {
    static IS_FORCED: OnceBool = OnceBool::new();
    IS_FORCED.get_or_init(|| std::env::var_os(FORCED).is_some_and(|way| way == "source"))
}

/// Whether a patchable function has to ask. That it would is recorded.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call would cost more than the load")]
#[must_use]
pub fn asks<C: Fn()>(own: Own<C>) -> bool {
    own.record();
    BEGUN.load(Relaxed)
}

/// Whether a patchable `async fn` has this name: its calls are dispatched in source, as its future asks.
pub fn is_polled(name: &str) -> bool {
    records::find(name).iter().any(|described| described.question.is_some())
}

/// The group of a target that asks in its source. Its name is that of its own type.
///
/// # Errors
/// When it does not ask, when several functions have this name, and when it asks for another kind of replacement than `given`, or
/// for one of another type; `because` is why its code is not patched.
pub fn group(
    address: usize,
    name: &str,
    because: &str,
    given: Option<&Given>,
    watched: bool,
) -> Result<&'static Group, Cause> {
    let described = match records::find(name).as_slice() {
        [described] => *described,
        [] if given.is_some() => {
            let because = "its body does not ask for a replacement: only a #[monkey::patchable] one gives it the arguments";
            return Err(Cause::Asynchronous { because: because.into() });
        }
        [] => return Err(Cause::NotPatchable { because: because.to_owned() }),
        _ => return Err(Cause::SameName),
    };
    match given {
        Some(given) => given.fits(described.question)?,
        None if described.question.is_none() || watched => {}
        None => {
            let because = "its replacement is a function that gives a future, which nothing compares with the target's: write an \
                           `async` closure, as in `async |url: &str| ..`";
            return Err(Cause::Asynchronous { because: because.into() });
        }
    }
    let id = described.id;
    let text = TEXT.hold();
    let polled = described.question.is_some();
    let target = targets().find(|target| target.id == id).unwrap_or_else(|| add(address, id, polled));
    // A generic function may have another address in each crate.
    if registry::find(address).is_none_or(|known| known.group.id != target.group.id) {
        registry::insert(address, Known { group: target.group, hook: Some(target.hook) });
    }
    drop(text);
    Ok(target.group)
}

/// One thread at a time: the one that has the lock of the program's text.
fn add(address: usize, id: TypeId, polled: bool) -> &'static Target {
    let group = Group::new();
    let declines = if polled { polled::declines as *const () as usize } else { 0 };
    let hook = Hook::in_source(address, group.id, declines);
    group.add(hook);
    let target: &'static Target = Box::leak(Box::new(Target { id, group, hook, before: targets().next() }));
    TARGETS.store(ptr::from_ref(target).cast_mut(), SeqCst);
    TARGETS_SO_FAR.fetch_add(1, SeqCst);
    if polled { &BEGUN_POLLED } else { &BEGUN }.store(true, SeqCst);
    target
}

fn targets() -> impl Iterator<Item = &'static Target> {
    // SAFETY: null, or what `add` made, which is never freed.
    let newest = unsafe { TARGETS.load(SeqCst).as_ref() };
    std::iter::successors(newest, |target| target.before)
}
