//! Whether a closure needs to know the types of its parameters where it does not say them: `|account| account.balance`. In an array beside the
//! target rustc looks at its body before it compares the two.
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{ExprClosure, Pat, PatIdent};

pub fn needs_types(closure: &ExprClosure) -> bool {
    let mut names = Names::default();
    closure
        .inputs
        .iter()
        .filter(|input| !matches!(input, Pat::Type(_)))
        .for_each(|input| names.visit_pat(input));
    // What the body binds anew may have its type there.
    let mut bound = Names::default();
    bound.visit_expr(&closure.body);
    names.0.retain(|name| !bound.0.contains(name));
    !names.0.is_empty() && names.are_asked(closure.body.to_token_stream())
}

#[derive(Default)]
struct Names(BTreeSet<String>);

impl Visit<'_> for Names {
    fn visit_pat_ident(&mut self, pattern: &PatIdent) {
        self.0.insert(pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }
}

impl Names {
    /// Whether something is asked of one of them: a field, a method, an element, a call, `?`. By tokens, as it may stand in a macro.
    fn are_asked(&self, tokens: TokenStream) -> bool {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let punct = |at: usize, is: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == is);
        tokens.iter().enumerate().any(|(at, token)| match token {
            TokenTree::Group(group) => self.are_asked(group.stream()),
            TokenTree::Ident(name) if self.0.contains(&name.to_string()) => {
                let is_own = at == 0 || !punct(at - 1, '.') && !punct(at - 1, ':');
                let asks = punct(at + 1, '.') && !punct(at + 2, '.')
                    || punct(at + 1, '?')
                    || matches!(tokens.get(at + 1), Some(TokenTree::Group(_)));
                is_own && asks
            }
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::needs_types;
    use syn::parse_quote;

    #[test]
    fn something_is_asked_of_a_parameter() {
        assert!(needs_types(&parse_quote!(|a| a.balance)));
        assert!(needs_types(&parse_quote!(|_: &str, a| { 1 + a.len() })));
        assert!(needs_types(&parse_quote!(|(a, _)| format!("{}", a.len()))));
        assert!(needs_types(&parse_quote!(|all| all[0])));
        assert!(needs_types(&parse_quote!(|text| Ok(text?))));
    }

    #[test]
    fn nothing_is_asked_of_it() {
        assert!(!needs_types(&parse_quote!(|a, b| a * b)));
        assert!(!needs_types(&parse_quote!(|a: Account| a.balance)));
        assert!(!needs_types(&parse_quote!(|a, b| (a..b, x.a.len(), sum(a)))));
        assert!(!needs_types(&parse_quote!(|_| name.len())));
        assert!(!needs_types(&parse_quote!(|text| {
            let text: &str = text;
            text.len()
        })));
    }
}
