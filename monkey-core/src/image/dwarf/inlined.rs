//! Where a function was inlined: the inlined subroutines whose abstract origin is that function.
//!
//! Nothing is walked where it can be searched. The function's name has a place in `.debug_str`; where that is written in
//! `.debug_info` stands an entry of the function; and where an inlined subroutine refers to that entry, the function was
//! inlined.
use super::layout::Layouts;
use super::line::Files;
use super::subprogram::{Identity, is_function};
use super::unit::{Die, Unit};
use super::{Dwarf, names};
use crate::image::bytes::{find, find_all};
use gimli::{DwAt, DwForm, DwTag, Section as _};
use std::collections::BTreeMap;

/// One inlined call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::image) struct InlinedCall {
    /// Where the call is written.
    pub file: String,
    pub line: u64,
    /// Where its code begins.
    pub svma: u64,
    /// Whether more than the identifier was compared.
    pub certain: bool,
}

/// The function that is searched.
#[derive(Debug)]
pub(in crate::image) struct Wanted {
    /// Its own identifier.
    pub ident: Vec<u8>,
    /// Its name, spelled by `spelling::loose`.
    pub loose: String,
    /// Where it is written, if that is known: tells instances and crate versions apart.
    pub identity: Option<Identity>,
    /// Whether entries count that have nothing but the identifier, as with line tables only.
    pub namesakes: bool,
}

/// All inlined calls of `wanted`.
pub(in crate::image) fn calls(dwarf: &Dwarf, wanted: &Wanted) -> Vec<InlinedCall> {
    let mut search = Search { dwarf, wanted, functions: BTreeMap::new(), calls: Vec::new() };
    search.find_functions();
    let functions = std::mem::take(&mut search.functions);
    let outside = refers_outside(dwarf);
    for (start, entries) in &functions {
        search.find_calls_in_unit(*start, entries);
        if outside {
            search.find_calls_in_other_units(entries);
        }
    }
    search.calls.sort();
    search.calls.dedup();
    search.calls
}

/// Whether some code was inlined from another unit: link-time optimisation.
fn refers_outside(dwarf: &Dwarf) -> bool {
    let spec = [gimli::DW_AT_abstract_origin.0 as u8, gimli::DW_FORM_ref_addr.0 as u8];
    find(dwarf.sections.debug_abbrev.reader().slice(), &spec).is_some()
}

/// Entries of the function, by the begin of their unit; and whether it is surely the function.
type Functions = BTreeMap<usize, Vec<(Die, bool)>>;

struct Search<'a> {
    dwarf: &'a Dwarf,
    wanted: &'a Wanted,
    functions: Functions,
    calls: Vec<InlinedCall>,
}

/// More names than this are not searched one by one: each takes a reading of all of `.debug_info`.
const FEW: usize = 8;

