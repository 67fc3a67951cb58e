//! Dispatch in source: a patchable function asks at its entry whether its caller's scope replaces it, and calls the replacement
//! itself. For where code cannot be patched, and for what has no code that could be.
//!
//! Who asks is known by the type of a closure in its body, which no other function has and each instance of a generic one has
//! for itself. A list knows a target by its name, and finds that type by the [records](records). Where there are none before
//! a function's first call, that call finds its target by the name, and by the [shape](shape) of what it is called with.
mod asked;
mod asking;
pub mod polled;
mod records;
mod shape;
mod site;
mod target;

use crate::error::Cause;
use crate::group::Group;
use crate::registry::{self, Known};
use crate::request::Request;
use crate::text::TEXT;
use once_cell::race::OnceBool;
use std::any::TypeId;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use target::Target;

pub use asked::{is_asked_at, patchable_at};
pub use asking::CALLERS_ARE_KNOWN;
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

/// Whether a function of this name may be patchable, of which no record is to be expected before it has asked.
pub fn may_ask_later(name: &str) -> bool {
    !records::ARE_COMPLETE && records::find(name).is_empty() && !target::is_of_rust(name)
}

/// Whether a function of this name has left a record.
pub fn is_recorded(name: &str) -> bool {
    !records::find(name).is_empty()
}

/// The group of a target that asks in its source. Its name is that of its own type.
///
/// # Errors
/// When it does not ask, when several functions have this name, and when it asks for another kind of replacement than it is given, or
/// for one of another type; `because` is why its code is not patched.
pub fn group(request: &Request, because: &str) -> Result<&'static Group, Cause> {
    let (address, name) = (request.target, request.target_type.unwrap_or_default());
    let can_be_compared = request.watched || request.shape.is_some() || request.given.is_some();
    let described = match records::find(name).as_slice() {
        [described] => Some(*described),
        // It may have had no occasion to say that it asks.
        [] if can_be_compared && may_ask_later(name) => None,
        [] if request.given.is_some() => {
            let because = "its body does not ask for a replacement: only a #[monkey::patchable] one gives it the arguments";
            return Err(Cause::Asynchronous { because: because.into() });
        }
        [] => return Err(Cause::NotPatchable { because: because.to_owned() }),
        _ => return Err(Cause::SameName),
    };
    let question = described.and_then(|described| described.question);
    let unseen = request.given.filter(|_| described.is_none());
    match &request.given {
        Some(_) if unseen.is_some() => {}
        Some(given) => given.fits(question)?,
        None if question.is_none() || request.watched => {}
        None => {
            let because = "its replacement is a function that gives a future, which nothing compares with the target's: write an \
                           `async` closure, as in `async |url: &str| ..`";
            return Err(Cause::Asynchronous { because: because.into() });
        }
    }
    let text = TEXT.hold();
    let polled = question.is_some() || unseen.is_some();
    let id = described.map(|described| described.id);
    let target = targets()
        .find(|target| target.answers_to(id, name))
        .unwrap_or_else(|| add(address, id, name, polled));
    // A generic function may have another address in each crate.
    if registry::find(address).is_none_or(|known| known.group.id != target.group.id) {
        registry::insert(address, Known { group: target.group, hook: Some(target.hook) });
    }
    drop(text);
    if polled && target.hook.original == 0 {
        let because = "it was watched before its first poll, when nothing on this platform says so yet: poll it once before it is watched";
        return Err(Cause::Asynchronous { because: because.into() });
    }
    if let Some(given) = unseen {
        target.takes_unseen(given)?;
    }
    // What an `async fn` is given is compared by itself.
    if request.watched || polled || target.takes(request.shape) {
        Ok(target.group)
    } else {
        Err(Cause::SameName)
    }
}

/// One thread at a time: the one that has the lock of the program's text.
fn add(address: usize, id: Option<TypeId>, name: &'static str, polled: bool) -> &'static Target {
    let declines = if polled { polled::declines as *const () as usize } else { 0 };
    let target = Target::new((address, declines), id, name, targets().next());
    TARGETS.store(ptr::from_ref(target).cast_mut(), SeqCst);
    TARGETS_SO_FAR.fetch_add(1, SeqCst);
    // What is only watched, and has left no record, may ask either way.
    if polled || id.is_none() {
        BEGUN_POLLED.store(true, SeqCst);
    }
    if !polled {
        BEGUN.store(true, SeqCst);
    }
    target
}

fn targets() -> impl Iterator<Item = &'static Target> {
    // SAFETY: null, or what `add` made, which is never freed.
    let newest = unsafe { TARGETS.load(SeqCst).as_ref() };
    std::iter::successors(newest, |target| target.before)
}
