//! `replace(T = R, ..)`, and the macros that are nothing but a list.
use super::private;
use crate::args::Visibility;
use crate::check::list::{List, Replacement};
use crate::names;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;

/// `patch!` or `try_patch!`, by the function's name.
pub fn patch(list: &List, function: &str) -> TokenStream {
    let private = private(list.krate.as_ref());
    let function = Ident::new(function, Span::mixed_site());
    let visibility = optional_visibility(list.visibility, &private);
    let replacements = replacements(list, &private);
    quote_spanned!(Span::mixed_site()=> #private::#function(#visibility, #replacements))
}

/// All of them as an array of `Replacement`: a `Vec` would call `malloc`, which the test may have replaced.
pub fn replacements(list: &List, private: &TokenStream) -> TokenStream {
    let entries = list.replacements.iter().map(|entry| replacement(entry, private));
    quote_spanned!(Span::mixed_site()=> [#(#entries),*])
}

pub fn visibility(visibility: Visibility, private: &TokenStream) -> TokenStream {
    match visibility {
        Visibility::Scope => quote_spanned!(Span::mixed_site()=> #private::Visibility::Scope),
        Visibility::Process => quote_spanned!(Span::mixed_site()=> #private::Visibility::Process),
    }
}

pub fn optional_visibility(written: Option<Visibility>, private: &TokenStream) -> TokenStream {
    let Some(written) = written else {
        return quote_spanned!(Span::mixed_site()=> ::core::option::Option::None);
    };
    let visibility = visibility(written, private);
    quote_spanned!(Span::mixed_site()=> ::core::option::Option::Some(#visibility))
}

/// The array is the check: its elements have one type, which rustc finds or refuses, at the replacement.
fn replacement(entry: &Replacement, private: &TokenStream) -> TokenStream {
    let Replacement { target, given, count } = entry;
    let target_name = names::text(&target.to_token_stream());
    let replacement_name = names::text(&given.to_token_stream());
    let [alone, shared, replacement] =
        ["alone", "shared", "replacement"].map(|name| Ident::new(name, Span::mixed_site()));
    let (start, end) = ends(given);
    let optimised = crate::optimised::optimised();
    // rustc points from the first token to the last: to the replacement, for a function that is unsafe.
    let both = quote_spanned!(Span::mixed_site()=> #private::Probe::of(&#shared));
    let both =
        respan(quote_spanned!(start=> (&#both)), start).into_iter().chain(quote_spanned!(end=> .kind()));
    let both: TokenStream = quote_spanned!(start=> &).into_iter().chain(both).collect();
    // So does the engine, for everything else.
    let new = respan(quote!(#private::Replacement::new), start);
    let mut arguments = Group::new(
        Delimiter::Parenthesis,
        quote_spanned! {Span::mixed_site()=>
            #shared as *const (), #replacement as *const (), #target_name, #replacement_name
        },
    );
    arguments.set_span(end);
    let expect = count.as_ref().map(|count| quote_spanned!(Span::mixed_site()=> .expect(#count)));
    // A block would be told to give the target's own type, not one that both go into.
    let (before, given) = if is_block(given) {
        let hidden = Ident::new("given", Span::mixed_site().located_at(start));
        (Some(quote_spanned!(Span::mixed_site()=> let #hidden = #given;)), hidden.into_token_stream())
    } else {
        (None, given.into_token_stream())
    };
    quote_spanned! {Span::mixed_site()=> {
        #before
        let #alone = #target;
        let [#shared, #replacement] = [#alone, #given];
        {
            #[allow(unused_imports)]
            use #private::{NotSafeToCall as _, SafeToCall as _};
            #private::same_safety(&(&#private::Probe::of(&#alone)).kind(), #both);
        }
        #new #arguments
            .of_type(::core::any::type_name_of_val(&#alone))
            .optimised(#optimised)
            #expect
    }}
}

fn is_block(expression: &Expr) -> bool {
    match expression {
        Expr::Block(_) | Expr::Unsafe(_) | Expr::If(_) | Expr::Match(_) | Expr::Loop(_) => true,
        Expr::Paren(paren) => is_block(&paren.expr),
        // A `macro_rules!` fragment.
        Expr::Group(group) => is_block(&group.expr),
        _ => false,
    }
}

/// The outermost tokens at another place.
fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    let move_there = |mut token: TokenTree| {
        token.set_span(span);
        token
    };
    tokens.into_iter().map(move_there).collect()
}

/// The spans of the first and the last token: joined spans are not to be had on stable.
fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut tokens = tokens.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    (first, tokens.last().map_or(first, |token| token.span()))
}
