//! `returns(EXPR)` and `sequence[A, B]` in place of an `async fn`: a future that is ready with the value at its first poll.
//!
//! A patchable one asks for it. Another crate's cannot: there the future's `poll` is what is replaced.
use super::poll::{PollOf, ready};
use super::{AsyncTarget, Checked, NotAwaited, Stand, checked};
use crate::captured::closure::{Entered, Takes, Way, WayOf, enter};
use crate::captured::steps::Steps;
use crate::dispatch::polled::{Begin, Begun, Commence};
use crate::dispatch::{Given, identity, is_polled};
use crate::expansion::captured::Hint;
use crate::expansion::returns::{ByMut, ByRef, Owned, Perhaps, Rows, Shape, Value, Values};
use crate::replacement::Replacement;
use std::any::type_name;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// A value that was evaluated for a call.
struct Evaluated<O: Shape>(O::Lent<'static>);

impl<O: Shape> Commence for Evaluated<O> {
    unsafe fn commence(self: Box<Self>, _arguments: *const (), future: *mut ()) -> bool {
        let begun: Pin<Box<dyn Future<Output = O::Lent<'static>>>> = Box::pin(std::future::ready(self.0));
        // SAFETY: the caller's: its place. `Given::Value` says whether the value may be lent for less than it lives.
        unsafe { future.cast::<Pin<Box<dyn Future<Output = O::Lent<'static>>>>>().write(begun) };
        false
    }
}

/// Begins a call that a value is given for.
fn begin<W: Way, V, Target, O: Shape>() -> Option<Begun>
where
    V: Values<W, O::Lent<'static>>,
{
    let own: Begin = begin::<W, V, Target, O>;
    match enter::<W, V, Begin, Target, true>(own) {
        Entered::Call(call) => {
            let number = call.step()?;
            Some(Begun::by(Evaluated::<O>(V::value(&call, number))))
        }
        Entered::Instead(other) => other(),
    }
}

/// A result that a value may be given for, whatever the arguments borrow.
#[diagnostic::on_unimplemented(
    message = "the result of this `async fn` borrows from its arguments",
    label = "a value cannot stand in for it",
    note = "write an `async` closure with its parameters, as in `async |url: &str| ..`"
)]
pub trait Answers<F, Shapes>: Shape {}
#[diagnostic::do_not_recommend]
impl<F, Shapes, X: ?Sized + 'static> Answers<F, Shapes> for ByRef<X> {}
#[diagnostic::do_not_recommend]
impl<F, Shapes, X: ?Sized + 'static> Answers<F, Shapes> for ByMut<X> {}
#[diagnostic::do_not_recommend]
impl<F, Shapes, X: ?Sized + 'static> Answers<F, Shapes> for Perhaps<X> {}

macro_rules! answers {
    ($($shape:ident $lifetime:lifetime),*) => {
        #[diagnostic::do_not_recommend]
        impl<F, R: 'static, $($shape: Shape),*> Answers<F, ($($shape,)*)> for Owned<R> where
            F: for<$($lifetime),*> AsyncTarget<($($shape::Lent<$lifetime>,)*), Output = R>
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

impl NotAwaited {
    /// The values that are checked by the array.
    pub fn row<R>(&self, row: Rows<R>) -> Rows<R> {
        row
    }
}

impl<R> Rows<R> {
    /// Lets the values stand in for the target, by the function `own`.
    #[must_use]
    pub fn keep<'env, W: Way + Takes<V>, V: Send + 'env, P: Copy, Target>(
        &self,
        replacement: Replacement<'env>,
        way: &WayOf<W>,
        _target: &Target,
        values: V,
        own: P,
    ) -> Replacement<'env> {
        replacement.capturing(way, values, own)
    }

    /// The same for so many values in turn.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "as of an `async fn`")]
    pub fn keep_in_turn<'env, W: Way + Takes<V>, V: Send + 'env, P: Copy, Target>(
        &self,
        replacement: Replacement<'env>,
        way: &WayOf<W>,
        _target: &Target,
        values: V,
        own: P,
        length: usize,
        then_original: bool,
    ) -> Replacement<'env> {
        replacement.in_turn(way, values, own, length, then_original)
    }
}

