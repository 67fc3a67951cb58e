//! `returns(EXPR)` and `sequence[A, B]` in place of an `async fn`: a future that is ready with the value at its first poll.
//!
//! A patchable one asks for it. Another crate's cannot: there the future's `poll` is what is replaced.
use super::answers::AnswersFor;
use super::poll::{PollOf, is_body, is_boxed, ready};
use super::{AsyncTarget, Checked, NotAwaited, Stand, checked};
use crate::captured::closure::{Entered, Takes, Way, WayOf, enter};
use crate::captured::steps::Steps;
use crate::dispatch::polled::{Begin, Begun, Commence};
use crate::dispatch::{identity, is_polled, may_ask_later};
use crate::expansion::returns::{Rows, Shape, ValueStandsIn, Values};
use crate::given::Given;
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

impl NotAwaited {
    /// The values that are checked by the array.
    #[must_use]
    pub fn row<R>(self, row: Rows<R>) -> Rows<R> {
        row
    }
}

impl<R> Rows<R> {
    /// Lets the values stand in for the target, by the function `own`.
    #[must_use]
    pub fn keep<'env, W: Way + Takes<V>, V: Send + 'env, P: Copy, Target, Chosen>(
        self,
        replacement: Replacement<'env>,
        way: &WayOf<W>,
        (_target, _chosen): (&Target, &Chosen),
        values: V,
        own: P,
    ) -> Replacement<'env> {
        replacement.capturing(way, values, own)
    }

    /// The same for so many values in turn.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "as of an `async fn`")]
    pub fn keep_in_turn<'env, W: Way + Takes<V>, V: Send + 'env, P: Copy, Target, Chosen>(
        self,
        replacement: Replacement<'env>,
        way: &WayOf<W>,
        (_target, _chosen): (&Target, &Chosen),
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
    #[must_use]
    pub fn row<R>(self, _row: Rows<R>) -> AsyncRow<F, A, Shapes, O> {
        AsyncRow(PhantomData)
    }
}

/// What stands in for a future.
#[derive(Debug)]
pub struct AsyncRow<F, A, Shapes, O>(PhantomData<fn(F, A, Shapes, O)>);

impl<F, A, Shapes, O> Clone for AsyncRow<F, A, Shapes, O> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F, A, Shapes, O> Copy for AsyncRow<F, A, Shapes, O> {}

/// In place of a function, for the array.
#[diagnostic::do_not_recommend]
impl<F, A, Shapes, O: Shape> ValueStandsIn for AsyncRow<F, A, Shapes, O> {
    type Pointer = Checked;
    type Value = O::Lent<'static>;
    fn pointer<W: Way, V: Values<W, Self::Value>, Target, const STEPS: bool>() -> Checked {
        checked
    }
}

impl<F: AsyncTarget<A>, A, Shapes, O: Shape> AsyncRow<F, A, Shapes, O> {
    /// Lets the values stand in for the target. `Target` tells it from others of the same code.
    #[must_use]
    pub fn keep<'env, W: Way + Takes<V>, V, Target, Chosen>(
        self,
        replacement: Replacement<'env>,
        _way: &WayOf<W>,
        (_target, _chosen): (&Target, &Chosen),
        values: V,
        _checked: Checked,
    ) -> Replacement<'env>
    where
        V: Values<W, O::Lent<'static>> + Send + 'env,
        O: AnswersFor<Chosen, F, Shapes>,
        F: AsyncTarget<A, Output = O::Lent<'static>>,
    {
        self.keep_steps::<W, V, Target>(replacement, values, None)
    }

    /// The same for so many values in turn.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "all that is known of them")]
    pub fn keep_in_turn<'env, W: Way + Takes<V>, V, Target, Chosen>(
        self,
        replacement: Replacement<'env>,
        _way: &WayOf<W>,
        (_target, _chosen): (&Target, &Chosen),
        values: V,
        _checked: Checked,
        length: usize,
        then_original: bool,
    ) -> Replacement<'env>
    where
        V: Values<W, O::Lent<'static>> + Send + 'env,
        O: AnswersFor<Chosen, F, Shapes>,
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
        let is_body = is_body::<F::Future>();
        let name = type_name::<Target>();
        if is_polled(name) || is_body && may_ask_later(name) {
            let given = Given::Value { result: identity::<fn(O::Lent<'static>)>(), shortens: O::SHORTENS };
            let own: Begin = begin::<W, V, Target, O>;
            return replacement.given(given, own).always_keeping::<W, V, _>(values, own, steps);
        }
        if is_boxed::<F::Future>() {
            return replacement.by_what_is_boxed();
        }
        let poll: PollOf<F::Future, F::Output> = <F::Future as Future>::poll;
        let own: PollOf<F::Future, F::Output> = ready::<W, V, Target, F::Future, O>;
        let replacement = replacement.by_poll(poll as *const (), own as *const (), is_body);
        replacement.always_keeping::<W, V, _>(values, own, steps)
    }
}
