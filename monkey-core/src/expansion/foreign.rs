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

macro_rules! signature {
    ($of:ty, [$($generic:ident)*], $($name:ident = $argument:ty,)*) => {
        impl<Abi, $($generic,)* Output> Signature for Shape<Abi, $of, Output> {
            $(type $name = $argument;)*
            type Output = Output;
        }
    };
}

impl Signature for Unrecognised {
    type A0 = ();
    type A1 = ();
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
    type Output = ();
}

macro_rules! row {
    ([$($dummy:ident)*], $picked:ident, [$($argument:ident)*]) => {
        impl<$($dummy,)* $($argument,)*> Row<($($dummy,)*)> for ($($argument,)*) {
            type Dummy = $picked;
        }
    };
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

signature!(
    (),
    [],
    A0 = (),
    A1 = (),
    A2 = (),
    A3 = (),
    A4 = (),
    A5 = (),
    A6 = (),
    A7 = (),
    A8 = (),
    A9 = (),
    A10 = (),
    A11 = (),
    A12 = (),
    A13 = (),
    A14 = (),
    A15 = (),
);
signature!(
    (A0,),
    [A0],
    A0 = A0,
    A1 = (),
    A2 = (),
    A3 = (),
    A4 = (),
    A5 = (),
    A6 = (),
    A7 = (),
    A8 = (),
    A9 = (),
    A10 = (),
    A11 = (),
    A12 = (),
    A13 = (),
    A14 = (),
    A15 = (),
);
signature!((A0, A1,), [A0 A1], A0 = A0, A1 = A1, A2 = (), A3 = (), A4 = (), A5 = (), A6 = (), A7 = (), A8 = (), A9 = (), A10 = (), A11 = (), A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2,), [A0 A1 A2], A0 = A0, A1 = A1, A2 = A2, A3 = (), A4 = (), A5 = (), A6 = (), A7 = (), A8 = (), A9 = (), A10 = (), A11 = (), A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3,), [A0 A1 A2 A3], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = (), A5 = (), A6 = (), A7 = (), A8 = (), A9 = (), A10 = (), A11 = (), A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4,), [A0 A1 A2 A3 A4], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = (), A6 = (), A7 = (), A8 = (), A9 = (), A10 = (), A11 = (), A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4, A5,), [A0 A1 A2 A3 A4 A5], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = (), A7 = (), A8 = (), A9 = (), A10 = (), A11 = (), A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4, A5, A6,), [A0 A1 A2 A3 A4 A5 A6], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = A6, A7 = (), A8 = (), A9 = (), A10 = (), A11 = (), A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4, A5, A6, A7,), [A0 A1 A2 A3 A4 A5 A6 A7], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = A6, A7 = A7, A8 = (), A9 = (), A10 = (), A11 = (), A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4, A5, A6, A7, A8,), [A0 A1 A2 A3 A4 A5 A6 A7 A8], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = A6, A7 = A7, A8 = A8, A9 = (), A10 = (), A11 = (), A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4, A5, A6, A7, A8, A9,), [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = A6, A7 = A7, A8 = A8, A9 = A9, A10 = (), A11 = (), A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10,), [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = A6, A7 = A7, A8 = A8, A9 = A9, A10 = A10, A11 = (), A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11,), [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = A6, A7 = A7, A8 = A8, A9 = A9, A10 = A10, A11 = A11, A12 = (), A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12,), [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = A6, A7 = A7, A8 = A8, A9 = A9, A10 = A10, A11 = A11, A12 = A12, A13 = (), A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13,), [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = A6, A7 = A7, A8 = A8, A9 = A9, A10 = A10, A11 = A11, A12 = A12, A13 = A13, A14 = (), A15 = (),);
signature!((A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14,), [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = A6, A7 = A7, A8 = A8, A9 = A9, A10 = A10, A11 = A11, A12 = A12, A13 = A13, A14 = A14, A15 = (),);
signature!((A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15,), [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15], A0 = A0, A1 = A1, A2 = A2, A3 = A3, A4 = A4, A5 = A5, A6 = A6, A7 = A7, A8 = A8, A9 = A9, A10 = A10, A11 = A11, A12 = A12, A13 = A13, A14 = A14, A15 = A15,);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D0, []);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D1, [A0]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D2, [A0 A1]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D3, [A0 A1 A2]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D4, [A0 A1 A2 A3]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D5, [A0 A1 A2 A3 A4]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D6, [A0 A1 A2 A3 A4 A5]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D7, [A0 A1 A2 A3 A4 A5 A6]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D8, [A0 A1 A2 A3 A4 A5 A6 A7]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D9, [A0 A1 A2 A3 A4 A5 A6 A7 A8]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D10, [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D11, [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D12, [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D13, [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D14, [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D15, [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14]);
row!([D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 D14 D15 D16], D16, [A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15]);
macro_rules! every_number {
    ($abi:literal, $name:ident, $module:ident, $tie:ident) => {
        abi!($abi, $name, $module, $tie, [(d0:) (d1: A0) (d2: A0 A1) (d3: A0 A1 A2) (d4: A0 A1 A2 A3) (d5: A0 A1 A2 A3 A4) (d6: A0 A1 A2 A3 A4 A5) (d7: A0 A1 A2 A3 A4 A5 A6) (d8: A0 A1 A2 A3 A4 A5 A6 A7) (d9: A0 A1 A2 A3 A4 A5 A6 A7 A8) (d10: A0 A1 A2 A3 A4 A5 A6 A7 A8 A9) (d11: A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10) (d12: A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11) (d13: A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12) (d14: A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13) (d15: A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14) (d16: A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15)]);
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
        let __monkey_c = (
            $crate::expansion::foreign::c::d0,
            $crate::expansion::foreign::c::d1,
            $crate::expansion::foreign::c::d2,
            $crate::expansion::foreign::c::d3,
            $crate::expansion::foreign::c::d4,
            $crate::expansion::foreign::c::d5,
            $crate::expansion::foreign::c::d6,
            $crate::expansion::foreign::c::d7,
            $crate::expansion::foreign::c::d8,
            $crate::expansion::foreign::c::d9,
            $crate::expansion::foreign::c::d10,
            $crate::expansion::foreign::c::d11,
            $crate::expansion::foreign::c::d12,
            $crate::expansion::foreign::c::d13,
            $crate::expansion::foreign::c::d14,
            $crate::expansion::foreign::c::d15,
            $crate::expansion::foreign::c::d16,
        );
        $crate::expansion::foreign::tie_c(
            &__monkey_shape,
            __monkey_c.0,
            __monkey_c.1,
            __monkey_c.2,
            __monkey_c.3,
            __monkey_c.4,
            __monkey_c.5,
            __monkey_c.6,
            __monkey_c.7,
            __monkey_c.8,
            __monkey_c.9,
            __monkey_c.10,
            __monkey_c.11,
            __monkey_c.12,
            __monkey_c.13,
            __monkey_c.14,
            __monkey_c.15,
            __monkey_c.16,
        );
        let __monkey_c_unwind = (
            $crate::expansion::foreign::c_unwind::d0,
            $crate::expansion::foreign::c_unwind::d1,
            $crate::expansion::foreign::c_unwind::d2,
            $crate::expansion::foreign::c_unwind::d3,
            $crate::expansion::foreign::c_unwind::d4,
            $crate::expansion::foreign::c_unwind::d5,
            $crate::expansion::foreign::c_unwind::d6,
            $crate::expansion::foreign::c_unwind::d7,
            $crate::expansion::foreign::c_unwind::d8,
            $crate::expansion::foreign::c_unwind::d9,
            $crate::expansion::foreign::c_unwind::d10,
            $crate::expansion::foreign::c_unwind::d11,
            $crate::expansion::foreign::c_unwind::d12,
            $crate::expansion::foreign::c_unwind::d13,
            $crate::expansion::foreign::c_unwind::d14,
            $crate::expansion::foreign::c_unwind::d15,
            $crate::expansion::foreign::c_unwind::d16,
        );
        $crate::expansion::foreign::tie_c_unwind(
            &__monkey_shape,
            __monkey_c_unwind.0,
            __monkey_c_unwind.1,
            __monkey_c_unwind.2,
            __monkey_c_unwind.3,
            __monkey_c_unwind.4,
            __monkey_c_unwind.5,
            __monkey_c_unwind.6,
            __monkey_c_unwind.7,
            __monkey_c_unwind.8,
            __monkey_c_unwind.9,
            __monkey_c_unwind.10,
            __monkey_c_unwind.11,
            __monkey_c_unwind.12,
            __monkey_c_unwind.13,
            __monkey_c_unwind.14,
            __monkey_c_unwind.15,
            __monkey_c_unwind.16,
        );
        let __monkey_system = (
            $crate::expansion::foreign::system::d0,
            $crate::expansion::foreign::system::d1,
            $crate::expansion::foreign::system::d2,
            $crate::expansion::foreign::system::d3,
            $crate::expansion::foreign::system::d4,
            $crate::expansion::foreign::system::d5,
            $crate::expansion::foreign::system::d6,
            $crate::expansion::foreign::system::d7,
            $crate::expansion::foreign::system::d8,
            $crate::expansion::foreign::system::d9,
            $crate::expansion::foreign::system::d10,
            $crate::expansion::foreign::system::d11,
            $crate::expansion::foreign::system::d12,
            $crate::expansion::foreign::system::d13,
            $crate::expansion::foreign::system::d14,
            $crate::expansion::foreign::system::d15,
            $crate::expansion::foreign::system::d16,
        );
        $crate::expansion::foreign::tie_system(
            &__monkey_shape,
            __monkey_system.0,
            __monkey_system.1,
            __monkey_system.2,
            __monkey_system.3,
            __monkey_system.4,
            __monkey_system.5,
            __monkey_system.6,
            __monkey_system.7,
            __monkey_system.8,
            __monkey_system.9,
            __monkey_system.10,
            __monkey_system.11,
            __monkey_system.12,
            __monkey_system.13,
            __monkey_system.14,
            __monkey_system.15,
            __monkey_system.16,
        );
        let __monkey_system_unwind = (
            $crate::expansion::foreign::system_unwind::d0,
            $crate::expansion::foreign::system_unwind::d1,
            $crate::expansion::foreign::system_unwind::d2,
            $crate::expansion::foreign::system_unwind::d3,
            $crate::expansion::foreign::system_unwind::d4,
            $crate::expansion::foreign::system_unwind::d5,
            $crate::expansion::foreign::system_unwind::d6,
            $crate::expansion::foreign::system_unwind::d7,
            $crate::expansion::foreign::system_unwind::d8,
            $crate::expansion::foreign::system_unwind::d9,
            $crate::expansion::foreign::system_unwind::d10,
            $crate::expansion::foreign::system_unwind::d11,
            $crate::expansion::foreign::system_unwind::d12,
            $crate::expansion::foreign::system_unwind::d13,
            $crate::expansion::foreign::system_unwind::d14,
            $crate::expansion::foreign::system_unwind::d15,
            $crate::expansion::foreign::system_unwind::d16,
        );
        $crate::expansion::foreign::tie_system_unwind(
            &__monkey_shape,
            __monkey_system_unwind.0,
            __monkey_system_unwind.1,
            __monkey_system_unwind.2,
            __monkey_system_unwind.3,
            __monkey_system_unwind.4,
            __monkey_system_unwind.5,
            __monkey_system_unwind.6,
            __monkey_system_unwind.7,
            __monkey_system_unwind.8,
            __monkey_system_unwind.9,
            __monkey_system_unwind.10,
            __monkey_system_unwind.11,
            __monkey_system_unwind.12,
            __monkey_system_unwind.13,
            __monkey_system_unwind.14,
            __monkey_system_unwind.15,
            __monkey_system_unwind.16,
        );
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
}
