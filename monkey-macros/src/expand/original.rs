//! `original!` and `calls!`.
use super::private;
use crate::check::original::{Call, Name};
use crate::names;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote_spanned};
use std::collections::HashSet;
use syn::{Expr, UnOp};

pub fn calls(name: &Name) -> TokenStream {
    let private = private(name.krate.as_ref());
    let function = &name.function;
    let text = names::text(&function.to_token_stream());
    quote_spanned!(Span::mixed_site()=> #private::calls(#function as *const (), #text))
}

/// The bypass holds for one call, so all that the arguments call comes before it. Arguments that call nothing stay
/// in the call, where references are reborrowed and closures get their types from the parameters.
pub fn original(call: &Call) -> TokenStream {
    let private = private(call.krate.as_ref());
    let Call { function, arguments, .. } = call;
    let (mut before, mut names, mut in_call) = (Vec::new(), Vec::new(), Vec::new());
    let mut mentioned_later = HashSet::new();
    for (index, argument) in arguments.iter().enumerate().rev() {
        let words = words(argument.to_token_stream());
        if calls_nothing(argument) && words.is_disjoint(&mentioned_later) {
            in_call.push(argument.to_token_stream());
            continue;
        }
        mentioned_later.extend(words);
        let name = format_ident!("argument{index}", span = Span::mixed_site());
        in_call.push(name.to_token_stream());
        before.push(argument);
        names.push(name);
    }
    before.reverse();
    names.reverse();
    in_call.reverse();
    // rustc's words about a wrong call go to the path.
    let place = function.path.segments.last().map_or_else(Span::mixed_site, |segment| segment.ident.span());
    let callee = Ident::new("callee", Span::mixed_site().located_at(place));
    // A `match`, so that temporaries live as long as they would in the plain call.
    quote_spanned! {Span::mixed_site()=>
        match (#function, #(#before,)*) {
            (#callee, #(#names,)*) => {
                let _bypass = #private::Original::of(#callee as *const (), #private::stack());
                #callee(#(#in_call),*)
            }
        }
    }
}

/// Names, literals, closures and what is built from them: nothing that runs a function.
fn calls_nothing(argument: &Expr) -> bool {
    match argument {
        Expr::Lit(_) | Expr::Path(_) | Expr::Closure(_) => true,
        Expr::Reference(reference) => calls_nothing(&reference.expr),
        Expr::Paren(paren) => calls_nothing(&paren.expr),
        Expr::Group(group) => calls_nothing(&group.expr),
        Expr::Cast(cast) => calls_nothing(&cast.expr),
        Expr::Unary(unary) => matches!((&unary.op, &*unary.expr), (UnOp::Neg(_), Expr::Lit(_))),
        Expr::Tuple(tuple) => tuple.elems.iter().all(calls_nothing),
        Expr::Array(array) => array.elems.iter().all(calls_nothing),
        _ => false,
    }
}

fn words(tokens: TokenStream) -> HashSet<String> {
    let mut words = HashSet::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => drop(words.insert(ident.to_string())),
            TokenTree::Group(group) => words.extend(self::words(group.stream())),
            _ => {}
        }
    }
    words
}
