//! What a replacement may keep, of all functions but those that [`lent`](super::lent) sees to: of a trait's impl, of a generic one,
//! without a receiver, and with lifetimes that have bounds.
//!
//! Beside the function (in its body, where nobody knows what it stands in) goes what a replacement has to be for every lifetime. A
//! list finds it by the function's name and type.
//!
//! ```text
//! const _: () = {
//!     struct Marker;
//!     impl<'a> Lent<Marker, for<'s> fn(&'s Sink, &'a str)> for Name<0x..> {
//!         type Asked<'any0, ..> = for<'s> fn(&'s Sink, &'any0 str);
//!     }
//! };
//! ```
use super::lent::{Renamed, can_be_written, name, shows_its_lifetimes};
use super::private;
use crate::function::last_segment;
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::{self, Visit};
use syn::{
    Attribute, FnArg, GenericParam, Generics, ImplItem, Item, ItemFn, ItemImpl, Lifetime, Path, ReturnType,
    Signature, Type, TypeParamBound, TypePath, WherePredicate, parse_quote_spanned,
};

/// How many lifetimes can be asked for.
pub const LIFETIMES: usize = 4;

/// FNV-1a, of the name without `r#`.
pub fn hash(function: &Ident) -> u64 {
    let name = function.to_string();
    name.trim_start_matches("r#")
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Writes them for one attribute.
pub struct Asked {
    private: TokenStream,
}

impl Asked {
    pub fn new(krate: Option<&Path>) -> Self {
        Self { private: private(krate) }
    }

    /// For the item that the attribute stands on. What goes beside it is given back.
    pub fn annotated(&self, item: &mut Item) -> TokenStream {
        match item {
            Item::Fn(function) => {
                self.in_body(function, true);
                TokenStream::new()
            }
            Item::Impl(block) => self.of_block(block),
            Item::Mod(module) => {
                self.module(module);
                TokenStream::new()
            }
            _ => TokenStream::new(),
        }
    }

    fn module(&self, module: &mut syn::ItemMod) {
        let Some((_, items)) = &mut module.content else { return };
        let mut beside = TokenStream::new();
        for item in items.iter_mut().filter(|item| !sees_to_itself(item)) {
            match item {
                Item::Fn(function) => self.in_body(function, false),
                Item::Impl(block) => beside.extend(self.of_block(block)),
                Item::Mod(module) => self.module(module),
                _ => {}
            }
        }
        if !beside.is_empty() {
            items.push(Item::Verbatim(beside));
        }
    }

    fn in_body(&self, function: &mut ItemFn, place_is_unknown: bool) {
        if place_is_unknown && may_be_of_a_generic_block(function) {
            return;
        }
        if let Some(asked) = self.function(&function.sig, None) {
            function.block.stmts.insert(0, parse_quote_spanned!(Span::mixed_site()=> #asked));
        }
    }

    fn of_block(&self, block: &ItemImpl) -> TokenStream {
        let seen_to = |method: &Ident| {
            let name = name(method);
            block.items.iter().any(|item| matches!(item, ImplItem::Fn(other) if other.sig.ident == name))
        };
        let mut beside = TokenStream::new();
        for item in &block.items {
            if let ImplItem::Fn(method) = item
                && !method.sig.ident.to_string().starts_with("__monkey_")
                && !seen_to(&method.sig.ident)
                && let Some(asked) = self.function(&method.sig, Some(block))
            {
                let cfg = block.attrs.iter().chain(&method.attrs).filter(|attribute| is_cfg(attribute));
                beside.extend(quote_spanned!(Span::mixed_site()=> #(#cfg)* #asked));
            }
        }
        beside
    }

    fn function(&self, sig: &Signature, block: Option<&ItemImpl>) -> Option<TokenStream> {
        let Function { parameters, bounds, pointer, asked } = Function::read(sig, block)?;
        let (private, hash) = (&self.private, hash(&sig.ident));
        Some(quote_spanned! {Span::mixed_site()=>
            #[allow(dead_code, non_local_definitions, unused_parens)]
            const _: () = {
                pub struct __MonkeyMarker;
                impl<#(#parameters),*> #private::Lent<__MonkeyMarker, #pointer> for #private::Name<#hash>
                where #(#bounds),*
                {
                    type Asked<'__monkey_any0, '__monkey_any1, '__monkey_any2, '__monkey_any3> = #asked;
                }
            };
        })
    }
}

fn is_cfg(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
}

/// It has a `patchable` of its own.
pub fn sees_to_itself(item: &Item) -> bool {
    let attrs = match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        _ => return false,
    };
    attrs.iter().any(|attribute| last_segment(attribute.path()) == "patchable")
}

/// Its signature names what an item in its body cannot: `Self`, or what looks like a type parameter that is not its own.
fn may_be_of_a_generic_block(function: &ItemFn) -> bool {
    struct Foreign<'a>(&'a Generics, bool);
    impl Visit<'_> for Foreign<'_> {
        fn visit_type_path(&mut self, path: &TypePath) {
            let first = &path.path.segments[0].ident;
            let text = first.to_string();
            let own = self.0.params.iter().any(
                |parameter| matches!(parameter, GenericParam::Type(parameter) if parameter.ident == *first),
            );
            let shouts = text
                .chars()
                .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_');
            self.1 |= text == "Self" || (shouts && !own);
            visit::visit_type_path(self, path);
        }
    }
    let mut foreign = Foreign(&function.sig.generics, function.sig.receiver().is_some());
    foreign.visit_signature(&function.sig);
    foreign.1
}

/// A function with a lifetime that is chosen before it.
struct Function {
    parameters: Vec<TokenStream>,
    bounds: Vec<TokenStream>,
    pointer: TokenStream,
    asked: TokenStream,
}

impl Function {
    fn read(sig: &Signature, block: Option<&ItemImpl>) -> Option<Self> {
        let all = || block.iter().map(|block| &block.generics).chain([&sig.generics]);
        let mut generics = Bounds::default();
        all().try_for_each(|generics_of| generics.read(generics_of))?;
        // Lifetimes of the block, those with bounds and those that no argument has are early bound.
        let mut self_names = Renamed::fresh();
        let self_type = block.map(|block| self_names.all(block.self_ty.to_token_stream()));
        let mut renamed = Renamed::of_type(self_type.clone(), self_names.names.clone());
        let receiver = sig.receiver();
        let inputs = inputs(sig, self_type.as_ref(), &mut renamed)?;
        let output = output(sig, &mut renamed)?;
        let (given, returned) = (lifetimes(&quote!(#(#inputs),*)), lifetimes(&output));
        let declared = |generics: &Generics| -> BTreeSet<String> {
            generics.lifetimes().map(|lifetime| own(&lifetime.lifetime)).collect()
        };
        let known: BTreeSet<String> = all().flat_map(declared).chain(self_names.names).collect();
        let mut late: BTreeSet<String> = declared(&sig.generics);
        late.retain(|name| given.contains(name) && !generics.bound.contains(name));
        late.extend(receiver.map(|_| "'__monkey_self".to_owned()).filter(|name| given.contains(name)));
        let early: BTreeSet<String> = given
            .union(&returned)
            .filter(|name| !late.contains(*name) && *name != "'static")
            .cloned()
            .collect();
        if early.is_empty() || !early.is_subset(&known) {
            return None;
        }
        let (unsafety, abi, variadic) = (&sig.unsafety, &sig.abi, &sig.variadic);
        if variadic.is_some() || sig.asyncness.is_some() {
            return None;
        }
        let function = quote_spanned!(Span::mixed_site()=> #unsafety #abi fn(#(#inputs),*) -> #output);
        let binder = late.iter().map(|name| Lifetime::new(name, Span::mixed_site()));
        let pointer = quote_spanned!(Span::mixed_site()=> for<#(#binder),*> #function);
        let asked = asked(&function, [&early, &late, &given], &generics, sig)?;
        let types = generics.constrained(&pointer)?;
        let names = early.iter().chain(&generics.bound).collect::<BTreeSet<_>>();
        let names = names.into_iter().map(|name| Lifetime::new(name, Span::mixed_site()).into_token_stream());
        let parameters = names.chain(types).collect();
        let mut renamed = Renamed::of_type(self_type, BTreeSet::new());
        let bounds = generics.predicates.into_iter().map(|bound| renamed.all(bound)).collect();
        Some(Self { parameters, bounds, pointer, asked })
    }
}

fn inputs(
    sig: &Signature,
    self_type: Option<&TokenStream>,
    renamed: &mut Renamed,
) -> Option<Vec<TokenStream>> {
    let mut inputs = Vec::new();
    for argument in &sig.inputs {
        match argument {
            FnArg::Receiver(receiver) => {
                if receiver.colon_token.is_some() || !receiver.attrs.is_empty() {
                    return None;
                }
                let self_type = self_type?;
                let mutability = receiver.mutability;
                inputs.push(match &receiver.reference {
                    None => self_type.clone(),
                    Some((_, lifetime)) => {
                        let name = lifetime
                            .as_ref()
                            .map_or("self".to_owned(), |lifetime| lifetime.ident.to_string());
                        let lifetime = renamed.lifetime(&name);
                        quote_spanned!(Span::mixed_site()=> &#lifetime #mutability #self_type)
                    }
                });
            }
            FnArg::Typed(argument) => {
                if !argument.attrs.is_empty() || !can_be_written(&argument.ty) {
                    return None;
                }
                // What is elided here is late bound in a pointer as well.
                inputs.push(renamed.keeping_elided(argument.ty.to_token_stream()));
            }
        }
    }
    Some(inputs)
}

fn output(sig: &Signature, renamed: &mut Renamed) -> Option<TokenStream> {
    let ReturnType::Type(_, output) = &sig.output else { return Some(quote!(())) };
    if !can_be_written(output) {
        return None;
    }
    let by_reference = sig.receiver().and_then(|receiver| receiver.reference.as_ref());
    match by_reference {
        Some((_, lifetime)) => {
            if !shows_its_lifetimes(output) {
                return None;
            }
            let name = lifetime.as_ref().map_or("self".to_owned(), |lifetime| lifetime.ident.to_string());
            Some(renamed.all_elided(output.to_token_stream(), &name))
        }
        // In a pointer the one lifetime of the arguments is meant too.
        None if sig.receiver().is_none() => Some(renamed.keeping_elided(output.to_token_stream())),
        None => shows_its_lifetimes(output).then(|| renamed.keeping_elided(output.to_token_stream())),
    }
}

/// The pointer with any lifetimes in place of those that are chosen before the function.
fn asked(
    function: &TokenStream,
    [early, late, given]: [&BTreeSet<String>; 3],
    generics: &Bounds,
    sig: &Signature,
) -> Option<TokenStream> {
    if early.len() > LIFETIMES {
        return None;
    }
    // `&'any T` would have to be well-formed for a `T` that says nothing of it; under a binder it need not.
    let under_binder = |name: &String| !generics.types.is_empty() && given.contains(name);
    let any = |(index, name): (usize, &String)| {
        let new = if under_binder(name) { format!("{name}_each") } else { format!("'__monkey_any{index}") };
        (name.clone(), new)
    };
    let mut names: BTreeMap<_, _> = early.iter().enumerate().map(any).collect();
    // What outlives another may be taken for that one, where it is a reference and not given back.
    for (longer, shorter) in &generics.outlives {
        if !is_outermost_alone(sig, longer) {
            return None;
        }
        let shorter = names.get(shorter).cloned().unwrap_or_else(|| shorter.clone());
        names.insert(longer.clone(), shorter);
    }
    let function = mapped(function.clone(), &names);
    let used = lifetimes(&function);
    let each = names.values().filter(|name| name.ends_with("_each") && used.contains(*name));
    let binder: BTreeSet<_> = each.chain(late).collect();
    let binder = binder.into_iter().map(|name| Lifetime::new(name, Span::mixed_site()));
    Some(quote_spanned!(Span::mixed_site()=> for<#(#binder),*> #function))
}

/// Whether the lifetime is that of arguments `&'b T` and stands nowhere else.
fn is_outermost_alone(sig: &Signature, name: &str) -> bool {
    let count =
        |tokens: TokenStream| all_lifetimes(tokens).iter().filter(|other| own_name(other) == name).count();
    let outermost = sig.inputs.iter().filter(|argument| match argument {
        FnArg::Typed(argument) => matches!(&*argument.ty, Type::Reference(reference)
            if reference.lifetime.as_ref().is_some_and(|lifetime| own(lifetime) == name)),
        FnArg::Receiver(_) => false,
    });
    let (inputs, output) = (&sig.inputs, &sig.output);
    count(quote!(#inputs)) == outermost.count() && count(quote!(#output)) == 0
}

/// What the parameters of function and block are said to be.
#[derive(Default)]
struct Bounds {
    /// Lifetimes in bounds.
    bound: BTreeSet<String>,
    /// `'longer: 'shorter`.
    outlives: Vec<(String, String)>,
    types: Vec<(Ident, TokenStream)>,
    predicates: Vec<TokenStream>,
}

impl Bounds {
    /// `None` where a type is tied to a lifetime by a trait: what a replacement has to be cannot be said then.
    fn read(&mut self, generics: &Generics) -> Option<()> {
        for parameter in &generics.params {
            match parameter {
                GenericParam::Lifetime(parameter) => {
                    if !parameter.attrs.is_empty() {
                        return None;
                    }
                    self.lifetime(&parameter.lifetime, parameter.bounds.iter());
                }
                GenericParam::Type(parameter) => {
                    if !parameter.attrs.is_empty() {
                        return None;
                    }
                    let (name, bounds) = (&parameter.ident, &parameter.bounds);
                    self.type_bounds(bounds.iter())?;
                    self.types.push((name.clone(), name.to_token_stream()));
                    if !bounds.is_empty() {
                        self.predicates.push(quote_spanned!(Span::mixed_site()=> #name: #bounds));
                    }
                }
                GenericParam::Const(parameter) => {
                    let (name, ty) = (&parameter.ident, &parameter.ty);
                    self.types.push((name.clone(), quote_spanned!(Span::mixed_site()=> const #name: #ty)));
                }
            }
        }
        for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            match predicate {
                WherePredicate::Lifetime(predicate) => {
                    self.lifetime(&predicate.lifetime, predicate.bounds.iter());
                }
                WherePredicate::Type(bound) => {
                    if !lifetimes(&bound.bounded_ty.to_token_stream()).is_empty() {
                        return None;
                    }
                    self.type_bounds(bound.bounds.iter())?;
                    self.predicates.push(predicate.to_token_stream());
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn lifetime<'a>(&mut self, longer: &Lifetime, bounds: impl Iterator<Item = &'a Lifetime>) {
        for shorter in bounds {
            let (longer_name, shorter_name) = (own(longer), own(shorter));
            self.bound.extend(
                [longer_name.clone(), shorter_name.clone()].into_iter().filter(|name| name != "'static"),
            );
            self.predicates.push(quote_spanned!(Span::mixed_site()=> #longer: #shorter));
            if longer_name != shorter_name {
                self.outlives.push((longer_name, shorter_name));
            }
        }
    }

    fn type_bounds<'a>(&mut self, bounds: impl Iterator<Item = &'a TypeParamBound>) -> Option<()> {
        for bound in bounds {
            match bound {
                TypeParamBound::Lifetime(lifetime) if lifetime.ident == "static" => {}
                TypeParamBound::Lifetime(lifetime) => self.bound.extend([own(lifetime)]),
                bound if lifetimes(&bound.to_token_stream()).is_empty() => {}
                _ => return None,
            }
        }
        Some(())
    }

    /// The type parameters, if the pointer's type has all of them, and no type that depends on one.
    fn constrained(&self, pointer: &TokenStream) -> Option<Vec<TokenStream>> {
        struct Named<'a>(&'a Bounds, BTreeSet<String>, bool);
        impl Visit<'_> for Named<'_> {
            fn visit_path(&mut self, path: &Path) {
                let first = &path.segments[0].ident;
                let known = self.0.types.iter().any(|(name, _)| name == first);
                if known {
                    self.1.insert(first.to_string());
                    self.2 |= path.segments.len() > 1;
                }
                visit::visit_path(self, path);
            }
        }
        let pointer = syn::parse2::<Type>(pointer.clone()).ok()?;
        let mut named = Named(self, BTreeSet::new(), false);
        named.visit_type(&pointer);
        let all = self.types.iter().all(|(name, _)| named.1.contains(&name.to_string()));
        (all && !named.2).then(|| self.types.iter().map(|(_, parameter)| parameter.clone()).collect())
    }
}

/// The name that a written lifetime gets in the expansion.
fn own(lifetime: &Lifetime) -> String {
    own_name(&lifetime.to_string())
}

fn own_name(written: &str) -> String {
    let name = written.trim_start_matches('\'');
    if name == "static" || name.starts_with("__monkey_") {
        format!("'{name}")
    } else {
        format!("'__monkey_{name}")
    }
}

fn lifetimes(tokens: &TokenStream) -> BTreeSet<String> {
    all_lifetimes(tokens.clone()).into_iter().filter(|name| name != "'_").collect()
}

fn all_lifetimes(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => found.extend(all_lifetimes(group.stream())),
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                found.extend(tokens.next().map(|name| format!("'{name}")));
            }
            _ => {}
        }
    }
    found
}

fn mapped(tokens: TokenStream, names: &BTreeMap<String, String>) -> TokenStream {
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
