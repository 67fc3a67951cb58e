//! Targets are functions with a body of their own, named by their path.
//!
//! What is no function at all does not compile: a value by [`FunctionItem`], a closure by the cast to [`FunctionByItsPath`].
//! The rest look like functions to the type check, and only `std::any::type_name` tells them apart: these are refused when
//! the list is read, before anything is patched.
use super::signature::Probe;
use crate::error::{Cause, PatchError};
use crate::request::Request;
use std::fmt;

/// What a target's address points at: a cast that fails for a closure, in whose words this name then stands.
#[derive(Debug)]
pub struct FunctionByItsPath(());

/// The address alone.
#[must_use]
pub fn address(target: *const FunctionByItsPath) -> *const () {
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

impl<F: Mistaken> ProbeMistaken for &Probe<F> {}

/// Found next.
pub trait ProbeValue {
    /// The kind, as a type.
    fn __monkey_target(&self) -> Value {
        Value
    }
}

impl<F: fmt::Debug> ProbeValue for &&Probe<F> {}

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

/// The first of them that cannot be replaced for what it is.
pub(crate) fn check(requests: &[Request]) -> Result<(), PatchError> {
    for request in requests {
        if let Some(cause) = request.target_type.and_then(refusal) {
            return Err(request.fails(cause));
        }
    }
    Ok(())
}

/// Why a function of this type cannot be a target.
fn refusal(type_name: &str) -> Option<Cause> {
    let because = |found, instead| Some(Cause::NotReplaceable { found, instead });
    if type_name.ends_with("{{closure}}") {
        return because("it is a closure", "name a function by its path: a closure has no calls by name");
    }
    if type_name.ends_with("{{constructor}}") {
        return because(
            "it is a constructor, which the compiler writes out wherever it is called",
            "replace a function that calls it, or give the type one that builds it",
        );
    }
    if is_dispatch(type_name) {
        return because(
            "it is the way through a trait object's table, which calls by the object do not take",
            "name the implementation that is called: `<Type as Trait>::function`",
        );
    }
    None
}

/// `<dyn a::T as a::T>::f`. Another trait may have a function for `dyn a::T`, which is one as any other.
fn is_dispatch(type_name: &str) -> bool {
    let Some(object) = type_name.strip_prefix("<dyn ") else { return false };
    let Some((object, of)) = object.split_once(" as ") else { return false };
    let principal = object.split(" + ").next().unwrap_or(object);
    of.strip_prefix(principal).is_some_and(|behind| behind.starts_with(">::"))
}

#[cfg(test)]
#[expect(clippy::needless_borrow, reason = "the macros write it: that is what method look-up starts from")]
mod tests {
    use super::{Cause, Item, Probe, ProbeItem as _, ProbeValue as _, Value, refusal};
    use std::any::type_name_of_val;

    struct Wrapper(#[expect(dead_code, reason = "only its constructor is looked at")] u8);
    trait Shape {
        fn area(&self) -> u8 {
            1
        }
    }
    trait Named {
        fn name(&self) {}
    }
    impl Named for dyn Shape + '_ {}
    impl dyn Shape {
        fn own() {}
    }
    impl Shape for u8 {}
    extern "C" fn foreign(_: &u8) {}

    fn reason<F>(function: &F) -> Option<&'static str> {
        refusal(type_name_of_val(function)).map(|cause| match cause {
            Cause::NotReplaceable { found, .. } => found,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn what_only_looks_like_a_function_is_refused() {
        let refused = |found: Option<&str>, word: &str| {
            assert!(found.is_some_and(|text| text.contains(word)), "{found:?}");
        };
        refused(reason(&|| 1), "closure");
        refused(reason(&Wrapper), "constructor");
        refused(reason(&Some::<u8>), "constructor");
        refused(reason(&<dyn Shape as Shape>::area), "trait object");
        refused(reason(&<dyn Shape + Send as Shape>::area), "trait object");
    }

    #[test]
    fn functions_of_every_kind_are_not() {
        assert_eq!(reason(&<u8 as Shape>::area), None);
        assert_eq!(reason(&<dyn Shape as Named>::name), None);
        assert_eq!(reason(&<dyn Shape>::own), None);
        assert_eq!(reason(&str::len), None);
        assert_eq!(reason(&foreign), None);
        assert_eq!(reason(&std::ptr::drop_in_place::<Wrapper>), None);
    }

    #[test]
    fn values_are_told_by_their_type() {
        let _: Value = (&&Probe::of(&(str::len as fn(&str) -> usize))).__monkey_target();
        let _: Value = (&&Probe::of(&(foreign as extern "C" fn(&u8)))).__monkey_target();
        let _: Value = (&&Probe::of(&(foreign as *const ()))).__monkey_target();
        let _: Value = (&&Probe::of(&3usize)).__monkey_target();
        let _: Item = (&&Probe::of(&str::len)).__monkey_target();
        let _: Item = (&&Probe::of(&foreign)).__monkey_target();
        let _: Item = (&&Probe::of(&|| 1)).__monkey_target();
    }
}
