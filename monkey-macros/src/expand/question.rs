//! What a patchable function asks at its entry, for where its code cannot be patched: what does my caller's scope have in place of me?
//!
//! ```text
//! if asks(own) {
//!     static SITE: Site = Site::new();
//!     let replacement: Option<fn(_, _) -> _> = replacement(&SITE, own);
//!     if let Some(replacement) = replacement { return replacement(a, hidden); }
//! }
//! ```
//!
//! The arguments say which types these are, so that it need not be possible to write them. An `async fn` asks in the body of its future,
//! and goes on with another one:
//!
//! ```text
//! if asks_when_polled::<Asks<..>, _>(own) {
//!     static SITE: Site = Site::new();
//!     let begun = stand_in(&SITE, own);
//!     if let Some(_) = begun { return begin(begun, (a, hidden)).await; }
//! }
//! ```
use super::asks::asks;
use crate::check::patchable::Place;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Attribute, FnArg, Meta, Pat, ReturnType, Signature, Type};

/// More parameters with a `cfg` than that, and the function does not ask: each doubles the questions.
const CONDITIONAL: usize = 3;

/// What a function is known by, in its body.
pub fn own() -> Ident {
    Ident::new("__monkey_own", Span::mixed_site())
}

/// The statements, for a signature whose parameters have names by now. Nothing where an argument has no name.
pub fn question(sig: &Signature, place: &Place, private: &TokenStream) -> Option<TokenStream> {
    let arguments: Vec<Argument> = sig.inputs.iter().map(Argument::read).collect::<Option<_>>()?;
    let conditional = arguments.iter().filter(|argument| !argument.conditions.is_empty()).count();
    if conditional > CONDITIONAL {
        return None;
    }
    let asks = (sig.asyncness.is_some()).then(|| asks(sig, place, private));
    Some((0..1u32 << conditional).map(|there| one(&arguments, there, sig, asks.as_ref(), private)).collect())
}

/// The question where those of the conditional parameters are there whose bit is set.
fn one(
    arguments: &[Argument],
    there: u32,
    sig: &Signature,
    asks: Option<&TokenStream>,
    private: &TokenStream,
) -> TokenStream {
    let (mut names, mut conditions, mut bits) = (Vec::new(), Vec::new(), there);
    for Argument { name, conditions: own } in arguments {
        let is_there = own.is_empty() || bits & 1 == 1;
        if !own.is_empty() {
            bits >>= 1;
            let all = quote!(all(#(#own),*));
            conditions.push(if is_there { all } else { quote!(not(#all)) });
        }
        names.extend(is_there.then_some(name));
    }
    let cfg =
        (!conditions.is_empty()).then(|| quote_spanned!(Span::mixed_site()=> #[cfg(all(#(#conditions),*))]));
    let (own, replacement) = (own(), Ident::new("__monkey_replacement", Span::mixed_site()));
    let types = names.iter().map(|_| quote_spanned!(Span::mixed_site()=> _));
    let abi = &sig.abi;
    let leave = quote_spanned!(Span::mixed_site()=> return);
    let (output, leave) = match &sig.output {
        ReturnType::Default => (None, Some(leave)),
        // To rustc there would be nothing to return.
        ReturnType::Type(_, output) if matches!(**output, Type::Never(_)) => (Some(quote!(-> !)), None),
        ReturnType::Type(..) => (Some(quote_spanned!(Span::mixed_site()=> -> _)), Some(leave)),
    };
    if let Some(asks) = asks {
        return quote_spanned! {Span::mixed_site()=>
            #cfg
            if #private::asks_when_polled::<#asks, _>(#own) {
                static __MONKEY_SITE: #private::Site = #private::Site::new();
                // Moved as a whole, it is not there any more when the future waits, and need not be `Send`.
                let #replacement = #private::stand_in(&__MONKEY_SITE, #own);
                if let #private::core::option::Option::Some(_) = #replacement {
                    #leave #private::begin(#replacement, (#(#names,)*)).await;
                }
            }
        };
    }
    quote_spanned! {Span::mixed_site()=>
        #cfg
        if #private::asks(#own) {
            static __MONKEY_SITE: #private::Site = #private::Site::new();
            let #replacement: #private::core::option::Option<#abi fn(#(#types),*) #output> =
                #private::replacement(&__MONKEY_SITE, #own);
            if let #private::core::option::Option::Some(#replacement) = #replacement {
                #leave #replacement(#(#names),*);
            }
        }
    }
}

/// A parameter as the prologue knows it.
struct Argument {
    name: TokenStream,
    /// Those of its `cfg`s.
    conditions: Vec<TokenStream>,
}

impl Argument {
    fn read(argument: &FnArg) -> Option<Self> {
        let (name, attrs) = match argument {
            FnArg::Receiver(receiver) => (receiver.self_token.to_token_stream(), &receiver.attrs),
            FnArg::Typed(argument) => match &*argument.pat {
                Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                    (pattern.ident.to_token_stream(), &argument.attrs)
                }
                _ => return None,
            },
        };
        Some(Self { name, conditions: attrs.iter().filter_map(condition).collect() })
    }
}

fn condition(attribute: &Attribute) -> Option<TokenStream> {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => Some(list.tokens.clone()),
        _ => None,
    }
}
