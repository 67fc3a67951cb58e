//! The only place that writes code: it takes what the rules have passed and fails on nothing.
pub mod list;
pub mod original;
pub mod patchable;
pub mod test;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Path;

/// The hidden module that all emitted paths begin with.
fn private(krate: Option<&Path>) -> TokenStream {
    // Spans of the macro's own: lints leave alone what no user wrote.
    let span = proc_macro2::Span::mixed_site();
    krate.map_or_else(|| quote_spanned!(span=> ::monkey::__private), |path| quote!(#path::__private))
}
