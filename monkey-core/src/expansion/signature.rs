//! The one thing that the type check of `let [target, replacement] = [T, R]` lets through: an `unsafe fn` in
//! place of a safe one. Callers of the target hold up no contract, so there is none that it could rely on.
//!
//! A safe function implements one of the `Fn` traits and an unsafe one does not. Method look-up turns that into
//! a type: [`SafeToCall`] by value where the function is safe, [`NotSafeToCall`] one reference further on
//! for all others. No `Fn` trait is there for functions of another ABI (`extern "C"`) and none here for more than
//! twelve arguments: those count as the others, and are not checked.
use std::marker::PhantomData;

/// A function on its way through `(&Probe::new(&function)).__monkey_kind()`.
#[derive(Debug)]
pub struct Probe<F>(PhantomData<F>);

impl<F> Probe<F> {
    /// Of the function's type; the function itself is not looked at.
    pub fn new(_function: &F) -> Self {
        Self(PhantomData)
    }

    /// Of a type that is known already.
    #[must_use]
    pub fn unseen() -> Self {
        Self(PhantomData)
    }
}

/// The kind of a function that may be called without `unsafe`.
#[derive(Debug)]
pub struct Safe;

/// The kind of any other function.
#[derive(Debug)]
pub struct Unsafe;

/// A function that may be called without `unsafe`, with arguments of the types `Arguments`.
pub trait SafeFn<Arguments> {
    /// The first of them, or `()`.
    type First;
}

macro_rules! safe_fn {
    ($($argument:ident)*) => {
        safe_fn!(@one);
        safe_fn!(@longer [] $($argument)*);
    };
    (@longer [$($argument:ident)*]) => {};
    (@longer [$($argument:ident)*] $next:ident $($more:ident)*) => {
        safe_fn!(@one $($argument)* $next);
        safe_fn!(@longer [$($argument)* $next] $($more)*);
    };
    (@one $($argument:ident)*) => {
        impl<F, R, $($argument),*> SafeFn<($($argument,)*)> for F where F: Fn($($argument),*) -> R {
            type First = safe_fn!(@first $($argument)*);
        }
    };
    (@first) => { () };
    (@first $first:ident $($more:ident)*) => { $first };
}

// Tuples are types of any length; only their traits end at twelve.
safe_fn!(A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16 A17 A18 A19 A20 A21 A22 A23 A24 A25 A26 A27 A28 A29 A30 A31);

/// Found first.
pub trait SafeToCall<Arguments> {
    /// Its first argument.
    type First;
    /// The kind, as a type.
    fn __monkey_kind(&self) -> Safe {
        Safe
    }
    /// What it may be a method of, as a type.
    fn __monkey_receiver(&self) -> Receiver<Self::First> {
        Receiver(PhantomData)
    }
    /// What the array has in its place beside a pointer: the function itself.
    fn __monkey_in_array<F, P>(&self, target: F, _pointer: P) -> F {
        target
    }
}

impl<F: SafeFn<Arguments>, Arguments> SafeToCall<Arguments> for Probe<F> {
    type First = F::First;
}

/// Found where the other is not.
pub trait NotSafeToCall {
    /// The kind, as a type.
    fn __monkey_kind(&self) -> Unsafe {
        Unsafe
    }
    /// None that is looked at.
    fn __monkey_receiver(&self) -> Receiver<()> {
        Receiver(PhantomData)
    }
    /// A pointer of its type: one that is safe to call becomes one that is not, and a function's own type does not.
    fn __monkey_in_array<F, P>(&self, _target: F, pointer: P) -> P {
        pointer
    }
}

impl<F> NotSafeToCall for &Probe<F> {}

/// The type of a function's first argument.
#[derive(Debug)]
pub struct Receiver<First>(PhantomData<First>);

/// Found first: the argument is a reference, as a method's `&self` is.
pub trait BehindReference {
    /// What it leads to.
    type Place: ?Sized;
    /// For the type check alone.
    ///
    /// # Panics
    /// Always: it is never called.
    fn __monkey_place(&self) -> &Self::Place {
        unreachable!("only its type is asked for")
    }
}

impl<Place: ?Sized> BehindReference for Receiver<&Place> {
    type Place = Place;
}

impl<Place: ?Sized> BehindReference for Receiver<&mut Place> {
    type Place = Place;
}

/// Found where the other is not.
pub trait NoReference {
    /// For the type check alone.
    fn __monkey_place(&self) -> &() {
        &()
    }
}

impl<First> NoReference for &Receiver<First> {}

/// What a target of the kind `Target` and its replacement are together may stand in for the target.
#[diagnostic::on_unimplemented(
    message = "an `unsafe fn` cannot replace a safe one",
    label = "unsafe to call, which its target is not",
    note = "callers of the target know nothing of a safety contract; wrap this in a safe function that upholds it"
)]
pub trait InPlaceOf<Target> {}

#[diagnostic::do_not_recommend]
impl InPlaceOf<Safe> for Safe {}
#[diagnostic::do_not_recommend]
impl<Both> InPlaceOf<Unsafe> for Both {}

/// Compiles where the kinds go together.
pub fn same_safety<Target, Both: InPlaceOf<Target>>(_target: &Target, _both: &Both) {}

#[cfg(test)]
#[expect(clippy::needless_borrow, reason = "the macros write it: that is what method look-up starts from")]
mod tests {
    use super::{NotSafeToCall as _, Probe, Safe, SafeToCall as _, Unsafe};

    fn safe_with_lifetimes<'a>(text: &'a str, _: &mut u8) -> &'a str {
        text
    }
    fn pointed_at(text: &str) -> &str {
        text
    }
    /// # Safety
    /// Nothing to uphold.
    unsafe fn not_safe(_: u32) {}

    #[test]
    fn the_kind_follows_the_function() {
        let _: Safe = (&Probe::new(&safe_with_lifetimes)).__monkey_kind();
        let _: Safe = (&Probe::new(&str::len)).__monkey_kind();
        let _: Safe = (&Probe::new(&(pointed_at as fn(&str) -> &str))).__monkey_kind();
        let _: Unsafe = (&Probe::new(&not_safe)).__monkey_kind();
        let _: Unsafe = (&Probe::new(&(not_safe as unsafe fn(u32)))).__monkey_kind();
    }
}
