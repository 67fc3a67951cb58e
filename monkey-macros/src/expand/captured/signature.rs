//! A function's signature as far as a closure's tokens show it.
//!
//! What shows a lifetime is taken over, with a name for each that has none. All else becomes a type parameter, for rustc to infer: so it may
//! name what an item in the user's function could not, such as `Self` or a generic parameter.
use super::lifetimes::{each_named, is_named};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::visit::{self, Visit};
use syn::{ExprClosure, GenericArgument, Lifetime, Pat, PathArguments, ReturnType, Type, TypeReference};

/// The signature, and what it is generic over.
#[derive(Default)]
pub struct Signature {
    pub inputs: Vec<Type>,
    pub output: Option<Type>,
    pub types: Vec<Parameter>,
    pub lifetimes: Vec<Lifetime>,
    /// Those that the closure names.
    named: Vec<(Ident, Lifetime)>,
    /// It shows a lifetime.
    pub result_borrows: bool,
}

pub struct Parameter {
    pub name: Ident,
    /// It stands behind a reference only.
    pub may_be_unsized: bool,
    /// It stands in a `Cow`, whose declaration asks for that.
    pub is_owned_by_cow: bool,
}

/// Whether the result shows a lifetime. For rustc each that is left out in a closure is one of its own.
fn result_borrows(closure: &ExprClosure) -> bool {
    matches!(&closure.output, ReturnType::Type(_, output) if shows_lifetime(output))
}

/// Whether the result is one argument's as far as is written: where a parameter's type has lifetimes of its own (`&Sink<'_>`), these may be
/// chosen before the function is, and a result that lives for ever is best left to rustc.
pub fn lends_an_argument(closure: &ExprClosure) -> bool {
    let has_lifetimes = |input: &Pat| has_lifetimes(input.to_token_stream());
    result_borrows(closure) && !closure.inputs.iter().any(has_lifetimes)
}

fn has_lifetimes(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => has_lifetimes(group.stream()),
        TokenTree::Punct(punct) => punct.as_char() == '\'',
        _ => false,
    })
}

impl Signature {
    pub fn read(closure: &ExprClosure) -> Self {
        let mut signature = Self::default();
        let inputs: Vec<Type> = closure.inputs.iter().map(|input| signature.input(input)).collect();
        let output = match &closure.output {
            ReturnType::Type(_, output) if shows_lifetime(output) => signature.output(output, &inputs),
            _ => signature.parameter(false),
        };
        let result_borrows = result_borrows(closure);
        Self { inputs, output: Some(output), result_borrows, ..signature }
    }

    fn input(&mut self, input: &Pat) -> Type {
        match input {
            Pat::Type(input) => {
                let new = |signature: &mut Self| signature.lifetime();
                Reader { signature: self, elided: &new }.ty(&input.ty, false)
            }
            _ => self.parameter(false),
        }
    }

    /// An elided lifetime is the only one of the arguments, or that of the first, as `self` would be.
    fn output(&mut self, output: &Type, inputs: &[Type]) -> Type {
        let first = match inputs.first() {
            Some(Type::Reference(TypeReference { lifetime: Some(lifetime), .. })) => Some(lifetime.clone()),
            _ => None,
        };
        let Some(elided) = first.or_else(|| self.lifetimes.first().cloned()) else {
            return self.parameter(false);
        };
        let mut of_a_parameter = true;
        each_named(output.to_token_stream(), &mut |name| {
            of_a_parameter &= self.named.iter().any(|(known, _)| known == name);
            name.clone()
        });
        if !of_a_parameter {
            return self.parameter(false);
        }
        Reader { signature: self, elided: &move |_| elided.clone() }.ty(output, false)
    }

    fn parameter(&mut self, may_be_unsized: bool) -> Type {
        let name = format_ident!("__MonkeyType{}", self.types.len(), span = Span::mixed_site());
        self.types.push(Parameter { name: name.clone(), may_be_unsized, is_owned_by_cow: false });
        Type::Verbatim(name.into_token_stream())
    }

    fn lifetime(&mut self) -> Lifetime {
        let lifetime = Lifetime::new(&format!("'__monkey_lent{}", self.lifetimes.len()), Span::mixed_site());
        self.lifetimes.push(lifetime.clone());
        lifetime
    }

