//! How rustc spells paths for debuggers of C++: `enum2$<core::option::Option<u32> >::unwrap<u32>`, `shop::impl$3::put`.

/// Where the angle bracket that `text` begins with is closed.
fn closing(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        match text[at] {
            b'<' => depth += 1,
            b'>' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The parts of a path, each with its generic arguments.
fn components(path: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut begin, mut at) = (Vec::new(), 0, 0);
    while at < path.len() {
        if path[at] == b'<' {
            let Some(close) = closing(&path[at..]) else { break };
            at += close;
        } else if path[at..].starts_with(b"::") {
            parts.push(&path[begin..at]);
            begin = at + 2;
            at += 1;
        }
        at += 1;
    }
    parts.push(&path[begin..]);
    parts
}

/// What is in front of the generic arguments, and these.
fn split(component: &[u8]) -> (&[u8], &[u8]) {
    component.split_at(component.iter().position(|byte| *byte == b'<').unwrap_or(component.len()))
}

/// The name of a function without its path, with its generic arguments, as Rust's own debug information has it.
pub(super) fn own_name(path: &[u8]) -> Vec<u8> {
    let all = components(path);
    let (name, arguments) = split(all.last().copied().unwrap_or_default());
    let mut own = numbered(name).unwrap_or_else(|| name.to_vec());
    own.extend_from_slice(arguments);
    own
}

/// `{closure#0}` for `closure$0`, `{impl#3}` for `impl$3`.
fn numbered(name: &[u8]) -> Option<Vec<u8>> {
    let dollar = name.iter().rposition(|byte| *byte == b'$')?;
    let (kind, number) = (&name[..dollar], &name[dollar + 1..]);
    let well = !kind.is_empty() && !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    well.then(|| [b"{", kind, b"#", number, b"}"].concat())
}

/// A symbol for a function that has none, in the legacy mangling: it has the path, and a hash that says which function it is.
pub(super) fn symbol(path: &[u8], hash: u64) -> Vec<u8> {
    let mut symbol = b"_ZN".to_vec();
    add(path, &mut symbol);
    symbol.extend_from_slice(format!("17h{hash:016x}E").as_bytes());
    symbol
}

fn add(path: &[u8], symbol: &mut Vec<u8>) {
    for component in components(path) {
        let (name, arguments) = split(component);
        // An enumeration stands for its type.
        if name == b"enum2$" && arguments.len() > 2 {
            add(arguments[1..arguments.len() - 1].trim_ascii_end(), symbol);
            continue;
        }
        let name = match numbered(name) {
            Some(closure) if closure.starts_with(b"{closure#") => b"_$u7b$$u7b$closure$u7d$$u7d$".to_vec(),
            Some(other) => escaped(&other),
            None => escaped(name),
        };
        symbol.extend_from_slice(name.len().to_string().as_bytes());
        symbol.extend_from_slice(&name);
    }
}

fn escaped(name: &[u8]) -> Vec<u8> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut escaped = Vec::with_capacity(name.len());
    if name.first().is_some_and(|first| !plain(*first)) {
        escaped.push(b'_');
    }
    for byte in name {
        if plain(*byte) {
            escaped.push(*byte);
        } else {
            escaped.extend_from_slice(format!("$u{byte:x}$").as_bytes());
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::name::Mangled;

    #[test]
    fn names_have_no_path() {
        for (path, own) in [
            ("shop::tax::rate", "rate"),
            ("core::str::impl$0::parse<u32>", "parse<u32>"),
            ("enum2$<core::option::Option<u32> >::unwrap<u32>", "unwrap<u32>"),
            ("shop::total::closure$1", "{closure#1}"),
            ("shop::put<tuple$<shop::a::A,ref$<str$> > >", "put<tuple$<shop::a::A,ref$<str$> > >"),
        ] {
            assert_eq!(own_name(path.as_bytes()), own.as_bytes(), "{path}");
        }
    }

    #[test]
    fn a_symbol_has_the_path_as_rust_spells_it() {
        for (path, spelled) in [
            ("shop::tax::rate", "shop::tax::rate"),
            ("enum2$<core::option::Option<u32> >::unwrap<u32>", "core::option::Option::unwrap"),
            ("alloc::vec::Vec<u8,alloc::alloc::Global>::push<u8>", "alloc::vec::Vec::push"),
            ("shop::total::closure$1", "shop::total::{{closure}}"),
            ("shop::impl$3::put", "shop::{impl#3}::put"),
        ] {
            let symbol = symbol(path.as_bytes(), 7);
            let own = Mangled::parse(&symbol).expect(path);
            assert_eq!((own.plain(), own.hash.as_slice()), (spelled, &b"0000000000000007"[..]), "{path}");
        }
    }
}
