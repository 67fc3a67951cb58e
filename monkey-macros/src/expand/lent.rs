//! What a replacement of a method may keep, where the lifetimes are those of the `impl`.
//!
//! Such a lifetime is chosen before the method is, and inference takes `'static` for it on both sides: a replacement could keep what
//! it was lent. So a block that is patchable gets, beside each method, one that asks for a function of any such lifetime, and each
//! list offers it the replacement. It is found by the type of the receiver, and is never called.
//!
//! ```text
//! impl<'a> Sink<'a> {
//!     fn put(&mut self, text: &'a str) { .. }
//!     fn __monkey_lent_put<P, G: for<'b> FnOnce(&mut Sink<'b>, &'b str) -> ()>(&self, _: &P, _: G) {}
//! }
//! ```
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{
    BoundLifetimes, FnArg, GenericArgument, GenericParam, ImplItem, Item, ItemImpl, Lifetime,
    ParenthesizedGenericArguments, PathArguments, ReturnType, Signature, Type, TypeBareFn, TypePath,
    TypeReference, parse_quote_spanned,
};

/// The name of the method beside, for a list to call.
pub fn name(method: &Ident) -> Ident {
    let method = method.to_string();
    format_ident!("__monkey_lent_{}", method.trim_start_matches("r#"), span = Span::mixed_site())
}

/// Adds them to every block in the item.
pub fn add(item: &mut Item, private: &TokenStream) {
    match item {
        Item::Impl(block) => add_to(block, private),
        Item::Mod(module) => {
            let items = module.content.iter_mut().flat_map(|(_, items)| items);
            items.filter(|item| !super::asked::sees_to_itself(item)).for_each(|item| add(item, private));
        }
        _ => {}
    }
}

fn add_to(block: &mut ItemImpl, private: &TokenStream) {
    let lifetimes_alone = block.generics.params.iter().all(
        |parameter| matches!(parameter, GenericParam::Lifetime(lifetime) if lifetime.bounds.is_empty() && lifetime.attrs.is_empty()),
    );
    if block.trait_.is_some() || !lifetimes_alone || block.generics.where_clause.is_some() {
        return;
    }
    let mut own_type = Renamed::default();
    let self_type = own_type.rename_all(block.self_ty.to_token_stream());
    if own_type.names.is_empty() {
        return;
    }
    let methods: Vec<ImplItem> = block
        .items
        .iter()
        .filter_map(|item| {
            let ImplItem::Fn(method) = item else { return None };
            let bound = bound(&method.sig, &self_type, &own_type.names, private)?;
            let (name, vis) = (name(&method.sig.ident), &method.vis);
            let cfg = method.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
            Some(parse_quote_spanned! {Span::mixed_site()=>
                #(#cfg)*
                #[doc(hidden)]
                #vis fn #name<__MonkeyPointer, __MonkeyGiven: #bound>(&self, _: &__MonkeyPointer, _: __MonkeyGiven) {}
            })
        })
        .collect();
    block.items.extend(methods);
}

/// `for<'b> FnOnce(&mut Sink<'b>, &'b str) -> R`, where it can be written.
fn bound(
    sig: &Signature,
    self_type: &TokenStream,
    own_lifetimes: &BTreeSet<String>,
    private: &TokenStream,
) -> Option<TokenStream> {
    let plain = sig.asyncness.is_none()
        && sig.unsafety.is_none()
        && sig.abi.is_none()
        && sig.generics.where_clause.is_none();
    let bare = |parameter: &GenericParam| matches!(parameter, GenericParam::Lifetime(lifetime) if lifetime.bounds.is_empty());
    let receiver =
        sig.receiver().filter(|receiver| receiver.colon_token.is_none() && receiver.attrs.is_empty())?;
    if !plain || !sig.generics.params.iter().all(bare) {
        return None;
    }
    // Those of the type itself stand in it by their new names.
    let mut renamed =
        Renamed { own_type: Some(self_type.clone()), names: own_lifetimes.clone(), ..Renamed::default() };
    // `&'__monkey_self mut Sink<'b>`: what an elided lifetime of the result is.
    let borrowed = receiver
        .reference
        .as_ref()?
        .1
        .as_ref()
        .map_or("self".to_owned(), |lifetime| lifetime.ident.to_string());
    let borrowed = renamed.lifetime(&borrowed);
    let mutability = receiver.mutability;
    let mut types = vec![quote_spanned!(Span::mixed_site()=> &#borrowed #mutability #self_type)];
    for argument in sig.inputs.iter().skip(1) {
        let FnArg::Typed(argument) = argument else { return None };
        if !argument.attrs.is_empty() || !can_be_written(&argument.ty) {
            return None;
        }
        types.push(renamed.rename_all(argument.ty.to_token_stream()));
    }
    let output = match &sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, output) if can_be_written(output) && shows_its_lifetimes(output) => {
            renamed.elided = Some(borrowed);
            renamed.rename_all(output.to_token_stream())
        }
        ReturnType::Type(..) => return None,
    };
    let names = renamed.names.iter().map(|name| Lifetime::new(name, Span::mixed_site()));
    Some(
        quote_spanned!(Span::mixed_site()=> for<#(#names),*> #private::core::ops::FnOnce(#(#types),*) -> #output),
    )
}

/// Gives lifetimes names of their own, and `Self` its type.
#[derive(Default)]
pub struct Renamed {
    pub names: BTreeSet<String>,
    own_type: Option<TokenStream>,
    /// What a lifetime is that is not written.
    elided: Option<Lifetime>,
    unwritten: Unwritten,
}

/// What becomes of `&T` and `'_` where nothing says which lifetime they have.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Unwritten {
    /// `'_` is named.
    #[default]
    Underscore,
    /// Both are named.
    Named,
    /// Both stay as they are.
    Kept,
}

