//! Functions and closures in place of an `async fn`.
use super::send::{OnItsThread, Sends, SendsOf};
use super::{AsyncTarget, Checked, NotAwaited, Stand, checked};
use crate::captured::closure::{Call, Entered, Shared, WayOf, enter};
use crate::dispatch::identity;
use crate::dispatch::polled::{Begin, Begun, Commence, Output};
use crate::expansion::lent::Asked;
use crate::expansion::returns::Shape;
use crate::given::Given;
use crate::replacement::Replacement;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

/// A call of the closure that stands in for a target.
struct GivenCall<G, S, Shapes, O> {
    call: Call<Shared, G>,
    _shapes: PhantomData<fn(S, Shapes, O)>,
}

impl NotAwaited {
    /// The target, for the array.
    pub fn target<F>(self, target: F) -> F {
        target
    }

    /// What replaces it, for the array.
    pub fn given<G>(self, given: G) -> G {
        given
    }

    /// What it is asked to be.
    #[must_use]
    pub fn asked<S>(self, asked: S) -> S {
        asked
    }

    /// The type in the array.
    pub fn pointer<P>(self, shared: &P) -> &P {
        shared
    }

    /// Nothing more.
    #[must_use]
    pub fn standing_copy<'env, F, G, S>(
        self,
        replacement: Replacement<'env>,
        _: &F,
        _: &G,
        _: &SendsOf<S>,
    ) -> Replacement<'env> {
        replacement
    }
}

macro_rules! given {
    ($fits:ident $(, $argument:ident $shape:ident $lifetime:lifetime $value:ident)*; $first:lifetime $all:lifetime) => {
        impl<F, Fut, $($argument),*> AsyncTarget<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut,
            Fut: Future,
        {
            type Future = Fut;
            type Output = Fut::Output;
        }

        /// What takes what the target takes, and gives what its future gives.
        #[diagnostic::on_unimplemented(
            message = "this does not stand in for the `async fn`",
            label = "takes other arguments, or gives another result",
            note = "an `async` closure or another `async fn` with the target's parameters does, as in `async |url: &str| ..`"
        )]
        pub trait $fits<$($lifetime,)* $($shape: Shape,)* O: Shape>:
            AsyncFn($($shape::Lent<$lifetime>),*) -> O::Lent<$first>
        {
        }

        #[diagnostic::do_not_recommend]
        impl<$($lifetime,)* $($shape: Shape,)* O: Shape, G> $fits<$($lifetime,)* $($shape,)* O> for G where
            G: AsyncFn($($shape::Lent<$lifetime>),*) -> O::Lent<$first>
        {
        }

        impl<G, S: Sends, $($shape: Shape,)* O: Shape> Commence for GivenCall<G, S, ($($shape,)*), O>
        where
            G: for<$($lifetime),*> $fits<$($lifetime,)* $($shape,)* O> + 'static,
        {
            unsafe fn commence(self: Box<Self>, arguments: *const (), future: *mut ()) -> bool {
                /// The arguments' lifetimes are whichever they are, and go on as long as the future.
                fn begin<'all, G, S: Sends, $($shape: Shape,)* O: Shape>(
                    call: Call<Shared, G>,
                    arguments: ($($shape::Lent<'all>,)*),
                ) -> Pin<Box<dyn Future<Output = O::Lent<$all>> + 'all>>
                where
                    G: for<$($lifetime),*> $fits<$($lifetime,)* $($shape,)* O> + 'static,
                {
                    let ($($value,)*) = arguments;
                    let future = async move { (call.function())($($value),*).await };
                    if S::ANY { Box::pin(future) } else { Box::pin(OnItsThread::new(future)) }
                }
                // SAFETY: the caller's: there they are, and given away.
                let arguments = unsafe { arguments.cast::<($($shape::Lent<'_>,)*)>().read() };
                let begun = begin::<G, S, $($shape,)* O>(self.call, arguments);
                // SAFETY: the caller's: its place, whatever it calls the lifetimes.
                unsafe { future.cast::<Pin<Box<dyn Future<Output = O::Lent<'_>> + '_>>>().write(begun) };
                true
            }
        }

        impl<F, A, $($shape: Shape,)* O: Shape> Stand<F, A, ($($shape,)*), O> {
            /// What replaces the target, after it was checked.
            pub fn keeps<G>(self, given: G) -> G
            where
                G: for<$($lifetime),*> $fits<$($lifetime,)* $($shape,)* O> + 'static,
            {
                given
            }

            /// In place of what replaces the target, for the array.
            pub fn given<G>(self, _given: G) -> Checked
            where
                G: for<$($lifetime),*> $fits<$($lifetime,)* $($shape,)* O> + 'static,
            {
                checked
            }

            /// The same for a function.
            #[must_use]
            pub fn standing_copy<'env, Target, G, S: Sends>(
                self,
                replacement: Replacement<'env>,
                target: &Target,
                given: &G,
                sends: &SendsOf<S>,
            ) -> Replacement<'env>
            where
                G: for<$($lifetime),*> $fits<$($lifetime,)* $($shape,)* O> + Send + Sync + Copy + 'static,
            {
                self.standing(replacement, target, *given, sends)
            }

            /// Lets it stand in. `Target` tells it from others of the same code.
            #[must_use]
            pub fn standing<'env, Target, G, S: Sends>(
                self,
                replacement: Replacement<'env>,
                _target: &Target,
                given: G,
                _sends: &SendsOf<S>,
            ) -> Replacement<'env>
            where
                G: for<$($lifetime),*> $fits<$($lifetime,)* $($shape,)* O> + Send + Sync + 'static,
            {
                fn begin<Target, G, S: Sends, $($shape: Shape,)* O: Shape>() -> Option<Begun>
                where
                    G: for<$($lifetime),*> $fits<$($lifetime,)* $($shape,)* O> + 'static,
                {
                    let own: Begin = begin::<Target, G, S, $($shape,)* O>;
                    match enter::<Shared, G, Begin, Target, false>(own) {
                        Entered::Call(call) => {
                            Some(Begun::by(GivenCall::<G, S, ($($shape,)*), O> { call, _shapes: PhantomData }))
                        }
                        Entered::Instead(other) => other(),
                    }
                }
                let whole = identity::<for<$($lifetime),*> fn($($shape::Lent<$lifetime>,)* Output<O::Lent<$first>>)>();
                let own: Begin = begin::<Target, G, S, $($shape,)* O>;
                replacement.given(Given::Function { whole }, own).capturing(&WayOf::<Shared>::unknown(), given, own)
            }
        }
    };
}

