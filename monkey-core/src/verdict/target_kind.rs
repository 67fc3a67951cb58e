//! Targets through which no call goes: a trait object's method, a constructor.

use std::fmt::Write as _;

/// Whether the target is of such a kind, which is then told. `target_type` is what `std::any::type_name` says of it.
pub fn tell(target_type: Option<&str>, text: &mut String) -> bool {
    let Some(path) = target_type else { return false };
    if let Some(name) = trait_of_dyn(path) {
        let _ = write!(
            text,
            "\n  note: the target is `{name}`'s method of a trait object, which only finds the implementation in its \
             table: calls go to the implementations\n  help: replace that of the type in question, `<Type as \
             {name}>::{}`",
            last(path)
        );
        return true;
    }
    if is_constructor(path) {
        text.push_str(
            "\n  note: the target is a constructor: where it is called, the value is made in place, and no function is \
             called\n  help: replace a function that returns the value, or the one that takes it",
        );
        return true;
    }
    false
}

/// `lib::Trait` of `<dyn lib::Trait as lib::Trait>::method`.
fn trait_of_dyn(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("<dyn ")?;
    let (_, of) = inside.rsplit_once(" as ")?;
    Some(of.split([',', '>']).next().unwrap_or(of))
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// Tuple structs and variants are written in upper camel case; functions are so only in bindings, where a module of the
/// binding's name stands before, all in lower case or digits.
fn is_constructor(path: &str) -> bool {
    let name = last(path);
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.contains(|other: char| other.is_ascii_lowercase())
        && !name.contains('_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str) -> String {
        let mut text = String::new();
        assert_eq!(tell(Some(path), &mut text), !text.is_empty());
        text
    }

    #[test]
    fn trait_objects_and_constructors_are_told() {
        let text = told("<dyn shop::Clock as shop::Clock>::now");
        assert!(
            text.contains("`shop::Clock`'s method of a trait object")
                && text.contains("`<Type as shop::Clock>::now`")
        );
        assert!(told("core::option::Option<u32>::Some").contains("constructor"));
        assert!(told("shop::Price").contains("constructor"));
    }

    #[test]
    fn functions_are_not() {
        for path in [
            "shop::price",
            "<shop::S as shop::Clock>::now",
            "alloc::vec::Vec<u8>::push",
            "zstd::ZSTD_updateStats",
        ] {
            assert_eq!(told(path), "", "{path}");
        }
    }
}
