//! Targets are functions with a body of their own, named by their path.
//!
//! What is no function at all does not compile: a value by [`FunctionItem`], a closure by the cast to [`TargetMustBeAFunctionNamedByItsPath`].
//! The rest look like functions to the type check, and only `std::any::type_name` tells them apart: these are refused when
//! the list is read, before anything is patched.
use super::signature::Probe;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// What a target's address points at: a cast that fails for a closure, in whose words this name then stands.
#[derive(Debug)]
pub struct TargetMustBeAFunctionNamedByItsPath(());

/// The address alone.
#[must_use]
pub fn address(target: *const TargetMustBeAFunctionNamedByItsPath) -> *const () {
    target.cast()
}

/// What has text for a debugger is a value: fn pointers of every ABI, raw pointers, numbers. Functions and closures have none.
#[derive(Debug)]
pub struct Value;

/// Anything else.
#[derive(Debug)]
pub struct Item;

/// Implemented by nothing but the type of a path that is wrong, which to rustc has every trait. It has said enough of that one.
pub trait Mistaken {}

/// Found first.
pub trait ProbeMistaken {
    /// The kind, as a type.
    fn __monkey_target(&self) -> Item {
        Item
    }
}

impl<F: Mistaken> ProbeMistaken for &&Probe<F> {}

/// Found next.
pub trait ProbeValue {
    /// The kind, as a type.
    fn __monkey_target(&self) -> Value {
        Value
    }
}

impl<F: fmt::Debug> ProbeValue for &&&Probe<F> {}

/// Found next: what leads to a function, or to a closure.
pub trait ProbeBehind {
    /// The kind, as a type.
    fn __monkey_target(&self) -> Value {
        Value
    }
}

impl<F: ?Sized> ProbeBehind for &Probe<&F> {}
impl<F: ?Sized> ProbeBehind for &Probe<&mut F> {}
impl<F: ?Sized> ProbeBehind for &Probe<Box<F>> {}
impl<F: ?Sized> ProbeBehind for &Probe<Rc<F>> {}
impl<F: ?Sized> ProbeBehind for &Probe<Arc<F>> {}

/// Found where the others are not.
pub trait ProbeItem {
    /// The kind, as a type.
    fn __monkey_target(&self) -> Item {
        Item
    }
}

impl<F> ProbeItem for Probe<F> {}

/// A target that may be a function.
#[diagnostic::on_unimplemented(
    message = "a target is a function, named by its path",
    label = "a value, such as a pointer or a number",
    note = "write the path of the function that is to be replaced, such as `crate::clock::now`",
    note = "for an address that is known only at run time there is `monkey::patch_at`"
)]
pub trait FunctionItem {}

#[diagnostic::do_not_recommend]
impl FunctionItem for Item {}

/// Compiles where the target may be a function.
pub fn is_function<Target: FunctionItem>(_target: &Target) {}

#[cfg(test)]
#[expect(clippy::needless_borrow, reason = "the macros write it: that is what method look-up starts from")]
mod tests {
    use super::{Item, Probe, ProbeBehind as _, ProbeItem as _, ProbeValue as _, Value};

    extern "C" fn foreign(_: &u8) {}

    #[test]
    fn values_are_told_by_their_type() {
        let _: Value = (&&&Probe::new(&(str::len as fn(&str) -> usize))).__monkey_target();
        let _: Value = (&&&Probe::new(&(foreign as extern "C" fn(&u8)))).__monkey_target();
        let _: Value = (&&&Probe::new(&(foreign as *const ()))).__monkey_target();
        let _: Value = (&&&Probe::new(&3usize)).__monkey_target();
        let _: Value = (&&&Probe::new(&&foreign)).__monkey_target();
        let _: Value = (&&&Probe::new(&(Box::new(|| 1_u8) as Box<dyn Fn() -> u8>))).__monkey_target();
        let _: Item = (&&&Probe::new(&str::len)).__monkey_target();
        let _: Item = (&&&Probe::new(&foreign)).__monkey_target();
        let _: Item = (&&&Probe::new(&|| 1)).__monkey_target();
    }
}
