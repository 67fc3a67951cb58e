//! How paths are written: the two manglings and `std::any::type_name` each have their own way.

/// One spelling for what the two manglings and `type_name` write differently, without generic arguments:
/// `core::option::Option::unwrap` for `core::option::Option<T>::unwrap` and `<core::option::Option<u32>>::unwrap`,
/// `str::parse` for `core::str::<impl str>::parse`, `<A as B>::c` for `m::<impl B for A>::c`.
pub(super) fn loose(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    let mut rest = plain;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let Some(close) = closing(&rest[open..]) else { break };
        let (inside, after) = (&rest[open + 1..open + close], &rest[open + close + 1..]);
        let in_type = out.chars().last().is_some_and(|last| last.is_alphanumeric() || last == '_');
        if let Some(what) = inside.strip_prefix("impl ").filter(|_| !in_type) {
            out.clear();
            match split_outside(what, " for ") {
                Some((of, on)) => out.push_str(&as_trait(on, of)),
                None => out.push_str(&loose(what)),
            }
        } else if !in_type && !out.ends_with("::") {
            match split_outside(inside, " as ") {
                Some((on, of)) => out.push_str(&as_trait(on, of)),
                None => out.push_str(&loose(inside)),
            }
        } else if out.ends_with("::") {
            out.truncate(out.len() - 2);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn as_trait(on: &str, of: &str) -> String {
    format!("<{} as {}>", loose(on), loose(of))
}

/// What the legacy names of a path, spelled by `loose`, begin with: everything before the type, whose parameters are
/// spelled there, and the function. A trait's function on a type that `single` says has no parameters is spelled whole.
pub(super) fn legacy_start(loose: &str, single: bool) -> Vec<u8> {
    let mut start = b"_ZN".to_vec();
    let (path, function) = loose.rsplit_once("::").unwrap_or(("", loose));
    let is_path =
        |path: &str| path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':');
    let on_trait = path.strip_prefix('<').and_then(|path| path.strip_suffix('>')?.split_once(" as "));
    if let Some((on, of)) = on_trait
        && single
        && [on, of].iter().all(|path| is_path(path) && path.contains("::"))
    {
        push(&mut start, &format!("_$LT${on}$u20$as$u20${of}$GT$").replace("::", ".."));
        push(&mut start, function);
    } else if is_path(path) {
        let outside = |component: &&str| !component.starts_with(char::is_uppercase);
        // `str` and `u32` stand for the module that their functions are in.
        for component in path.split("::").take_while(outside).filter(|_| path.contains("::")) {
            push(&mut start, component);
        }
    }
    start
}

fn push(start: &mut Vec<u8>, component: &str) {
    start.extend_from_slice(component.len().to_string().as_bytes());
    start.extend_from_slice(component.as_bytes());
}

/// What the legacy names of a path begin with, up to the hash, if the path is one of plain names: of no implementation, and of
/// nothing generic.
pub(super) fn legacy_key(path: &str) -> Option<Vec<u8>> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    if !path.bytes().all(plain) {
        return None;
    }
    let mut key = b"_ZN".to_vec();
    path.split("::").for_each(|component| push(&mut key, component));
    key.extend_from_slice(b"17h");
    Some(key)
}

/// The path that has this `legacy_key`.
pub(super) fn plain_path(key: &[u8]) -> Option<String> {
    let mut rest = std::str::from_utf8(key).ok()?.strip_prefix("_ZN")?.strip_suffix("17h")?;
    let mut path = String::with_capacity(rest.len());
    while !rest.is_empty() {
        let digits = rest.find(|other: char| !other.is_ascii_digit())?;
        let end = digits.checked_add(rest[..digits].parse().ok()?)?;
        path.push_str(if path.is_empty() { "" } else { "::" });
        path.push_str(rest.get(digits..end)?);
        rest = &rest[end..];
    }
    legacy_key(&path).filter(|own| own == key).map(|_| path)
}

/// Where the angle bracket that `text` begins with is closed.
pub(super) fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if at > 0 && bytes[at - 1] == b'-' => {}
            b'>' if depth == 1 => return Some(at),
            b'>' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Splits at the first place that is in no angle brackets.
pub(super) fn split_outside<'a>(text: &'a str, by: &str) -> Option<(&'a str, &'a str)> {
    let mut from = 0;
    while let Some(at) = text[from..].find(by).map(|at| from + at) {
        let before = text[..at].replace("->", "");
        if before.matches('<').count() == before.matches('>').count() {
            return Some((&text[..at], &text[at + by.len()..]));
        }
        from = at + by.len();
    }
    None
}

