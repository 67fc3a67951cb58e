//! Whether a target of another ABI than Rust's is safe to call, which no trait says.
//!
//! rustc says it by the type that two functions have in common: that of the target and of a safe dummy is a safe fn pointer where
//! the target is safe, and an unsafe one where it is not. The dummy has to have the target's signature. So the type that target and
//! replacement have in common, unsafe where one of them is, selects it from a table of ABIs and numbers of arguments, and of references
//! of any lifetime among one or two arguments ([`borrowing`]). Where it selects nothing, the target stands for the dummy, and nothing is
//! said here: an unsafe pointer that is not [`recognised`] is refused when the list is read.
pub mod borrowing;

use super::signature::{Probe, Safe, Unsafe};
use std::marker::PhantomData;

/// An unsafe fn pointer that was recognised.
#[derive(Debug)]
pub struct Shape<Abi, Arguments, Output>(PhantomData<(Abi, Arguments, Output)>);

/// Any other type.
#[derive(Debug)]
pub struct Unrecognised;

/// Whether the table has a dummy for it.
pub trait InTable {
    /// It has.
    const RECOGNISED: bool;
}

impl InTable for Unrecognised {
    const RECOGNISED: bool = false;
}

impl<Abi, Arguments, Output> InTable for Shape<Abi, Arguments, Output> {
    const RECOGNISED: bool = true;
}

/// Whether this is an unsafe pointer of which all is known.
#[must_use]
pub fn recognised<Shape: InTable>(_shape: &PhantomData<Shape>) -> bool {
    Shape::RECOGNISED
}

/// What the dummies are inferred from: arguments that are not there are `()`.
#[expect(missing_docs, reason = "numbered")]
pub trait Signature {
    type A0;
    type A1;
    type A2;
    type A3;
    type A4;
    type A5;
    type A6;
    type A7;
    type A8;
    type A9;
    type A10;
    type A11;
    type A12;
    type A13;
    type A14;
    type A15;
    type Output;
}

/// Picks a table's column by its ABI.
pub trait Column<Table> {
    /// The dummies of this ABI.
    type Dummies;
}

/// Picks a dummy by its number of arguments.
pub trait Row<Dummies> {
    /// The dummy's own type.
    type Dummy;
}

/// What is to be compared with a target of the type `Target`.
pub trait Select<Target, Table> {
    /// The dummy, or the target itself.
    type Selected;
}

impl<Target, Table> Select<Target, Table> for Unrecognised {
    type Selected = Target;
}

impl<Abi, Arguments, Output, Target, Table> Select<Target, Table> for Shape<Abi, Arguments, Output>
where
    Abi: Column<Table>,
    Arguments: Row<Abi::Dummies>,
{
    type Selected = Arguments::Dummy;
}

/// For the type check alone.
///
/// # Panics
/// Always: it is never called.
pub fn select<S: Select<Target, Table>, Target, Table>(
    _shape: &PhantomData<S>,
    _target: &Target,
    _table: &Table,
) -> S::Selected {
    unreachable!("only its type is asked for")
}

/// Found first.
pub trait ProbeShape {
    /// Which shape.
    type Shape;
    /// As a type.
    fn __monkey_shape(&self) -> PhantomData<Self::Shape> {
        PhantomData
    }
}

/// Found where the other is not.
pub trait ProbeNoShape {
    /// As a type.
    fn __monkey_shape(&self) -> PhantomData<Unrecognised> {
        PhantomData
    }
}

impl<F> ProbeNoShape for Probe<F> {}

/// Found first.
pub trait ProbeSafePointer {
    /// The kind, as a type.
    fn __monkey_pointer(&self) -> Safe {
        Safe
    }
}

/// Found where the other is not.
pub trait ProbeOtherPointer {
    /// The kind, as a type.
    fn __monkey_pointer(&self) -> Unsafe {
        Unsafe
    }
}

impl<F> ProbeOtherPointer for Probe<F> {}

/// A shape for each number of arguments: those that it has, and `()` for the others.
macro_rules! signatures {
    ([$($own:ident)*] []) => {
        signatures!(@one [Abi, $($own,)* Output] Shape<Abi, ($($own,)*), Output>, Output, [$($own)*] []);
    };
    ([$($own:ident)*] [$next:ident $($later:ident)*]) => {
        signatures!(@one [Abi, $($own,)* Output] Shape<Abi, ($($own,)*), Output>, Output, [$($own)*] [$next $($later)*]);
        signatures!([$($own)* $next] [$($later)*]);
    };
    (@one [$($generic:tt)*] $of:ty, $output:ty, [$($own:ident)*] [$($missing:ident)*]) => {
        impl<$($generic)*> Signature for $of {
            $(type $own = $own;)*
            $(type $missing = ();)*
            type Output = $output;
        }
    };
}

