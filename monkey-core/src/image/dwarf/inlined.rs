//! Where a function was inlined: the inlined subroutines whose abstract origin is that function.
//!
//! Nothing is walked where it can be searched. The function's name has a place in `.debug_str`; where that is written in
//! `.debug_info` stands an entry of the function; and where an inlined subroutine refers to that entry, the function was
//! inlined.
use super::layout::{Key, SearchedUnit};
use super::line::Files;
use super::references::{Named, References};
use super::subprogram::{Identity, is_function};
use super::unit::{Die, Unit};
use super::{Dwarf, names};
use crate::image::bytes::{find_value, text};
use crate::image::name::Mangled;
use crate::sorted::{SortedMap, insert, sort_and_dedup, sort_by_number};
use gimli::{DebugInfoOffset, DwAt, DwTag, Section as _};
use std::ops::Range;

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
    /// Its symbol, where only that one or another copy's proves that an entry is the function's.
    pub symbol: Option<Mangled>,
    /// Whether entries count that have nothing but the identifier, as with line tables only.
    pub namesakes: bool,
}

/// All inlined calls of `wanted` in one file, in which its name stands at `name_at` of `.debug_str`, if that is known.
pub(in crate::image) fn calls(dwarf: &Dwarf, wanted: &Wanted, name_at: Option<usize>) -> Vec<InlinedCall> {
    let can_be_indexed = is_plain(&wanted.ident) && !dwarf.has_string_offsets();
    let index = if can_be_indexed { dwarf.references() } else { None };
    search(dwarf, wanted, name_at, index, vec![dwarf.everywhere()])
}

/// The same in some units alone.
pub(in crate::image) fn calls_in(
    dwarf: &Dwarf,
    wanted: &Wanted,
    name_at: Option<usize>,
    units: Vec<Range<usize>>,
) -> Vec<InlinedCall> {
    search(dwarf, wanted, name_at, None, units)
}

fn search(
    dwarf: &Dwarf,
    wanted: &Wanted,
    name_at: Option<usize>,
    index: Option<&References>,
    parts: Vec<Range<usize>>,
) -> Vec<InlinedCall> {
    let (functions, seen) = (SortedMap::new(), Vec::new());
    let mut search = Search { dwarf, wanted, parts, functions, seen, calls: Vec::new() };
    match index {
        Some(index) => search.find_named(index, name_at),
        None => search.find_functions(name_at),
    }
    while let Some((start, functions)) = search.functions.pop_first() {
        match index {
            Some(index) => functions.into_iter().for_each(|of| search.find_referring(index, of)),
            None => search.find_references(start, functions),
        }
    }
    sort_and_dedup(&mut search.calls);
    search.calls
}

/// Whether an identifier is spelled in a symbol as in debug information. That of a closure is not.
fn is_plain(ident: &[u8]) -> bool {
    !ident.is_empty() && ident.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Entries of the function, by the begin of their unit; and whether it is surely the function.
type Functions = SortedMap<usize, Vec<(Die, bool)>>;

struct Search<'a> {
    dwarf: &'a Dwarf,
    wanted: &'a Wanted,
    /// Where in `.debug_info` the function is looked for.
    parts: Vec<Range<usize>>,
    /// Those to which nobody's references have been searched yet.
    functions: Functions,
    seen: Vec<usize>,
    calls: Vec<InlinedCall>,
}

/// Whether the line in which a function is declared stands close behind its name, as compilers write it: behind the file.
fn may_declare_at(behind: &[u8], line: u64) -> bool {
    let bytes = line.to_le_bytes();
    let size = if line < 0x100 { 1 } else { 2 };
    behind[..behind.len().min(6)].windows(size).any(|window| *window == bytes[..size])
}

/// The attributes by which entries refer to a function's.
const REFERENCES: [(DwTag, DwAt); 3] = [
    // A declaration is completed by an abstract instance, to which the inlined calls refer.
    (gimli::DW_TAG_subprogram, gimli::DW_AT_specification),
    (gimli::DW_TAG_subprogram, gimli::DW_AT_abstract_origin),
    (gimli::DW_TAG_inlined_subroutine, gimli::DW_AT_abstract_origin),
];

/// The name of a function stands so far behind the begin of its entry.
const ENTRY: usize = 64;

/// More names than this are not searched one by one: each takes a reading of all of `.debug_info`.
const FEW: usize = 8;

