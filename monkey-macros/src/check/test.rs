//! The rules of `#[monkey::test]` and `#[monkey::with]`.
use super::list::{List, TEST, Taker, WITH};
use super::{arguments, cases, panics};
use crate::args;
use crate::function::{self, Parsed, is_harness, is_ours, is_plain_test, last_segment};
use crate::mistakes::Mistakes;
use crate::source;
use proc_macro2::{Span, TokenStream};
use syn::ItemFn;

/// How the body of a test or of a `with` is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// In a closure.
    Closure,
    /// As a function of its own inside the test, with the attribute of a runtime, which starts in the scope.
    Nested,
    /// As a future whose polls are in the scope.
    Future,
}

/// What is to become of a test.
pub enum Test {
    Framed(Annotated),
    /// It is for another attribute to call: `#[monkey::test]` goes below it, with the same arguments.
    Below(Below),
}

/// The function, and where among its attributes this one has to go.
pub struct Below {
    pub krate: Option<syn::Path>,
    pub function: ItemFn,
    pub place: usize,
    pub is_test: bool,
    /// What may capture the function's arguments, and so has to be within it; then the rest.
    pub within: Option<(Within, List)>,
}

/// Replacements that are made where the body runs.
pub struct Within {
    pub list: List,
    pub way: Way,
    pub to_panic: bool,
}

impl Within {
    fn read(list: List, function: &ItemFn, mistakes: &mut Mistakes) -> Self {
        let to_panic = panics::check(function, mistakes);
        let way = if function.sig.asyncness.is_some() { Way::Future } else { Way::Closure };
        Self { list, way, to_panic }
    }
}

/// An annotated function without a mistake.
pub struct Annotated {
    pub list: List,
    pub function: ItemFn,
    pub way: Way,
    /// `#[test]` is still to be added.
    pub add_test: bool,
    /// The test passes by a panic.
    pub to_panic: bool,
    /// What captures arguments that are variables of the body by now.
    pub within: Option<Within>,
}

pub fn test(arguments: TokenStream, item: TokenStream, runtime: bool) -> syn::Result<Test> {
    let mut mistakes = Mistakes::default();
    let list = list(TEST, arguments, runtime, &mut mistakes);
    let mut function = function(TEST, item, &mut mistakes);
    if let Some(function) = function.as_mut().filter(|_| runtime) {
        arguments::name(function, &list);
    }
    if let Some(function) = &function {
        twice(function, &mut mistakes);
        if let (Some(place), true) = (cases::place(function), mistakes.is_empty()) {
            let is_test = cases::are_tests(function);
            let krate = list.krate.clone();
            let mut list = list;
            let capturing = list.split_capturing();
            let within = (!capturing.replacements.is_empty() && runtime)
                .then(|| (Within::read(capturing, function, &mut mistakes), list));
            mistakes.into_result()?;
            return Ok(Test::Below(Below { krate, function: function.clone(), place, is_test, within }));
        }
        harness(function, &mut mistakes);
    }
    let is_test = list.is_test;
    let (mut list, mut within) = (list, None);
    if let Some(function) = &function
        && runtime
        && arguments::are_captured(function, &list)
    {
        let capturing = list.split_capturing();
        within =
            (!capturing.replacements.is_empty()).then(|| Within::read(capturing, function, &mut mistakes));
    }
    let annotated = finish(list, function, mistakes, |function| {
        let parameters = !function.sig.inputs.is_empty();
        let harnesses = || function.attrs.iter().filter(|attribute| is_harness(attribute));
        let way = match function.sig.asyncness {
            None => Way::Closure,
            Some(_) if !parameters && harnesses().all(|harness| last_segment(harness.path()) == "test") => {
                Way::Nested
            }
            Some(_) => Way::Future,
        };
        (way, !is_test && harnesses().next().is_none() && !source::is_a_test_already())
    });
    annotated.map(|annotated| Test::Framed(Annotated { within, ..annotated }))
}

pub fn with(arguments: TokenStream, item: TokenStream, runtime: bool) -> syn::Result<Annotated> {
    let mut mistakes = Mistakes::default();
    let list = list(WITH, arguments, runtime, &mut mistakes);
    let function = function(WITH, item, &mut mistakes);
    finish(list, function, mistakes, |function| {
        let way = if function.sig.asyncness.is_some() { Way::Future } else { Way::Closure };
        (way, false)
    })
}

fn list(taker: Taker, arguments: TokenStream, runtime: bool, mistakes: &mut Mistakes) -> List {
    let arguments = args::arguments(arguments, mistakes);
    List::check(taker, arguments, runtime, mistakes)
}

