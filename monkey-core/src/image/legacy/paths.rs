//! What the paths in a name tell: which crates it needs, and whether it can be the name of several functions.
use crate::image::objects;
use crate::image::spelling::is_standard_crate;
use crate::sorted::sort_and_dedup;

/// The crates that a name mentions: that of the function, of the types it is for, of its generic arguments.
pub(super) fn crates<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let paths = names.iter().flat_map(|name| paths(name));
    let mut crates: Vec<&str> = paths.filter_map(|path| path.split("::").next()).collect();
    sort_and_dedup(&mut crates);
    crates
}

/// Every path in a name that begins with a crate.
fn paths(name: &str) -> impl Iterator<Item = &str> {
    let words = name.split(|letter: char| !(letter.is_alphanumeric() || "_:{}#".contains(letter)));
    words.filter(|path| path.contains("::") && !path.starts_with(':'))
}

/// Whether one of the names can stand for several functions or types of one crate: something on the way to it has no name,
/// or is a function or a constant, in whose blocks names may repeat.
///
/// Modules, types and functions of a module have names of their own. The compiler counts what has the same name in the
/// blocks of one function, but the legacy mangling does not write that down.
pub fn is_ambiguous(names: &[&str]) -> bool {
    let own = names.iter().flat_map(|name| paths(name));
    let own = own.filter(|path| !path.split("::").next().is_some_and(is_standard_crate));
    own.into_iter().any(|path| {
        let parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
        let unnamed = parts.iter().any(|part| *part == "_" || part.contains('{'));
        unnamed || around(&parts).any(|outer| is_constant(outer[outer.len() - 1]) || is_function(outer))
    })
}

/// Whether one of the names mentions a crate that is a program: nobody has copies of its functions, but there may be another build of it.
pub fn mention_a_program(names: &[&str]) -> bool {
    crates(names).into_iter().any(|name| is_function(&[name, "main"]))
}

/// Whether one of the names goes through one of these functions, which are sorted, and each of which may have lost its body by inlining.
pub(super) fn lead_through(names: &[&str], functions: &[String]) -> bool {
    names.iter().flat_map(|name| paths(name)).any(|path| {
        let parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
        around(&parts).any(|outer| functions.binary_search(&outer.join("::")).is_ok())
    })
}

/// What a path goes through behind its crate.
fn around<'a, 'b>(parts: &'a [&'b str]) -> impl Iterator<Item = &'a [&'b str]> {
    (2..parts.len()).map(|end| &parts[..end])
}

/// By the convention that the compiler warns about. A type with such a name (`IP`) is taken for one.
fn is_constant(part: &str) -> bool {
    part.len() > 1
        && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether a function with a body has this path.
fn is_function(path: &[&str]) -> bool {
    let mut key = b"_ZN".to_vec();
    for part in path {
        key.extend_from_slice(part.len().to_string().as_bytes());
        key.extend_from_slice(part.as_bytes());
    }
    key.extend_from_slice(b"17h");
    objects::loaded().iter().any(|object| !object.with_prefix(&key).is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_found_wherever_a_name_has_them() {
        let found = |names: &[&'static str]| crates(names).into_iter().collect::<Vec<_>>();
        assert_eq!(found(&["lib::S<T>::get", "get<dup::S, [u8; 4]>"]), ["dup", "lib"]);
        let name = "alloc::str::<impl alloc::borrow::ToOwned for lib::Text>::to_owned";
        assert_eq!(found(&[name, "to_owned"]), ["alloc", "lib"]);
        assert_eq!(found(&["main"]), [""; 0]);
    }

    #[test]
    fn what_has_no_name_of_its_own_is_ambiguous() {
        for name in [
            "lib::_::convert",
            "lib::f::{{closure}}",
            "push<lib::{impl#0}::f::Local, alloc::alloc::Global>",
            "lib::TABLE::convert",
        ] {
            assert!(is_ambiguous(&[name]), "{name}");
        }
        for name in
            ["lib::module::convert", "lib::S<T>::get", "core::iter::{closure#0}::next", "push<lib::S>"]
        {
            assert!(!is_ambiguous(&[name]), "{name}");
        }
    }

    #[test]
    fn a_path_through_an_inlined_function_is_seen() {
        let functions = ["lib::outer".to_owned()];
        assert!(lead_through(&["lib::outer::convert"], &functions));
        assert!(lead_through(&["lib::f", "f<lib::outer::Local>"], &functions));
        assert!(!lead_through(&["lib::outer", "outer<lib::S>"], &functions));
    }
}
