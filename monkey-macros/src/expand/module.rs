//! `#[monkey::test]` on a module: each of its tests gets a frame around its own.
//!
//! The attribute that comes last is expanded last, so its frame is the outermost one: what a test's own list replaces is
//! the newer, and counts.
use crate::check::module::{Module, is_test};
use crate::function::is_ours;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::{Attribute, Item, parse_quote_spanned};

pub fn test(module: Module, arguments: &TokenStream) -> TokenStream {
    let Module { krate, mut module } = module;
    let krate = krate
        .map_or_else(|| quote_spanned!(Span::mixed_site()=> ::monkey), quote::ToTokens::into_token_stream);
    let shared = Shared {
        of_functions: parse_quote_spanned!(Span::mixed_site()=> #[#krate::with(#arguments)]),
        of_modules: parse_quote_spanned!(Span::mixed_site()=> #[#krate::test(#arguments)]),
    };
    if let Some((_, items)) = &mut module.content {
        shared.add(items);
    }
    module.into_token_stream()
}

struct Shared {
    of_functions: Attribute,
    of_modules: Attribute,
}

impl Shared {
    fn add(&self, items: &mut [Item]) {
        for item in items {
            match item {
                Item::Fn(function) if is_test(&function.attrs) => {
                    function.attrs.push(self.of_functions.clone());
                }
                // What that module says is the newer: it has its turn first.
                Item::Mod(module) if module.attrs.iter().any(|attribute| is_ours(attribute, "test")) => {
                    module.attrs.push(self.of_modules.clone());
                }
                Item::Mod(module) => {
                    if let Some((_, items)) = &mut module.content {
                        self.add(items);
                    }
                }
                _ => {}
            }
        }
    }
}