impl Renamed {
    /// Every lifetime gets a name.
    pub fn fresh() -> Self {
        Self { unwritten: Unwritten::Named, ..Self::default() }
    }

    /// For what has a `Self` of this type.
    pub fn of_type(own_type: Option<TokenStream>, names: BTreeSet<String>) -> Self {
        Self { names, own_type, ..Self::default() }
    }

    /// Leaves what is not written as it is.
    pub fn keeping_elided(&mut self, tokens: TokenStream) -> TokenStream {
        let before = std::mem::replace(&mut self.unwritten, Unwritten::Kept);
        let renamed = self.rename_all(tokens);
        self.unwritten = before;
        renamed
    }

    /// The same, even where there is one for what is not written.
    fn as_written(&mut self, tokens: TokenStream) -> TokenStream {
        let elided = self.elided.take();
        let renamed = self.keeping_elided(tokens);
        self.elided = elided;
        renamed
    }

    /// What is not written has this lifetime.
    pub fn all_elided(&mut self, tokens: TokenStream, name: &str) -> TokenStream {
        self.elided = Some(self.lifetime(name));
        self.rename_all(tokens)
    }

    /// The same in these alone.
    pub fn elided_within(&mut self, tokens: TokenStream, name: &str) -> TokenStream {
        let before = self.elided.clone();
        let renamed = self.all_elided(tokens, name);
        self.elided = before;
        renamed
    }

    pub fn rename_all(&mut self, tokens: TokenStream) -> TokenStream {
        let mut renamed = TokenStream::new();
        let mut tokens = tokens.into_iter().peekable();
        let mut behind_a_name = false;
        while let Some(token) = tokens.next() {
            let is = |sign| matches!(&token, TokenTree::Punct(punct) if punct.as_char() == sign);
            let behind = std::mem::replace(&mut behind_a_name, is_name(&token));
            match &token {
                TokenTree::Group(group) => {
                    // `Fn(&str)` and `fn(&str)` have lifetimes of their own.
                    let is_call = behind && group.delimiter() == Delimiter::Parenthesis;
                    let content = if is_call {
                        self.as_written(group.stream())
                    } else {
                        self.rename_all(group.stream())
                    };
                    renamed.extend([TokenTree::from(Group::new(group.delimiter(), content))]);
                }
                TokenTree::Ident(ident) if ident == "Self" && self.own_type.is_some() => {
                    renamed.extend(self.own_type.clone());
                }
                _ if is('\'') => {
                    let name = tokens.next().map(|name| name.to_string()).unwrap_or_default();
                    renamed.extend(self.lifetime(&name).into_token_stream());
                }
                _ if is('&') => {
                    renamed.extend([token.clone()]);
                    let written =
                        matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == '\'');
                    if !written && (self.elided.is_some() || self.unwritten == Unwritten::Named) {
                        renamed.extend(self.lifetime("_").into_token_stream());
                    }
                }
                _ => renamed.extend([token]),
            }
        }
        renamed
    }

    pub fn lifetime(&mut self, name: &str) -> Lifetime {
        let name = match (&self.elided, name) {
            (None, "_") if self.unwritten == Unwritten::Kept => {
                return Lifetime::new("'_", Span::mixed_site());
            }
            (_, "static") => return Lifetime::new("'static", Span::mixed_site()),
            (Some(elided), "_") => elided.to_string(),
            (None, "_") => format!("'__monkey_elided{}", self.names.len()),
            _ if name.starts_with("__monkey_") => format!("'{name}"),
            _ => format!("'__monkey_{name}"),
        };
        let lifetime = Lifetime::new(&name, Span::mixed_site());
        self.names.insert(name);
        lifetime
    }
}

/// Whether what stands in parentheses behind it are parameters.
fn is_name(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(name) if !["mut", "dyn", "const", "impl"].iter().any(|word| name == word))
}

