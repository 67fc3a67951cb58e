//! `#[monkey::patchable]`: statements before a function's own.
//!
//! ```text
//! #[inline(never)]
//! fn f(a: A, _: B) -> R {
//!     entry(|| ());
//!     kept(<Self as Trait>::f as *const ());
//!     opaque(&a);
//!     opaque(&hidden);
//!     if never() { return unreturned(); }
//!     match hidden { _ => { /* the body, untouched */ } }
//! }
//! ```
//!
//! The body stays in the function, not in a closure, so `?`, `return`, lifetimes and `impl Trait` mean what they did. A
//! pattern is matched as the parameter would be: a `match` arm's names live as long as a parameter's.
//!
//! In an `async fn` this is the body of the future and runs with its first poll; the function that makes the future is
//! no more than `#[inline(never)]`, and two whose futures have one layout may still share an address.
use super::{own_path, private};
use crate::check::patchable::{Function, Patchable};
use crate::function::conditional;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::{Attribute, FnArg, Meta, Pat, ReturnType, Signature, Type, parse_quote, parse_quote_spanned};

pub fn patchable(patchable: Patchable) {
    let private = private(patchable.krate.as_ref());
    for function in patchable.functions {
        function_prologue(function, &private);
    }
}

fn function_prologue(function: Function, private: &TokenStream) {
    let kept = own_path::own_path(&function)
        .map(|path| quote_spanned!(Span::mixed_site()=> #private::kept(#path as *const ());));
    let Function { attrs, sig, block, .. } = function;
    let attributes = std::mem::take(attrs);
    attrs.push(parse_quote_spanned!(Span::mixed_site()=> #[inline(never)]));
    attrs.extend(attributes.into_iter().filter_map(without_inline));
    // At the function's name, which sets the places of one attribute's functions apart.
    let entry = quote_spanned!(sig.ident.span()=> #private::entry(|| ()););
    let way_out = way_out(&sig.output, private);
    let mut opaque = TokenStream::new();
    let mut body = super::braces(block);
    for (pattern, hidden) in arguments(sig, private, &mut opaque).into_iter().rev() {
        body = quote_spanned!(Span::mixed_site()=> match #hidden { #pattern => #body });
    }
    *block = parse_quote!({ #entry #kept #opaque #way_out #body });
}

/// What might happen instead of the body, as far as callers can tell.
fn way_out(output: &ReturnType, private: &TokenStream) -> TokenStream {
    match output {
        ReturnType::Type(_, output) if matches!(**output, Type::Never(_)) => {
            quote_spanned!(Span::mixed_site()=> #private::unwinding();)
        }
        _ => quote_spanned!(Span::mixed_site()=> if #private::never() { return #private::unreturned(); }),
    }
}

/// Lets every argument escape; gives those without a name of their own one, and gives back their patterns.
fn arguments(sig: &mut Signature, private: &TokenStream, opaque: &mut TokenStream) -> Vec<(Pat, Ident)> {
    let mut hidden = Vec::new();
    for (index, argument) in sig.inputs.iter_mut().enumerate() {
        let (name, attrs) = match argument {
            FnArg::Receiver(receiver) => (receiver.self_token.to_token_stream(), &receiver.attrs),
            FnArg::Typed(argument) => {
                let conditional = argument.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
                let name = match &*argument.pat {
                    Pat::Ident(pattern) if is_plain(pattern) => pattern.ident.to_token_stream(),
                    // Its pattern cannot be taken away where the argument might not be there.
                    _ if conditional => continue,
                    pattern => {
                        let name = format_ident!("__monkey_arg{index}", span = Span::mixed_site());
                        hidden.push((pattern.clone(), name.clone()));
                        *argument.pat = parse_quote!(#name);
                        name.to_token_stream()
                    }
                };
                (name, &argument.attrs)
            }
        };
        let cfg = attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
        let private_name = quote_spanned!(Span::mixed_site()=> #(#cfg)* #private::opaque(&#name););
        opaque.extend(private_name);
    }
    hidden
}

/// A name that may be used: `_name` says that it is not.
fn is_plain(pattern: &syn::PatIdent) -> bool {
    pattern.by_ref.is_none() && pattern.subpat.is_none() && !pattern.ident.to_string().starts_with('_')
}

/// `#[inline]` goes, also out of a `cfg_attr`.
fn without_inline(attribute: Attribute) -> Option<Attribute> {
    let is_inline = |meta: &Meta| meta.path().is_ident("inline");
    let Some(metas) = conditional(&attribute) else {
        return (!is_inline(&attribute.meta)).then_some(attribute);
    };
    if !metas.iter().any(is_inline) {
        return Some(attribute);
    }
    let kept: Vec<_> = metas.into_iter().filter(|meta| !is_inline(meta)).collect();
    (kept.len() > 1).then(|| {
        let list = quote!(#(#kept),*);
        parse_quote!(#[cfg_attr(#list)])
    })
}