fn finish(
    list: List,
    function: Option<ItemFn>,
    mut mistakes: Mistakes,
    way: impl FnOnce(&ItemFn) -> (Way, bool),
) -> syn::Result<Annotated> {
    let to_panic = match &function {
        Some(function) if list.is_empty() => panics::guards_are_judged(function),
        Some(function) => panics::check(function, &mut mistakes),
        None => false,
    };
    mistakes.into_result()?;
    let function = function.ok_or_else(|| syn::Error::new(Span::call_site(), "expected a function"))?;
    let (way, add_test) = way(&function);
    if let Some(place) = list.hermetic.filter(|_| way == Way::Future) {
        let message = "`hermetic` needs a test whose runtime starts within it; help: write `#[monkey::test(hermetic)]` above the \
                       runtime's attribute, on a function without parameters";
        return Err(syn::Error::new(place, message));
    }
    Ok(Annotated { list, function, way, add_test, to_panic, within: None })
}

fn function(taker: Taker, item: TokenStream, mistakes: &mut Mistakes) -> Option<ItemFn> {
    match function::parse(item.clone()) {
        Parsed::Function(function) => {
            if let Some(constness) = &function.sig.constness {
                let message =
                    format!("`{}` cannot stand on a `const fn`; help: remove the `const`", taker.name);
                mistakes.on(constness, message);
            }
            Some(*function)
        }
        Parsed::Bodiless(function) => {
            mistakes.on(&function.sig.ident, format!("`{}` needs a function with a body", taker.name));
            None
        }
        Parsed::Other => {
            let place = super::patchable::keyword(item);
            mistakes.add_at(place, format!("`{}` is for functions", taker.name));
            None
        }
    }
}

/// Parameters and `async` are for the attributes that know what to do with them.
fn harness(function: &ItemFn, mistakes: &mut Mistakes) {
    let plain = function.attrs.iter().filter(|attribute| is_harness(attribute)).all(is_plain_test);
    if let (Some(asyncness), true) = (&function.sig.asyncness, plain) {
        let help = "help: add a runtime's attribute below, such as `#[tokio::test]`";
        mistakes.on(asyncness, format!("an `async` test needs a runtime; {help}"));
    }
    if let (Some(first), true) = (function.sig.inputs.first(), plain) {
        let help = "help: add an attribute that gives it some, such as `#[rstest]` or `#[test_case(..)]`, and hands this one on";
        mistakes.on(first, format!("a plain test has no parameters; {help}"));
    }
}

fn twice(function: &ItemFn, mistakes: &mut Mistakes) {
    if let Some(second) = function.attrs.iter().find(|attribute| is_ours(attribute, "test")) {
        mistakes.on(second, "`monkey::test` is given twice; help: put everything into the first");
    }
}

#[cfg(test)]
mod tests {
    use super::{Test, Way, test, with};
    use proc_macro2::TokenStream;
    use quote::quote;

    fn mistakes(arguments: TokenStream, item: TokenStream, runtime: bool) -> Vec<String> {
        test(arguments, item, runtime).err().into_iter().flatten().map(|error| error.to_string()).collect()
    }

    #[test]
    fn without_the_engine_a_test_is_a_test_until_it_replaces() {
        assert!(
            mistakes(
                quote!(scope = process, replace()),
                quote!(
                    fn f() {}
                ),
                false
            )
            .is_empty()
        );
        let found = mistakes(
            quote!(replace(now = frozen)),
            quote!(
                fn f() {}
            ),
            false,
        );
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("help: enable the feature `runtime` of the package monkey-mock"),
            "{found:?}"
        );
        assert!(
            with(
                quote!(replace(now = frozen)),
                quote!(
                    fn f() {}
                ),
                false
            )
            .is_err()
        );
    }

    #[test]
    fn mistakes_in_arguments_and_function_come_out_together() {
        let found = mistakes(
            quote!(colour = red, scope = here),
            quote!(
                const fn f(_: u8) {}
            ),
            true,
        );
        assert_eq!(found.len(), 4, "{found:?}");
    }

    #[test]
    fn the_way_follows_the_other_attributes() {
        let way = |item| match test(TokenStream::new(), item, true) {
            Ok(Test::Framed(test)) => Some((test.way, test.add_test)),
            _ => None,
        };
        assert_eq!(
            way(quote!(
                fn f() {}
            )),
            Some((Way::Closure, true))
        );
        assert_eq!(
            way(quote!(
                #[core::prelude::v1::test]
                fn f() {}
            )),
            Some((Way::Closure, false))
        );
        assert_eq!(
            way(quote!(
                #[quickcheck]
                fn f(_: u8) {}
            )),
            Some((Way::Closure, false))
        );
        assert_eq!(
            way(quote!(
                #[tokio::test]
                async fn f() {}
            )),
            Some((Way::Nested, false))
        );
        assert_eq!(
            way(quote!(
                #[test]
                #[tokio::test(start_paused = true)]
                async fn f() {}
            )),
            Some((Way::Nested, false))
        );
        assert_eq!(
            way(quote!(
                #[proptest]
                #[tokio::test]
                async fn f(_: u8) {}
            )),
            Some((Way::Future, false))
        );
        assert_eq!(
            way(quote!(
                #[test]
                async fn f() {}
            )),
            None
        );
    }
}
