//! Lifetimes that a closure names: `|p: &mut Parser<'a>| -> &'a str`. Stable Rust lets none declare one, so a name stands for a lifetime of
//! each call, and the closure itself, whose signature rustc is told beforehand, is written without it.
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{ExprClosure, Pat, ReturnType, Type};

/// Whether there are any.
pub fn are_named(closure: &ExprClosure) -> bool {
    types(closure).any(|ty| named_in(ty.to_token_stream()))
}

/// The closure without them.
pub fn unnamed(closure: &ExprClosure) -> ExprClosure {
    let mut closure = closure.clone();
    for input in &mut closure.inputs {
        if let Pat::Type(input) = input {
            forget(&mut input.ty);
        }
    }
    if let ReturnType::Type(_, output) = &mut closure.output {
        forget(output);
    }
    closure
}

fn types(closure: &ExprClosure) -> impl Iterator<Item = &Type> {
    let inputs = closure.inputs.iter().filter_map(|input| match input {
        Pat::Type(input) => Some(&*input.ty),
        _ => None,
    });
    let output = match &closure.output {
        ReturnType::Type(_, output) => Some(&**output),
        ReturnType::Default => None,
    };
    inputs.chain(output)
}

/// One that is neither `'static` nor `'_`.
pub fn is_named(lifetime: &Ident) -> bool {
    lifetime != "static" && lifetime != "_"
}

fn named_in(tokens: TokenStream) -> bool {
    let mut found = false;
    each_named(tokens, &mut |name| {
        found = true;
        name.clone()
    });
    found
}

fn forget(ty: &mut Type) {
    *ty = Type::Verbatim(each_named(ty.to_token_stream(), &mut |name| Ident::new("_", name.span())));
}

/// Gives each lifetime with a name another one. What a `for<'x>` within declares is its own.
pub fn each_named(tokens: TokenStream, other: &mut dyn FnMut(&Ident) -> Ident) -> TokenStream {
    let mut declared = Vec::new();
    declared_in(tokens.clone(), &mut declared);
    renamed(tokens, &declared, other)
}

fn renamed(tokens: TokenStream, declared: &[Ident], other: &mut dyn FnMut(&Ident) -> Ident) -> TokenStream {
    let mut behind_quote = false;
    let renamed = tokens.into_iter().map(|token| {
        let is_lifetime = std::mem::replace(&mut behind_quote, is_quote(&token));
        match token {
            TokenTree::Group(group) => {
                let mut within = Group::new(group.delimiter(), renamed(group.stream(), declared, other));
                within.set_span(group.span());
                within.into()
            }
            TokenTree::Ident(name) if is_lifetime && is_named(&name) && !declared.contains(&name) => {
                other(&name).into()
            }
            token => token,
        }
    });
    renamed.collect()
}

/// Those between `for<` and `>`.
fn declared_in(tokens: TokenStream, declared: &mut Vec<Ident>) {
    let (mut behind_for, mut behind_quote) = (false, false);
    for token in tokens {
        let is_lifetime = std::mem::replace(&mut behind_quote, is_quote(&token));
        match token {
            TokenTree::Group(group) => declared_in(group.stream(), declared),
            TokenTree::Ident(name) if behind_for && is_lifetime => declared.push(name),
            TokenTree::Ident(name) => behind_for |= name == "for",
            TokenTree::Punct(punct) => behind_for &= punct.as_char() != '>',
            TokenTree::Literal(_) => {}
        }
    }
}

fn is_quote(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '\'')
}

#[cfg(test)]
mod tests {
    use super::{are_named, unnamed};
    use quote::{ToTokens as _, quote};
    use syn::parse_quote;

    #[test]
    fn names_go_but_for_those_that_are_declared_within() {
        let closure =
            parse_quote!(|a: &'a str, f: &dyn for<'x> Fn(&'x str) -> &'x str| -> Cow<'a, str> { a });
        assert!(are_named(&closure));
        let without = quote!(|a: &'_ str, f: &dyn for<'x> Fn(&'x str) -> &'x str| -> Cow<'_, str> { a });
        assert_eq!(unnamed(&closure).to_token_stream().to_string(), without.to_string());
        assert!(!are_named(&parse_quote!(|f: &dyn for<'x> Fn(&'x str), s: &'static str| 1)));
    }
}
