//! What a replacement may keep, of all functions but those that [`lent`](super::lent) sees to: of a trait, of its impl, of a generic one,
//! without a receiver, and with lifetimes that have bounds.
//!
//! Beside the function (in its body, where nobody knows what it stands in) goes what a replacement has to be for every lifetime. A
//! list finds it by the function's type, its name, and the name of the module, type or trait that it stands in.
//!
//! ```text
//! const _: () = {
//!     struct Marker;
//!     impl<'a> Lent<Marker, for<'s> fn(&'s Sink, &'a str)> for NameWithoutModule<0x..> {
//!         type Asked<'any0, ..> = for<'s> fn(&'s Sink, &'any0 str);
//!         type AskedHere<'any0, ..> = for<'s> fn(&'s Sink, &'a str);
//!     }
//! };
//! ```
mod bounds;
mod function;
mod lifetimes;
pub mod path_hash;

use super::lent::name;
use super::private;
use crate::function::last_segment;
use function::{Around, Function};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::visit::{self, Visit};
use syn::{
    Attribute, GenericArgument, GenericParam, Generics, ImplItem, Item, ItemFn, ItemImpl, ItemTrait, Path,
    Signature, TraitItem, TypePath, parse_quote_spanned,
};

pub use function::LIFETIMES;

/// Writes them for one attribute.
pub struct Asked {
    private: TokenStream,
}

impl Asked {
    pub fn new(krate: Option<&Path>) -> Self {
        Self { private: private(krate) }
    }

    /// For the item that the attribute stands on. What goes beside it is given back.
    pub fn annotated(&self, item: &mut Item) -> TokenStream {
        match item {
            Item::Fn(function) => {
                let around = place_of_annotated(function);
                if let Some(around) = around {
                    self.in_body(function, around);
                }
                TokenStream::new()
            }
            Item::Impl(block) => self.block(block),
            Item::Trait(item) => self.defaults(item),
            Item::Mod(module) => {
                self.module(module);
                TokenStream::new()
            }
            _ => TokenStream::new(),
        }
    }

    fn module(&self, module: &mut syn::ItemMod) {
        let Some((_, items)) = &mut module.content else { return };
        let mut beside = TokenStream::new();
        for item in items.iter_mut().filter(|item| !sees_to_itself(item)) {
            match item {
                Item::Fn(function) => self.in_body(function, Around::Module),
                Item::Impl(block) => beside.extend(self.block(block)),
                Item::Trait(item) => beside.extend(self.defaults(item)),
                Item::Mod(module) => self.module(module),
                _ => {}
            }
        }
        if !beside.is_empty() {
            items.push(Item::Verbatim(beside));
        }
    }