impl<F, A, Shapes, O> Stand<F, A, Shapes, O> {
    /// In place of the target, for the array.
    pub fn target<Target>(self, _target: Target) -> Checked {
        checked
    }

    /// Nothing more: its lifetimes are compared when the list is installed.
    #[must_use]
    pub fn asked<S, G>(self, _asked: S) -> Asked<G> {
        Asked::new()
    }

    /// For the type check alone: that of what replaces it.
    ///
    /// # Panics
    /// Always: it is never called.
    pub fn pointer<P, G>(self, _shared: &P) -> &G {
        unreachable!("only its type is asked for")
    }
}

given!(Fits0; 'static 'static);
given!(Fits1, A0 S0 'l0 value0; 'l0 'all);
given!(Fits2, A0 S0 'l0 value0, A1 S1 'l1 value1; 'l0 'all);
given!(Fits3, A0 S0 'l0 value0, A1 S1 'l1 value1, A2 S2 'l2 value2; 'l0 'all);
given!(Fits4, A0 S0 'l0 value0, A1 S1 'l1 value1, A2 S2 'l2 value2, A3 S3 'l3 value3; 'l0 'all);
given!(Fits5, A0 S0 'l0 value0, A1 S1 'l1 value1, A2 S2 'l2 value2, A3 S3 'l3 value3, A4 S4 'l4 value4; 'l0 'all);
given!(Fits6, A0 S0 'l0 value0, A1 S1 'l1 value1, A2 S2 'l2 value2, A3 S3 'l3 value3, A4 S4 'l4 value4, A5 S5 'l5 value5; 'l0 'all);
given!(Fits7, A0 S0 'l0 value0, A1 S1 'l1 value1, A2 S2 'l2 value2, A3 S3 'l3 value3, A4 S4 'l4 value4, A5 S5 'l5 value5, A6 S6 'l6 value6; 'l0 'all);
given!(Fits8, A0 S0 'l0 value0, A1 S1 'l1 value1, A2 S2 'l2 value2, A3 S3 'l3 value3, A4 S4 'l4 value4, A5 S5 'l5 value5, A6 S6 'l6 value6, A7 S7 'l7 value7; 'l0 'all);