impl<F: AsyncTarget<A>, A, Shapes, O: Shape> Stand<F, A, Shapes, O> {
    /// The values of the future.
    pub fn row<R>(&self, _row: Rows<R>) -> AsyncRow<F, A, Shapes, O> {
        AsyncRow(PhantomData)
    }
}

/// What stands in for a future.
#[derive(Debug)]
pub struct AsyncRow<F, A, Shapes, O>(PhantomData<fn(F, A, Shapes, O)>);

impl<F: AsyncTarget<A>, A, Shapes, O: Shape> AsyncRow<F, A, Shapes, O> {
    /// The expected type of a closure that gives the values.
    #[must_use]
    pub fn hint<'env>(&self) -> Hint<dyn Value<O::Lent<'static>> + 'env> {
        Hint::new()
    }

    /// In place of a function, for the array.
    pub fn returns<W: Way, V: Values<W, O::Lent<'static>>, Target>(
        &self,
        _: &WayOf<W>,
        _: &Target,
        _: &V,
    ) -> Checked {
        checked
    }

    /// The same for values in turn.
    pub fn in_turn<W: Way, V: Values<W, O::Lent<'static>>, Target>(
        &self,
        _: &WayOf<W>,
        _: &Target,
        _: &V,
    ) -> Checked {
        checked
    }

    /// Lets the values stand in for the target. `Target` tells it from others of the same code.
    #[must_use]
    pub fn keep<'env, W: Way + Takes<V>, V, Target>(
        &self,
        replacement: Replacement<'env>,
        _way: &WayOf<W>,
        _target: &Target,
        values: V,
        _checked: Checked,
    ) -> Replacement<'env>
    where
        V: Values<W, O::Lent<'static>> + Send + 'env,
        O: Answers<F, Shapes>,
        F: AsyncTarget<A, Output = O::Lent<'static>>,
    {
        self.keep_steps::<W, V, Target>(replacement, values, None)
    }

    /// The same for so many values in turn.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "all that is known of them")]
    pub fn keep_in_turn<'env, W: Way + Takes<V>, V, Target>(
        &self,
        replacement: Replacement<'env>,
        _way: &WayOf<W>,
        _target: &Target,
        values: V,
        _checked: Checked,
        length: usize,
        then_original: bool,
    ) -> Replacement<'env>
    where
        V: Values<W, O::Lent<'static>> + Send + 'env,
        O: Answers<F, Shapes>,
        F: AsyncTarget<A, Output = O::Lent<'static>>,
    {
        self.keep_steps::<W, V, Target>(replacement, values, Some(Steps::new(length, then_original)))
    }

    #[expect(clippy::unused_self, reason = "its types are what is known")]
    fn keep_steps<'env, W: Way + Takes<V>, V, Target>(
        &self,
        replacement: Replacement<'env>,
        values: V,
        steps: Option<Steps>,
    ) -> Replacement<'env>
    where
        V: Values<W, O::Lent<'static>> + Send + 'env,
        F: AsyncTarget<A, Output = O::Lent<'static>>,
    {
        if is_polled(type_name::<Target>()) {
            let given = Given::Value { result: identity::<fn(O::Lent<'static>)>(), shortens: O::SHORTENS };
            let own: Begin = begin::<W, V, Target, O>;
            return replacement.given(given, own).always_keeping::<W, V, _>(values, own, steps);
        }
        let poll: PollOf<F::Future, F::Output> = <F::Future as Future>::poll;
        let own: PollOf<F::Future, F::Output> = ready::<W, V, Target, F::Future, O>;
        replacement.by_poll(poll as *const (), own as *const ()).always_keeping::<W, V, _>(values, own, steps)
    }
}
