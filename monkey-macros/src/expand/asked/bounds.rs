//! What the generics of a function, and of the block or trait around it, say of their parameters.
use super::lifetimes::{named, renamed};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{
    BoundLifetimes, GenericParam, Generics, Ident, Lifetime, Path, Type, TypeParamBound, WherePredicate,
};

#[derive(Default)]
pub struct Bounds {
    /// Lifetimes in bounds: these are chosen before the function.
    pub bound: BTreeSet<String>,
    /// `'longer: 'shorter`.
    pub outlives: Vec<(String, String)>,
    /// Type and constant parameters, by name and as they are declared.
    pub types: Vec<(Ident, TokenStream)>,
    pub predicates: Vec<TokenStream>,
    /// A trait ties a type to a lifetime, as `T: Deserialize<'de>` does.
    pub tied: bool,
}

impl Bounds {
    /// `None` where something depends on a `cfg`.
    pub fn read(&mut self, generics: &Generics) -> Option<()> {
        generics.params.iter().try_for_each(|parameter| self.parameter(parameter))?;
        let clauses = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        clauses.into_iter().try_for_each(|predicate| self.predicate(predicate))
    }

    fn parameter(&mut self, parameter: &GenericParam) -> Option<()> {
        match parameter {
            GenericParam::Lifetime(parameter) => {
                self.lifetime(&parameter.lifetime, parameter.bounds.iter());
                parameter.attrs.is_empty().then_some(())
            }
            GenericParam::Type(parameter) => {
                let (name, bounds) = (&parameter.ident, &parameter.bounds);
                self.type_bounds(bounds.iter());
                self.types.push((name.clone(), name.to_token_stream()));
                if !bounds.is_empty() {
                    self.predicates.push(quote_spanned!(Span::mixed_site()=> #name: #bounds));
                }
                parameter.attrs.is_empty().then_some(())
            }
            GenericParam::Const(parameter) => {
                let (name, ty) = (&parameter.ident, &parameter.ty);
                self.types.push((name.clone(), quote_spanned!(Span::mixed_site()=> const #name: #ty)));
                parameter.attrs.is_empty().then_some(())
            }
        }
    }

    fn predicate(&mut self, predicate: &WherePredicate) -> Option<()> {
        match predicate {
            WherePredicate::Lifetime(predicate) => {
                self.lifetime(&predicate.lifetime, predicate.bounds.iter());
                Some(())
            }
            WherePredicate::Type(bound) => {
                let own = own_lifetimes(bound.lifetimes.as_ref(), |free| free.visit_type(&bound.bounded_ty));
                self.tie(own);
                self.type_bounds(bound.bounds.iter());
                self.predicates.push(predicate.to_token_stream());
                Some(())
            }
            _ => None,
        }
    }

    fn lifetime<'a>(&mut self, longer: &Lifetime, bounds: impl Iterator<Item = &'a Lifetime>) {
        for shorter in bounds {
            let (longer_name, shorter_name) = (renamed(longer), renamed(shorter));
            self.bound.extend(
                [longer_name.clone(), shorter_name.clone()].into_iter().filter(|name| name != "'static"),
            );
            self.predicates.push(quote_spanned!(Span::mixed_site()=> #longer: #shorter));
            if longer_name != shorter_name {
                self.outlives.push((longer_name, shorter_name));
            }
        }
    }

    fn type_bounds<'a>(&mut self, bounds: impl Iterator<Item = &'a TypeParamBound>) {
        for bound in bounds {
            match bound {
                TypeParamBound::Lifetime(lifetime) if lifetime.ident == "static" => {}
                TypeParamBound::Lifetime(lifetime) => self.bound.extend([renamed(lifetime)]),
                TypeParamBound::Trait(bound) => {
                    let own = own_lifetimes(bound.lifetimes.as_ref(), |free| free.visit_path(&bound.path));
                    self.tie(own);
                }
                other => self.tie(named(&other.to_token_stream())),
            }
        }
    }

    fn tie(&mut self, lifetimes: BTreeSet<String>) {
        self.tied |= !lifetimes.is_empty();
        self.bound.extend(lifetimes);
    }

    /// The type parameters, if the pointer's type has all of them outside of types that depend on them.
    pub fn constrained(&self, pointer: &TokenStream) -> Option<Vec<TokenStream>> {
        let pointer = syn::parse2::<Type>(pointer.clone()).ok()?;
        let mut mentioned = Mentioned::default();
        mentioned.visit_type(&pointer);
        let all = self.types.iter().all(|(name, _)| mentioned.0.contains(&name.to_string()));
        all.then(|| self.types.iter().map(|(_, parameter)| parameter.clone()).collect())
    }

    /// Whether the pointer's type has a reference of this lifetime to something with a type parameter in it.
    pub fn is_borrowed_for(&self, pointer: &TokenStream, lifetime: &str) -> bool {
        let mut search = ReferencesTo { bounds: self, lifetime, found: false };
        if let Ok(pointer) = syn::parse2::<Type>(pointer.clone()) {
            search.visit_type(&pointer);
        }
        search.found
    }
}

/// Names that stand for themselves: of `T::Error`, `T` is none.
#[derive(Default)]
struct Mentioned(BTreeSet<String>);

impl Visit<'_> for Mentioned {
    fn visit_path(&mut self, path: &Path) {
        if let Some(name) = path.get_ident() {
            self.0.insert(name.to_string());
        }
        visit::visit_path(self, path);
    }
}

struct ReferencesTo<'a> {
    bounds: &'a Bounds,
    lifetime: &'a str,
    found: bool,
}

impl Visit<'_> for ReferencesTo<'_> {
    fn visit_type_reference(&mut self, reference: &syn::TypeReference) {
        let mut mentioned = Mentioned::default();
        mentioned.visit_type(&reference.elem);
        let is_its = reference.lifetime.as_ref().is_some_and(|lifetime| renamed(lifetime) == self.lifetime);
        self.found |=
            is_its && self.bounds.types.iter().any(|(name, _)| mentioned.0.contains(&name.to_string()));
        visit::visit_type_reference(self, reference);
    }
}

/// The named lifetimes that are not those of a `for<'x>`.
fn own_lifetimes(binder: Option<&BoundLifetimes>, read: impl FnOnce(&mut Free)) -> BTreeSet<String> {
    let mut free = Free::default();
    if let Some(binder) = binder {
        free.visit_bound_lifetimes(binder);
    }
    read(&mut free);
    free.named.difference(&free.bound).cloned().collect()
}

#[derive(Default)]
struct Free {
    named: BTreeSet<String>,
    bound: BTreeSet<String>,
}

impl Visit<'_> for Free {
    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        if lifetime.ident != "static" && lifetime.ident != "_" {
            self.named.insert(renamed(lifetime));
        }
    }
    fn visit_bound_lifetimes(&mut self, binder: &BoundLifetimes) {
        self.bound.extend(binder.lifetimes.iter().filter_map(|parameter| match parameter {
            GenericParam::Lifetime(parameter) => Some(renamed(&parameter.lifetime)),
            _ => None,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::Bounds;
    use quote::quote;
    use syn::{Signature, parse_quote};

    fn read(sig: &Signature) -> Bounds {
        let mut bounds = Bounds::default();
        bounds.read(&sig.generics).expect("no attributes");
        bounds
    }

    #[test]
    fn a_lifetime_in_a_bound_is_chosen_before_the_function() {
        let bounds = read(&parse_quote!(fn f<'a, 'b: 'a, T: 'b>(_: &'a T)));
        assert_eq!(bounds.bound.len(), 2);
        assert_eq!(bounds.outlives, [("'__monkey_b".to_owned(), "'__monkey_a".to_owned())]);
        assert!(!bounds.tied);
    }

    #[test]
    fn a_trait_ties_a_type_to_its_lifetimes_but_not_to_those_of_a_binder() {
        assert!(read(&parse_quote!(fn f<'de, T: Deserialize<'de>>(_: &'de str) -> T)).tied);
        assert!(read(&parse_quote!(fn f<'a, T>(_: &'a T) where &'a T: IntoIterator)).tied);
        let bounds =
            read(&parse_quote!(fn f<T: for<'de> Deserialize<'de>, F: for<'x> Fn(&'x T)>(_: T, _: F)));
        assert!(!bounds.tied && bounds.bound.is_empty());
    }

    #[test]
    fn a_parameter_stands_for_itself_or_the_pointer_does_not_say_it() {
        let bounds = read(&parse_quote!(fn f<T: Iterator>(_: T) -> T::Item));
        assert!(bounds.constrained(&quote!(fn(T) -> T::Item)).is_some());
        assert!(bounds.constrained(&quote!(fn() -> T::Item)).is_none());
        assert!(bounds.is_borrowed_for(&quote!(fn(&'a Vec<T>)), "'__monkey_a"));
        assert!(!bounds.is_borrowed_for(&quote!(fn(&'a str, T)), "'__monkey_a"));
    }
}
