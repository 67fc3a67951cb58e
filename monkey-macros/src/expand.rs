//! The only place that writes code: it takes what the rules have passed and fails on nothing.
pub mod asked;
mod asks;
mod asynchronous;
mod captured;
pub mod lent;
pub mod list;
pub mod module;
pub mod original;
mod own_path;
pub mod patchable;
mod question;
pub mod test;
mod variadic;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Block, Path, token};

/// The hidden module that all emitted paths begin with.
pub fn private(krate: Option<&Path>) -> TokenStream {
    // Spans of the macro's own: lints leave alone what no user wrote.
    let span = Span::mixed_site();
    krate.map_or_else(|| quote_spanned!(span=> ::monkey::__private), |path| quote!(#path::__private))
}

/// The hidden module of a test's own world.
fn kit(krate: Option<&Path>) -> TokenStream {
    let span = Span::mixed_site();
    krate.map_or_else(|| quote_spanned!(span=> ::monkey::__kit), |path| quote!(#path::__kit))
}

/// A body as a block among others, with braces that no user wrote there: lints find them unnecessary.
fn braces(body: &Block) -> TokenStream {
    let place = Span::mixed_site().located_at(body.brace_token.span.join());
    Block { brace_token: token::Brace(place), stmts: body.stmts.clone() }.into_token_stream()
}
