//! Closures in environments: how they are kept, found and called.
use super::steps::Steps;
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

/// Called once, as a replacement is not: it gives away what it has captured. Only types are asked for.
#[derive(Debug)]
pub struct Once;

/// How a closure is called: [`Shared`], [`OneByOne`] or [`Once`].
pub trait Way {
    /// How its closure is kept.
    type Kept<F>;
    /// A closure of this type, to be kept.
    fn kept<F>(function: F) -> Self::Kept<F>;
    /// Whether even a closure without a size needs an environment.
    const ALWAYS: bool;
}

impl Way for Shared {
    type Kept<F> = F;
    fn kept<F>(function: F) -> F {
        function
    }
    const ALWAYS: bool = false;
}

impl Way for OneByOne {
    type Kept<F> = Alone<F>;
    fn kept<F>(function: F) -> Alone<F> {
        Alone::new(function)
    }
    const ALWAYS: bool = true;
}

impl Way for Once {
    type Kept<F> = F;
    fn kept<F>(function: F) -> F {
        function
    }
    const ALWAYS: bool = false;
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

/// Which closures go this way.
#[diagnostic::on_unimplemented(
    message = "a closure that replaces a function has to be `Send` and `Sync`: several threads may call it at once",
    label = "this closure captures something that threads cannot share",
    note = "what it captures may be an `Arc` in place of an `Rc`, or a `Mutex` or an atomic in place of a `RefCell` or a `Cell`"
)]
pub trait Takes<F> {}

#[diagnostic::do_not_recommend]
impl<F: Send + Sync> Takes<F> for Shared {}
#[diagnostic::do_not_recommend]
impl<F: Send> Takes<F> for OneByOne {}
// What is wrong with it is said by who asks for the other two.
#[diagnostic::do_not_recommend]
impl<F> Takes<F> for Once {}

/// What an environment begins with.
#[derive(Debug)]
pub struct Head {
    target_name: &'static str,
    location: &'static Location<'static>,
    steps: Option<Steps>,
}

impl Head {
    /// For a replacement of this target that was written there.
    pub fn new(
        target_name: &'static str,
        location: &'static Location<'static>,
        steps: Option<Steps>,
    ) -> Self {
        Self { target_name, location, steps }
    }

    /// The values that it gives in turn.
    pub fn steps(&self) -> Option<&Steps> {
        self.steps.as_ref()
    }
}

/// What an environment is made of.
#[derive(Debug)]
#[repr(C)]
struct Content<K> {
    head: Head,
    kept: K,
}

/// Whether a closure needs an environment: one without captures is its code alone.
const fn needs_environment<W: Way, F>() -> bool {
    W::ALWAYS || size_of::<F>() != 0 || needs_drop::<F>()
}

/// The environment of a closure for the function that finds it; `None` where it needs none.
pub fn environment<W: Way, F: Send, P: Copy>(head: Head, function: F, own: P) -> Option<Environment> {
    if !needs_environment::<W, F>() && head.steps.is_none() {
        // Nothing that a drop would do; and it stays a value that there is.
        std::mem::forget(function);
        return None;
    }
    Some(environment_always::<W, F, P>(head, function, own))
}

/// The same for a closure of any kind.
pub fn environment_always<W: Way, F: Send, P: Copy>(head: Head, function: F, own: P) -> Environment {
    let content = Content { head, kept: W::kept(function) };
    // SAFETY: the closure may be sent, and with it what keeps it; the head is the first of its fields, in this order.
    unsafe { Environment::new(address(own), content) }
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
/// of the same code: whose code is the same, for the same target, is one function to a linker. `STEPS`: it gives values in turn.
///
/// # Panics
/// When it never had an environment: it is not to be called but by who calls its target.
#[inline]
pub fn enter<W: Way, F, P: Copy, Target, const STEPS: bool>(own: P) -> Entered<W, F, P> {
    black_box(type_name::<Target>());
    if !STEPS && !needs_environment::<W, F>() {
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

/// The original of what such a function replaces.
///
/// # Panics
/// As [`enter`].
pub fn original<P: Copy>(own: P) -> P {
    let original = Function::find(address(own)).and_then(Function::original);
    // SAFETY: the trampoline of a target that is of this type.
    unsafe { pointer(original.expect("what is called is hooked")) }
}

impl<W: Way, F> Call<W, F> {
    /// Which value in turn this call is to give; the first, where it gives always the same. `None`: the original's.
    ///
    /// # Panics
    /// When there is none any more.
    #[must_use]
    pub fn step(&self) -> Option<usize> {
        let Some(Content { head: Head { target_name, location, steps: Some(steps) }, .. }) = self.content()
        else {
            return Some(0);
        };
        steps.next(target_name, location)
    }

    fn content(&self) -> Option<&Content<W::Kept<F>>> {
        // SAFETY: `enter` found it by the function that was written for this type. Others at the same address have the same code, which takes
        // what they capture for the same.
        self.in_flight.as_ref().map(|in_flight| unsafe { in_flight.content() })
    }
}

impl<F> Call<Shared, F> {
    /// The closure. It is `Sync`: no other is ever [taken](Takes).
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

impl<F> Call<OneByOne, F> {
    /// Calls the closure when no other thread does.
    ///
    /// # Panics
    /// When this thread is in it already.
    #[inline]
    pub fn alone<R>(&self, call: impl FnOnce(&mut F) -> R) -> R {
        let content = self.content().expect("has an environment");
        content.kept.with(call).unwrap_or_else(|refused| refuse(refused, &content.head))
    }
}

#[cold]
fn refuse(refused: Refused, head: &Head) -> ! {
    let Head { target_name: target, location, .. } = head;
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
