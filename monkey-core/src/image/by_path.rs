//! Functions by their path as people write it: private ones, methods, implementations of traits, instances.
use super::bytes::find;
use super::name::{Mangled, Mangling};
use super::objects::{self, Object};
use super::spelling::{canonical, closing, loose, split_outside};
use super::symbols::V0;
use super::{copies, describe, find as function_at};
use crate::sorted::{SortedMap, sort_and_dedup};

const LEGACY: &[u8] = b"_ZN";

/// Names that are close to one that nobody has.
const NEAR: usize = 5;

/// A function that a path may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub address: usize,
    /// Its path, with the generic arguments that are known.
    pub name: String,
    /// These, one after the other.
    arguments: Vec<String>,
}

impl Candidate {
    /// With the file and the line, where these are known.
    #[must_use]
    pub fn describe(&self) -> String {
        let described = describe(self.address);
        match described.rsplit_once(" (") {
            Some((_, place)) if place.ends_with(')') => format!("`{}` ({place}", self.name),
            _ => format!("`{}`", self.name),
        }
    }
}

/// What a path was found to mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    One(Candidate),
    /// Several functions, by their names.
    Many(Vec<Candidate>),
    /// The function is there, but not with these generic arguments.
    OtherInstances(Vec<Candidate>),
    /// Nothing; paths that are close.
    Nothing(Vec<String>),
    /// The program has no names.
    Stripped,
}

/// The functions that a path means.
#[must_use]
pub fn by_path(path: &str) -> Meaning {
    let path = normal(path);
    let found = named(&path);
    let arguments = arguments(&path);
    if found.is_empty() {
        return match foreign(&path) {
            Some(candidate) => Meaning::One(candidate),
            None if is_stripped() => Meaning::Stripped,
            None => Meaning::Nothing(near(&path)),
        };
    }
    let found = functions(found);
    let exact = |candidate: &&Candidate| canonical(&candidate.name) == canonical(&path);
    let same_arguments = |candidate: &&Candidate| candidate.arguments == arguments;
    let mut chosen: Vec<Candidate> = found.iter().filter(exact).cloned().collect();
    if chosen.is_empty() && !arguments.is_empty() {
        chosen = found.iter().filter(same_arguments).cloned().collect();
    }
    if chosen.is_empty() && arguments.is_empty() {
        chosen.clone_from(&found);
    }
    match chosen.as_slice() {
        [] => Meaning::OtherInstances(found),
        [one] => Meaning::One(one.clone()),
        _ => Meaning::Many(chosen),
    }
}

/// Without what is written for the compiler alone.
fn normal(path: &str) -> String {
    let path: String = path.split_whitespace().collect::<Vec<_>>().join(" ");
    path.trim_start_matches("::").replace(" >", ">").replace("< ", "<")
}

/// The generic arguments that a path spells out, one after the other: of a type, of its trait, of the function.
fn arguments(path: &str) -> Vec<String> {
    let on_type = path.starts_with('<').then(|| closing(path)).flatten();
    let Some(close) = on_type else { return listed(path) };
    let (inside, behind) = (&path[1..close], &path[close + 1..]);
    let mut all = match split_outside(inside, " as ") {
        Some((on, of)) => [listed(on), listed(of)].concat(),
        None => listed(inside),
    };
    all.extend(listed(behind));
    all
}

/// What stands in the angle brackets of a path, where these are of one path each.
fn listed(path: &str) -> Vec<String> {
    let (mut all, mut rest) = (Vec::new(), path);
    while let Some(open) = rest.find('<') {
        let Some(close) = closing(&rest[open..]) else { break };
        let mut inside = &rest[open + 1..open + close];
        while let Some((argument, others)) = split_outside(inside, ",") {
            all.push(canonical(argument.trim()));
            inside = others;
        }
        all.push(canonical(inside.trim()));
        rest = &rest[open + close + 1..];
    }
    all.retain(|argument| !argument.is_empty());
    all
}

fn ident(path: &str) -> String {
    loose(path).rsplit("::").next().unwrap_or_default().to_owned()
}

/// Every symbol of a path, whatever its generic arguments.
fn named(path: &str) -> Vec<(&'static Object, u64, Mangled)> {
    let (wanted, ident) = (loose(path), ident(path));
    let mut found = Vec::new();
    each(ident.as_bytes(), |object, begin, name| {
        if loose(name.body_name()) == wanted {
            found.push((object, begin, name));
        }
    });
    found
}