signatures!(@one [] Unrecognised, (), [] [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15]);
signatures!([] [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15]);

/// For each number of arguments the dummy that it picks: the next one.
macro_rules! rows {
    ($dummies:tt [$picked:ident $($pick:ident)*] [$($own:ident)*] [$($argument:ident)*]) => {
        rows!(@one $dummies $picked [$($own)*]);
        rows!(@next $dummies [$($pick)*] [$($own)*] [$($argument)*]);
    };
    (@next $dummies:tt [] [$($own:ident)*] []) => {};
    (@next $dummies:tt $picks:tt [$($own:ident)*] [$next:ident $($later:ident)*]) => {
        rows!($dummies $picks [$($own)* $next] [$($later)*]);
    };
    (@one [$($dummy:ident)*] $picked:ident [$($own:ident)*]) => {
        impl<$($dummy,)* $($own,)*> Row<($($dummy,)*)> for ($($own,)*) {
            type Dummy = $picked;
        }
    };
}

rows! {
    [D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16]
    [D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16]
    []
    [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15]
}

macro_rules! abi {
    ($abi:literal, $name:ident, $module:ident, $tie:ident, [$(($dummy:ident: $($argument:ident)*))*]) => {
        #[doc = concat!("`extern \"", $abi, "\"`.")]
        #[derive(Debug)]
        pub struct $name;

        /// Its dummies.
        #[allow(missing_docs, improper_ctypes_definitions, reason = "they are numbered, and nobody calls them")]
        #[allow(clippy::too_many_arguments, clippy::missing_const_for_fn, clippy::empty_loop, clippy::must_use_candidate)]
        pub mod $module {
            $(pub extern $abi fn $dummy<$($argument,)* Output>($(_: $argument),*) -> Output {
                loop {}
            })*
        }

        /// Gives each dummy the arguments of the shape.
        #[allow(clippy::too_many_arguments, reason = "one for each dummy")]
        pub fn $tie<S: Signature>(
            _shape: &PhantomData<S>,
            $($dummy: extern $abi fn($(S::$argument),*) -> S::Output,)*
        ) {
            $(let _ = $dummy;)*
        }

        $(impl<$($argument,)* Output> ProbeShape for &&&Probe<unsafe extern $abi fn($($argument),*) -> Output> {
            type Shape = Shape<$name, ($($argument,)*), Output>;
        }
        impl<$($argument,)* Output> ProbeSafePointer for &&&Probe<extern $abi fn($($argument),*) -> Output> {})*
    };
}

/// A dummy for each number of arguments.
macro_rules! every_number {
    ($abi:literal, $name:ident, $module:ident, $tie:ident) => {
        every_number! {
            @more ($abi, $name, $module, $tie) [] []
            [d0 d1 d2 d3 d4 d5 d6 d7 d8 d9 d10 d11 d12 d13 d14 d15 d16]
            [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15]
        }
    };
    (@more $of:tt [$($done:tt)*] [$($own:ident)*] [$dummy:ident $($dummies:ident)+] [$next:ident $($later:ident)*]) => {
        every_number! { @more $of [$($done)* ($dummy: $($own)*)] [$($own)* $next] [$($dummies)*] [$($later)*] }
    };
    (@more ($abi:literal, $name:ident, $module:ident, $tie:ident) [$($done:tt)*] [$($own:ident)*] [$dummy:ident] []) => {
        abi!($abi, $name, $module, $tie, [$($done)* ($dummy: $($own)*)]);
    };
}
every_number!("C", C, c, tie_c);
every_number!("C-unwind", CUnwind, c_unwind, tie_c_unwind);
every_number!("system", System, system, tie_system);
every_number!("system-unwind", SystemUnwind, system_unwind, tie_system_unwind);
impl<T0, T1, T2, T3, T4> Column<(T0, T1, T2, T3, T4)> for C {
    type Dummies = T0;
}
impl<T0, T1, T2, T3, T4> Column<(T0, T1, T2, T3, T4)> for CUnwind {
    type Dummies = T1;
}
impl<T0, T1, T2, T3, T4> Column<(T0, T1, T2, T3, T4)> for System {
    type Dummies = T2;
}
impl<T0, T1, T2, T3, T4> Column<(T0, T1, T2, T3, T4)> for SystemUnwind {
    type Dummies = T3;
}
impl<T0, T1, T2, T3, T4> Column<(T0, T1, T2, T3, T4)> for borrowing::Borrowing {
    type Dummies = T4;
}

