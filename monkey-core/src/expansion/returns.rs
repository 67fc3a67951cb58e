//! `returns(EXPR)` and `sequence[A, B]`: functions of the target's own type, made here, that drop their arguments and give a value.
//!
//! How many arguments the target has, and where it borrows, is found out by method look-up: which of its arguments are references
//! ([`Shape`]), and whether the result has the lifetime of the first ([`Tied`]). The pointer that this makes is put into an array with the
//! target, as every replacement is. So a lifetime that was not found out is a compile error there, and nothing else.
use super::captured::{Call, Entered, Hint, OneByOne, Shared, Way, WayOf, enter, original};
use super::signature::Probe;
use std::marker::PhantomData;

/// An argument or a result, for every lifetime.
pub trait Shape: 'static {
    /// With this one.
    type Lent<'a>: 'a;
    /// Whether what lives for ever may be given for a shorter time.
    const SHORTENS: bool = true;
}

/// No lifetime that was found out.
#[derive(Debug)]
pub struct Owned<A>(PhantomData<A>);
/// `&X`.
#[derive(Debug)]
pub struct ByRef<X: ?Sized>(PhantomData<X>);
/// `&mut X`.
#[derive(Debug)]
pub struct ByMut<X: ?Sized>(PhantomData<X>);
/// `Option<&X>`.
#[derive(Debug)]
pub struct Perhaps<X: ?Sized>(PhantomData<X>);

impl<A: 'static> Shape for Owned<A> {
    type Lent<'a> = A;
    const SHORTENS: bool = false;
}
impl<X: ?Sized + 'static> Shape for ByRef<X> {
    type Lent<'a> = &'a X;
}
impl<X: ?Sized + 'static> Shape for ByMut<X> {
    type Lent<'a> = &'a mut X;
}
impl<X: ?Sized + 'static> Shape for Perhaps<X> {
    type Lent<'a> = Option<&'a X>;
}

/// A result that lives for ever may be given for a shorter time.
pub trait Covariant: Shape {
    /// For that time.
    fn shorten<'a>(value: Self::Lent<'static>) -> Self::Lent<'a>;
}

impl<X: ?Sized + 'static> Covariant for ByRef<X> {
    fn shorten<'a>(value: &'static X) -> &'a X {
        value
    }
}
impl<X: ?Sized + 'static> Covariant for ByMut<X> {
    fn shorten<'a>(value: &'static mut X) -> &'a mut X {
        value
    }
}
impl<X: ?Sized + 'static> Covariant for Perhaps<X> {
    fn shorten<'a>(value: Option<&'static X>) -> Option<&'a X> {
        value
    }
}

/// An argument's type.
#[derive(Debug)]
pub struct Argument<A>(PhantomData<A>);

impl<A> Argument<A> {
    /// Of this type.
    #[must_use]
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

/// Found first.
pub trait ProbeLent {
    /// Which shape.
    type Shape;
    /// As a type.
    fn __monkey_argument(&self) -> PhantomData<Self::Shape> {
        PhantomData
    }
}
impl<X: ?Sized> ProbeLent for Argument<&X> {
    type Shape = ByRef<X>;
}
impl<X: ?Sized> ProbeLent for Argument<&mut X> {
    type Shape = ByMut<X>;
}
// What `Tied` has found already.
impl<X: ?Sized> ProbeLent for Argument<ByRef<X>> {
    type Shape = ByRef<X>;
}
impl<X: ?Sized> ProbeLent for Argument<ByMut<X>> {
    type Shape = ByMut<X>;
}
impl<X: ?Sized> ProbeLent for Argument<Option<&X>> {
    type Shape = Perhaps<X>;
}

/// Found where the other is not.
pub trait ProbeOwned<A> {
    /// As a type.
    fn __monkey_argument(&self) -> PhantomData<Owned<A>> {
        PhantomData
    }
}
impl<A> ProbeOwned<A> for &Argument<A> {}

/// Parameters of which a closure need not write the type.
#[diagnostic::on_unimplemented(
    message = "a parameter that borrows needs its type",
    label = "this one borrows, and has none",
    note = "write it in the closure, as in `|url: &str|`: only so does it borrow for each call anew"
)]
pub trait NeedsNoType {}
#[diagnostic::do_not_recommend]
impl<A> NeedsNoType for Owned<A> {}

/// Compiles where the type need not be written.
pub fn needs_no_type<S: NeedsNoType>(_shape: &PhantomData<S>) {}