/// One spelling for what the two manglings and `type_name` write differently, with all generic arguments that are written:
/// `core::option::Option<u32>::unwrap` for `<core::option::Option<u32>>::unwrap`, `str::trim` for
/// `core::str::<impl str>::trim`, `<A as B>::c` for `m::<impl B for A>::c`, `f<u8>` for `f::<u8>`.
pub(super) fn canonical(plain: &str) -> String {
    let plain = plain.replace("<'_>", "").replace("'_ ", "").replace("'static ", "");
    let mut out = String::with_capacity(plain.len());
    let mut rest = plain.as_str();
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let Some(close) = closing(&rest[open..]) else { break };
        let (inside, after) = (&rest[open + 1..open + close], &rest[open + close + 1..]);
        let in_type = out.chars().last().is_some_and(|last| last.is_alphanumeric() || last == '_');
        let full = |on: &str, of: &str| format!("<{} as {}>", canonical(on), canonical(of));
        if let Some(what) = inside.strip_prefix("impl ").filter(|_| !in_type) {
            out = split_outside(what, " for ").map_or_else(|| canonical(what), |(of, on)| full(on, of));
        } else if out.is_empty() {
            out = split_outside(inside, " as ").map_or_else(|| canonical(inside), |(on, of)| full(on, of));
        } else {
            // A list of arguments.
            out.truncate(out.trim_end_matches("::").len());
            out = format!("{out}<{}>", canonical_arguments(inside));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn canonical_arguments(list: &str) -> String {
    list.replace("::<", "<")
}

/// Whether a crate is part of the standard library, of which a program has exactly one.
pub(super) fn is_standard_crate(name: &str) -> bool {
    ["core", "std", "alloc"].contains(&name)
}

/// Whether every path in a name belongs to the standard library, of which a program has exactly one.
pub(super) fn is_standard(plain: &str) -> bool {
    let roots = plain.split(|byte: char| !(byte.is_alphanumeric() || byte == '_' || byte == ':'));
    let mut paths = roots.filter(|path| path.contains("::") && !path.starts_with("::")).peekable();
    paths.peek().is_some() && paths.all(|path| path.split("::").next().is_some_and(is_standard_crate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_have_one_legacy_key() {
        for (path, key) in [("app::shop::total", "_ZN3app4shop5total17h"), ("a::_1", "_ZN1a2_117h")] {
            assert_eq!(legacy_key(path).as_deref(), Some(key.as_bytes()));
            assert_eq!(plain_path(key.as_bytes()).as_deref(), Some(path));
        }
        for other in ["<a::B as c::D>::e", "a::f<u8>", "a::b::{{closure}}", "alloc::vec::Vec<u8>::push"] {
            assert_eq!(legacy_key(other), None, "{other}");
        }
        for other in [
            "_ZN5alloc3vec16Vec$LT$T$C$A$GT$4push17h",
            "_ZN3lib4half17hde",
            "_ZN9lib17h",
            "_RNvC3lib4half",
            "",
        ] {
            assert_eq!(plain_path(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn the_spellings_agree() {
        for (one, same) in [
            ("core::option::Option<T>::unwrap", "<core::option::Option<u32>>::unwrap"),
            ("core::str::<impl str>::parse", "<str>::parse::<u32>"),
            ("core::fmt::num::<impl core::fmt::Display for u32>::fmt", "<u32 as core::fmt::Display>::fmt"),
            ("<lib::S<T> as core::fmt::Debug>::fmt", "<lib::S<fn() -> u8> as core::fmt::Debug>::fmt"),
            ("lib::generic", "lib::generic::<alloc::vec::Vec<u8>>"),
            ("std::path::Path::exists", "<std::path::Path>::exists"),
        ] {
            assert_eq!(loose(one), loose(same));
        }
        assert_ne!(loose("lib::a::f"), loose("lib::b::f"));
    }

    #[test]
    fn the_spellings_with_arguments_agree() {
        for (one, same) in [
            ("core::option::Option<u32>::unwrap", "<core::option::Option<u32>>::unwrap"),
            ("core::str::<impl str>::trim", "<str>::trim"),
            ("core::str::<impl str>::parse<u32>", "<str>::parse::<u32>"),
            ("core::fmt::num::<impl core::fmt::Display for u32>::fmt", "<u32 as core::fmt::Display>::fmt"),
            (
                "core::ptr::drop_in_place<alloc::vec::Vec<u8>>",
                "core::ptr::drop_in_place::<alloc::vec::Vec<u8>>",
            ),
            (
                "<alloc::string::String as core::convert::From<&'_ str>>::from",
                "<alloc::string::String as core::convert::From<&str>>::from",
            ),
        ] {
            assert_eq!(canonical(one), canonical(same));
        }
        for (one, other) in [
            ("core::option::Option<T>::unwrap", "<core::option::Option<u32>>::unwrap"),
            ("core::str::<impl str>::parse", "<str>::parse::<u32>"),
            (
                "<lib::Cow<str> as core::cmp::PartialEq<str>>::eq",
                "<lib::Cow<str> as core::cmp::PartialEq<u8>>::eq",
            ),
        ] {
            assert_ne!(canonical(one), canonical(other));
        }
    }

    #[test]
    fn legacy_names_are_foretold_as_far_as_they_can_be() {
        let start = |path, single| String::from_utf8(legacy_start(path, single)).unwrap();
        assert_eq!(start("std::fs::read", false), "_ZN3std2fs");
        assert_eq!(start("std::time::SystemTime::now", true), "_ZN3std4time");
        assert_eq!(start("str::parse", false), "_ZN");
        let clone = "<alloc::string::String as core::clone::Clone>::clone";
        assert_eq!(
            start(clone, true),
            "_ZN60_$LT$alloc..string..String$u20$as$u20$core..clone..Clone$GT$5clone"
        );
        assert_eq!(start(clone, false), "_ZN");
    }

    #[test]
    fn the_standard_library_is_told_from_the_rest() {
        assert!(is_standard("std::path::Path::exists"));
        assert!(is_standard("<u32 as core::fmt::Display>::fmt"));
        assert!(!is_standard("lib::half"));
        assert!(!is_standard("<lib::S as core::fmt::Display>::fmt"));
        assert!(!is_standard("main"));
    }
}
