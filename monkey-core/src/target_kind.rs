//! What looks like a function to the type check and has no calls that could be replaced, and what may be an `unsafe fn` in place of a
//! safe one: only `std::any::type_name` tells these.
use crate::error::{Cause, PatchError};
use crate::request::Request;

/// Whether a target can be replaced for what it is.
pub fn check(request: &Request) -> Result<(), PatchError> {
    let cause =
        request.target_type.and_then(refusal).or_else(|| request.common_type.and_then(unsafe_for_safe));
    cause.map_or(Ok(()), |cause| Err(request.fails(cause)))
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

/// Up to how many arguments the type check knows a safe function of Rust's own ABI.
const KNOWN_ARGUMENTS: usize = 32;

/// Why a pointer type that target and replacement have in common, and no table has, may hide that only the replacement is unsafe.
fn unsafe_for_safe(common: &str) -> Option<Cause> {
    let pointer = common.strip_prefix("unsafe ")?;
    if pointer.strip_prefix("fn(").is_some_and(|arguments| number_of(arguments) <= KNOWN_ARGUMENTS) {
        return None;
    }
    Some(Cause::NotReplaceable {
        found: "it or its replacement is an `unsafe fn`, and of functions of its ABI, with so many arguments or such references, \
                nobody can tell which",
        instead: "make the replacement safe to call, where the target is; where the target is unsafe itself, use \
                  `monkey::patch_at`, which is `unsafe` too",
    })
}

/// How many arguments a pointer type has, from behind its opening parenthesis.
fn number_of(arguments: &str) -> usize {
    let (mut depth, mut commas, mut empty) = (0usize, 0, true);
    for byte in arguments.bytes() {
        match byte {
            b')' if depth == 0 => break,
            b'(' | b'[' | b'<' => depth += 1,
            b')' | b']' | b'>' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => commas += 1,
            _ => {}
        }
        empty = false;
    }
    if empty { 0 } else { commas + 1 }
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
    use super::{Cause, number_of, refusal, unsafe_for_safe};
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
    fn arguments_are_counted_outside_of_their_own_brackets() {
        assert_eq!(number_of(")"), 0);
        assert_eq!(number_of("u8)"), 1);
        assert_eq!(
            number_of("(u8, u16), core::result::Result<u8, [u8; 2]>, fn(u8, u8) -> u8) -> (u8, u8)"),
            3
        );
    }

    #[test]
    fn an_unsafe_pointer_that_no_table_has_is_refused_but_for_rust_s_own_with_few_arguments() {
        let refused = |common: &str| unsafe_for_safe(common).is_some();
        assert!(refused("unsafe extern \"sysv64\" fn(u8)"));
        assert!(refused("unsafe extern \"C\" fn(&'_ u8, u8, u8)"));
        assert!(refused(&format!("unsafe fn({}u8)", "u8, ".repeat(32))));
        assert!(!refused(&format!("unsafe fn({}u8)", "u8, ".repeat(31))));
        assert!(!refused("extern \"sysv64\" fn(u8)"));
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
