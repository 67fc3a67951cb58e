//! A function's names in `.debug_str`.
use super::Dwarf;
use super::inlined::Wanted;
use crate::image::bytes::{find, find_all, text};
use crate::image::name::{Mangled, Mangling};
use crate::image::spelling;
use gimli::Section as _;

/// The places of all symbol names that spell the wanted function.
pub(super) fn linkage_names(dwarf: &Dwarf, wanted: &Wanted) -> Vec<usize> {
    let texts = dwarf.sections.debug_str.reader().slice();
    let mut needle = wanted.ident.len().to_string().into_bytes();
    needle.extend_from_slice(&wanted.ident);
    let mut places: Vec<usize> = Vec::new();
    for hit in find_all(texts, &needle) {
        let before = &texts[hit.saturating_sub(LONGEST)..hit];
        let Some(start) = before.iter().rposition(|byte| *byte == 0).map(|at| hit - before.len() + at + 1)
        else {
            continue;
        };
        if text(texts, start).is_some_and(|symbol| spells(symbol, wanted)) && !places.contains(&start) {
            places.push(start);
        }
    }
    places
}

/// Longer names are not searched.
const LONGEST: usize = 1 << 12;

/// Whether a symbol is the wanted function's, whatever instance or copy of it.
pub(super) fn spells(symbol: &[u8], wanted: &Wanted) -> bool {
    if let Some(own) = &wanted.symbol {
        return own.same_key(symbol) && (own.mangling == Mangling::V0 || own.same_hash(symbol));
    }
    if !has_last_type(symbol, &wanted.loose) {
        return false;
    }
    let parsed = Mangled::parse_if(symbol, &wanted.ident);
    parsed.is_some_and(|own| own.ident == wanted.ident && spelling::loose(own.body_name()) == wanted.loose)
}

/// Whether the symbol has the name before the function's own, type or module: taking a symbol apart is what takes the time.
fn has_last_type(symbol: &[u8], loose: &str) -> bool {
    let parts = loose.rsplit(|other: char| !(other.is_ascii_alphanumeric() || other == '_'));
    let before = parts.filter(|part| !part.is_empty()).nth(1);
    // Primitive types are single letters in the v0 mangling.
    before.is_none_or(|before| {
        before.starts_with(|first: char| first.is_ascii_lowercase())
            || find(symbol, before.as_bytes()).is_some()
    })
}

/// The place of a text.
pub(super) fn exact(dwarf: &Dwarf, name: &[u8]) -> Option<usize> {
    let mut whole = vec![0];
    whole.extend_from_slice(name);
    whole.push(0);
    Some(find(dwarf.sections.debug_str.reader().slice(), &whole)? + 1)
}

/// The places of a function's identifier, with or without arguments: all that there is with line tables only.
pub(super) fn plain_names(dwarf: &Dwarf, ident: &[u8]) -> Vec<usize> {
    let texts = dwarf.sections.debug_str.reader().slice();
    let begins = |at: &usize| *at == 0 || texts[at - 1] == 0;
    let ends = |at: &usize| matches!(texts.get(at + ident.len()), Some(0 | b'<'));
    find_all(texts, ident).filter(|at| begins(at) && ends(at)).collect()
}
