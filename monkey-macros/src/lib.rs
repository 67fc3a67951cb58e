//! The attributes and macros of monkey. Users take the package `monkey-mock`, which re-exports and documents them.
//!
//! Each goes the same way: the grammar reads (`args`), the rules check (`check`), the expansion writes (`expand`).

mod args;
mod check;
mod compiler;
mod expand;
mod free_names;
mod function;
mod listed;
mod mistakes;
mod names;
mod source;

use check::list::{List, PATCH, TRY_PATCH, Taker};
use check::test::Test;
use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;

/// Whether there is an engine behind the output.
const RUNTIME: bool = cfg!(feature = "runtime");

/// Makes functions replaceable at every optimisation level.
#[proc_macro_attribute]
pub fn patchable(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut slot = None;
    let mut beside_it = Tokens::new();
    match check::patchable::check(arguments.into(), item.clone().into(), &mut slot) {
        Ok(patchable) if RUNTIME || patchable.changed => {
            if RUNTIME && !compiler::is_clippy() {
                let krate = patchable.krate.as_ref();
                let (private, asked) = (expand::private(krate), expand::asked::Asked::new(krate));
                expand::patchable::patchable(patchable);
                slot.as_mut().into_iter().for_each(|item| expand::lent::add(item, &private));
                slot.as_mut().into_iter().for_each(|item| beside_it = asked.annotated(item));
            }
            slot.map_or(item, |item| quote!(#item #beside_it).into())
        }
        Ok(_) => item,
        Err(error) => beside(&error, &item.into()),
    }
}

/// Makes a function a test with replacements, or gives the tests of a module some that they share.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match check::module::test(arguments.clone().into(), item.clone().into(), RUNTIME) {
        Some(Ok(module)) => return expand::module::test(module, &arguments.into()).into(),
        Some(Err(error)) => return beside(&error, &item.into()),
        None => {}
    }
    match check::test::test(arguments.clone().into(), item.clone().into(), RUNTIME) {
        Ok(Test::Framed(annotated)) => expand::test::test(annotated, RUNTIME).into(),
        Ok(Test::Below(below)) => expand::test::below(below, &arguments.into()).into(),
        Err(error) => beside(&error, &item.into()),
    }
}

/// Runs a function with replacements.
#[proc_macro_attribute]
pub fn with(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match check::test::with(arguments.into(), item.clone().into(), RUNTIME) {
        Ok(annotated) => expand::test::with(annotated, RUNTIME).into(),
        Err(error) => beside(&error, &item.into()),
    }
}

/// Replaces functions until the returned guard is dropped.
#[proc_macro]
pub fn patch(list: TokenStream) -> TokenStream {
    list_macro(PATCH, "patch", list.into())
}

/// Replaces functions until the returned guard is dropped, or says why not.
#[proc_macro]
pub fn try_patch(list: TokenStream) -> TokenStream {
    list_macro(TRY_PATCH, "try_patch", list.into())
}

/// Runs a block with replacements, which may borrow what is around it.
#[proc_macro]
pub fn during(tokens: TokenStream) -> TokenStream {
    let parts = List::check_during(tokens.into(), RUNTIME);
    parts.map_or_else(instead, |(list, block)| expand::list::during(&list, &block)).into()
}

/// Calls the original of a function.
#[proc_macro]
pub fn original(call: TokenStream) -> TokenStream {
    let call = check::original::call(call.into(), RUNTIME);
    call.map_or_else(instead, |call| expand::original::original(&call)).into()
}

/// Counts the calls of a function's replacement.
#[proc_macro]
pub fn calls(name: TokenStream) -> TokenStream {
    let name = check::original::name(name.into(), RUNTIME);
    name.map_or_else(instead, |name| expand::original::calls(&name)).into()
}

fn list_macro(taker: Taker, function: &str, tokens: Tokens) -> TokenStream {
    let list = List::check_macro(taker, tokens, RUNTIME);
    list.map_or_else(instead, |list| expand::list::patch(&list, function)).into()
}

/// The mistakes in place of an expression: several of them are one in a block only.
fn instead(error: syn::Error) -> Tokens {
    let error = error.into_compile_error();
    quote!({ #error })
}

/// The mistakes, and the item as it was: what uses it is not at fault.
fn beside(error: &syn::Error, item: &Tokens) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#error #item).into()
}
