//! Every mistake in one go: what the grammar and the rules found, collected instead of returned at once.
use proc_macro2::Span;

/// Nothing, or one error with all the others combined into it.
#[derive(Default)]
pub struct Mistakes(Option<syn::Error>);

impl Mistakes {
    pub fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub fn add_at(&mut self, place: Span, message: impl std::fmt::Display) {
        self.add(syn::Error::new(place, message));
    }

    /// On all the tokens of a path or an expression.
    pub fn on(&mut self, tokens: &impl quote::ToTokens, message: impl std::fmt::Display) {
        self.add(syn::Error::new_spanned(tokens, message));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub fn into_result(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
