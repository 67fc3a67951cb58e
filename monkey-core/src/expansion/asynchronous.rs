//! Replacements of `async fn`s: no two of these have one type, so other checks than the array.
//!
//! Method look-up tells the arguments and the result of the target's future, as for [`returns`](super::returns). A replacement has to
//! take references of every lifetime, and to give what the target gives; what the target itself lends is compared with that when the
//! list is installed (`Given`), or is its future's own affair ([`poll`]).
//!
//! What the macros call by a dot takes `self` by value: a method of that name in a blanket trait of the user's would come before `&self`.
mod answers;
mod given;
pub mod poll;
mod send;
mod values;

use super::returns::{Argument, Arguments, CalledWith, Pick};
use super::signature::Probe;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::UnwindSafe;
use std::pin::Pin;

pub use crate::dispatch::polled::{Asks, Output, Unwritten, asks_when_polled, begin, stand_in};
pub use answers::{ProbeBefore, ProbeByCall};
pub use send::{FutureOf, ProbeNotSend, ProbeSend, SendsOf, goes_as};

/// A function whose result is a future.
#[diagnostic::on_unimplemented(
    message = "an `async` closure replaces an `async fn`, and functions that give futures",
    label = "not one of these, or one with more than eight parameters",
    note = "for another function write a closure without `async`"
)]
pub trait AsyncTarget<Arguments> {
    /// What it gives.
    type Future: Future<Output = Self::Output>;
    /// What that gives.
    type Output;
}

/// A target of this type, with arguments of these types.
#[derive(Debug)]
pub struct Awaited<F, A>(PhantomData<fn(F, A)>);

impl<F, A> Clone for Awaited<F, A> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F, A> Copy for Awaited<F, A> {}

/// A target whose result is not awaited.
#[derive(Debug, Clone, Copy)]
pub struct NotAwaited;

/// For what has to be an `async fn`.
pub fn awaited<F: AsyncTarget<A>, A>(_target: &F) -> Awaited<F, A> {
    Awaited(PhantomData)
}

/// Found first: what a value is as a rule, and no `async fn`'s future, which is not [`Unpin`]. A generic function's result that is not
/// known yet becomes the value's type; it must not become that of a future.
pub trait ProbePlain<A> {
    /// As a type.
    fn __monkey_awaited(&self) -> NotAwaited {
        NotAwaited
    }
}
impl<F: CalledWith<A>, A> ProbePlain<A> for &&&Probe<F> where F::Result: Unpin + UnwindSafe {}

/// The same of a replacement: what gives a future that has a name is compared as it is.
pub trait ProbeUnpin<A> {
    /// As a type.
    fn __monkey_awaited(&self) -> NotAwaited {
        NotAwaited
    }
}
impl<F: CalledWith<A>, A> ProbeUnpin<A> for &&Probe<F> where F::Result: Unpin {}

/// Found first where a boxed future is given: that is a type that has a name, and is replaced as it is.
pub trait ProbeBoxed<A> {
    /// As a type.
    fn __monkey_awaited(&self) -> NotAwaited {
        NotAwaited
    }
}
impl<F: AsyncTarget<A, Future = Pin<Box<T>>>, A, T: ?Sized> ProbeBoxed<A> for &&Probe<F> {}

/// Found next.
pub trait ProbeAwaited<A> {
    /// The function.
    type Target;
    /// As a type.
    fn __monkey_awaited(&self) -> Awaited<Self::Target, A> {
        Awaited(PhantomData)
    }
}
impl<F: AsyncTarget<A>, A> ProbeAwaited<A> for &Probe<F> {
    type Target = F;
}

/// Found where the others are not.
pub trait ProbeNotAwaited {
    /// As a type.
    fn __monkey_awaited(&self) -> NotAwaited {
        NotAwaited
    }
}
impl<F> ProbeNotAwaited for Probe<F> {}

/// A target, and what gives a future as well and is to replace it.
#[derive(Debug)]
pub struct Both<F, G>(PhantomData<fn(F, G)>);

/// Found first: both give the same future, so it has a name, and they are compared as they are.
pub trait ProbeSame<A> {
    /// As a type.
    fn __monkey_awaited(&self) -> NotAwaited {
        NotAwaited
    }
}
impl<F, G, A> ProbeSame<A> for &&Probe<Both<F, G>>
where
    F: AsyncTarget<A>,
    G: AsyncTarget<A, Future = <F as AsyncTarget<A>>::Future>,
{
}

/// Found next.
pub trait ProbeBothAwaited<A> {
    /// The target.
    type Target;
    /// As a type.
    fn __monkey_awaited(&self) -> Awaited<Self::Target, A> {
        Awaited(PhantomData)
    }
}
impl<F: AsyncTarget<A>, G, A> ProbeBothAwaited<A> for &Probe<Both<F, G>> {
    type Target = F;
}

macro_rules! argument {
    ($($function:ident $name:ident)*) => {
        impl<F, A: Arguments> Awaited<F, A> {$(
            /// The argument of this number.
            #[must_use]
            pub fn $function(self) -> Argument<A::$name> {
                Argument::new()
            }
        )*}

        impl NotAwaited {$(
            /// Nothing.
            #[must_use]
            pub fn $function(self) -> Argument<()> {
                Argument::new()
            }
        )*}
    };
}
argument!(argument0 A0 argument1 A1 argument2 A2 argument3 A3 argument4 A4 argument5 A5 argument6 A6 argument7 A7);

impl<F: AsyncTarget<A>, A> Awaited<F, A> {
    /// What the future gives.
    #[must_use]
    pub fn output(self) -> Argument<F::Output> {
        Argument::new()
    }

    /// What stands in for the target has arguments of these shapes, and a result of that one, with the first one's lifetime.
    #[must_use]
    pub fn stand<All, O>(self, _all: PhantomData<All>, _output: PhantomData<O>) -> Stand<F, A, A::Shapes, O>
    where
        A: Pick<All>,
    {
        Stand(PhantomData)
    }
}

impl<G, A> Awaited<G, A> {
    /// A target, where this is what replaces it.
    pub fn probe<F>(self, _target: &F) -> Probe<Both<F, G>> {
        Probe::unseen()
    }
}

impl NotAwaited {
    /// Nothing that has to be asked: what replaces it gives no future.
    pub fn probe<F>(self, _target: &F) -> Probe<()> {
        Probe::new(&())
    }

    /// Nothing.
    #[must_use]
    pub fn output(self) -> Argument<()> {
        Argument::new()
    }

    /// What stands in is checked by the array.
    #[must_use]
    pub fn stand<All, O>(self, _all: PhantomData<All>, _output: PhantomData<O>) -> Self {
        Self
    }
}

/// What stands in for an `async fn`: its arguments and its result.
#[derive(Debug)]
pub struct Stand<F, A, Shapes, O>(PhantomData<fn(F, A, Shapes, O)>);

impl<F, A, Shapes, O> Clone for Stand<F, A, Shapes, O> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F, A, Shapes, O> Copy for Stand<F, A, Shapes, O> {}

/// In the array, for both.
pub type Checked = fn();

fn checked() {}