/// Results of which a closure need not write the type.
#[diagnostic::on_unimplemented(
    message = "a result that borrows has to be written",
    label = "this closure's result borrows from its first argument",
    note = "write it in the closure, as in `|user: &User| -> &str {{ .. }}`"
)]
pub trait MayBeInferred {}
#[diagnostic::do_not_recommend]
impl<R> MayBeInferred for Fixed<R> {}
#[diagnostic::do_not_recommend]
impl MayBeInferred for Unknown {}

/// Compiles where the result need not be written.
pub fn may_be_inferred<Arguments, Result: MayBeInferred>(_signature: &Signature<Arguments, Result>) {}

/// A result without the lifetime of an argument.
#[derive(Debug)]
pub struct Fixed<R>(PhantomData<R>);
/// A result with the lifetime of the first argument, which is of the shape `First`.
#[derive(Debug)]
pub struct TiedTo<First, R>(PhantomData<(First, R)>);

/// A target's arguments and result.
#[derive(Debug)]
pub struct Signature<Arguments, Result>(PhantomData<(Arguments, Result)>);

// What the macros call by a dot takes `self` by value: a method of that name in a blanket trait of the user's would come before `&self`.
impl<Arguments, Result> Clone for Signature<Arguments, Result> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Arguments, Result> Copy for Signature<Arguments, Result> {}

/// Functions whose result has the lifetime of the first argument.
pub trait Tied<Arguments, First, R> {}

/// Found first.
pub trait ProbeTied<Arguments, First, R> {
    /// As a type.
    fn __monkey_signature(&self) -> Signature<Arguments, TiedTo<First, R>> {
        Signature(PhantomData)
    }
}
impl<F: Tied<Arguments, First, R>, Arguments, First, R> ProbeTied<Arguments, First, R> for &Probe<F> {}

/// Functions with arguments of these types.
pub trait CalledWith<Arguments> {
    /// What they give.
    type Result;
}

/// Found next.
pub trait ProbeFixed<Arguments> {
    /// What it gives.
    type Result;
    /// As a type.
    fn __monkey_signature(&self) -> Signature<Arguments, Fixed<Self::Result>> {
        Signature(PhantomData)
    }
}
impl<F: CalledWith<Arguments>, Arguments> ProbeFixed<Arguments> for &&Probe<F> {
    type Result = F::Result;
}

/// No signature that was found out.
#[derive(Debug)]
pub struct Unknown;

/// Found where the others are not.
pub trait ProbeUnknown {
    /// As a type.
    fn __monkey_signature(&self) -> Signature<(), Unknown> {
        Signature(PhantomData)
    }
}
impl<F> ProbeUnknown for Probe<F> {}

/// The arguments one by one; those that are not there are `()`.
#[expect(missing_docs, reason = "numbered")]
pub trait Arguments {
    type A0;
    type A1;
    type A2;
    type A3;
    type A4;
    type A5;
    type A6;
    type A7;
    /// All of them, without shapes.
    type Owned;
}

macro_rules! argument {
    ($($function:ident $name:ident)*) => {
        impl<A: Arguments, Result> Signature<A, Result> {$(
            /// The argument of this number.
            #[must_use]
            pub fn $function(self) -> Argument<A::$name> {
                Argument(PhantomData)
            }
        )*}
    };
}
argument!(argument0 A0 argument1 A1 argument2 A2 argument3 A3 argument4 A4 argument5 A5 argument6 A6 argument7 A7);

/// Picks the shapes of the arguments that are there.
pub trait Pick<All> {
    /// A tuple of them.
    type Shapes;
}

/// A function pointer's type: the arguments' shapes and the result.
#[derive(Debug)]
pub struct Row<Shapes, Result>(PhantomData<(Shapes, Result)>);

/// A function, with the shapes that its arguments seem to have.
#[derive(Debug)]
pub struct Guess<F, A, Shapes, Result>(PhantomData<(F, A, Shapes, Result)>);

/// Of all shapes, those of the arguments that are there.
#[must_use]
pub fn guess<F, A: Pick<All>, Result, All>(
    _function: &F,
    _signature: &Signature<A, Result>,
    _all: PhantomData<All>,
) -> Guess<F, A, A::Shapes, Result> {
    Guess(PhantomData)
}

/// Functions that are lent their references for a call, whatever the lifetime.
pub trait Lends<Shapes, Result> {}
impl<F, Shapes, First, R> Lends<Shapes, TiedTo<First, R>> for F {}

