//! What both the rules and the expansions ask of a function and its attributes.
use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprClosure, ForeignItemFn, Ident, Item, ItemFn, Meta, Path, ReturnType, Token, Type,
};

/// The name an attribute goes by, however its path begins.
pub fn last_segment(path: &Path) -> String {
    path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// Attributes that turn the function into a test.
const HARNESSES: [&str; 12] = [
    "test",
    "rstest",
    "test_case",
    "test_matrix",
    "quickcheck",
    "proptest",
    "property_test",
    "parameterized",
    "theory",
    "gtest",
    "wasm_bindgen_test",
    "bench",
];

/// Whether the attribute makes the function a test.
pub fn is_harness(attribute: &Attribute) -> bool {
    HARNESSES.contains(&last_segment(attribute.path()).as_str())
}

/// Whether it is this crate's own attribute of a name, written with the crate's usual path.
pub fn is_ours(attribute: &Attribute, name: &str) -> bool {
    let mut segments = attribute.path().segments.iter();
    let path = (segments.next(), segments.next(), segments.next());
    matches!(path, (Some(first), Some(second), None) if first.ident == "monkey" && second.ident == name)
}

/// Whether it is Rust's own `#[test]`, also as other attributes write it.
pub fn is_plain_test(attribute: &Attribute) -> bool {
    let path: String = attribute.path().to_token_stream().to_string().split_whitespace().collect();
    path == "test" || path.ends_with("core::prelude::v1::test") || path.ends_with("std::prelude::v1::test")
}

/// Whether it runs an `async fn` as a test, as `tokio::test` does.
pub fn is_runtime(attribute: &Attribute) -> bool {
    last_segment(attribute.path()) == "test" && !is_plain_test(attribute)
}

/// A function with a body; one without is told apart from what is no function at all.
pub enum Parsed {
    Function(Box<ItemFn>),
    Bodiless(Box<ForeignItemFn>),
    Other,
}

pub fn parse(item: TokenStream) -> Parsed {
    if let Ok(function) = syn::parse2::<ItemFn>(item.clone()) {
        return Parsed::Function(Box::new(function));
    }
    syn::parse2::<ForeignItemFn>(item).map_or(Parsed::Other, |function| Parsed::Bodiless(Box::new(function)))
}

/// Whether a closure gives a future, as far as it shows.
pub fn gives_future(closure: &ExprClosure) -> bool {
    closure.asyncness.is_some() || matches!(&*closure.body, Expr::Async(_))
}

/// The returned type where it can be written once more, as a closure's; `()` where none is written.
pub fn nameable_output(output: &ReturnType) -> Option<Type> {
    struct Unnameable(bool);
    impl Visit<'_> for Unnameable {
        fn visit_type_impl_trait(&mut self, _: &syn::TypeImplTrait) {
            self.0 = true;
        }
        fn visit_type_never(&mut self, _: &syn::TypeNever) {
            self.0 = true;
        }
        fn visit_type_bare_fn(&mut self, function: &syn::TypeBareFn) {
            // `fn() -> !` can be written anywhere.
            if !matches!(&function.output, ReturnType::Type(_, output) if matches!(**output, Type::Never(_)))
            {
                visit::visit_type_bare_fn(self, function);
            }
        }
    }
    let ReturnType::Type(_, output) = output else {
        return Some(syn::parse_quote!(()));
    };
    let mut unnameable = Unnameable(false);
    unnameable.visit_type(output);
    (!unnameable.0).then(|| (**output).clone())
}

/// Whether it takes `self` or names `Self`, which is then its own: items in the body have one of theirs.
pub fn mentions_self(function: &ItemFn) -> bool {
    struct Mentions(bool);
    impl Visit<'_> for Mentions {
        fn visit_ident(&mut self, ident: &Ident) {
            self.0 |= ident == "Self";
        }
        fn visit_item(&mut self, _: &Item) {}
    }
    let mut mentions = Mentions(function.sig.receiver().is_some());
    mentions.visit_signature(&function.sig);
    mentions.visit_block(&function.block);
    mentions.0
}

/// The metas inside `#[cfg_attr(condition, ..)]`, the condition first.
pub fn conditional(attribute: &Attribute) -> Option<Punctuated<Meta, Token![,]>> {
    let list = attribute.meta.require_list().ok().filter(|list| list.path.is_ident("cfg_attr"))?;
    Punctuated::parse_terminated.parse2(list.tokens.clone()).ok()
}
