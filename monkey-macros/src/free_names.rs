//! Whether a closure may capture, by the names that it uses. Where they turn out to be items, it captures nothing.
use proc_macro2::{Ident, TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprClosure, ExprPath, Macro, PatIdent};

/// Whether it says `move`, or uses a name that may be a variable around it.
pub fn may_capture(closure: &ExprClosure) -> bool {
    if closure.capture.is_some() {
        return true;
    }
    let mut names = Names::default();
    names.visit_expr_closure(closure);
    names.free().next().is_some()
}

/// Names in it that may be variables around it.
pub fn free_names<'a>(expressions: impl IntoIterator<Item = &'a Expr>) -> BTreeSet<String> {
    let mut names = Names::default();
    expressions.into_iter().for_each(|expression| names.visit_expr(expression));
    names.free().cloned().collect()
}

#[derive(Default)]
struct Names {
    bound: BTreeSet<String>,
    used: BTreeSet<String>,
}

impl Names {
    fn free(&self) -> impl Iterator<Item = &String> {
        self.used.difference(&self.bound)
    }

    fn uses(&mut self, name: &Ident) {
        let text = name.to_string();
        let is_variable = text.starts_with(|first: char| first.is_ascii_lowercase());
        let is_word = syn::parse_str::<Ident>(&text).is_err() && !text.starts_with("r#");
        if (is_variable && !is_word) || text == "self" {
            self.used.insert(text);
        }
    }

    /// Of a macro nobody knows what its arguments are.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut behind_a_path = false;
        while let Some(token) = tokens.next() {
            let leads_on = matches!(tokens.peek(), Some(TokenTree::Punct(next)) if ":!=".contains(next.as_char()))
                || matches!(tokens.peek(), Some(TokenTree::Group(_)));
            match &token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(name) if !behind_a_path && !leads_on => self.uses(name),
                TokenTree::Literal(literal) => self.inline(&literal.to_string()),
                _ => {}
            }
            behind_a_path = matches!(&token, TokenTree::Punct(punct) if ".:'".contains(punct.as_char()));
        }
    }

    /// `"{name}"`
    fn inline(&mut self, literal: &str) {
        for behind in literal.split('{').skip(1) {
            let end = behind.find(['}', ':']).unwrap_or(0);
            if let Ok(name) = syn::parse_str(&behind[..end]) {
                self.uses(&name);
            }
        }
    }
}

impl Visit<'_> for Names {
    fn visit_pat_ident(&mut self, pattern: &PatIdent) {
        self.bound.insert(pattern.ident.to_string());
        visit::visit_pat_ident(self, pattern);
    }
    fn visit_expr_call(&mut self, call: &ExprCall) {
        // A function, as a rule.
        if !matches!(&*call.func, Expr::Path(_)) {
            self.visit_expr(&call.func);
        }
        call.args.iter().for_each(|argument| self.visit_expr(argument));
    }
    fn visit_expr_path(&mut self, path: &ExprPath) {
        if let Some(name) = path.path.get_ident() {
            self.uses(name);
        }
    }
    fn visit_macro(&mut self, called: &Macro) {
        self.tokens(called.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::may_capture;
    use syn::parse_quote;

    #[test]
    fn names_around_it_may_be_captured() {
        assert!(may_capture(&parse_quote!(|| n)));
        assert!(may_capture(&parse_quote!(|x| x + n)));
        assert!(may_capture(&parse_quote!(|_: &str| Point { n })));
        assert!(may_capture(&parse_quote!(|| format!("{n}"))));
        assert!(may_capture(&parse_quote!(|| assert_eq!(n, 3))));
        assert!(may_capture(&parse_quote!(|| seen.push(3))));
        assert!(may_capture(&parse_quote!(|| self.now)));
        assert!(may_capture(&parse_quote!(move || 1)));
    }

    #[test]
    fn its_own_names_and_those_of_items_are_not() {
        assert!(!may_capture(&parse_quote!(|x, (y, z): (u8, u8)| x + y + z)));
        assert!(!may_capture(&parse_quote!(|x: &str| {
            let n = x.len();
            n + helper(n) + LIMIT
        })));
        assert!(!may_capture(&parse_quote!(|x: &str| format!("{x}{}", shop::rate(x.len())))));
        assert!(!may_capture(&parse_quote!(|x| match x {
            Some(n) => n,
            None => Clock::now(),
        })));
        assert!(!may_capture(&parse_quote!(|to: &str, text: &str| {
            assert_eq!((to, text), ("Ada", "Hello"));
            true
        })));
    }
}
