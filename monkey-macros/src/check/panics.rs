//! Whether a test is to panic: what is wrong with its replacements is then said by no panic, which would pass for the
//! one that is wanted.
use crate::function::last_segment;
use crate::mistakes::Mistakes;
use proc_macro2::TokenTree;
use syn::{Attribute, ItemFn, ReturnType, Type};

/// Whether all of its cases are to panic. Cases that end differently share one body, which cannot tell them apart.
pub fn check(function: &ItemFn, mistakes: &mut Mistakes) -> bool {
    let cases = cases(&function.attrs);
    let Some((place, _)) = cases.iter().find(|(_, panics)| *panics) else { return false };
    if cases.iter().any(|(_, panics)| !panics) {
        let message =
            "only some of the cases are to panic, and a replacement that is missed would pass for it";
        mistakes.on(place, format!("{message}; help: give the cases that panic a test of their own"));
    } else if !gives_nothing(&function.sig.output) {
        mistakes
            .on(&function.sig.output, "a test that is to panic gives nothing back; help: remove its result");
    }
    true
}

/// The same where nothing is replaced: guards that the body makes are judged as far as its cases let that be.
pub fn guards_are_judged(function: &ItemFn) -> bool {
    let mut mistakes = Mistakes::default();
    check(function, &mut mistakes) && mistakes.is_empty()
}

/// Each case and whether it is to panic; the test itself is one where it has no others.
fn cases(attributes: &[Attribute]) -> Vec<(&Attribute, bool)> {
    let mut cases = Vec::new();
    // rstest takes what stands before a case for that case, and what stands behind the last for all.
    let mut waiting = None;
    for attribute in attributes {
        let first = attribute.path().segments.first().map(|segment| segment.ident.to_string());
        if attribute.path().is_ident("should_panic") {
            waiting = Some(attribute);
        } else if first.as_deref() == Some("case") {
            cases.push((attribute, waiting.take().is_some()));
        } else if ["test_case", "test_matrix"].contains(&last_segment(attribute.path()).as_str()) {
            cases.push((attribute, wants_a_panic(attribute)));
        }
    }
    match waiting {
        Some(all) if cases.is_empty() => vec![(all, true)],
        Some(_) => cases.into_iter().map(|(case, _)| (case, true)).collect(),
        None => cases,
    }
}

/// `#[test_case(.. => panics ..)]`.
fn wants_a_panic(attribute: &Attribute) -> bool {
    let Ok(list) = attribute.meta.require_list() else { return false };
    let (mut equals, mut behind) = (false, false);
    list.tokens.clone().into_iter().any(|token| {
        let is = |sign| matches!(&token, TokenTree::Punct(punct) if punct.as_char() == sign);
        behind |= equals && is('>');
        equals = is('=');
        behind && matches!(&token, TokenTree::Ident(word) if word == "panics")
    })
}

fn gives_nothing(output: &ReturnType) -> bool {
    match output {
        ReturnType::Default => true,
        ReturnType::Type(_, output) => matches!(&**output, Type::Tuple(tuple) if tuple.elems.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::mistakes::Mistakes;
    use proc_macro2::TokenStream;
    use quote::quote;

    fn panics(attributes: &TokenStream) -> Option<bool> {
        let mut mistakes = Mistakes::default();
        let function = syn::parse_quote!(#attributes fn f() {});
        let panics = check(&function, &mut mistakes);
        mistakes.into_result().ok().map(|()| panics)
    }

    #[test]
    fn all_cases_end_in_one_way() {
        assert_eq!(panics(&quote!(#[test])), Some(false));
        assert_eq!(panics(&quote!(#[should_panic(expected = "x")])), Some(true));
        assert_eq!(panics(&quote!(#[rstest] #[case(1)] #[case(2)])), Some(false));
        assert_eq!(panics(&quote!(#[rstest] #[case(1)] #[case::named(2)] #[should_panic])), Some(true));
        assert_eq!(panics(&quote!(#[should_panic] #[case(1)] #[should_panic] #[case(2)])), Some(true));
        assert_eq!(panics(&quote!(#[case(1)] #[should_panic] #[case(2)])), None);
        assert_eq!(
            panics(&quote!(#[test_case(1 => panics)] #[test_case(2 => panics "x"; "name")])),
            Some(true)
        );
        assert_eq!(panics(&quote!(#[test_case(1 => panics)] #[test_case(2)])), None);
        assert_eq!(panics(&quote!(#[test_case(panics => 1)] #[test_case(2 => "panics")])), Some(false));
    }

    #[test]
    fn a_result_beside_a_panic_is_a_mistake() {
        let mut mistakes = Mistakes::default();
        check(
            &syn::parse_quote!(
                #[test_case(1 => panics)]
                fn f(a: u32) -> u32 {
                    a
                }
            ),
            &mut mistakes,
        );
        assert!(mistakes.into_result().is_err());
    }
}