    fn in_body(&self, function: &mut ItemFn, around: Around) {
        let names = match around {
            Around::Module => vec![
                self.plain_name(&function.sig.ident),
                self.path_end(&path_hash::in_module(0, &function.sig.ident, &self.private)),
            ],
            _ => vec![self.plain_name(&function.sig.ident)],
        };
        if let Some(asked) = self.function(&function.sig, around, &names) {
            function.block.stmts.insert(0, parse_quote_spanned!(Span::mixed_site()=> #asked));
        }
    }

    fn block(&self, block: &ItemImpl) -> TokenStream {
        let seen_to = |method: &Ident| {
            let name = name(method);
            block.items.iter().any(|item| matches!(item, ImplItem::Fn(other) if other.sig.ident == name))
        };
        let of_trait = block.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        let mut owners: Vec<&Ident> = of_trait
            .map(|last| &last.ident)
            .into_iter()
            .chain(path_hash::type_name(&block.self_ty))
            .collect();
        owners.dedup();
        let mut beside = TokenStream::new();
        for item in &block.items {
            if let ImplItem::Fn(method) = item
                && !method.sig.ident.to_string().starts_with("__monkey_")
                && !seen_to(&method.sig.ident)
                && let names = self.names(&owners, &method.sig.ident)
                && let Some(asked) = self.function(&method.sig, Around::Block(block), &names)
            {
                let cfg = block.attrs.iter().chain(&method.attrs).filter(|attribute| is_cfg(attribute));
                beside.extend(quote_spanned!(Span::mixed_site()=> #(#cfg)* #asked));
            }
        }
        beside
    }

    fn defaults(&self, item: &ItemTrait) -> TokenStream {
        let mut beside = TokenStream::new();
        for method in &item.items {
            if let TraitItem::Fn(method) = method
                && method.default.is_some()
                && !method.attrs.iter().any(is_patchable)
                && let hash = path_hash::of_name(&method.sig.ident)
                && let private = &self.private
                && let inherited = quote_spanned!(Span::mixed_site()=> #private::Inherited<#hash>)
                && let Some(asked) = self.function(&method.sig, Around::Trait(item), &[inherited])
            {
                let cfg = item.attrs.iter().chain(&method.attrs).filter(|attribute| is_cfg(attribute));
                beside.extend(quote_spanned!(Span::mixed_site()=> #(#cfg)* #asked));
            }
        }
        beside
    }

    fn names(&self, owners: &[&Ident], function: &Ident) -> Vec<TokenStream> {
        let behind = owners.iter().map(|owner| path_hash::behind(owner, function));
        let behind = behind.map(|hash| self.path_end(&hash.into_token_stream()));
        [self.plain_name(function)].into_iter().chain(behind).collect()
    }

    fn plain_name(&self, function: &Ident) -> TokenStream {
        let (private, hash) = (&self.private, path_hash::of_name(function));
        quote_spanned!(Span::mixed_site()=> #private::NameWithoutModule<#hash>)
    }

    fn path_end(&self, hash: &TokenStream) -> TokenStream {
        let private = &self.private;
        quote_spanned!(Span::mixed_site()=> #private::PathEnd<#hash>)
    }

    fn function(&self, sig: &Signature, around: Around, names: &[TokenStream]) -> Option<TokenStream> {
        let Function { parameters, bounds, pointer, asked, tied } = Function::read(sig, around)?;
        let private = &self.private;
        let (everywhere, here) = if tied { (&pointer, &asked) } else { (&asked, &pointer) };
        let any = (0..LIFETIMES)
            .map(|index| syn::Lifetime::new(&format!("'__monkey_any{index}"), Span::mixed_site()));
        let any: Vec<_> = any.collect();
        let implementations = names.iter().map(|name| {
            quote_spanned! {Span::mixed_site()=>
                impl<#(#parameters),*> #private::Lent<__MonkeyMarker, #pointer> for #name
                where #(#bounds),*
                {
                    type Asked<#(#any),*> = #everywhere;
                    type AskedHere<#(#any),*> = #here;
                }
            }
        });
        Some(quote_spanned! {Span::mixed_site()=>
            #[allow(non_local_definitions)]
            const _: () = {
                pub struct __MonkeyMarker;
                #(#implementations)*
            };
        })
    }
}

fn is_cfg(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
}

fn is_patchable(attribute: &Attribute) -> bool {
    last_segment(attribute.path()) == "patchable"
}

/// It has a `patchable` of its own.
pub fn sees_to_itself(item: &Item) -> bool {
    let attrs = match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        _ => return false,
    };
    attrs.iter().any(is_patchable)
}

/// `None` where its signature names what an item in its body cannot: what looks like a type parameter that is not its own, or a
/// `Self` of which more has to be known.
fn place_of_annotated(function: &ItemFn) -> Option<Around<'static>> {
    let mut foreign = ForeignNames::of_receiver(function);
    foreign.visit_signature(&function.sig);
    match foreign {
        ForeignNames { parameter: true, .. } | ForeignNames { self_in_arguments: true, .. } => None,
        ForeignNames { own_type: true, .. } => Some(Around::UnknownBlock),
        _ => Some(Around::Module),
    }
}

/// Whether a type's name looks like that of a parameter.
pub fn is_shouting(name: &Ident) -> bool {
    let is_loud = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    name.to_string().chars().all(is_loud)
}

struct ForeignNames<'a> {
    generics: &'a Generics,
    parameter: bool,
    own_type: bool,
    self_in_arguments: bool,
    depth: usize,
}

impl<'a> ForeignNames<'a> {
    fn of_receiver(function: &'a ItemFn) -> Self {
        Self {
            generics: &function.sig.generics,
            parameter: false,
            own_type: function.sig.receiver().is_some(),
            self_in_arguments: false,
            depth: 0,
        }
    }
}

impl Visit<'_> for ForeignNames<'_> {
    fn visit_generic_argument(&mut self, argument: &GenericArgument) {
        self.depth += 1;
        visit::visit_generic_argument(self, argument);
        self.depth -= 1;
    }
    fn visit_type_path(&mut self, path: &TypePath) {
        let first = &path.path.segments[0].ident;
        let text = first.to_string();
        let own =
            self.generics.params.iter().any(
                |parameter| matches!(parameter, GenericParam::Type(parameter) if parameter.ident == *first),
            );
        self.parameter |= is_shouting(first) && !own;
        self.own_type |= text == "Self";
        self.self_in_arguments |= text == "Self" && self.depth > 0;
        visit::visit_type_path(self, path);
    }
}

#[cfg(test)]
mod tests {
    use super::{Around, place_of_annotated};
    use syn::parse_quote;

    #[test]
    fn what_an_item_in_the_body_cannot_name_is_left_out() {
        let place = |function: syn::ItemFn| place_of_annotated(&function);
        assert!(matches!(
            place(parse_quote!(
                fn f<'a: 'a, T>(_: &'a T) {}
            )),
            Some(Around::Module)
        ));
        assert!(matches!(
            place(parse_quote!(
                fn f<'a: 'a>(&self, _: &'a u8) {}
            )),
            Some(Around::UnknownBlock)
        ));
        assert!(matches!(
            place(parse_quote!(
                fn f<'a: 'a>(_: &'a u8) -> Self {}
            )),
            Some(Around::UnknownBlock)
        ));
        assert!(
            place(parse_quote!(
                fn f<'a: 'a>(&self, _: &'a u8) -> T {}
            ))
            .is_none()
        );
        assert!(
            place(parse_quote!(
                fn f<'a: 'a>(&self, _: &'a Vec<Self>) {}
            ))
            .is_none()
        );
    }
}
