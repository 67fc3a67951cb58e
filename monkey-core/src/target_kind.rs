//! What looks like a function to the type check and has no calls that could be replaced: only `std::any::type_name` tells these.
use crate::error::{Cause, PatchError};
use crate::request::Request;

/// The first of them that cannot be replaced for what it is.
pub fn check(requests: &[Request]) -> Result<(), PatchError> {
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
mod tests {
    use super::{Cause, refusal};
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
}