impl Search<'_> {
    fn find_functions(&mut self) {
        let wanted = self.wanted;
        let linkage_names = names::linkage_names(self.dwarf, wanted);
        let own_name = wanted.identity.as_ref().and_then(|own| names::exact(self.dwarf, own.name.as_bytes()));
        let other_names =
            if wanted.namesakes { names::plain_names(self.dwarf, &wanted.ident) } else { Vec::new() };
        if linkage_names.is_empty() && own_name.is_none() && other_names.is_empty() {
            return;
        }
        let mut by_name = other_names;
        if let Some(own) = own_name.filter(|_| linkage_names.len() > FEW || linkage_names.is_empty())
            && !by_name.contains(&own)
        {
            by_name.push(own);
        }
        let covered = own_name.is_some() || linkage_names.len() <= FEW;
        if !covered || by_name.len() > FEW || self.dwarf.has_string_offsets() {
            return self.walk_all();
        }
        if linkage_names.len() <= FEW {
            for place in linkage_names {
                self.find_by_text(gimli::DW_AT_linkage_name, place);
            }
        }
        for place in by_name {
            self.find_by_text(gimli::DW_AT_name, place);
        }
    }

    /// The subprograms that have the text at this place of `.debug_str` as an attribute.
    fn find_by_text(&mut self, attribute: DwAt, place: usize) {
        let key = Key { tag: gimli::DW_TAG_subprogram, attribute, form: gimli::DW_FORM_strp };
        for (unit, die) in self.dwarf.dies_with(key, place as u32) {
            self.note_function(&unit.0, die);
        }
    }

    /// For names that are too many, or that are not written in `.debug_info` itself.
    fn walk_all(&mut self) {
        for start in self.dwarf.unit_starts() {
            let Some(unit) = Unit::open(&self.dwarf.sections, *start) else { continue };
            let mut found = Vec::new();
            unit.walk(&[gimli::DW_TAG_subprogram], |die| {
                if die.name.is_some() {
                    found.push(*die);
                }
                true
            });
            for die in found {
                self.note_function(&unit, die);
            }
        }
    }

    fn note_function(&mut self, unit: &Unit, die: Die) {
        let Some(certain) = self.is_wanted(unit, &die) else { return };
        let known = self.functions.entry(unit.range.start).or_default();
        if !known.iter().any(|(own, _)| own.offset == die.offset) {
            known.push((die, certain));
        }
    }

    /// Whether an entry with a name is the function's: surely, or as far as its identifier tells.
    fn is_wanted(&self, unit: &Unit, die: &Die) -> Option<bool> {
        let wanted = self.wanted;
        let is_instance = || {
            let Some(identity) = &wanted.identity else { return true };
            is_function(self.dwarf, unit, *die, identity).unwrap_or(false)
        };
        if let Some(linkage) = die.linkage_name {
            let spelled = names::spells(unit.text(linkage)?, wanted);
            return (spelled && is_instance()).then_some(true);
        }
        let name = unit.text(die.name?)?;
        let rest = name.strip_prefix(wanted.ident.as_slice())?;
        if die.decl_line == 0 {
            let alike = wanted.namesakes && (rest.is_empty() || rest[0] == b'<');
            return alike.then_some(false);
        }
        // A `#[no_mangle]` function's name and place tell which one it is; others have both names.
        (wanted.identity.is_some() && rest.is_empty() && is_instance()).then_some(true)
    }

    fn find_calls_in_unit(&mut self, start: usize, functions: &[(Die, bool)]) {
        let Some(unit) = Unit::open(&self.dwarf.sections, start) else { return };
        let reference = |tag, attribute| References::new(&unit, tag, attribute);
        let completing = [
            reference(gimli::DW_TAG_subprogram, gimli::DW_AT_specification),
            reference(gimli::DW_TAG_subprogram, gimli::DW_AT_abstract_origin),
        ];
        let inlined = reference(gimli::DW_TAG_inlined_subroutine, gimli::DW_AT_abstract_origin);
        let files = Files::of(&unit);
        // A declaration is completed by an abstract instance, to which the inlined calls refer.
        let mut all = functions.to_vec();
        let mut next = 0;
        while let Some((function, certain)) = all.get(next).copied() {
            next += 1;
            for die in completing.iter().flat_map(|references| references.to(&unit, &function)) {
                if !all.iter().any(|(own, _)| own.offset == die.offset) {
                    all.push((die, certain));
                }
            }
            for die in inlined.to(&unit, &function) {
                self.note_call(&unit, files.as_ref(), &die, certain);
            }
        }
    }

    fn find_calls_in_other_units(&mut self, functions: &[(Die, bool)]) {
        let key = Key {
            tag: gimli::DW_TAG_inlined_subroutine,
            attribute: gimli::DW_AT_abstract_origin,
            form: gimli::DW_FORM_ref_addr,
        };
        for (function, certain) in functions {
            for (unit, die) in self.dwarf.dies_with(key, function.offset.0 as u32) {
                self.note_call(&unit.0, Files::of(&unit.0).as_ref(), &die, *certain);
            }
        }
    }

    fn note_call(&mut self, unit: &Unit, files: Option<&Files>, die: &Die, certain: bool) {
        // The linker leaves the entries of functions that it drops, at no address.
        let begin = unit.code(die).into_iter().map(|code| code.start).find(|begin| *begin != 0);
        let Some(svma) = begin else { return };
        let file = files.and_then(|files| files.path(die.call_file)).unwrap_or_else(|| "?".to_owned());
        self.calls.push(InlinedCall { file, line: die.call_line, svma, certain });
    }
}

/// What entries are searched by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub tag: DwTag,
    pub attribute: DwAt,
    pub form: DwForm,
}

/// The entries of one unit that refer to others of it.
struct References(Layouts);

impl References {
    fn new(unit: &Unit, tag: DwTag, attribute: DwAt) -> Self {
        Self(Layouts::new(unit, tag, attribute, gimli::DW_FORM_ref4))
    }

    fn to(&self, unit: &Unit, function: &Die) -> Vec<Die> {
        let reference = (function.offset.0 - unit.range.start) as u32;
        let places = find_all(unit.bytes(), &reference.to_le_bytes()).collect::<Vec<_>>();
        let dies = places.into_iter().filter_map(|at| self.0.die(unit, unit.range.start + at));
        dies.filter(|die| die.origin == Some(function.offset)).collect()
    }
}