impl Search<'_> {
    fn find_functions(&mut self, name_at: Option<usize>) {
        let wanted = self.wanted;
        let mut searched: Vec<(DwAt, usize)> = Vec::new();
        if let Some(identity) = &wanted.identity {
            let own_name = name_at.or_else(|| names::exact(self.dwarf, identity.name.as_bytes()));
            searched.extend(own_name.map(|place| (gimli::DW_AT_name, place)));
        } else {
            let linkage_names = names::linkage_names(self.dwarf, wanted);
            searched.extend(linkage_names.into_iter().map(|place| (gimli::DW_AT_linkage_name, place)));
        }
        if wanted.namesakes && wanted.identity.is_none() {
            let names = names::plain_names(self.dwarf, &wanted.ident);
            searched.extend(names.into_iter().map(|place| (gimli::DW_AT_name, place)));
        }
        sort_by_number(&mut searched, &|(_, place)| *place as u64);
        searched.dedup();
        if searched.len() > FEW || !searched.is_empty() && self.dwarf.has_string_offsets() {
            return self.walk_all();
        }
        for (attribute, place) in searched {
            self.find_by_text(attribute, place);
        }
    }

    /// The same by the index.
    fn find_named(&mut self, index: &References, name_at: Option<usize>) {
        let own_name = self.wanted.identity.as_ref().map(|own| own.name.as_bytes());
        let texts = self.dwarf.sections.debug_str.reader().slice();
        for found in index.named(&self.wanted.ident) {
            let is_other = match (own_name, name_at) {
                (Some(_), Some(name_at)) => found.name != name_at,
                (Some(own), None) => text(texts, found.name) != Some(own),
                (None, _) => false,
            };
            if is_other || !self.may_declare(found) {
                continue;
            }
            if let Some(unit) = self.dwarf.kept_unit_around(found.entry)
                && let Some(die) = unit.die(DebugInfoOffset(found.entry))
            {
                self.note_if_wanted(&unit, die);
            }
        }
    }

    /// Whether an entry may be of the line that is searched, as far as its bytes tell: many functions are called `new`.
    fn may_declare(&self, found: Named) -> bool {
        let Some(own) = self.wanted.identity.as_ref().filter(|_| !self.wanted.namesakes) else { return true };
        let info = self.dwarf.sections.debug_info.reader().slice();
        let entry = &info[found.entry..info.len().min(found.entry + ENTRY)];
        let mut names = find_value(entry, (found.name as u32).to_le_bytes());
        names.any(|at| may_declare_at(&entry[at + size_of::<u32>()..], own.line))
    }

    /// What refers to a function, by the index.
    fn find_referring(&mut self, index: &References, (function, certain): (Die, bool)) {
        let mut open: Option<Unit> = None;
        for place in index.referring(function.offset.0) {
            if open.as_ref().is_none_or(|open| !open.range.contains(&place)) {
                open = self.dwarf.kept_unit_around(place);
            }
            let Some(unit) = &open else { continue };
            if let Some(die) =
                unit.die(DebugInfoOffset(place)).filter(|die| die.origin == Some(function.offset))
            {
                self.note_reference(unit, Files::read(unit).as_ref(), die, certain);
            }
        }
    }

    /// The subprograms that have the text at this place of `.debug_str` as an attribute.
    fn find_by_text(&mut self, attribute: DwAt, place: usize) {
        let key = Key { tag: gimli::DW_TAG_subprogram, attribute, form: gimli::DW_FORM_strp };
        // Many functions are called `new`: what stands behind the name tells most of them without a look at the unit.
        let line = self.wanted.identity.as_ref().filter(|_| !self.wanted.namesakes).map(|own| own.line);
        for part in self.parts.clone() {
            let may_be = |behind: &[u8]| line.is_none_or(|line| may_declare_at(behind, line));
            for (unit, die) in self.dwarf.dies_with(part, &[key], place as u32, may_be) {
                self.note_if_wanted(&unit.unit, die);
            }
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
                self.note_if_wanted(&unit, die);
            }
        }
    }

    fn note_if_wanted(&mut self, unit: &Unit, die: Die) {
        if let Some(certain) = self.is_wanted(unit, &die) {
            self.note_function(unit, die, certain);
        }
    }

    fn note_function(&mut self, unit: &Unit, die: Die, certain: bool) {
        if insert(&mut self.seen, die.offset.0) {
            self.functions.get_or_insert_with(unit.range.start, Vec::new).push((die, certain));
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
            let alike = match &wanted.identity {
                Some(own) => name == own.name.as_bytes(),
                None => rest.is_empty() || rest[0] == b'<',
            };
            return (wanted.namesakes && alike).then_some(false);
        }
        // A `#[no_mangle]` function's name and place tell which one it is; others have both names.
        (wanted.identity.is_some() && rest.is_empty() && is_instance()).then_some(true)
    }

    /// What refers to functions of one unit.
    fn find_references(&mut self, start: usize, functions: Vec<(Die, bool)>) {
        let form = gimli::DW_FORM_ref4;
        let keys = REFERENCES.map(|(tag, attribute)| Key { tag, attribute, form });
        let Some(unit) = Unit::open(&self.dwarf.sections, start) else { return };
        let searched = SearchedUnit::new(unit, &keys);
        let files = Files::read(&searched.unit);
        for (function, certain) in functions {
            let value = (function.offset.0 - start) as u32;
            for at in find_value(searched.unit.bytes(), value.to_le_bytes()) {
                let die = searched.die(start + at).filter(|die| die.origin == Some(function.offset));
                if let Some(die) = die {
                    self.note_reference(&searched.unit, files.as_ref(), die, certain);
                }
            }
            // Within a crate each unit has an entry of its own for what is inlined in it.
            if self.parts.contains(&self.dwarf.everywhere()) {
                self.find_outside_references(function, certain);
            }
        }
    }

    fn find_outside_references(&mut self, function: Die, certain: bool) {
        let form = gimli::DW_FORM_ref_addr;
        let keys = REFERENCES.map(|(tag, attribute)| Key { tag, attribute, form });
        for part in self.dwarf.referring() {
            for (searched, die) in
                self.dwarf.dies_with(part.clone(), &keys, function.offset.0 as u32, |_| true)
            {
                if die.origin == Some(function.offset) {
                    self.note_reference(&searched.unit, Files::read(&searched.unit).as_ref(), die, certain);
                }
            }
        }
    }

    fn note_reference(&mut self, unit: &Unit, files: Option<&Files>, die: Die, certain: bool) {
        if die.tag == gimli::DW_TAG_subprogram {
            self.note_function(unit, die, certain);
        } else {
            self.note_call(unit, files, &die, certain);
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

#[cfg(all(test, system = "linux"))]
mod tests {
    use super::*;
    use crate::image::{inlined::wanted, objects};

    /// By the index and by searching, of functions of this program and of the standard library.
    #[test]
    fn the_index_finds_what_a_search_finds() {
        let object = objects::around(the_index_finds_what_a_search_finds as fn() as usize).unwrap();
        let dwarf = object.dwarf().unwrap();
        let Some(index) =
            References::build(&dwarf.sections, dwarf.unit_starts(), !dwarf.referring().is_empty())
        else {
            // A release build may be without debug information.
            return assert!(dwarf.unit_starts().is_empty());
        };
        let (mut tried, mut found) = (0, 0);
        for entry in object.symbols().entries().step_by(object.symbols().sorted().len() / 12 + 1) {
            let address = object.outside(object.begin(&entry));
            let own = object.mangled_at(address).into_iter().next();
            let Some(own) = own.filter(|own| is_plain(&own.ident) && own.ident != b"drop_in_place") else {
                continue;
            };
            let Some(known) = wanted(object, address, Some(&own)) else { continue };
            let unknown = Wanted { identity: None, ..wanted(object, address, Some(&own)).unwrap() };
            for wanted in [known, unknown] {
                let calls = search(dwarf, &wanted, None, Some(&index), vec![dwarf.everywhere()]);
                // What only looks like an entry leads nowhere; and a search may miss one whose place of a name is far behind its begin.
                let mut searched = search(dwarf, &wanted, None, None, vec![dwarf.everywhere()]);
                searched.retain(|call| {
                    call.file != "?" && object.elf().unwrap().code_around(call.svma).is_some()
                });
                searched.retain(|call| !calls.contains(call));
                assert_eq!(searched, [], "{}", own.plain());
                found += calls.len();
                tried += 1;
            }
        }
        assert!(dwarf.unit_starts().is_empty() || tried > 8 && found > 8, "{tried} {found}");
    }
}
