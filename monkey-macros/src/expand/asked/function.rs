//! A function with a lifetime that is chosen before it: its pointer, and what a replacement has to be.
use super::bounds::Bounds;
use super::lifetimes::{every, mapped, named, renamed, renamed_text};
use crate::expand::lent::{Renamed, can_be_written, shows_its_lifetimes};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::Visit;
use syn::{
    FnArg, GenericArgument, GenericParam, Generics, Ident, ItemImpl, ItemTrait, Lifetime, PathArguments,
    Receiver, ReturnType, Signature, Type, TypeParam, TypeReference, parse_quote,
};

/// How many lifetimes a list has names for.
pub const LIFETIMES: usize = 8;

/// What a function stands in.
#[derive(Clone, Copy)]
pub enum Around<'a> {
    Module,
    Block(&'a ItemImpl),
    Trait(&'a ItemTrait),
    /// A block of which nothing is known but that the function is a method in it.
    UnknownBlock,
}

impl Around<'_> {
    fn generics(&self) -> Option<&Generics> {
        match self {
            Self::Block(block) => Some(&block.generics),
            Self::Trait(item) => Some(&item.generics),
            Self::Module | Self::UnknownBlock => None,
        }
    }

    fn self_type(&self) -> Option<TokenStream> {
        match self {
            Self::Block(block) => Some(block.self_ty.to_token_stream()),
            Self::Trait(_) | Self::UnknownBlock => Some(any_self().to_token_stream()),
            Self::Module => None,
        }
    }

    /// The type parameter that stands for `Self`.
    fn self_parameter(&self, bounds: &mut Bounds) {
        let name = any_self();
        match self {
            Self::Module | Self::Block(_) => return,
            Self::UnknownBlock => {}
            Self::Trait(item) => {
                let (ident, (_, generics, _)) = (&item.ident, item.generics.split_for_impl());
                bounds.predicates.push(quote_spanned! {Span::mixed_site()=>
                    #name: #ident #generics + ?::core::marker::Sized
                });
            }
        }
        bounds.types.push((name.clone(), name.into_token_stream()));
    }
}

fn any_self() -> Ident {
    format_ident!("__MonkeySelf", span = Span::mixed_site())
}

/// What goes into an implementation of `Lent`.
pub struct Function {
    pub parameters: Vec<TokenStream>,
    pub bounds: Vec<TokenStream>,
    pub pointer: TokenStream,
    pub asked: TokenStream,
    /// It is asked for lifetimes that a type may be tied to, so for those that the list's own function chooses.
    pub tied: bool,
}