/// Found first.
pub trait ProbeLends {
    /// What was guessed.
    type Row;
    /// As a type.
    fn __monkey_row(&self) -> PhantomData<Self::Row> {
        PhantomData
    }
}
impl<F: Lends<Shapes, Result>, A, Shapes, Result> ProbeLends for Guess<F, A, Shapes, Result> {
    type Row = Row<Shapes, Result>;
}

/// Found where the other is not: lifetimes that are chosen before the function is are as good as none.
pub trait ProbeTakes {
    /// Without shapes.
    type Row;
    /// As a type.
    fn __monkey_row(&self) -> PhantomData<Self::Row> {
        PhantomData
    }
}
impl<F, A: Arguments, Shapes, Result> ProbeTakes for &Guess<F, A, Shapes, Result> {
    type Row = Row<A::Owned, Result>;
}

/// As a value.
#[must_use]
pub fn row<R>(_row: PhantomData<R>) -> Rows<R> {
    Rows(PhantomData)
}

/// What a row can do.
#[derive(Debug)]
pub struct Rows<R>(PhantomData<R>);

impl<R> Clone for Rows<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Rows<R> {}

/// The shapes of eight arguments.
#[expect(clippy::too_many_arguments, clippy::type_complexity, reason = "one for each")]
#[must_use]
pub fn shapes<S0, S1, S2, S3, S4, S5, S6, S7>(
    _: PhantomData<S0>,
    _: PhantomData<S1>,
    _: PhantomData<S2>,
    _: PhantomData<S3>,
    _: PhantomData<S4>,
    _: PhantomData<S5>,
    _: PhantomData<S6>,
    _: PhantomData<S7>,
) -> PhantomData<(S0, S1, S2, S3, S4, S5, S6, S7)> {
    PhantomData
}

/// A row of which the function is known.
pub trait Gives {
    /// The function pointer's type.
    type Pointer: Copy;
    /// What its value has to be.
    type Value;
    /// The function.
    fn pointer<W: Way, F: Values<W, Self::Value>, Target, const STEPS: bool>() -> Self::Pointer;
}

/// A function that a value can stand in for.
#[diagnostic::on_unimplemented(
    message = "`returns` and `sequence` need a safe function of Rust's own ABI, with eight arguments at most",
    label = "not for this target",
    note = "for an `unsafe fn`, and for one of the crate `libc`, write a closure, as in `libc::getpid = || 42`",
    note = "for others write a function of the target's signature that gives the value, as in `extern \"C\" fn fake() -> i32 {{ 42 }}`"
)]
pub trait ValueStandsIn {
    /// The type of what is in the array.
    type Pointer;
    /// What the value has to be.
    type Value;
    /// What is in the array.
    fn pointer<W: Way, F: Values<W, Self::Value>, Target, const STEPS: bool>() -> Self::Pointer;
}

#[diagnostic::do_not_recommend]
impl<R: Gives> ValueStandsIn for Rows<R> {
    type Pointer = R::Pointer;
    type Value = R::Value;
    fn pointer<W: Way, F: Values<W, R::Value>, Target, const STEPS: bool>() -> R::Pointer {
        R::pointer::<W, F, Target, STEPS>()
    }
}

/// The expected type of a closure that gives the values.
pub fn hint_of<'env, R: ValueStandsIn>(_row: R) -> Hint<dyn Value<R::Value> + 'env> {
    Hint::new()
}

/// The function that stands in for the target.
pub fn returns_of<W: Way, F: Values<W, R::Value>, Target, R: ValueStandsIn>(
    _row: R,
    _way: &WayOf<W>,
    _target: &Target,
    _function: &F,
) -> R::Pointer {
    R::pointer::<W, F, Target, false>()
}

/// The same for values in turn.
pub fn in_turn_of<W: Way, F: Values<W, R::Value>, Target, R: ValueStandsIn>(
    _row: R,
    _way: &WayOf<W>,
    _target: &Target,
    _function: &F,
) -> R::Pointer {
    R::pointer::<W, F, Target, true>()
}

/// A closure that gives the value of a number.
pub trait Value<R>: FnOnce(usize) -> R {}
impl<F: FnOnce(usize) -> R, R> Value<R> for F {}

