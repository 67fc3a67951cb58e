//! Closures in environments: how they are kept, found and called.
use super::{Alone, Environment, Function, InFlight, Refused};
use std::any::type_name;
use std::hint::black_box;
use std::marker::PhantomData;
use std::mem::{needs_drop, transmute_copy};
use std::panic::Location;
use std::ptr::NonNull;

/// Called by several threads at once.
#[derive(Debug)]
pub struct Shared;

/// Called by one thread at a time.
#[derive(Debug)]
pub struct OneByOne;

/// How a closure is called: [`Shared`] or [`OneByOne`].
pub trait Way {
    /// How its closure is kept.
    type Kept<F: Send>: Send;
    /// A closure of this type, to be kept.
    fn kept<F: Send>(function: F) -> Self::Kept<F>;
    /// Whether even a closure without a size needs an environment.
    const ALWAYS: bool;
}

impl Way for Shared {
    type Kept<F: Send> = F;
    fn kept<F: Send>(function: F) -> F {
        function
    }
    const ALWAYS: bool = false;
}

impl Way for OneByOne {
    type Kept<F: Send> = Alone<F>;
    fn kept<F: Send>(function: F) -> Alone<F> {
        Alone::new(function)
    }
    const ALWAYS: bool = true;
}

/// A way that is found out, as a value.
#[derive(Debug)]
pub struct WayOf<W>(PhantomData<fn() -> W>);

impl<W> WayOf<W> {
    /// Not known yet.
    #[must_use]
    pub fn unknown() -> Self {
        Self(PhantomData)
    }
}

impl<W> Default for WayOf<W> {
    fn default() -> Self {
        Self::unknown()
    }
}

/// What a closure has to be for its way.
#[diagnostic::on_unimplemented(
    message = "a closure that replaces a function has to be `Send` and `Sync`: several threads may call it at once",
    label = "this closure captures something that threads cannot share",
    note = "what it captures may be an `Arc` in place of an `Rc`, or a `Mutex` or an atomic in place of a `RefCell` or a `Cell`"
)]
pub trait Fits<W> {}

#[diagnostic::do_not_recommend]
impl<F: Send + Sync> Fits<Shared> for F {}
#[diagnostic::do_not_recommend]
impl<F: Send> Fits<OneByOne> for F {}

/// What an environment is made of.
#[derive(Debug)]
struct Content<K> {
    target_name: &'static str,
    location: &'static Location<'static>,
    kept: K,
}

/// Whether a closure needs an environment: one without captures is its code alone.
const fn needs_environment<W: Way, F>() -> bool {
    W::ALWAYS || size_of::<F>() != 0 || needs_drop::<F>()
}

/// The environment of a closure for the function that finds it.
pub fn environment<W: Way, F: Send, P: Copy>(
    function: F,
    own: P,
    target_name: &'static str,
    location: &'static Location<'static>,
) -> Option<Environment> {
    if !needs_environment::<W, F>() {
        // Nothing that a drop would do; and it stays a value that there is.
        std::mem::forget(function);
        return None;
    }
    Some(Environment::new(address(own), Content { target_name, location, kept: W::kept(function) }))
}

/// A function pointer's address.
fn address<P: Copy>(pointer: P) -> usize {
    const { assert!(size_of::<P>() == size_of::<usize>()) };
    // SAFETY: a function pointer, as only expansions call this, and of the size of an address.
    unsafe { transmute_copy(&pointer) }
}

/// An address as a function pointer.
///
/// # Safety
/// It is that of a function of this type.
unsafe fn pointer<P: Copy>(address: usize) -> P {
    const { assert!(size_of::<P>() == size_of::<usize>()) };
    // SAFETY: by the contract.
    unsafe { transmute_copy(&address) }
}

/// What a call of a replacement comes to.
#[derive(Debug)]
pub enum Entered<W, F, P> {
    /// The closure, which stays as long as this.
    Call(Call<W, F>),
    /// The environment was gone before the call came: what is to be called in its place.
    Instead(P),
}

/// A call of a closure.
#[derive(Debug)]
pub struct Call<W, F> {
    /// `None`: it captures nothing.
    in_flight: Option<InFlight>,
    _closure: PhantomData<(W, F)>,
}

/// Begins a call of the closure that a function of the expansion's was written for. `own` is that function, and `Target` tells it from others
/// of the same code: whose code is the same, for the same target, is one function to a linker.
#[inline]
pub fn enter<W: Way, F: Send, P: Copy, Target>(own: P) -> Entered<W, F, P> {
    black_box(type_name::<Target>());
    if !needs_environment::<W, F>() {
        return Entered::Call(Call { in_flight: None, _closure: PhantomData });
    }
    let function =
        Function::find(address(own)).expect("what captures has an environment before it is called");
    loop {
        if let Some(in_flight) = function.enter() {
            return Entered::Call(Call { in_flight: Some(in_flight), _closure: PhantomData });
        }
        match function.instead() {
            Some(0) | None => {}
            // SAFETY: what stands in for the same target, or the target's trampoline, and of its type as this one.
            Some(address) => return Entered::Instead(unsafe { pointer(address) }),
        }
    }
}

impl<W: Way, F: Send> Call<W, F> {
    fn content(&self) -> Option<&Content<W::Kept<F>>> {
        // SAFETY: `enter` found it by the function that was written for this type. Others at the same address have the same code, which takes
        // what they capture for the same.
        self.in_flight.as_ref().map(|in_flight| unsafe { in_flight.content() })
    }
}

impl<F: Send + Sync> Call<Shared, F> {
    /// The closure.
    #[must_use]
    #[inline]
    pub fn function(&self) -> &F {
        match self.content() {
            Some(content) => &content.kept,
            // SAFETY: it has no size, and one of its values was forgotten when the patch was made.
            None => unsafe { NonNull::dangling().as_ref() },
        }
    }
}

impl<F: Send> Call<OneByOne, F> {
    /// Calls the closure when no other thread does.
    ///
    /// # Panics
    /// When this thread is in it already.
    #[inline]
    pub fn alone<R>(&self, call: impl FnOnce(&mut F) -> R) -> R {
        let content = self.content().expect("has an environment");
        content
            .kept
            .with(call)
            .unwrap_or_else(|refused| refuse(refused, content.target_name, content.location))
    }
}

#[cold]
fn refuse(refused: Refused, target: &str, location: &Location<'_>) -> ! {
    match refused {
        Refused::Within => panic!(
            "the closure that replaces `{target}` was called from within itself, and changes what it has captured\n  at {location}\n  \
             help: let it call the original, by `original!`, or keep what it changes in a `Mutex` or an atomic"
        ),
        Refused::Gone => panic!(
            "the closure that replaces `{target}` was being called by another thread when this process was forked, and changes what \
             it has captured\n  at {location}\n  help: keep what it changes in a `Mutex` or an atomic"
        ),
    }
}
