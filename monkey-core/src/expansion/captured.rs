//! Closures that capture, as replacements.
//!
//! The expansion writes a function beside each closure, generic over the closure's type and of the target's signature, which finds the
//! closure at each call ([`enter`]) and calls it. Whether the closure is called by several threads at once is found out from its type, in
//! three steps, as its kind is known only when all of the body around it has been checked:
//!
//! * [`Hint`] gives the closure's parameters their types, as an expected type of `dyn FnOnce(..)` would, and leaves its kind open;
//! * another closure calls it, and so takes it as the call needs: `&` is `Copy`, `&mut` is not, but `Send` and `Unpin`, and what is moved
//!   into it is [`UnwindSafe`], which neither reference is;
//! * [`DecidedBy`] has one implementation for each, of which only one is left in the end.
use std::cell::Cell;
use std::marker::{PhantomData, PhantomPinned};
use std::panic::UnwindSafe;

pub use crate::captured::closure::{
    Call, Entered, Once, OneByOne, Shared, Takes, Way, WayOf, enter, original,
};

/// Where a closure is kept until its type is known.
#[derive(Debug)]
pub struct Kept<F>(Option<F>);

impl<F> Kept<F> {
    /// Nothing yet.
    #[must_use]
    pub fn nothing() -> Self {
        Self(None)
    }

    /// The closure.
    ///
    /// # Panics
    /// When there is none.
    pub fn take(self) -> F {
        self.0.expect("a closure was kept")
    }
}

/// What is [`Kept`], by a detour over a trait: the expected type must not come to it.
pub trait Keeps<F> {
    /// Keeps it.
    fn keep(&mut self, function: F);
}

impl<F> Keeps<F> for Kept<F> {
    fn keep(&mut self, function: F) {
        self.0 = Some(function);
    }
}

/// Keeps a closure. The pointer is null, and of the type that [`Hint::takes`] expects something else to be made of.
pub fn keep<F, K: Keeps<F>>(kept: &mut K, function: F) -> *const F {
    kept.keep(function);
    std::ptr::null()
}

/// An expected type, for a closure's parameters.
#[derive(Debug)]
pub struct Hint<T: ?Sized>(PhantomData<*const T>);

impl<T: ?Sized> Hint<T> {
    /// Of this type.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }

    /// For the type check alone.
    pub fn takes(self, _pointer: *const T) {}
}

impl<T: ?Sized> Default for Hint<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What tells how a closure captures it: by `&` it is not `Send`, by `&mut` not [`UnwindSafe`], and by value not [`Unpin`].
#[derive(Debug)]
pub struct NotSync(PhantomData<Cell<()>>, PhantomPinned);

impl NotSync {
    /// To be captured.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData, PhantomPinned)
    }
}

impl Default for NotSync {
    fn default() -> Self {
        Self::new()
    }
}

/// A closure that calls another one, which has captured [`NotSync`].
#[derive(Debug)]
pub struct Caller<P>(PhantomData<P>);

/// Which way a closure is called, by who calls it.
#[diagnostic::on_unimplemented(
    message = "a closure that replaces a function has to be `Send`: other threads may call it",
    label = "this closure captures something that must stay on its thread",
    note = "what it captures may be an `Arc` in place of an `Rc`, or a `Mutex` or an atomic in place of a `RefCell` or a `Cell`"
)]
pub trait DecidedBy<W> {}

#[diagnostic::do_not_recommend]
impl<P: Copy> DecidedBy<Shared> for Caller<P> {}
#[diagnostic::do_not_recommend]
impl<P: Send + Unpin> DecidedBy<OneByOne> for Caller<P> {}
#[diagnostic::do_not_recommend]
impl<P: UnwindSafe> DecidedBy<Once> for Caller<P> {}

/// Decides by a closure that calls the one in question.
pub fn decide<W, P>(_way: &WayOf<W>, _caller: &P)
where
    Caller<P>: DecidedBy<W>,
{
}

/// An argument for a call that is never made.
#[must_use]
pub fn argument<T>() -> T {
    unreachable!("only its type is asked for")
}

/// Compiles where the closure fits.
pub fn fits<W: Takes<F>, F>(_way: &WayOf<W>, _function: &F) {}

/// Which closures can be called more than once.
#[diagnostic::on_unimplemented(
    message = "a closure that replaces a function is called again and again",
    label = "this one gives away what it has captured, and so can be called once",
    note = "let it give a clone of that"
)]
pub trait CalledAgain<W> {}
#[diagnostic::do_not_recommend]
impl<F> CalledAgain<Shared> for F {}
#[diagnostic::do_not_recommend]
impl<F> CalledAgain<OneByOne> for F {}

/// Compiles where the closure may be called more than once.
pub fn again<W, F: CalledAgain<W>>(_way: &WayOf<W>, _function: &F) {}

/// Where code ends that never runs.
pub fn diverge() -> ! {
    unreachable!("only its types are asked for")
}