/// The two ways to call such a closure.
#[diagnostic::on_unimplemented(
    message = "a value that stands in for a function is evaluated at each call",
    label = "this gives away what it has captured, and so can be evaluated once",
    note = "let it give a clone of that"
)]
pub trait Values<W, R>: Sized {
    /// The value of a number.
    fn value(call: &Call<W, Self>, number: usize) -> R;
}
#[diagnostic::do_not_recommend]
impl<F: Fn(usize) -> R, R> Values<Shared, R> for F {
    fn value(call: &Call<Shared, F>, number: usize) -> R {
        call.function()(number)
    }
}
#[diagnostic::do_not_recommend]
impl<F: FnMut(usize) -> R, R> Values<OneByOne, R> for F {
    fn value(call: &Call<OneByOne, F>, number: usize) -> R {
        call.alone(|function| function(number))
    }
}

/// Functions whose result has no lifetime of an argument.
macro_rules! fixed {
    ([$($all:ident)*] $(($argument:ident $lifetime:lifetime $shape:ident $value:ident $number:ident))* | $(($more:ident))*) => {
        impl<F: Fn($($argument),*) -> R, R, $($argument),*> CalledWith<($($argument,)*)> for F {
            type Result = R;
        }

        impl<$($argument),*> Arguments for ($($argument,)*) {
            $(type $number = $argument;)*
            $(type $more = ();)*
            type Owned = ($(Owned<$argument>,)*);
        }

        impl<F, R, $($shape: Shape),*> Lends<($($shape,)*), Fixed<R>> for F where
            F: for<$($lifetime),*> Fn($($shape::Lent<$lifetime>),*) -> R
        {
        }

        impl<$($argument,)* $($all),*> Pick<($($all,)*)> for ($($argument,)*) {
            type Shapes = ($($shape,)*);
        }

        const _: () = {
            type Pointer<R, $($shape),*> = for<$($lifetime),*> fn($(<$shape as Shape>::Lent<$lifetime>),*) -> R;

            /// Drops its arguments as every function does, when it ends or unwinds.
            #[allow(clippy::too_many_arguments, reason = "as many as the target has")]
            #[inline(never)]
            fn thin<W: Way, F: Values<W, R>, Target, const STEPS: bool, R, $($shape: Shape),*>(
                $($value: $shape::Lent<'_>),*
            ) -> R {
                let own: Pointer<R, $($shape),*> = thin::<W, F, Target, STEPS, R, $($shape),*>;
                match enter::<W, F, _, Target, STEPS>(own) {
                    Entered::Call(call) => match call.step() {
                        Some(number) => F::value(&call, number),
                        None => original(own)($($value),*),
                    },
                    Entered::Instead(other) => other($($value),*),
                }
            }

            impl<R, $($shape: Shape),*> Gives for Row<($($shape,)*), Fixed<R>> {
                type Pointer = Pointer<R, $($shape),*>;
                type Value = R;
                fn pointer<W: Way, F: Values<W, R>, Target, const STEPS: bool>() -> Self::Pointer {
                    thin::<W, F, Target, STEPS, R, $($shape),*>
                }
            }
        };
    };
}

/// Functions whose result has the lifetime of the first argument.
macro_rules! tied {
    ($(($argument:ident $lifetime:lifetime $shape:ident $value:ident))*) => {
        tied!(@one ByRef ByRef (&'a X) (&'a Y) $(($argument $lifetime $shape $value))*);
        tied!(@one ByRef Perhaps (&'a X) (Option<&'a Y>) $(($argument $lifetime $shape $value))*);
        tied!(@one ByMut ByRef (&'a mut X) (&'a Y) $(($argument $lifetime $shape $value))*);
        tied!(@one ByMut ByMut (&'a mut X) (&'a mut Y) $(($argument $lifetime $shape $value))*);
        tied!(@one ByMut Perhaps (&'a mut X) (Option<&'a Y>) $(($argument $lifetime $shape $value))*);
    };
    (@one $first_shape:ident $result_shape:ident ($first:ty) ($result:ty) $(($argument:ident $lifetime:lifetime $shape:ident $value:ident))*) => {
        impl<F, X: ?Sized, Y: ?Sized, $($argument),*> Tied<($first_shape<X>, $($argument,)*), $first_shape<X>, $result_shape<Y>> for F
        where
            F: for<'a> Fn($first, $($argument),*) -> $result,
        {
        }

        const _: () = {
            type Pointer<X, Y, $($shape),*> = for<'a, $($lifetime),*> fn($first, $(<$shape as Shape>::Lent<$lifetime>),*) -> $result;

            #[inline(never)]
            fn thin<'a, W: Way, F, Target, const STEPS: bool, X: ?Sized + 'static, Y: ?Sized + 'static, $($shape: Shape),*>(
                first: $first,
                $($value: $shape::Lent<'_>),*
            ) -> $result
            where
                F: Values<W, <$result_shape<Y> as Shape>::Lent<'static>>,
            {
                let own: Pointer<X, Y, $($shape),*> = thin::<W, F, Target, STEPS, X, Y, $($shape),*>;
                match enter::<W, F, _, Target, STEPS>(own) {
                    Entered::Call(call) => match call.step() {
                        Some(number) => <$result_shape<Y> as Covariant>::shorten(F::value(&call, number)),
                        None => original(own)(first, $($value),*),
                    },
                    Entered::Instead(other) => other(first, $($value),*),
                }
            }

            impl<X: ?Sized + 'static, Y: ?Sized + 'static, $($shape: Shape),*> Gives
                for Row<($first_shape<X>, $($shape,)*), TiedTo<$first_shape<X>, $result_shape<Y>>>
            {
                type Pointer = Pointer<X, Y, $($shape),*>;
                type Value = <$result_shape<Y> as Shape>::Lent<'static>;
                fn pointer<W: Way, F: Values<W, Self::Value>, Target, const STEPS: bool>() -> Self::Pointer {
                    thin::<W, F, Target, STEPS, X, Y, $($shape),*>
                }
            }
        };
    };
}

fixed!([S0 S1 S2 S3 S4 S5 S6 S7]  | (A0)(A1)(A2)(A3)(A4)(A5)(A6)(A7));
fixed!([S0 S1 S2 S3 S4 S5 S6 S7] (B0 'l0 S0 value0 A0) | (A1)(A2)(A3)(A4)(A5)(A6)(A7));
fixed!([S0 S1 S2 S3 S4 S5 S6 S7] (B0 'l0 S0 value0 A0)(B1 'l1 S1 value1 A1) | (A2)(A3)(A4)(A5)(A6)(A7));
fixed!([S0 S1 S2 S3 S4 S5 S6 S7] (B0 'l0 S0 value0 A0)(B1 'l1 S1 value1 A1)(B2 'l2 S2 value2 A2) | (A3)(A4)(A5)(A6)(A7));
fixed!([S0 S1 S2 S3 S4 S5 S6 S7] (B0 'l0 S0 value0 A0)(B1 'l1 S1 value1 A1)(B2 'l2 S2 value2 A2)(B3 'l3 S3 value3 A3) | (A4)(A5)(A6)(A7));
fixed!([S0 S1 S2 S3 S4 S5 S6 S7] (B0 'l0 S0 value0 A0)(B1 'l1 S1 value1 A1)(B2 'l2 S2 value2 A2)(B3 'l3 S3 value3 A3)(B4 'l4 S4 value4 A4) | (A5)(A6)(A7));
fixed!([S0 S1 S2 S3 S4 S5 S6 S7] (B0 'l0 S0 value0 A0)(B1 'l1 S1 value1 A1)(B2 'l2 S2 value2 A2)(B3 'l3 S3 value3 A3)(B4 'l4 S4 value4 A4)(B5 'l5 S5 value5 A5) | (A6)(A7));
fixed!([S0 S1 S2 S3 S4 S5 S6 S7] (B0 'l0 S0 value0 A0)(B1 'l1 S1 value1 A1)(B2 'l2 S2 value2 A2)(B3 'l3 S3 value3 A3)(B4 'l4 S4 value4 A4)(B5 'l5 S5 value5 A5)(B6 'l6 S6 value6 A6) | (A7));
fixed!([S0 S1 S2 S3 S4 S5 S6 S7] (B0 'l0 S0 value0 A0)(B1 'l1 S1 value1 A1)(B2 'l2 S2 value2 A2)(B3 'l3 S3 value3 A3)(B4 'l4 S4 value4 A4)(B5 'l5 S5 value5 A5)(B6 'l6 S6 value6 A6)(B7 'l7 S7 value7 A7) | );

tied!();
tied!((B1 'l1 S1 value1));
tied!((B1 'l1 S1 value1)(B2 'l2 S2 value2));
tied!((B1 'l1 S1 value1)(B2 'l2 S2 value2)(B3 'l3 S3 value3));
tied!((B1 'l1 S1 value1)(B2 'l2 S2 value2)(B3 'l3 S3 value3)(B4 'l4 S4 value4));
tied!((B1 'l1 S1 value1)(B2 'l2 S2 value2)(B3 'l3 S3 value3)(B4 'l4 S4 value4)(B5 'l5 S5 value5));
