//! The numbers by which a list finds what an attribute has said of a function: a hash of its name, and one of its name with what
//! stands before it in a path. `expansion::lent` of the engine's crate makes the same ones of `module_path!()`.
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ExprPath, Ident, Type};

/// FNV-1a, of the name without `r#`.
pub fn of_name(function: &Ident) -> u64 {
    fnv(&plain(function))
}

/// Of `Type::function` or `Trait::function`.
pub fn behind(owner: &Ident, function: &Ident) -> u64 {
    fnv(&format!("{}::{}", plain(owner), plain(function)))
}

/// Of a function in the module that the expansion stands in, or `up` modules above: an expression.
pub fn in_module(up: usize, function: &Ident, private: &TokenStream) -> TokenStream {
    let name = plain(function);
    quote_spanned!(Span::mixed_site()=> { #private::hash_in_module(#private::core::module_path!(), #up, #name) })
}

/// Of what the path of a target ends in: an expression. 0 where it is nothing but a name.
pub fn of_target(target: &ExprPath, private: &TokenStream) -> TokenStream {
    let mut from_behind = target.path.segments.iter().rev();
    let Some(function) = from_behind.next() else { return quote!(0u64) };
    let Some(before) = from_behind.next() else {
        let owner = target.qself.as_ref().and_then(|qself| type_name(&qself.ty));
        let hash = owner.map_or(0, |owner| behind(owner, &function.ident));
        return quote!(#hash);
    };
    match before.ident.to_string().as_str() {
        "crate" => in_module(usize::MAX, &function.ident, private),
        "self" => in_module(0, &function.ident, private),
        "super" => {
            let above = target.path.segments.iter().filter(|segment| segment.ident == "super").count();
            in_module(above, &function.ident, private)
        }
        _ => {
            let hash = behind(&before.ident, &function.ident);
            quote!(#hash)
        }
    }
}

/// The last name of a type's path.
pub fn type_name(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        Type::Group(group) => type_name(&group.elem),
        Type::Paren(paren) => type_name(&paren.elem),
        _ => None,
    }
}

fn plain(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_owned()
}

fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::{behind, of_name, of_target};
    use quote::quote;
    use syn::parse_quote;

    fn hashed(target: &syn::ExprPath) -> String {
        of_target(target, &quote!(private)).to_string().replace(' ', "")
    }

    #[test]
    fn a_target_is_known_by_its_last_two_names() {
        let put = behind(&parse_quote!(Put), &parse_quote!(put));
        assert_eq!(hashed(&parse_quote!(<Plain as Put<'_>>::put)), format!("{put}u64"));
        assert_eq!(hashed(&parse_quote!(shop::Put::put::<u8>)), format!("{put}u64"));
        assert_eq!(hashed(&parse_quote!(<Put>::r#put)), format!("{put}u64"));
        assert_eq!(hashed(&parse_quote!(put)), "0u64");
        assert_ne!(put, of_name(&parse_quote!(put)));
    }

    #[test]
    fn a_module_s_name_is_looked_up_where_the_list_stands() {
        assert!(hashed(&parse_quote!(crate::put)).contains("module_path!(),18446744073709551615usize"));
        assert!(hashed(&parse_quote!(self::put)).contains("module_path!(),0usize"));
        assert!(hashed(&parse_quote!(super::super::put)).contains("module_path!(),2usize"));
    }
}
