//! `#[monkey::patchable]`: statements before a function's own.
//!
//! ```text
//! #[inline(never)]
//! fn f(a: A, _: B) -> R {
//!     let own = entry(|| ());
//!     kept(<Self as Trait>::f as *const ());
//!     opaque(&a);
//!     opaque(&hidden);
//!     if never() { return unreturned(); }
//!     if asks(own) { /* see `question` */ }
//!     let a = a;
//!     { /* the body, untouched */ }
//! }
//! ```
//!
//! The body stays in the function, not in a closure, so `?`, `return`, lifetimes and `impl Trait` mean what they did. It
//! is the last expression, from which an `impl Fn` result gives a closure its parameters' types. Patterns are bound again behind the
//! prologue, so that lints see what the body makes of them. The names live as long as a parameter's: the temporaries of the body's own
//! last expression end before, as its braces are of this crate's edition.
//!
//! In an `async fn` this is the body of the future and runs with its first poll, at which it asks for its replacement.
use super::{own_path, private, question};
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
    let Function { attrs, sig, block, place } = function;
    let attributes = std::mem::take(attrs);
    attrs.push(parse_quote_spanned!(Span::mixed_site()=> #[inline(never)]));
    attrs.extend(attributes.into_iter().filter_map(without_inline));
    // At the function's name, which sets the places of one attribute's functions apart.
    let own = question::own();
    let entry = quote_spanned!(sig.ident.span()=> let #own = #private::entry(|| ()););
    let way_out = way_out(&sig.output, private);
    let mut opaque = TokenStream::new();
    let body = super::braces(block);
    let bound = arguments(sig, private, &mut opaque);
    let question = question::question(sig, &place, private);
    let bound = bound.iter().map(Bound::statements);
    // In the braces that the user wrote: lints leave a function alone that ends in a macro's.
    block.stmts = parse_quote!(#entry #kept #opaque #way_out #question #(#bound)* #body);
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

/// Lets every argument escape, and gives back the patterns as which the body knows them. The prologue reads a name of its
/// own: to lints, what the body does not use is not used.
fn arguments(sig: &mut Signature, private: &TokenStream, opaque: &mut TokenStream) -> Vec<Bound> {
    let mut bound = Vec::new();
    for (index, argument) in sig.inputs.iter_mut().enumerate() {
        let (name, attrs) = match argument {
            FnArg::Receiver(receiver) => (receiver.self_token.to_token_stream(), &receiver.attrs),
            FnArg::Typed(argument) => {
                let conditional = argument.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
                let plain = plain(&argument.pat);
                let name = match plain {
                    // Its pattern cannot be taken away where the argument might not be there.
                    Some(name) if conditional => name.to_token_stream(),
                    None if conditional => continue,
                    plain => {
                        // A plain name is kept: it is what documentation and debuggers show.
                        let plain = plain.filter(|name| !name.to_string().starts_with('_')).cloned();
                        let hidden = || format_ident!("__monkey_argument{index}", span = Span::mixed_site());
                        let is_plain = plain.is_some();
                        let name = plain.unwrap_or_else(hidden);
                        let attrs = lint_levels(&mut argument.attrs);
                        let pattern = std::mem::replace(&mut *argument.pat, parse_quote!(#name));
                        bound.push(Bound { attrs, pattern, name: name.clone(), is_plain });
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
    bound
}

/// A parameter's pattern, bound where the body begins.
struct Bound {
    /// What is said of lints goes with the pattern that they look at.
    attrs: Vec<Attribute>,
    pattern: Pat,
    name: Ident,
    is_plain: bool,
}

impl Bound {
    /// What a pattern leaves of an argument is dropped behind the pattern's names, and before the arguments that stand before it.
    fn statements(&self) -> TokenStream {
        let Self { attrs, pattern, name, is_plain } = self;
        if *is_plain {
            return quote_spanned!(Span::mixed_site()=> #(#attrs)* let #pattern = #name;);
        }
        let moved = quote_spanned!(Span::mixed_site()=> let #name = #name;);
        if matches!(pattern, Pat::Wild(_)) {
            return moved;
        }
        // A lint asks why of `let (_, x) = ..`, where no user wrote a `let`.
        quote_spanned! {Span::mixed_site()=>
            #moved
            #[allow(let_underscore_lock)]
            #(#attrs)*
            let #pattern = #name;
        }
    }
}

fn lint_levels(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    const LEVELS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];
    let (levels, others) = std::mem::take(attributes)
        .into_iter()
        .partition(|attribute| LEVELS.iter().any(|level| attribute.path().is_ident(level)));
    *attributes = others;
    levels
}

/// The name where the pattern is nothing but one.
fn plain(pattern: &Pat) -> Option<&Ident> {
    match pattern {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => Some(&pattern.ident),
        _ => None,
    }
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