    fn lifetime_of(&mut self, name: &Ident) -> Lifetime {
        if let Some((_, lifetime)) = self.named.iter().find(|(known, _)| known == name) {
            return lifetime.clone();
        }
        let lifetime = self.lifetime();
        self.named.push((name.clone(), lifetime.clone()));
        lifetime
    }

    /// The parameters' names.
    pub fn names(&self) -> TokenStream {
        let names = self.types.iter().map(|parameter| &parameter.name);
        quote_spanned!(Span::mixed_site()=> #(#names),*)
    }

    /// The parameters as they are declared; `private` leads to their bounds.
    pub fn declared(&self, private: &TokenStream) -> TokenStream {
        let declared = self.types.iter().map(|Parameter { name, may_be_unsized, is_owned_by_cow }| {
            let unsized_too =
                may_be_unsized.then(|| quote_spanned!(Span::mixed_site()=> ?#private::core::marker::Sized +));
            let to_owned = is_owned_by_cow.then(|| quote_spanned!(Span::mixed_site()=> #private::ToOwned));
            quote_spanned!(Span::mixed_site()=> #name: #unsized_too #to_owned)
        });
        quote_spanned!(Span::mixed_site()=> #(#declared),*)
    }
}

/// Takes a type over.
struct Reader<'a> {
    signature: &'a mut Signature,
    /// What a lifetime is that has no name.
    elided: &'a dyn Fn(&mut Signature) -> Lifetime,
}

impl Reader<'_> {
    fn ty(&mut self, ty: &Type, may_be_unsized: bool) -> Type {
        // Where its lifetime is elided, it depends on what is around it.
        let is_object = matches!(ty, Type::TraitObject(_));
        if !shows_lifetime(ty) && !is_object {
            return self.signature.parameter(may_be_unsized);
        }
        let mut ty = ty.clone();
        match &mut ty {
            Type::Reference(reference) => {
                self.named(&mut reference.lifetime);
                *reference.elem = self.ty(&reference.elem, true);
            }
            Type::Path(path) if path.qself.is_none() => {
                for segment in &mut path.path.segments {
                    self.arguments(&mut segment.arguments, segment.ident == "Cow");
                }
            }
            Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(|elem| *elem = self.ty(elem, false)),
            Type::Slice(slice) => *slice.elem = self.ty(&slice.elem, false),
            Type::Array(array) => *array.elem = self.ty(&array.elem, false),
            Type::Ptr(pointer) => *pointer.elem = self.ty(&pointer.elem, true),
            Type::Paren(paren) => *paren.elem = self.ty(&paren.elem, may_be_unsized),
            Type::Group(group) => *group.elem = self.ty(&group.elem, may_be_unsized),
            _ => {
                let mut own = |name: &Ident| self.signature.lifetime_of(name).ident;
                ty = Type::Verbatim(each_named(ty.to_token_stream(), &mut own));
            }
        }
        ty
    }

    fn arguments(&mut self, arguments: &mut PathArguments, of_cow: bool) {
        let PathArguments::AngleBracketed(arguments) = arguments else { return };
        for argument in &mut arguments.args {
            match argument {
                GenericArgument::Lifetime(lifetime) if lifetime.ident == "_" => {
                    *lifetime = (self.elided)(self.signature);
                }
                GenericArgument::Lifetime(lifetime) => self.of_name(lifetime),
                // The path's own declaration may ask something of it, which a parameter could not show.
                GenericArgument::Type(ty) if is_primitive(ty) => {}
                GenericArgument::Type(ty) => {
                    *ty = self.ty(ty, true);
                    if let (true, Type::Verbatim(_), Some(own)) =
                        (of_cow, ty, self.signature.types.last_mut())
                    {
                        own.is_owned_by_cow = true;
                    }
                }
                _ => {}
            }
        }
    }

    fn named(&mut self, lifetime: &mut Option<Lifetime>) {
        match lifetime {
            Some(lifetime) if lifetime.ident != "_" => self.of_name(lifetime),
            _ => *lifetime = Some((self.elided)(self.signature)),
        }
    }

    /// A name means one lifetime wherever it stands.
    fn of_name(&mut self, lifetime: &mut Lifetime) {
        if is_named(&lifetime.ident) {
            *lifetime = self.signature.lifetime_of(&lifetime.ident);
        }
    }
}

/// No item's own parameter has such a name.
fn is_primitive(ty: &Type) -> bool {
    const PRIMITIVE: [&str; 17] = [
        "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16",
        "u32", "u64", "u8", "usize",
    ];
    match ty {
        Type::Path(path) => {
            path.path.get_ident().is_some_and(|name| PRIMITIVE.iter().any(|primitive| name == primitive))
        }
        Type::Slice(slice) => is_primitive(&slice.elem),
        _ => false,
    }
}

fn shows_lifetime(ty: &Type) -> bool {
    struct Found(bool);
    impl Visit<'_> for Found {
        fn visit_type_reference(&mut self, _: &TypeReference) {
            self.0 = true;
        }
        fn visit_lifetime(&mut self, _: &Lifetime) {
            self.0 = true;
        }
    }
    let mut found = Found(false);
    visit::visit_type(&mut found, ty);
    found.visit_type(ty);
    found.0
}

#[cfg(test)]
mod tests {
    use super::{Signature, lends_an_argument};
    use quote::{ToTokens as _, quote};
    use syn::parse_quote;

    fn read(closure: proc_macro2::TokenStream) -> String {
        let signature = Signature::read(&syn::parse2(closure).unwrap());
        let (inputs, output) = (&signature.inputs, &signature.output);
        let text = quote!((#(#inputs),*) -> #output).into_token_stream().to_string();
        text.replace("__MonkeyType", "T").replace("__monkey_lent", "l")
    }

    #[test]
    fn lifetimes_are_named_and_the_rest_is_inferred() {
        assert_eq!(read(quote!(|| 1)), "() -> T0");
        assert_eq!(read(quote!(|a, b: u32, (c, d)| 1)), "(T0 , T1 , T2) -> T3");
        assert_eq!(read(quote!(|a: &str, b: &mut Self| 1)), "(& 'l0 T0 , & 'l1 mut T1) -> T2");
        assert_eq!(read(quote!(|a: Option<&User>| 1)), "(Option < & 'l0 T0 >) -> T1");
        assert_eq!(read(quote!(|f: &mut Formatter<'_>| 1)), "(& 'l0 mut Formatter < 'l1 >) -> T0");
        assert_eq!(read(quote!(|f: &dyn Fn(&str)| 1)), "(& 'l0 dyn Fn (& str)) -> T0");
        assert_eq!(read(quote!(|f: &[&str]| 1)), "(& 'l0 [& 'l1 T0]) -> T1");
        assert_eq!(read(quote!(|f: &'static str| 1)), "(& 'static T0) -> T1");
    }

    #[test]
    fn a_result_borrows_from_the_first_argument() {
        assert_eq!(read(quote!(|a: &str, b: &str| -> &str { a })), "(& 'l0 T0 , & 'l1 T1) -> & 'l0 T2");
        assert_eq!(
            read(quote!(|a: u8, b: &str| -> Option<&str> { None })),
            "(T0 , & 'l0 T1) -> Option < & 'l0 T2 >"
        );
        assert_eq!(
            read(quote!(|a: &str, b: View<'_, u8>, c: Cow<'_, [Self]>| -> Cow<'_, str> { a })),
            "(& 'l0 T0 , View < 'l1 , u8 > , Cow < 'l2 , T1 >) -> Cow < 'l0 , str >"
        );
        assert_eq!(
            read(quote!(|p: &mut Parser<'a>, b: &'b str| -> Option<&'a str> { None })),
            "(& 'l0 mut Parser < 'l1 > , & 'l2 T0) -> Option < & 'l1 T1 >"
        );
        assert_eq!(
            read(quote!(|a: &'x [u8]| -> Box<dyn Iterator<Item = &'x u8> + 'x> { a })),
            "(& 'l0 T0) -> Box < dyn Iterator < Item = & 'l0 u8 > + 'l0 >"
        );
        assert_eq!(read(quote!(|a: &str| -> &'x str { a })), "(& 'l0 T0) -> T1");
        assert!(lends_an_argument(&parse_quote!(|a: &User, b: &str| -> &str { &a.name })));
        assert!(!lends_an_argument(&parse_quote!(|a: &Sink<'_>, b: &str| -> &str { "" })));
        assert!(!lends_an_argument(&parse_quote!(|a: &User| a.name.len())));
        assert_eq!(read(quote!(|a: u8| -> &str { "" })), "(T0) -> T1");
        assert_eq!(read(quote!(|| -> String { x })), "() -> T0");
    }
}
