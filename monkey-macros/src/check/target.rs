//! Targets that are no functions with calls of their own, as far as their path alone tells. The engine sees the others.
use crate::function::last_segment;
use crate::mistakes::Mistakes;
use crate::names;
use quote::ToTokens as _;
use syn::{ExprPath, Path, Type, TypeParamBound};

pub fn check(target: &ExprPath, mistakes: &mut Mistakes) {
    let segments = &target.path.segments;
    let (Some(of), Some(function)) = (segments.iter().nth_back(1), segments.last()) else { return };
    let of_trait = target.qself.as_ref().filter(|qself| qself.position > 0);
    if of.ident == "Drop" && function.ident == "drop" {
        let dropped = of_trait.map_or("T".to_owned(), |qself| names::text(&qself.ty.to_token_stream()));
        let help = format!(
            "help: write `std::ptr::drop_in_place::<{dropped}> = ..`, whose replacement takes a `*mut {dropped}`"
        );
        mistakes.on(target, format!("`drop` is called by what drops a value and not by its name; {help}"));
    } else if of_trait
        .and_then(|qself| principal(&qself.ty))
        .is_some_and(|principal| of.ident == last_segment(principal))
    {
        let help = format!(
            "help: name the implementation that is called, as in `<Type as {}>::{}`",
            of.ident, function.ident
        );
        mistakes.on(
            target,
            format!("this is the way through a trait object's table, which calls do not take; {help}"),
        );
    }
}

/// The trait of a `dyn Trait`.
fn principal(ty: &Type) -> Option<&Path> {
    match ty {
        Type::TraitObject(object) => object.bounds.iter().find_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Some(&bound.path),
            _ => None,
        }),
        Type::Paren(paren) => principal(&paren.elem),
        Type::Group(group) => principal(&group.elem),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::mistakes::Mistakes;

    fn mistake(path: &str) -> Option<String> {
        let mut mistakes = Mistakes::default();
        check(&syn::parse_str(path).unwrap(), &mut mistakes);
        mistakes.into_result().err().map(|error| error.to_string())
    }

    #[test]
    fn what_has_no_calls_of_its_own_is_told_by_its_path() {
        assert!(
            mistake("<Conn<u8> as Drop>::drop")
                .is_some_and(|text| text.contains("drop_in_place::<Conn<u8>>"))
        );
        assert!(mistake("<Conn as std::ops::Drop>::drop").is_some());
        assert!(mistake("Drop::drop").is_some_and(|text| text.contains("drop_in_place::<T>")));
        assert!(mistake("<dyn Store as Store>::put").is_some());
        assert!(mistake("<(dyn 'static + store::Store + Send) as crate::store::Store>::put").is_some());
    }

    #[test]
    fn others_are_functions_like_any() {
        for path in
            ["drop", "Conn::drop", "<Conn as Pool>::drop", "<dyn Store as Named>::name", "<dyn Store>::own"]
        {
            assert_eq!(mistake(path), None);
        }
    }
}
