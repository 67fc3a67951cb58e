//! Lifetimes in tokens: which there are, and other names for them.
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use std::collections::{BTreeMap, BTreeSet};
use syn::Lifetime;

/// The name that a written lifetime gets in the expansion.
pub fn renamed(lifetime: &Lifetime) -> String {
    renamed_text(&lifetime.to_string())
}

pub fn renamed_text(written: &str) -> String {
    let name = written.trim_start_matches('\'');
    if name == "static" || name.starts_with("__monkey_") {
        format!("'{name}")
    } else {
        format!("'__monkey_{name}")
    }
}

/// All that have a name, each once.
pub fn named(tokens: &TokenStream) -> BTreeSet<String> {
    every(tokens.clone()).into_iter().filter(|name| name != "'_").collect()
}

/// As they stand there, in their order.
pub fn every(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => found.extend(every(group.stream())),
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                found.extend(tokens.next().map(|name| format!("'{name}")));
            }
            _ => {}
        }
    }
    found
}

/// The tokens with other names, where the map has one.
pub fn mapped(tokens: TokenStream, names: &BTreeMap<String, String>) -> TokenStream {
    let mut result = TokenStream::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let content = mapped(group.stream(), names);
                result.extend([TokenTree::from(Group::new(group.delimiter(), content))]);
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                let name = tokens.next().map(|name| format!("'{name}")).unwrap_or_default();
                let name = names.get(&name).unwrap_or(&name);
                result.extend(Lifetime::new(name, Span::mixed_site()).into_token_stream());
            }
            other => result.extend([other]),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{every, mapped, named, renamed_text};
    use quote::quote;
    use std::collections::BTreeMap;

    #[test]
    fn lifetimes_are_found_at_every_depth() {
        let tokens = quote!(fn(&'a str, Option<(&'_ u8, Vec<&'b u8>)>) -> &'a str);
        assert_eq!(every(tokens.clone()), ["'a", "'_", "'b", "'a"]);
        assert_eq!(named(&tokens).into_iter().collect::<Vec<_>>(), ["'a", "'b"]);
    }

    #[test]
    fn names_change_where_the_map_has_one() {
        let names = BTreeMap::from([("'a".to_owned(), "'long".to_owned())]);
        let text = mapped(quote!(fn(&'a (&'b u8, &'a u8))), &names).to_string();
        assert_eq!(text.replace(' ', ""), "fn(&'long(&'bu8,&'longu8))");
    }

    #[test]
    fn a_name_is_renamed_once_and_static_never() {
        assert_eq!(renamed_text("'a"), "'__monkey_a");
        assert_eq!(renamed_text("'__monkey_a"), "'__monkey_a");
        assert_eq!(renamed_text("'static"), "'static");
    }
}
