//! For which results of an `async fn` a value may be given.
use super::{AsyncTarget, NotAwaited, Stand};
use crate::expansion::returns::{ByMut, ByRef, Owned, Perhaps, Shape};
use std::marker::PhantomData;

/// Lifetimes of the arguments are chosen with each call.
#[derive(Debug)]
pub struct ByCall;
/// They are chosen before the function is, and as good as none; a patchable function says more when the list is installed.
#[derive(Debug)]
pub struct Before;

/// A target, for method look-up to tell when its lifetimes are chosen.
#[derive(Debug)]
pub struct LifetimesOf<F, Shapes>(PhantomData<fn(F, Shapes)>);

impl<F, A, Shapes, O> Stand<F, A, Shapes, O> {
    /// The target's.
    #[must_use]
    pub fn lifetimes(self) -> LifetimesOf<F, Shapes> {
        LifetimesOf(PhantomData)
    }
}

impl NotAwaited {
    /// None.
    #[must_use]
    pub fn lifetimes(self) -> LifetimesOf<(), ()> {
        LifetimesOf(PhantomData)
    }
}

/// Functions that take arguments of these shapes, for every lifetime.
pub trait TakesEvery<Shapes> {}

/// Found first.
pub trait ProbeByCall {
    /// As a type.
    fn __monkey_lifetimes(&self) -> ByCall {
        ByCall
    }
}
impl<F: TakesEvery<Shapes>, Shapes> ProbeByCall for LifetimesOf<F, Shapes> {}

/// Found where the other is not.
pub trait ProbeBefore {
    /// As a type.
    fn __monkey_lifetimes(&self) -> Before {
        Before
    }
}
impl<F, Shapes> ProbeBefore for &LifetimesOf<F, Shapes> {}

/// A result that a value may be given for, where lifetimes are chosen so.
#[diagnostic::on_unimplemented(
    message = "the result of this `async fn` borrows from its arguments",
    label = "a value cannot stand in for it",
    note = "write an `async` closure with its parameters, as in `async |url: &str| ..`"
)]
pub trait AnswersFor<Chosen, F, Shapes>: Shape {}
#[diagnostic::do_not_recommend]
impl<F, Shapes, O: Shape> AnswersFor<Before, F, Shapes> for O {}
/// References, in which nothing else is lent. These are shortened.
pub trait LentAs<O> {}
impl<X: ?Sized> LentAs<ByRef<X>> for &X {}
impl<X: ?Sized> LentAs<ByMut<X>> for &mut X {}
impl<X: ?Sized> LentAs<Perhaps<X>> for Option<&X> {}
impl<R> LentAs<Owned<R>> for R {}

/// Functions whose future gives such a one.
pub trait Gives<Arguments, O> {}
impl<F: AsyncTarget<Arguments>, Arguments, O> Gives<Arguments, O> for F where F::Output: LentAs<O> {}

macro_rules! answers {
    ($($shape:ident $lifetime:lifetime),*) => {
        impl<F, $($shape: Shape),*> TakesEvery<($($shape,)*)> for F where
            F: for<$($lifetime),*> AsyncTarget<($($shape::Lent<$lifetime>,)*)>
        {
        }
        #[diagnostic::do_not_recommend]
        impl<F, O: Shape, $($shape: Shape),*> AnswersFor<ByCall, F, ($($shape,)*)> for O where
            F: for<$($lifetime),*> Gives<($($shape::Lent<$lifetime>,)*), O>
        {
        }
    };
}
answers!();
answers!(S0 'l0);
answers!(S0 'l0, S1 'l1);
answers!(S0 'l0, S1 'l1, S2 'l2);
answers!(S0 'l0, S1 'l1, S2 'l2, S3 'l3);
answers!(S0 'l0, S1 'l1, S2 'l2, S3 'l3, S4 'l4);
answers!(S0 'l0, S1 'l1, S2 'l2, S3 'l3, S4 'l4, S5 'l5);
answers!(S0 'l0, S1 'l1, S2 'l2, S3 'l3, S4 'l4, S5 'l5, S6 'l6);
answers!(S0 'l0, S1 'l1, S2 'l2, S3 'l3, S4 'l4, S5 'l5, S6 'l6, S7 'l7);
