//! What an `async fn` says of its signature, for a list to compare with what replaces it: as types, in its body.
//!
//! ```text
//! Asks<for<'self_, '0> fn(&'self_ Self, &'0 str, Output<&'self_ str>), fn(&'static str), (Self,), (), true, false>
//! ```
use super::asked::is_shouting;
use crate::check::patchable::Place;
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{FnArg, Lifetime, Receiver, ReturnType, Signature, Type};

/// The type. Parameters that are there under a condition are left to functions without one.
pub fn asks(sig: &Signature, place: &Place, private: &TokenStream) -> TokenStream {
    let unwritten = || quote_spanned!(Span::mixed_site()=> #private::Unwritten);
    let output = match &sig.output {
        ReturnType::Type(_, output) => output.to_token_stream(),
        ReturnType::Default => quote!(()),
    };
    let can_be_written = match &sig.output {
        ReturnType::Type(_, output) => can_be_written(output),
        ReturnType::Default => true,
    };
    let whole = can_be_written.then(|| whole(sig, &output, private)).flatten().unwrap_or_else(unwritten);
    let mut lifetimes = Lifetimes::new(Some("static".to_owned()), true);
    let result = lifetimes.rename_all(output.clone());
    let lends = lifetimes.seen;
    let lends_deeper = lends && !is_lent_as_a_whole(&sig.output);
    let result = if can_be_written { quote_spanned!(Span::mixed_site()=> fn(#result)) } else { unwritten() };
    let chosen = chosen(sig, place);
    let words = words(output);
    let in_result = chosen.iter().filter(|name| words.contains(&name.to_string()));
    let phantom =
        |name: &Ident| quote_spanned!(Span::mixed_site()=> #private::core::marker::PhantomData<#name>);
    let (in_result, chosen): (Vec<_>, Vec<_>) =
        (in_result.map(phantom).collect(), chosen.iter().map(phantom).collect());
    quote_spanned! {Span::mixed_site()=>
        #private::Asks<#whole, #result, (#(#chosen,)*), (#(#in_result,)*), #lends, #lends_deeper>
    }
}

/// A pointer that takes the arguments and the result. `None` where one of them cannot be written once more.
fn whole(sig: &Signature, output: &TokenStream, private: &TokenStream) -> Option<TokenStream> {
    let mut lifetimes = Lifetimes::new(None, false);
    let mut types = Vec::new();
    for argument in &sig.inputs {
        types.push(match argument {
            FnArg::Receiver(receiver) if receiver.attrs.is_empty() => own(receiver, &mut lifetimes),
            FnArg::Typed(argument) if argument.attrs.is_empty() && can_be_written(&argument.ty) => {
                lifetimes.rename_all(argument.ty.to_token_stream())
            }
            _ => return None,
        });
    }
    let of_receiver = sig.receiver().and_then(|receiver| receiver.reference.as_ref());
    let elided = match of_receiver {
        Some((_, lifetime)) => {
            Some(lifetime.as_ref().map_or("self".to_owned(), |lifetime| lifetime.ident.to_string()))
        }
        None if lifetimes.names.len() == 1 => lifetimes.names.first().cloned(),
        None => None,
    };
    let mut in_output = Lifetimes::new(elided, false);
    let output = in_output.rename_all(output.clone());
    if in_output.unknown {
        return None;
    }
    lifetimes.names.extend(in_output.names);
    let binder = lifetimes.names.iter().map(|name| lifetime(name));
    Some(quote_spanned!(Span::mixed_site()=> for<#(#binder),*> fn(#(#types,)* #private::Output<#output>)))
}

fn own(receiver: &Receiver, lifetimes: &mut Lifetimes) -> TokenStream {
    if receiver.colon_token.is_some() {
        return lifetimes.rename_all(receiver.ty.to_token_stream());
    }
    let own_type = Ident::new("Self", Span::mixed_site());
    let Some((_, written)) = &receiver.reference else { return own_type.into_token_stream() };
    let name = written.as_ref().map_or("self".to_owned(), |lifetime| lifetime.ident.to_string());
    let (lifetime, mutability) = (lifetimes.named(&name), receiver.mutability);
    quote_spanned!(Span::mixed_site()=> &#lifetime #mutability #own_type)
}

/// What is chosen before the function, with lifetimes in it that do not show: types, as far as they can be seen.
fn chosen(sig: &Signature, place: &Place) -> Vec<Ident> {
    let mut names: Vec<Ident> = sig.generics.type_params().map(|parameter| parameter.ident.clone()).collect();
    let signature = words(sig.to_token_stream());
    let own_type = || Ident::new("Self", Span::mixed_site());
    match place {
        Place::Inherent { types, .. } | Place::Implementation { types, .. } => {
            names.extend(types.iter().cloned().chain([own_type()]));
        }
        Place::Trait { generics, .. } => {
            names.extend(generics.type_params().map(|parameter| parameter.ident.clone()).chain([own_type()]));
        }
        Place::Unknown if sig.receiver().is_some() || signature.contains("Self") => names.push(own_type()),
        Place::Unknown | Place::Module => {}
    }
    if matches!(place, Place::Unknown | Place::Inherent { .. }) {
        let mut shouting = Shouting { found: Vec::new() };
        shouting.visit_signature(sig);
        shouting.found.retain(|name| !names.contains(name));
        names.extend(shouting.found);
    }
    names
}

/// What looks like a type parameter, of a block that nobody sees.
struct Shouting {
    found: Vec<Ident>,
}

impl Visit<'_> for Shouting {
    fn visit_type_path(&mut self, path: &syn::TypePath) {
        let name = &path.path.segments[0].ident;
        if path.qself.is_none() && is_shouting(name) && !self.found.contains(name) {
            self.found.push(name.clone());
        }
        visit::visit_type_path(self, path);
    }
}

fn words(tokens: TokenStream) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => found.extend(words(group.stream())),
            TokenTree::Ident(ident) => {
                found.insert(ident.to_string());
            }
            _ => {}
        }
    }
    found
}

/// Whether it means the same in a pointer's type.
fn can_be_written(ty: &Type) -> bool {
    struct Other(bool);
    impl Visit<'_> for Other {
        fn visit_type(&mut self, ty: &Type) {
            self.0 |= matches!(ty, Type::ImplTrait(_) | Type::Macro(_) | Type::Infer(_) | Type::Never(_));
            if let Type::BareFn(function) = ty {
                self.0 |= borrows(function.to_token_stream());
            }
            visit::visit_type(self, ty);
        }
        fn visit_parenthesized_generic_arguments(&mut self, arguments: &syn::ParenthesizedGenericArguments) {
            self.0 |= borrows(arguments.to_token_stream());
            visit::visit_parenthesized_generic_arguments(self, arguments);
        }
    }
    let mut other = Other(false);
    other.visit_type(ty);
    !other.0
}

/// Whether it has lifetimes, of its own or not.
fn borrows(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => borrows(group.stream()),
        TokenTree::Punct(punct) => matches!(punct.as_char(), '&' | '\''),
        _ => false,
    })
}

/// Whether no lifetime is in a result but that of one reference around all of it.
fn is_lent_as_a_whole(output: &ReturnType) -> bool {
    let ReturnType::Type(_, output) = output else { return false };
    let behind =
        |ty: &Type| matches!(ty, Type::Reference(reference) if !borrows(reference.elem.to_token_stream()));
    match &**output {
        Type::Path(path) => {
            let Some(last) = path.path.segments.last().filter(|last| last.ident == "Option") else {
                return false;
            };
            let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
            matches!(arguments.args.first(), Some(syn::GenericArgument::Type(inner)) if behind(inner))
        }
        output => behind(output),
    }
}

fn lifetime(name: &str) -> Lifetime {
    let text = if name == "static" { "'static".to_owned() } else { format!("'__monkey_{name}") };
    Lifetime::new(&text, Span::mixed_site())
}

/// Gives the lifetimes of types other names: those in scope must not be hidden.
struct Lifetimes {
    /// Those that were given.
    names: BTreeSet<String>,
    /// What an elided one is; `None`: a new one each.
    elided: Option<String>,
    /// All are that.
    only: bool,
    /// Whether there was any that is not `'static`.
    seen: bool,
    /// An elided one, and nobody knows which.
    unknown: bool,
}

impl Lifetimes {
    fn new(elided: Option<String>, only: bool) -> Self {
        Self { names: BTreeSet::new(), elided, only, seen: false, unknown: false }
    }

    fn named(&mut self, name: &str) -> Lifetime {
        if name == "static" {
            return lifetime(name);
        }
        self.seen = true;
        if self.only {
            return lifetime("static");
        }
        if name == "_" {
            return self.elided();
        }
        self.names.insert(name.to_owned());
        lifetime(name)
    }

    fn elided(&mut self) -> Lifetime {
        self.seen = true;
        let name = self.elided.clone().unwrap_or_else(|| format!("elided{}", self.names.len()));
        self.unknown |= self.elided.is_none();
        if name != "static" {
            self.names.insert(name.clone());
        }
        lifetime(&name)
    }

    fn rename_all(&mut self, tokens: TokenStream) -> TokenStream {
        let mut result = TokenStream::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => {
                    let content = self.rename_all(group.stream());
                    result.extend([TokenTree::from(Group::new(group.delimiter(), content))]);
                }
                TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                    let name = tokens.next().map(|name| name.to_string()).unwrap_or_default();
                    result.extend(self.named(&name).into_token_stream());
                }
                TokenTree::Punct(and) if and.as_char() == '&' => {
                    result.extend([TokenTree::from(and)]);
                    let is_named =
                        matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'');
                    if !is_named {
                        result.extend(self.elided().into_token_stream());
                    }
                }
                other => result.extend([other]),
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, asks};
    use quote::quote;
    use syn::{Signature, parse_quote};

    fn text(sig: &Signature, place: &Place) -> String {
        let text = asks(sig, place, &quote!(p)).to_string().replace(' ', "");
        text.trim_start_matches("p::Asks<")
            .trim_end_matches('>')
            .replace("__monkey_", "")
            .replace("p::core::marker::PhantomData", "Ph")
    }

    fn inherent() -> Place {
        Place::Inherent { generic: false, types: Vec::new() }
    }

    #[test]
    fn lifetimes_are_tied_as_they_are_written() {
        let written =
            text(&parse_quote!(async fn f(a: &str, b: &mut [u8]) -> Result<String, u8>), &Place::Module);
        assert_eq!(
            written,
            "for<'elided0,'elided1>fn(&'elided0str,&'elided1mut[u8],p::Output<Result<String,u8>>),fn(Result<String,u8>),(),(),false,false"
        );
        let written = text(&parse_quote!(async fn f<'a>(a: &'a str, b: &'a str) -> &'a str), &Place::Module);
        assert_eq!(written, "for<'a>fn(&'astr,&'astr,p::Output<&'astr>),fn(&'staticstr),(),(),true,false");
    }

    #[test]
    fn a_method_lends_its_own_and_says_what_it_is_of() {
        let written = text(&parse_quote!(async fn f(&self, a: &str) -> &str), &inherent());
        assert_eq!(
            written,
            "for<'elided1,'self>fn(&'selfSelf,&'elided1str,p::Output<&'selfstr>),fn(&'staticstr),(Ph<Self>,),(),true,false"
        );
    }

    #[test]
    fn what_is_chosen_before_is_named_where_it_stands() {
        let written = text(&parse_quote!(async fn f<T: Clone>(a: T) -> Vec<T>), &Place::Unknown);
        assert_eq!(written, "for<>fn(T,p::Output<Vec<T>>),fn(Vec<T>),(Ph<T>,),(Ph<T>,),false,false");
        let written = text(&parse_quote!(async fn new(a: T) -> u8), &Place::Unknown);
        assert!(written.ends_with(",(Ph<T>,),(),false,false"), "{written}");
    }

    #[test]
    fn a_result_may_lend_in_more_places_than_one() {
        let written = text(&parse_quote!(async fn f<'a>(a: &'a str) -> &'a Cell<&'a str>), &Place::Module);
        assert!(written.ends_with(",true,true"), "{written}");
        let written = text(&parse_quote!(async fn f(a: &str) -> Option<&str>), &Place::Module);
        assert!(written.ends_with(",true,false"), "{written}");
    }

    #[test]
    fn what_cannot_be_written_is_left_out() {
        let written = text(&parse_quote!(async fn f(a: impl Into<String>) -> u8), &Place::Module);
        assert_eq!(written, "p::Unwritten,fn(u8),(),(),false,false");
        let written = text(&parse_quote!(async fn f(a: &u8) -> impl Iterator), &Place::Module);
        assert_eq!(written, "p::Unwritten,p::Unwritten,(),(),false,false");
    }
}