/// Every Rust function of an identifier.
fn each(ident: &[u8], mut each: impl FnMut(&'static Object, u64, Mangled)) {
    if ident.is_empty() {
        return;
    }
    for object in objects::loaded() {
        for key in [LEGACY, V0] {
            for (entry, name) in object.with_prefix(key) {
                let named = find(name, ident).and_then(|_| Mangled::parse(name));
                if let Some(name) = named.filter(|name| !name.shim && name.ident == ident) {
                    each(object, object.begin(&entry), name);
                }
            }
        }
    }
}

/// What the symbols mean: copies are one function.
fn functions(found: Vec<(&'static Object, u64, Mangled)>) -> Vec<Candidate> {
    let mut by_address = SortedMap::new();
    for (object, begin, name) in found {
        let address = object.outside(begin);
        by_address.get_or_insert_with(address, || name_at(object, begin, &name));
    }
    let mut all: Vec<Candidate> = Vec::new();
    let mut known = Vec::new();
    for (address, name) in by_address {
        if !known.contains(&address) {
            known.extend(copies(address).addresses);
            let (name, arguments) = name;
            all.push(Candidate { address, name, arguments });
        }
    }
    all
}

/// A function's path and its generic arguments, as far as they are known: the debug information has them where a legacy symbol does
/// not. That has those of a type with the function's own, so they stand behind it here.
fn name_at(object: &Object, begin: u64, name: &Mangled) -> (String, Vec<String>) {
    let whole = name.body_name();
    let own = || Some(object.dwarf()?.identity(begin)?.name);
    let own = if name.mangling == Mangling::Legacy { own() } else { None };
    let ident = std::str::from_utf8(&name.ident).unwrap_or_default();
    match (own, whole.strip_suffix(ident)) {
        (Some(own), Some(path)) if own.contains('<') => {
            (format!("{path}{}", own.replacen('<', "::<", 1)), listed(&own))
        }
        _ => (whole.to_owned(), arguments(whole)),
    }
}

/// A function of C, or one that is exported under a name of its own.
fn foreign(path: &str) -> Option<Candidate> {
    if path.contains("::") || path.is_empty() {
        return None;
    }
    for object in objects::loaded() {
        let Some(elf) = object.elf() else { continue };
        for entry in object.symbols().entries() {
            let name = elf.name(entry.name).split(|byte| *byte == b'@').next().unwrap_or_default();
            if name == path.as_bytes() && entry.size != 0 {
                return Some(Candidate {
                    address: object.outside(object.begin(&entry)),
                    name: path.to_owned(),
                    arguments: Vec::new(),
                });
            }
        }
    }
    None
}

/// Whether the program has no names of its own functions.
fn is_stripped() -> bool {
    let own = is_stripped as fn() -> bool as usize;
    function_at(own).is_none_or(|function| !function.named || !function.name.contains("is_stripped"))
}

/// Paths that are close to one that nobody has: the same function elsewhere, or another one there.
fn near(path: &str) -> Vec<String> {
    let wanted = loose(path);
    let mut near: Vec<(usize, String)> = Vec::new();
    each(ident(path).as_bytes(), |_, _, name| {
        let own = loose(name.body_name());
        near.push((distance(&own, &wanted), own));
    });
    if near.is_empty() {
        misspelled(&wanted, &mut near);
    }
    sort_and_dedup(&mut near);
    near.into_iter().take(NEAR).map(|(_, name)| name).collect()
}

/// Paths that differ in a few letters.
fn misspelled(wanted: &str, found: &mut Vec<(usize, String)>) {
    let most = wanted.len() / 6 + 1;
    let root = wanted.trim_start_matches('<').split("::").next().unwrap_or_default();
    for object in objects::loaded() {
        for (_, name) in [LEGACY, V0].into_iter().flat_map(|key| object.with_prefix(key)) {
            if find(name, root.as_bytes()).is_none() {
                continue;
            }
            let Some(name) = Mangled::parse(name).filter(|name| !name.plain().contains("{{closure}}")) else {
                continue;
            };
            let own = loose(name.body_name());
            if own.len().abs_diff(wanted.len()) <= most {
                let distance = distance(&own, wanted);
                if distance <= most {
                    found.push((distance, own));
                }
            }
        }
    }
}

/// How many letters have to be added, left out or changed: Levenshtein's distance, by Wagner and Fischer's table.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (at, same) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *same);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_wherever_they_stand() {
        assert_eq!(arguments("shop::parse::<u32, &str>"), ["u32", "&str"]);
        assert_eq!(arguments("shop::parse<u32, &str>"), ["u32", "&str"]);
        assert_eq!(
            arguments("<shop::Pair<u8, fn(u8) -> Vec<u8>>>::sum::<()>"),
            ["u8", "fn(u8) -> Vec<u8>", "()"]
        );
        assert_eq!(arguments("shop::Pair::<u8>::sum"), ["u8"]);
        assert_eq!(arguments("<shop::Disk<u16> as shop::Store<u8>>::put::<u32>"), ["u16", "u8", "u32"]);
        assert_eq!(arguments("shop::rate"), [""; 0]);
    }

    #[test]
    fn letters_are_counted() {
        assert_eq!(
            [distance("rate", "rate"), distance("rate", "rates"), distance("rtae", "rate")],
            [0, 1, 2]
        );
        assert_eq!(distance("", "abc"), 3);
    }
}
