//! Attributes that call the function with something that they make: cases, fixtures, contexts.
//!
//! They hand the other attributes on to each test that they write, in which all of this is made. So `#[monkey::test]` goes below
//! them, wherever it was written: what they make is then made in the scope, and each case is a test of its own.
use crate::function::{is_harness, is_plain_test, is_runtime, last_segment};
use syn::{Attribute, ItemFn};

/// Where among the function's attributes `#[monkey::test]` has to go, if there are such attributes.
pub fn place(function: &ItemFn) -> Option<usize> {
    let attributes = &function.attrs;
    let behind = 1 + attributes.iter().rposition(|attribute| gives(attribute, function))?;
    // A runtime starts in the test.
    let runtime = attributes[behind..].iter().position(is_runtime);
    Some(runtime.map_or(attributes.len(), |runtime| behind + runtime))
}

/// Whether one of them writes the `#[test]` of each case itself.
pub fn are_tests(function: &ItemFn) -> bool {
    function.sig.asyncness.is_none() && function.attrs.iter().any(is_test_case)
}

fn gives(attribute: &Attribute, function: &ItemFn) -> bool {
    let name = last_segment(attribute.path());
    if is_test_case(attribute) || ["rstest", "apply", "test_context"].contains(&name.as_str()) {
        return true;
    }
    // One that nobody here knows: the parameters have to come from somewhere.
    let known = function.attrs.iter().any(|attribute| is_harness(attribute) && !is_plain_test(attribute));
    !function.sig.inputs.is_empty() && !known && !is_inert(attribute)
}

fn is_test_case(attribute: &Attribute) -> bool {
    ["test_case", "test_matrix"].contains(&last_segment(attribute.path()).as_str())
}

/// Attributes of the language and of tools, none of which calls a function.
fn is_inert(attribute: &Attribute) -> bool {
    const INERT: [&str; 22] = [
        "test",
        "ignore",
        "should_panic",
        "doc",
        "allow",
        "expect",
        "warn",
        "deny",
        "forbid",
        "cfg",
        "cfg_attr",
        "must_use",
        "inline",
        "cold",
        "deprecated",
        "track_caller",
        "no_mangle",
        "unsafe",
        "target_feature",
        "rustfmt",
        "clippy",
        "case",
    ];
    is_plain_test(attribute)
        || attribute
            .path()
            .segments
            .first()
            .is_some_and(|first| INERT.iter().any(|inert| first.ident == inert))
}

#[cfg(test)]
mod tests {
    use super::{are_tests, place};
    use quote::quote;

    fn placed(attributes: &proc_macro2::TokenStream) -> (Option<usize>, bool) {
        let function = syn::parse_quote!(#attributes fn f(a: u8) {});
        (place(&function), are_tests(&function))
    }

    #[test]
    fn it_goes_below_what_gives_cases() {
        assert_eq!(placed(&quote!(#[rstest::rstest] #[case(1)] #[case(2)])), (Some(3), false));
        assert_eq!(placed(&quote!(#[test_case(1)] #[test_case::test_case(2)])), (Some(2), true));
        assert_eq!(placed(&quote!(#[test_context(Context)] #[test])), (Some(2), false));
        assert_eq!(placed(&quote!(#[ignore] #[unheard::of])), (Some(2), false));
    }

    #[test]
    fn it_stays_above_a_runtime() {
        assert_eq!(placed(&quote!(#[rstest] #[case(1)] #[tokio::test])), (Some(2), false));
    }

    #[test]
    fn others_are_left_where_they_are() {
        assert_eq!(placed(&quote!(#[quickcheck])), (None, false));
        assert_eq!(placed(&quote!(#[test] #[ignore = "why"] #[rustfmt::skip])), (None, false));
        let function = syn::parse_quote!(
            #[unheard::of]
            fn f() {}
        );
        assert_eq!(place(&function), None);
    }
}
