//! Functions that are written at one place and differ in their generic arguments.
use super::layout::{Key, SearchedUnit};
use super::subprogram::Identity;
use super::unit::{Die, Unit};
use super::{Dwarf, line};
use crate::image::bytes::{find_all, find_value, text};
use gimli::Section as _;

/// More names are not looked at: each takes a search through all of `.debug_info`.
const MOST: usize = 16;

/// The names, such as `open<&str>`, of the instances that have a body, without the function's own.
pub(super) fn others(dwarf: &Dwarf, own: &Identity) -> Vec<String> {
    let Some((ident, _)) = own.name.split_once('<') else { return Vec::new() };
    let texts = dwarf.sections.debug_str.reader().slice();
    let begin = [b"\0", ident.as_bytes(), b"<"].concat();
    let places: Vec<usize> = find_all(texts, &begin).map(|at| at + 1).take(MOST).collect();
    let named = places.into_iter().filter_map(|at| Some((at, std::str::from_utf8(text(texts, at)?).ok()?)));
    let others = named.filter(|(at, name)| *name != own.name && has_body(dwarf, own, *at));
    others.map(|(_, name)| name.to_owned()).collect()
}

/// Whether a function of the name at this place of `.debug_str`, written where `own` is, has code.
fn has_body(dwarf: &Dwarf, own: &Identity, name_at: usize) -> bool {
    let key = Key { tag: gimli::DW_TAG_subprogram, attribute: gimli::DW_AT_name, form: gimli::DW_FORM_strp };
    dwarf.dies_with(&[key], name_at as u32, |_| true).iter().any(|(searched, die)| {
        let unit = &searched.unit;
        die.decl_line == own.line
            && (die.low_pc.is_some() || is_completed(dwarf, unit, die))
            && line::file(unit, die.decl_file).is_some_and(|file| file == own.file)
    })
}

/// Whether a declaration has its body in another entry of its unit.
fn is_completed(dwarf: &Dwarf, unit: &Unit, declaration: &Die) -> bool {
    let Some(unit) = Unit::open(&dwarf.sections, unit.range.start) else { return false };
    let keys = [gimli::DW_AT_specification, gimli::DW_AT_abstract_origin].map(|attribute| Key {
        tag: gimli::DW_TAG_subprogram,
        attribute,
        form: gimli::DW_FORM_ref4,
    });
    let searched = SearchedUnit::new(unit, &keys);
    let start = searched.unit.range.start;
    let reference = (declaration.offset.0 - start) as u32;
    let completes = |die: &Die| die.origin == Some(declaration.offset) && die.low_pc.is_some();
    find_value(searched.unit.bytes(), reference.to_le_bytes())
        .any(|at| searched.die(start + at).is_some_and(|die| completes(&die)))
}
