//! The path by which a function names itself in its own body, where there is one that certainly does.
use crate::check::patchable::{Function, Place, has_instances};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::visit::{self, Visit};
use syn::{GenericParam, Generics, ReturnType, Signature, Type};

/// `None` where the function cannot be named, and where there is nothing to gain: a function with one body for the whole
/// program is not private to a crate, or is patched where it is private.
pub fn own_path(function: &Function) -> Option<TokenStream> {
    let sig = &*function.sig;
    let several = has_instances(&sig.generics) || stands_in_generic(&function.place);
    if !several || !can_be_named(sig) {
        return None;
    }
    let container = container(&function.place)?;
    let name = &sig.ident;
    let generics = arguments(&sig.generics, |parameter| !matches!(parameter, GenericParam::Lifetime(_)));
    let generics = generics.map(|generics| quote!(::#generics));
    Some(quote_spanned!(Span::mixed_site()=> #container::#name #generics))
}

fn stands_in_generic(place: &Place) -> bool {
    match place {
        Place::Unknown | Place::Module => false,
        Place::Inherent { generic, .. } | Place::Implementation { generic, .. } => *generic,
        // One body for each type that takes the default.
        Place::Trait { .. } => true,
    }
}

/// The arguments that stand for an `impl Trait` cannot be written, and a body cannot ask about its own opaque result.
fn can_be_named(sig: &Signature) -> bool {
    struct Opaque(bool);
    impl Visit<'_> for Opaque {
        fn visit_type(&mut self, found: &Type) {
            // A macro may stand for anything.
            self.0 |= matches!(found, Type::ImplTrait(_) | Type::Macro(_));
            visit::visit_type(self, found);
        }
    }
    let mut opaque = Opaque(sig.asyncness.is_some());
    sig.inputs.iter().for_each(|argument| opaque.visit_fn_arg(argument));
    if let ReturnType::Type(_, output) = &sig.output {
        opaque.visit_type(output);
    }
    !opaque.0 && sig.generics.params.iter().all(is_always_there)
}

fn is_always_there(parameter: &GenericParam) -> bool {
    match parameter {
        GenericParam::Type(parameter) => parameter.attrs.is_empty(),
        GenericParam::Const(parameter) => parameter.attrs.is_empty(),
        GenericParam::Lifetime(_) => true,
    }
}

/// A trait's function by its trait: the type may have others of the name.
fn container(place: &Place) -> Option<TokenStream> {
    let own_type = Ident::new("Self", Span::mixed_site());
    match place {
        Place::Unknown => None,
        // By its module, where no parameter hides it.
        Place::Module => Some(quote_spanned!(Span::mixed_site()=> self)),
        Place::Inherent { .. } => Some(own_type.into_token_stream()),
        Place::Implementation { of, .. } => Some(quote_spanned!(Span::mixed_site()=> <#own_type as #of>)),
        Place::Trait { name, generics } => {
            let generics = arguments(generics, |_| true);
            Some(quote_spanned!(Span::mixed_site()=> <#own_type as #name #generics>))
        }
    }
}

/// The parameters as arguments: `<'a, T, N>`.
fn arguments(generics: &Generics, wanted: fn(&GenericParam) -> bool) -> Option<TokenStream> {
    let names =
        generics.params.iter().filter(|parameter| wanted(parameter)).map(|parameter| match parameter {
            GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
            GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
            GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
        });
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| quote_spanned!(Span::mixed_site()=> <#(#names),*>))
}
