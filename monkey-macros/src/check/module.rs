//! The rules of `#[monkey::test]` on a module of tests.
use super::list::{List, TEST};
use crate::args;
use crate::function::{is_harness, is_ours};
use crate::mistakes::Mistakes;
use proc_macro2::TokenStream;
use syn::{Attribute, Item, ItemMod, Path};

/// A module whose tests share what the attribute says.
pub struct Module {
    pub krate: Option<Path>,
    pub module: ItemMod,
}

/// `None` where the item is no module.
pub fn test(arguments: TokenStream, item: TokenStream, runtime: bool) -> Option<syn::Result<Module>> {
    let module: ItemMod = syn::parse2(item).ok()?;
    let mut mistakes = Mistakes::default();
    let arguments = args::arguments(arguments, &mut mistakes);
    let list = List::check(TEST, arguments, runtime, &mut mistakes);
    match &module.content {
        None => {
            let help = "help: annotate its tests, or write the module here, with a body";
            mistakes
                .on(&module.ident, format!("a module in a file of its own cannot be seen from here; {help}"));
        }
        Some((_, items)) if !has_tests(items) => {
            let help = "help: `#[test]` or another attribute makes a function one";
            mistakes.on(&module.ident, format!("there is no test in this module; {help}"));
        }
        Some(_) => {}
    }
    Some(mistakes.into_result().map(|()| Module { krate: list.krate, module }))
}

/// Whether one of its functions is a test, by an attribute of whatever kind.
pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| is_harness(attribute) || is_ours(attribute, "test"))
}

fn has_tests(items: &[Item]) -> bool {
    items.iter().any(|item| match item {
        Item::Fn(function) => is_test(&function.attrs),
        Item::Mod(module) => module.content.as_ref().is_some_and(|(_, items)| has_tests(items)),
        // What it expands to is not known yet.
        Item::Macro(_) => true,
        _ => false,
    })
}