/// Nothing in it means something else, or nothing, in a bound.
pub fn can_be_written(ty: &Type) -> bool {
    struct Other(bool);
    impl Visit<'_> for Other {
        fn visit_type(&mut self, ty: &Type) {
            self.0 |= matches!(ty, Type::ImplTrait(_) | Type::Macro(_) | Type::Infer(_) | Type::Never(_));
            visit::visit_type(self, ty);
        }
        fn visit_bound_lifetimes(&mut self, _: &BoundLifetimes) {
            // They would be mistaken for the function's.
            self.0 = true;
        }
        fn visit_parenthesized_generic_arguments(&mut self, call: &ParenthesizedGenericArguments) {
            self.0 |= borrows(&call.output);
            visit::visit_parenthesized_generic_arguments(self, call);
        }
        fn visit_type_bare_fn(&mut self, pointer: &TypeBareFn) {
            self.0 |= borrows(&pointer.output);
            visit::visit_type_bare_fn(self, pointer);
        }
        fn visit_type_path(&mut self, path: &TypePath) {
            // `Self::Item` needs its `Self`.
            self.0 |= path.qself.is_some()
                || (path.path.segments.len() > 1 && path.path.segments[0].ident == "Self");
            visit::visit_type_path(self, path);
        }
    }
    let mut other = Other(false);
    other.visit_type(ty);
    !other.0
}

/// Whether it has a lifetime that is not written, of which only what stands before it tells.
fn borrows(output: &ReturnType) -> bool {
    struct Elided(bool);
    impl Visit<'_> for Elided {
        fn visit_type_reference(&mut self, reference: &TypeReference) {
            self.0 |= reference.lifetime.is_none();
            visit::visit_type_reference(self, reference);
        }
        fn visit_lifetime(&mut self, lifetime: &Lifetime) {
            self.0 |= lifetime.ident == "_";
        }
    }
    let mut elided = Elided(false);
    elided.visit_return_type(output);
    elided.0
}

/// Whether there is no lifetime in it that is not to be seen, as in an `Iter<T>` that is an `Iter<'_, T>`.
pub fn shows_its_lifetimes(ty: &Type) -> bool {
    const WITHOUT: [&str; 26] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
        "bool", "char", "str", "String", "Vec", "Option", "Result", "Box", "Self", "PathBuf", "Path",
        "Duration",
    ];
    struct Hidden(bool);
    impl Visit<'_> for Hidden {
        fn visit_type_path(&mut self, path: &TypePath) {
            let Some(last) = path.path.segments.last() else { return };
            let written = matches!(&last.arguments, PathArguments::AngleBracketed(arguments)
                if arguments.args.iter().any(|argument| matches!(argument, GenericArgument::Lifetime(_))));
            self.0 |= !written && !WITHOUT.iter().any(|name| last.ident == name);
            visit::visit_type_path(self, path);
        }
    }
    let mut hidden = Hidden(false);
    hidden.visit_type(ty);
    !hidden.0
}

#[cfg(test)]
mod tests {
    use super::add;
    use quote::{ToTokens as _, quote};

    fn added(block: proc_macro2::TokenStream) -> Vec<String> {
        let mut item = syn::parse2(block).unwrap();
        let syn::Item::Impl(before) = &item else { panic!("a block") };
        let own = before.items.len();
        add(&mut item, &crate::expand::private(None));
        let syn::Item::Impl(after) = item else { panic!("a block") };
        after.items[own..].iter().map(|item| item.to_token_stream().to_string().replace(' ', "")).collect()
    }

    #[test]
    fn a_method_asks_for_every_lifetime_of_its_block() {
        let added = added(quote!(
            impl<'a> Sink<'a> {
                fn put(&mut self, text: &'a str, own: u8) -> Option<&str> {
                    None
                }
            }
        ));
        assert_eq!(added.len(), 1);
        let bound = "for<'__monkey_a,'__monkey_self>::monkey::__private::core::ops::FnOnce(&'__monkey_selfmutSink<'__monkey_a>,&'__monkey_astr,u8)\
                     ->Option<&'__monkey_selfstr>";
        assert!(added[0].contains(bound), "{}", added[0]);
    }

    #[test]
    fn what_cannot_be_asked_is_not() {
        assert!(added(quote!(impl Own { fn put(&mut self, text: &str) {} })).is_empty());
        assert!(
            added(quote!(
                impl<'a, T> Sink<'a, T> {
                    fn put(&mut self, text: &'a str) {}
                }
            ))
            .is_empty()
        );
        assert!(
            added(quote!(
                impl<'a> Tr<'a> for Sink<'a> {
                    fn put(&mut self, text: &'a str) {}
                }
            ))
            .is_empty()
        );
        assert!(
            added(quote!(
                impl<'a> Sink<'a> {
                    fn new(text: &'a str) -> Self {
                        Sink(text)
                    }
                    async fn later(&self) {}
                    fn generic<T>(&self, _: T) {}
                    fn hidden(&self) -> Iter<u8> {
                        todo!()
                    }
                    unsafe fn raw(&self) {}
                }
            ))
            .is_empty()
        );
    }
}