/// The kind of a target, for two expressions without effect: the target's type, and the type that it and its replacement have in
/// common.
#[doc(hidden)]
#[macro_export]
macro_rules! __monkey_kind_of_foreign {
    ($target:expr, $both:expr) => {{
        use $crate::expansion::{
            ProbeNoShape as _, ProbeOtherPointer as _, ProbeReferenceFirst as _, ProbeReferenceLast as _,
            ProbeReferences as _, ProbeSafePointer as _, ProbeSafeReferenceFirst as _,
            ProbeSafeReferenceLast as _, ProbeSafeReferences as _, ProbeShape as _,
        };
        let __monkey_shape = (&&&&$crate::expansion::Probe::new(&$both)).__monkey_shape();
        let __monkey_c = $crate::__monkey_kind_of_foreign!(@dummies c tie_c __monkey_shape);
        let __monkey_c_unwind = $crate::__monkey_kind_of_foreign!(@dummies c_unwind tie_c_unwind __monkey_shape);
        let __monkey_system = $crate::__monkey_kind_of_foreign!(@dummies system tie_system __monkey_shape);
        let __monkey_system_unwind = $crate::__monkey_kind_of_foreign!(@dummies system_unwind tie_system_unwind __monkey_shape);
        let __monkey_borrowing = (
            $crate::expansion::foreign::borrowing::b0,
            $crate::expansion::foreign::borrowing::b1,
            $crate::expansion::foreign::borrowing::b2,
            $crate::expansion::foreign::borrowing::b3,
            $crate::expansion::foreign::borrowing::b4,
            $crate::expansion::foreign::borrowing::b5,
            $crate::expansion::foreign::borrowing::b6,
            $crate::expansion::foreign::borrowing::b7,
            $crate::expansion::foreign::borrowing::b8,
            $crate::expansion::foreign::borrowing::b9,
        );
        $crate::expansion::foreign::borrowing::tie(
            &__monkey_shape,
            __monkey_borrowing.0,
            __monkey_borrowing.1,
            __monkey_borrowing.2,
            __monkey_borrowing.3,
            __monkey_borrowing.4,
            __monkey_borrowing.5,
            __monkey_borrowing.6,
            __monkey_borrowing.7,
            __monkey_borrowing.8,
            __monkey_borrowing.9,
        );
        let __monkey_table =
            (__monkey_c, __monkey_c_unwind, __monkey_system, __monkey_system_unwind, __monkey_borrowing);
        let [__monkey_own, _] =
            [$target, $crate::expansion::foreign::select(&__monkey_shape, &$target, &__monkey_table)];
        (&&&&$crate::expansion::Probe::new(&__monkey_own)).__monkey_pointer()
    }};
    (@dummies $module:ident $tie:ident $shape:ident) => {{
        let __monkey_dummies = (
            $crate::expansion::foreign::$module::d0,
            $crate::expansion::foreign::$module::d1,
            $crate::expansion::foreign::$module::d2,
            $crate::expansion::foreign::$module::d3,
            $crate::expansion::foreign::$module::d4,
            $crate::expansion::foreign::$module::d5,
            $crate::expansion::foreign::$module::d6,
            $crate::expansion::foreign::$module::d7,
            $crate::expansion::foreign::$module::d8,
            $crate::expansion::foreign::$module::d9,
            $crate::expansion::foreign::$module::d10,
            $crate::expansion::foreign::$module::d11,
            $crate::expansion::foreign::$module::d12,
            $crate::expansion::foreign::$module::d13,
            $crate::expansion::foreign::$module::d14,
            $crate::expansion::foreign::$module::d15,
            $crate::expansion::foreign::$module::d16,
        );
        $crate::expansion::foreign::$tie(
            &$shape,
            __monkey_dummies.0,
            __monkey_dummies.1,
            __monkey_dummies.2,
            __monkey_dummies.3,
            __monkey_dummies.4,
            __monkey_dummies.5,
            __monkey_dummies.6,
            __monkey_dummies.7,
            __monkey_dummies.8,
            __monkey_dummies.9,
            __monkey_dummies.10,
            __monkey_dummies.11,
            __monkey_dummies.12,
            __monkey_dummies.13,
            __monkey_dummies.14,
            __monkey_dummies.15,
            __monkey_dummies.16,
        );
        __monkey_dummies
    }};
}
