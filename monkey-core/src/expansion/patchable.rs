//! What `#[patchable]` puts before a function's own statements.
//!
//! Each piece takes one thing away that an optimiser could otherwise learn from the body and use at the call:
//! that two bodies are the same, that an argument is not read, what the result is, that nothing unwinds,
//! that nothing returns. All of it is safe code and costs a few instructions.
use crate::dispatch::Own;
use std::any::type_name_of_val;
use std::hint::black_box;
use std::panic::Location;

/// Gives the function a value of its own, so that no other function's body equals this one's.
///
/// `own` is a closure written in the function: its type's name has the function's path and its generic
/// arguments in it. The place keeps functions of one path apart, such as two in sibling blocks. The type itself is what
/// the function is known by.
#[inline(always)]
#[track_caller]
#[expect(
    clippy::inline_always,
    reason = "the value has to be in the function itself, not in one that all share"
)]
pub fn entry<C: Fn()>(closure: C) -> Own<C> {
    black_box((type_name_of_val(&closure), Location::caller()));
    Own::by(&closure)
}

/// Lets the function's own address escape, where the body can name it. A body that is private to one crate, as an instance
/// of a generic function may be with link-time optimisation, otherwise loses the arguments that all calls there agree on.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a function of its own would be one more to see through")]
pub fn kept(own: *const ()) {
    black_box(own);
}

/// Lets the argument escape: from here on it may have been read and, behind references, changed.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the function itself has to use its argument")]
pub fn opaque<T>(argument: &T) {
    black_box(argument);
}

/// False, which the optimiser cannot know.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call would hide nothing more and cost one")]
#[must_use]
pub fn never() -> bool {
    black_box(false)
}

/// What a function might return or unwind with, as far as its callers can tell. It is never called.
///
/// # Panics
/// Always, which the optimiser cannot know.
#[cold]
#[inline(never)]
#[must_use]
pub fn unreturned<R>() -> R {
    black_box(None).expect("the way out that exists for the optimiser only was taken")
}

/// `unreturned` for a function that never returns: its callers may only not know that it does not unwind.
///
/// # Panics
/// Never, which the optimiser cannot know.
#[cold]
#[inline(never)]
pub fn unwinding() {
    assert!(!never(), "the way out that exists for the optimiser only was taken");
}
