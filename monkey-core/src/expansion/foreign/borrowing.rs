//! `extern "C"` functions of one or two arguments, of which at least one is a reference of any lifetime.
//!
//! Method look-up matches types as they are: `for<'a> fn(&'a T)` is no `fn(A)`. So each combination is a row of its own.
use super::super::signature::{Probe, Safe};
use super::{Row, Shape, Signature};
use std::marker::PhantomData;

/// As an ABI: `extern "C"` with such arguments.
#[derive(Debug)]
pub struct Borrowing;

// References and values at one place would be types that only lifetimes tell apart, in one trait: so there are three.
macro_rules! traits {
    ($($shape:ident $pointer:ident)*) => {$(
        /// Found next.
        pub trait $shape {
            /// Which shape.
            type Shape;
            /// As a type.
            fn __monkey_shape(&self) -> PhantomData<Self::Shape> {
                PhantomData
            }
        }

        /// Found next.
        pub trait $pointer {
            /// The kind, as a type.
            fn __monkey_pointer(&self) -> Safe {
                Safe
            }
        }
    )*};
}

traits! {
    ProbeReferences ProbeSafeReferences
    ProbeReferenceFirst ProbeSafeReferenceFirst
    ProbeReferenceLast ProbeSafeReferenceLast
}

macro_rules! rows {
    ($($dummy:ident $row:ident [$($generic:ident)*] ($($argument:ty),*) ($($own:ty),*) $shape:ident $pointer:ident [$($on:tt)*];)*) => {
        $(
            /// Its arguments.
            #[derive(Debug)]
            pub struct $row<$($generic),*>(PhantomData<($($generic,)*)>);

            /// For the type check alone.
            #[allow(improper_ctypes_definitions, clippy::missing_const_for_fn, clippy::empty_loop, clippy::must_use_candidate)]
            pub extern "C" fn $dummy<$($generic,)* Output>($(_: $argument),*) -> Output {
                loop {}
            }

            impl<$($generic,)* Output> $shape for $($on)* Probe<unsafe extern "C" fn($($argument),*) -> Output> {
                type Shape = Shape<Borrowing, $row<$($generic),*>, Output>;
            }
            impl<$($generic,)* Output> $pointer for $($on)* Probe<extern "C" fn($($argument),*) -> Output> {}
            signature!($row [$($generic)*]);
        )*

        /// Gives each dummy the arguments of the shape.
        #[allow(clippy::too_many_arguments, reason = "one for each dummy")]
        pub fn tie<S: Signature>(
            _shape: &PhantomData<S>,
            $($dummy: extern "C" fn($($own),*) -> S::Output,)*
        ) {
            $(let _ = $dummy;)*
        }
    };
}

macro_rules! signature {
    ($row:ident [$a0:ident]) => { signature!($row<$a0> [$a0] $a0, ()); };
    ($row:ident [$a0:ident $a1:ident]) => { signature!($row<$a0, $a1> [$a0 $a1] $a0, $a1); };
    ($of:ty [$($generic:ident)*] $a0:ty, $a1:ty) => {
        impl<Abi, $($generic,)* Output> Signature for Shape<Abi, $of, Output> {
            type A0 = $a0;
            type A1 = $a1;
            type A2 = ();
            type A3 = ();
            type A4 = ();
            type A5 = ();
            type A6 = ();
            type A7 = ();
            type A8 = ();
            type A9 = ();
            type A10 = ();
            type A11 = ();
            type A12 = ();
            type A13 = ();
            type A14 = ();
            type A15 = ();
            type Output = Output;
        }
    };
}

macro_rules! picks {
    ([$($dummy:ident)*] $picked:ident, $row:ident [$($generic:ident)*]) => {
        impl<$($dummy,)* $($generic,)*> Row<($($dummy,)*)> for $row<$($generic),*> {
            type Dummy = $picked;
        }
    };
}

rows! {
    b0 Row0 [A0] (&A0) (&S::A0) ProbeReferences ProbeSafeReferences [&&&&];
    b1 Row1 [A0] (&mut A0) (&mut S::A0) ProbeReferences ProbeSafeReferences [&&&&];
    b2 Row2 [A0 A1] (&A0, &A1) (&S::A0, &S::A1) ProbeReferences ProbeSafeReferences [&&&&];
    b3 Row3 [A0 A1] (&A0, &mut A1) (&S::A0, &mut S::A1) ProbeReferences ProbeSafeReferences [&&&&];
    b4 Row4 [A0 A1] (&A0, A1) (&S::A0, S::A1) ProbeReferenceFirst ProbeSafeReferenceFirst [&&];
    b5 Row5 [A0 A1] (&mut A0, &A1) (&mut S::A0, &S::A1) ProbeReferences ProbeSafeReferences [&&&&];
    b6 Row6 [A0 A1] (&mut A0, &mut A1) (&mut S::A0, &mut S::A1) ProbeReferences ProbeSafeReferences [&&&&];
    b7 Row7 [A0 A1] (&mut A0, A1) (&mut S::A0, S::A1) ProbeReferenceFirst ProbeSafeReferenceFirst [&&];
    b8 Row8 [A0 A1] (A0, &A1) (S::A0, &S::A1) ProbeReferenceLast ProbeSafeReferenceLast [&];
    b9 Row9 [A0 A1] (A0, &mut A1) (S::A0, &mut S::A1) ProbeReferenceLast ProbeSafeReferenceLast [&];
}
picks!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9] D0, Row0 [A0]);
picks!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9] D1, Row1 [A0]);
picks!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9] D2, Row2 [A0 A1]);
picks!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9] D3, Row3 [A0 A1]);
picks!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9] D4, Row4 [A0 A1]);
picks!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9] D5, Row5 [A0 A1]);
picks!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9] D6, Row6 [A0 A1]);
picks!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9] D7, Row7 [A0 A1]);
picks!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9] D8, Row8 [A0 A1]);
picks!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9] D9, Row9 [A0 A1]);