impl Function {
    /// `None` where all lifetimes are chosen with each call, which rustc sees to, or where it cannot be said.
    pub fn read(sig: &Signature, around: Around) -> Option<Self> {
        if sig.variadic.is_some() || sig.asyncness.is_some() {
            return None;
        }
        let sig = &with_named_types(sig);
        let all = || around.generics().into_iter().chain([&sig.generics]);
        let mut generics = Bounds::default();
        all().try_for_each(|one| generics.read(one))?;
        around.self_parameter(&mut generics);
        let mut self_names = Renamed::fresh();
        let self_type = around.self_type().map(|written| self_names.rename_all(written));
        let mut renamed_types = Renamed::of_type(self_type.clone(), self_names.names.clone());
        let inputs = inputs(sig, self_type.as_ref(), &mut renamed_types)?;
        let output = output(sig, &mut renamed_types)?;
        let (given, returned) = (named(&quote!(#(#inputs),*)), named(&output));
        // Lifetimes of the block, those with bounds and those that no argument has are chosen before the function.
        let late = late(sig, &given, &generics);
        let early: BTreeSet<String> = given
            .union(&returned)
            .filter(|name| !late.contains(*name) && *name != "'static")
            .cloned()
            .collect();
        let known: BTreeSet<String> = all().flat_map(declared).chain(self_names.names).collect();
        if early.is_empty() || !early.is_subset(&known) {
            return None;
        }
        let (unsafety, abi) = (&sig.unsafety, &sig.abi);
        let function = quote_spanned!(Span::mixed_site()=> #unsafety #abi fn(#(#inputs),*) -> #output);
        let binder = late.iter().map(|name| Lifetime::new(name, Span::mixed_site()));
        let pointer = quote_spanned!(Span::mixed_site()=> for<#(#binder),*> #function);
        let asked =
            Lifetimes { early: &early, late: &late, given: &given }.asked(&function, &generics, sig)?;
        let types = generics.constrained(&pointer)?;
        let names = early.iter().chain(&generics.bound).collect::<BTreeSet<_>>();
        let names = names.into_iter().map(|name| Lifetime::new(name, Span::mixed_site()).into_token_stream());
        let parameters = names.chain(types).collect();
        let mut renamed = Renamed::of_type(self_type, BTreeSet::new());
        let tied = generics.tied;
        let bounds = generics.predicates.into_iter().map(|bound| renamed.rename_all(bound)).collect();
        Some(Self { parameters, bounds, pointer, asked, tied })
    }
}

/// `impl Trait` in an argument is a type parameter without a name.
fn with_named_types(sig: &Signature) -> Signature {
    let (mut sig, mut named) = (sig.clone(), Vec::new());
    for argument in &mut sig.inputs {
        if let FnArg::Typed(argument) = argument {
            name_types(&mut argument.ty, &mut named);
        }
    }
    sig.generics.params.extend(named.into_iter().map(GenericParam::Type));
    sig
}

fn name_types(ty: &mut Type, named: &mut Vec<TypeParam>) {
    match ty {
        Type::ImplTrait(any) => {
            let name = format_ident!("__MonkeyImpl{}", named.len(), span = Span::mixed_site());
            let bounds = &any.bounds;
            named.push(parse_quote!(#name: #bounds));
            *ty = parse_quote!(#name);
        }
        Type::Reference(reference) => name_types(&mut reference.elem, named),
        Type::Slice(slice) => name_types(&mut slice.elem, named),
        Type::Array(array) => name_types(&mut array.elem, named),
        Type::Paren(paren) => name_types(&mut paren.elem, named),
        Type::Group(group) => name_types(&mut group.elem, named),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(|elem| name_types(elem, named)),
        Type::Path(path) => {
            for segment in &mut path.path.segments {
                let PathArguments::AngleBracketed(arguments) = &mut segment.arguments else { continue };
                for argument in &mut arguments.args {
                    if let GenericArgument::Type(ty) = argument {
                        name_types(ty, named);
                    }
                }
            }
        }
        // What is left of them cannot be written, and the signature is not asked for.
        _ => {}
    }
}

fn declared(generics: &Generics) -> BTreeSet<String> {
    generics.lifetimes().map(|lifetime| renamed(&lifetime.lifetime)).collect()
}

/// Those that a call chooses.
fn late(sig: &Signature, given: &BTreeSet<String>, generics: &Bounds) -> BTreeSet<String> {
    let mut late = declared(&sig.generics);
    late.retain(|name| given.contains(name) && !generics.bound.contains(name));
    late.extend(sig.receiver().map(|_| "'__monkey_self".to_owned()).filter(|name| given.contains(name)));
    late
}

fn inputs(
    sig: &Signature,
    self_type: Option<&TokenStream>,
    renamed: &mut Renamed,
) -> Option<Vec<TokenStream>> {
    let input = |argument: &FnArg| match argument {
        FnArg::Receiver(receiver) => self_argument(receiver, self_type?, renamed),
        FnArg::Typed(argument) => {
            let plain = argument.attrs.is_empty() && can_be_written(&argument.ty);
            // What is elided here is late bound in a pointer as well.
            plain.then(|| renamed.keeping_elided(argument.ty.to_token_stream()))
        }
    };
    sig.inputs.iter().map(input).collect()
}

fn self_argument(receiver: &Receiver, self_type: &TokenStream, renamed: &mut Renamed) -> Option<TokenStream> {
    if !receiver.attrs.is_empty() {
        return None;
    }
    if receiver.colon_token.is_some() {
        // `self: Pin<&Self>`
        let written = receiver.ty.to_token_stream();
        return can_be_written(&receiver.ty).then(|| renamed.elided_within(written, "self"));
    }
    let Some((_, lifetime)) = &receiver.reference else { return Some(self_type.clone()) };
    let name = lifetime.as_ref().map_or("self".to_owned(), |lifetime| lifetime.ident.to_string());
    let (lifetime, mutability) = (renamed.lifetime(&name), receiver.mutability);
    Some(quote_spanned!(Span::mixed_site()=> &#lifetime #mutability #self_type))
}

fn output(sig: &Signature, renamed: &mut Renamed) -> Option<TokenStream> {
    let ReturnType::Type(_, output) = &sig.output else { return Some(quote!(())) };
    if !can_be_written(output) {
        return None;
    }
    match sig.receiver().and_then(own_lifetime) {
        Some(name) => {
            if !shows_its_lifetimes(output) {
                return None;
            }
            Some(renamed.all_elided(output.to_token_stream(), &name))
        }
        // In a pointer the one lifetime of the arguments is meant too.
        None if sig.receiver().is_none() => Some(renamed.keeping_elided(output.to_token_stream())),
        None => shows_its_lifetimes(output).then(|| renamed.keeping_elided(output.to_token_stream())),
    }
}

/// The lifetime that a receiver is borrowed for, by its name.
fn own_lifetime(receiver: &Receiver) -> Option<String> {
    struct Borrowed(Option<String>);
    impl Visit<'_> for Borrowed {
        fn visit_type_reference(&mut self, reference: &TypeReference) {
            let written = reference.lifetime.as_ref();
            let name = written.map_or("self".to_owned(), |lifetime| lifetime.ident.to_string());
            self.0.get_or_insert(name);
        }
    }
    let mut borrowed = Borrowed(None);
    borrowed.visit_type(&receiver.ty);
    borrowed.0
}

/// A signature's lifetimes, by who chooses them.
struct Lifetimes<'a> {
    early: &'a BTreeSet<String>,
    late: &'a BTreeSet<String>,
    given: &'a BTreeSet<String>,
}

impl Lifetimes<'_> {
    /// The pointer with any lifetimes in place of those that are chosen before the function.
    fn asked(&self, function: &TokenStream, generics: &Bounds, sig: &Signature) -> Option<TokenStream> {
        let mut names: BTreeMap<_, _> = self
            .early
            .iter()
            .enumerate()
            .map(|(index, name)| (name.clone(), self.new_name(index, name, function, generics)))
            .collect();
        // What outlives another may be taken for that one, where it is a reference and not given back.
        for (longer, shorter) in &generics.outlives {
            if !is_outermost_alone(sig, longer) {
                return None;
            }
            let shorter = names.get(shorter).cloned().unwrap_or_else(|| shorter.clone());
            names.insert(longer.clone(), shorter);
        }
        let function = mapped(function.clone(), &names);
        let used = named(&function);
        let each = names.values().filter(|name| name.ends_with("_each") && used.contains(*name));
        let binder: BTreeSet<_> = each.chain(self.late).collect();
        let binder = binder.into_iter().map(|name| Lifetime::new(name, Span::mixed_site()));
        Some(quote_spanned!(Span::mixed_site()=> for<#(#binder),*> #function))
    }

    /// One of those that the list has, or one of a binder's.
    fn new_name(&self, index: usize, name: &String, function: &TokenStream, generics: &Bounds) -> String {
        // `&'any T` would have to be well-formed for a `T` that says nothing of it; under a binder it need not.
        let may_not_be_well_formed =
            if generics.tied { generics.is_borrowed_for(function, name) } else { !generics.types.is_empty() };
        if self.given.contains(name) && (may_not_be_well_formed || index >= LIFETIMES) {
            return format!("{name}_each");
        }
        format!("'__monkey_any{}", index.min(LIFETIMES - 1))
    }
}

/// Whether the lifetime is that of arguments `&'b T` and stands nowhere else.
fn is_outermost_alone(sig: &Signature, name: &str) -> bool {
    let count =
        |tokens: TokenStream| every(tokens).iter().filter(|other| renamed_text(other) == name).count();
    let outermost = sig.inputs.iter().filter(|argument| match argument {
        FnArg::Typed(argument) => matches!(&*argument.ty, Type::Reference(reference)
            if reference.lifetime.as_ref().is_some_and(|lifetime| renamed(lifetime) == name)),
        FnArg::Receiver(_) => false,
    });
    let (inputs, output) = (&sig.inputs, &sig.output);
    count(quote!(#inputs)) == outermost.count() && count(quote!(#output)) == 0
}

#[cfg(test)]
mod tests {
    use super::{Around, Function};
    use syn::parse_quote;

    fn asked(sig: &syn::Signature, around: Around) -> Option<String> {
        Function::read(sig, around).map(|function| function.asked.to_string().replace(' ', ""))
    }

    #[test]
    fn lifetimes_that_a_call_chooses_are_left_to_the_compiler() {
        assert_eq!(asked(&parse_quote!(fn f<'a>(text: &'a str) -> &'a str), Around::Module), None);
        assert_eq!(asked(&parse_quote!(async fn f<'a: 'a>(text: &'a str)), Around::Module), None);
    }

    #[test]
    fn a_bound_is_asked_for_every_lifetime() {
        let same = asked(&parse_quote!(fn f<'a: 'a>(text: &'a str) -> &'a str), Around::Module);
        assert_eq!(same.as_deref(), Some("for<>fn(&'__monkey_any0str)->&'__monkey_any0str"));
        let longer =
            asked(&parse_quote!(fn f<'a, 'b: 'a>(x: &'a str, y: &'b str) -> &'a str), Around::Module);
        assert_eq!(
            longer.as_deref(),
            Some("for<>fn(&'__monkey_any0str,&'__monkey_any0str)->&'__monkey_any0str")
        );
    }

    #[test]
    fn a_type_that_is_tied_to_a_lifetime_is_asked_for_one_that_the_list_chooses() {
        let parse = parse_quote!(fn parse<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T>);
        let function = Function::read(&parse, Around::Module).unwrap();
        assert!(function.tied);
        assert_eq!(function.asked.to_string().replace(' ', ""), "for<>fn(&'__monkey_any0str)->Option<T>");
    }

    #[test]
    fn a_default_method_is_asked_for_every_type() {
        let item: syn::ItemTrait = parse_quote!(
            trait Put<'a> {
                fn put(&self, text: &'a str) {}
            }
        );
        let syn::TraitItem::Fn(method) = &item.items[0] else { panic!("a method") };
        let function = Function::read(&method.sig, Around::Trait(&item)).unwrap();
        let bounds = function.bounds[0].to_string().replace(' ', "");
        assert_eq!(bounds, "__MonkeySelf:Put<'__monkey_a>+?::core::marker::Sized");
        assert_eq!(
            function.asked.to_string().replace(' ', ""),
            "for<'__monkey_a_each,'__monkey_self>fn(&'__monkey_self__MonkeySelf,&'__monkey_a_eachstr)->()"
        );
    }

    #[test]
    fn no_number_of_lifetimes_is_too_large() {
        let sig = parse_quote!(
            fn f<'a: 'a, 'b: 'b, 'c: 'c, 'd: 'd, 'e: 'e, 'f: 'f, 'g: 'g, 'h: 'h, 'i: 'i>(
                _: (&'a u8, &'b u8, &'c u8, &'d u8, &'e u8, &'f u8, &'g u8, &'h u8, &'i u8),
            )
        );
        assert!(
            asked(&sig, Around::Module).unwrap().starts_with("for<'__monkey_i_each>fn((&'__monkey_any0u8,")
        );
    }
}
