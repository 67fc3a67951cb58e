//! `original!` and `calls!`.
use super::private;
use crate::check::original::{Call, Name};
use crate::{listed, names};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};

mod arguments;

pub fn calls(name: &Name) -> TokenStream {
    let private = private(name.krate.as_ref());
    let function = &name.function;
    let text = names::text(&function.to_token_stream());
    if listed::contains(&text) {
        return quote_spanned!(Span::mixed_site()=> #private::calls_by_name(#text));
    }
    quote_spanned!(Span::mixed_site()=> #private::calls(#function as *const (), #text))
}

/// The bypass holds for one call, so all that the arguments call comes before it. What calls nothing stays in the call,
/// where references are reborrowed and closures get their types from the parameters.
pub fn original(call: &Call) -> TokenStream {
    let private = private(call.krate.as_ref());
    let Call { function, arguments, .. } = call;
    let arguments::Split { before, names, in_call } = arguments::split(arguments);
    // rustc's words about a wrong call go to the path.
    let place = function.path.segments.last().map_or_else(Span::mixed_site, |segment| segment.ident.span());
    let callee = Ident::new("__monkey_callee", Span::mixed_site().located_at(place));
    let bypass = Ident::new("__monkey_bypass", Span::mixed_site());
    // A `match`, so that temporaries live as long as they would in the plain call.
    quote_spanned! {Span::mixed_site()=>
        match (#function, #(#before,)*) {
            (#callee, #(#names,)*) => {
                let #bypass = #private::Original::of(#callee as *const (), #private::stack());
                #callee(#(#in_call),*)
            }
        }
    }
}
