//! `original!` and `calls!`.
use super::private;
use crate::check::original::{Call, Name};
use crate::{listed, names};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::Expr;

/// The most arguments for which the engine's crate has a trait (`expansion::callee::MOST`).
const MOST: usize = 16;

pub fn calls(name: &Name) -> TokenStream {
    let private = private(name.krate.as_ref());
    let function = &name.function;
    let text = names::text(&function.to_token_stream());
    if listed::contains(&text) {
        return quote_spanned!(Span::mixed_site()=> #private::calls_by_name(#text));
    }
    quote_spanned!(Span::mixed_site()=> #private::calls(#function as *const (), #text))
}

/// The bypass holds for one call, so the arguments come before it, and all that is called for them.
pub fn original(call: &Call) -> TokenStream {
    let private = private(call.krate.as_ref());
    let Call { function, arguments, awaited, .. } = call;
    // rustc's words about a wrong call go to the path.
    let place = function.path.segments.last().map_or_else(Span::mixed_site, |segment| segment.ident.span());
    let callee = Ident::new("__monkey_callee", Span::mixed_site().located_at(place));
    let bypass = Ident::new("__monkey_bypass", Span::mixed_site());
    let name = |(index, argument): (usize, &Expr)| {
        let place =
            argument.to_token_stream().into_iter().next().map_or_else(Span::mixed_site, |first| first.span());
        format_ident!("__monkey_argument{index}", span = Span::mixed_site().located_at(place))
    };
    let names: Vec<_> = arguments.iter().enumerate().map(name).collect();
    let arguments = arguments.iter();
    let count = names.len();
    let taken = if (1..=MOST).contains(&count) {
        let [takes, takes_any] =
            ["Takes", "TakesAny"].map(|name| format_ident!("{name}{count}", span = Span::mixed_site()));
        let take = quote_spanned! {Span::mixed_site()=> {
            use #private::callee::{#takes as _, #takes_any as _};
            #private::callee::Callee::new(#function).__monkey_arguments()
        }};
        quote_spanned!(Span::mixed_site().located_at(place)=> (#take)(#(#arguments),*))
    } else {
        quote!((#function, #(#arguments,)*))
    };
    if *awaited {
        return quote_spanned! {Span::mixed_site()=>
            (match #taken {
                (#callee, #(#names,)*) => #private::OriginalFuture::new(#callee as *const (), #callee(#(#names),*)),
            })
            .await
        };
    }
    // A `match`, so that temporaries live as long as they would in the plain call.
    quote_spanned! {Span::mixed_site()=>
        match #taken {
            (#callee, #(#names,)*) => {
                let #bypass = #private::Original::begin(#callee as *const (), #private::stack());
                #callee(#(#names),*)
            }
        }
    }
}
