//! Lifetimes of a signature that the function does not declare.
use syn::visit::{self, Visit};
use syn::{Lifetime, LifetimeParam, Signature};

/// The first that is declared around the function: by its `impl` or trait.
pub fn of_the_block(sig: &Signature) -> Option<Lifetime> {
    let mut read = Read::default();
    read.visit_signature(sig);
    let Read { used, declared } = read;
    used.into_iter().find(|lifetime| !declared.contains(lifetime))
}

#[derive(Default)]
struct Read {
    used: Vec<Lifetime>,
    declared: Vec<Lifetime>,
}

impl Visit<'_> for Read {
    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        if lifetime.ident != "static" && lifetime.ident != "_" {
            self.used.push(lifetime.clone());
        }
    }
    fn visit_lifetime_param(&mut self, parameter: &LifetimeParam) {
        self.declared.push(parameter.lifetime.clone());
        visit::visit_lifetime_param(self, parameter);
    }
}

#[cfg(test)]
mod tests {
    use super::of_the_block;
    use syn::parse_quote;

    #[test]
    fn what_the_function_declares_is_its_own() {
        assert!(of_the_block(&parse_quote!(fn f<'a>(&self, _: &'a str, _: &'static u8, _: X<'_>))).is_none());
        assert!(
            of_the_block(&parse_quote!(fn f(&self, _: &dyn for<'x> Fn(&'x u8)) -> for<'y> fn(&'y u8)))
                .is_none()
        );
    }

    #[test]
    fn what_is_declared_elsewhere_is_the_block_s() {
        let found = of_the_block(&parse_quote!(fn f<'a>(&'a self, _: &'b str) -> &'a str)).unwrap();
        assert_eq!(found.to_string(), "'b");
        let found = of_the_block(&parse_quote!(fn f<T>(&self) -> Option<T> where T: Tr<'b>));
        assert!(found.is_some());
    }
}
