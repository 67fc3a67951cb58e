//! The program's debug information, read a unit at a time and only for the functions asked about.
//!
//! Addresses are those of the file (svma: as it states them), not those of the process.
mod abbreviations;
mod aranges;
pub(super) mod inlined;
mod layout;
mod line;
mod names;
mod optimisation;
mod parameters;
mod references;
mod root;
mod subprogram;
mod unit;

use super::bytes::{find_address, find_value};
use super::elf::Elf;
use crate::sorted::sort_by;
use aranges::UnitRange;
use gimli::{EndianSlice, LittleEndian, Section as _};
use layout::{Key, SearchedUnit};
use once_cell::race::OnceBox;
use references::References;
use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
pub(super) use subprogram::Identity;
use subprogram::{Subprograms, identity, innermost_inlined, is_function};
use unit::{Die, Kept, Sections, Unit};

/// The debug information of one file.
///
/// What is kept is made without a lock: a fork in the middle of it leaves a child that makes its own.
#[derive(Debug, Default)]
pub(super) struct Dwarf {
    pub sections: Sections,
    unit_ranges: OnceBox<Vec<UnitRange>>,
    unit_starts: OnceBox<Vec<usize>>,
    /// The first function that was asked about, and its unit.
    first: OnceBox<(u64, usize)>,
    referring: OnceBox<Vec<Range<usize>>>,
    /// How many functions have been searched in all of it.
    searches: AtomicUsize,
    references: OnceBox<Option<References>>,
    /// What is kept of units that searches opened, by their numbers.
    kept: OnceBox<Vec<OnceBox<Option<Kept>>>>,
}

/// So many functions are searched before the index is made, which costs as much: searching is done by the C library, and the index is
/// made by this crate, optimised or not.
const SEARCHES: usize = if cfg!(debug_assertions) { 48 } else { 4 };

impl Dwarf {
    /// Takes the sections. Nothing is read yet.
    pub fn new(elf: &Elf) -> Self {
        let load = |id: gimli::SectionId| {
            Ok::<_, gimli::Error>(EndianSlice::new(elf.debug_section(id.name()), LittleEndian))
        };
        Self { sections: Sections::load(load).unwrap_or_default(), ..Self::default() }
    }

    /// Where all units begin in `.debug_info`.
    fn unit_starts(&self) -> &[usize] {
        self.unit_starts.get_or_init(|| {
            let headers = self.sections.units().map_while(Result::ok);
            Box::new(headers.filter_map(|header| Some(header.debug_info_offset()?.0)).collect())
        })
    }

    /// Where the unit around a place in `.debug_info` begins.
    fn unit_start_around(&self, place: usize) -> Option<usize> {
        let starts = self.unit_starts();
        starts.get(starts.partition_point(|start| *start <= place).checked_sub(1)?).copied()
    }

    fn unit_around(&self, place: usize) -> Option<Unit<'_>> {
        Unit::open(&self.sections, self.unit_start_around(place)?)
    }

    /// Where the unit begins that has the code at `svma`. All ranges are read for the second function: many processes patch
    /// one.
    pub fn unit_start_of(&self, svma: u64) -> Option<usize> {
        if self.unit_ranges.get().is_none() {
            let found = || aranges::search(&self.sections, svma).map(|unit| (svma, unit)).unwrap_or_default();
            let (first, unit) = *self.first.get_or_init(|| Box::new(found()));
            if first == svma && svma != 0 {
                return Some(unit);
            }
        }
        let ranges = self.unit_ranges.get_or_init(|| Box::new(aranges::unit_ranges(&self.sections)));
        if !ranges.is_empty() {
            return aranges::unit_of(ranges, svma);
        }
        // A file without ranges: the units in which the address is written may have it.
        let places = find_address(self.sections.debug_info.reader().slice(), svma);
        places.filter_map(|place| self.unit_start_around(place)).find(|start| {
            let unit = Unit::open(&self.sections, *start);
            unit.is_some_and(|unit| Subprograms::new(unit).find(svma).is_some())
        })
    }

    /// Where the units begin that have code.
    fn units_with_code(&self) -> Cow<'_, [usize]> {
        let units = aranges::units(&self.sections);
        if units.is_empty() { Cow::Borrowed(self.unit_starts()) } else { Cow::Owned(units) }
    }

    /// The unit that has the code at `svma`.
    fn unit_of(&self, svma: u64) -> Option<Unit<'_>> {
        Unit::open(&self.sections, self.unit_start_of(svma)?)
    }

    /// Whether texts are numbers of places instead of places.
    fn has_string_offsets(&self) -> bool {
        !self.sections.debug_str_offsets.reader().slice().is_empty()
    }

    /// All of `.debug_info`.
    fn everywhere(&self) -> Range<usize> {
        0..self.sections.debug_info.reader().slice().len()
    }

    /// The units whose entries refer to those of other units: link-time optimisation, also that of a crate by itself.
    fn referring(&self) -> &[Range<usize>] {
        self.referring.get_or_init(|| Box::new(root::referring(&self.sections, self.unit_starts())))
    }

    /// The index of functions and references to them, if enough have been searched, and it can be made.
    fn references(&self) -> Option<&References> {
        if self.searches.load(SeqCst) < SEARCHES && self.searches.fetch_add(1, SeqCst) < SEARCHES {
            return None;
        }
        let build = || References::build(&self.sections, self.unit_starts(), !self.referring().is_empty());
        self.references.get_or_init(|| Box::new(build())).as_ref()
    }

    /// The unit around a place in `.debug_info`, of which is kept what takes long to read.
    fn kept_unit_around(&self, place: usize) -> Option<Unit<'_>> {
        let starts = self.unit_starts();
        let number = starts.partition_point(|start| *start <= place).checked_sub(1)?;
        let new = || Box::new(starts.iter().map(|_| OnceBox::new()).collect::<Vec<_>>());
        let kept = self.kept.get_or_init(new).get(number)?;
        let kept = kept.get_or_init(|| Box::new(Kept::read(&self.sections, starts[number])));
        Unit::open_with(&self.sections, starts[number], kept.as_ref())
    }

    /// The entries in a part of `.debug_info` that have this value of four bytes by one of the keys, where `may_be` says so of
    /// what stands behind the value.
    fn dies_with(
        &self,
        part: Range<usize>,
        keys: &[Key],
        value: u32,
        may_be: impl Fn(&[u8]) -> bool,
    ) -> Vec<(Rc<SearchedUnit<'_>>, Die)> {
        let mut found = Vec::new();
        let mut open: Option<Rc<SearchedUnit>> = None;
        let info = self.sections.debug_info.reader().slice();
        let begin = part.start;
        for place in find_value(info.get(part).unwrap_or_default(), value.to_le_bytes()) {
            let place = begin + place;
            if !may_be(&info[place + size_of::<u32>()..]) {
                continue;
            }
            if open.as_ref().is_none_or(|open| !open.unit.range.contains(&place)) {
                open = self.unit_around(place).map(|unit| Rc::new(SearchedUnit::new(unit, keys)));
            }
            if let Some(searched) = &open
                && let Some(die) = searched.die(place)
            {
                found.push((Rc::clone(searched), die));
            }
        }
        found
    }

    /// Where the function at `svma` is written; `None` where the debug information does not tell.
    pub fn identity(&self, svma: u64) -> Option<Identity> {
        let mut functions = Subprograms::new(self.unit_of(svma)?);
        let die = functions.find(svma)?;
        identity(self, &functions.unit, die)
    }

    /// Where the name of that function stands in `.debug_str`.
    pub fn name_place(&self, svma: u64) -> Option<usize> {
        let mut functions = Subprograms::new(self.unit_of(svma)?);
        let die = functions.find(svma)?;
        match subprogram::named(self, &functions.unit, die)?.die.name? {
            gimli::AttributeValue::DebugStrRef(place) => Some(place.0),
            _ => None,
        }
    }

    /// Whether the functions at `svmas` are the one that is written there; `None` for those of which the debug
    /// information does not tell.
    pub fn have_identity(&self, own: &Identity, svmas: &[u64]) -> Vec<Option<bool>> {
        let mut wanted: Vec<(usize, u64, usize)> = Vec::new();
        for (number, svma) in svmas.iter().enumerate() {
            wanted.extend(self.unit_start_of(*svma).map(|unit| (unit, *svma, number)));
        }
        sort_by(&mut wanted, &Ord::cmp);
        let mut found = vec![None; svmas.len()];
        let mut open: Option<Subprograms> = None;
        for (start, svma, number) in wanted {
            if open.as_ref().is_none_or(|open| open.unit.range.start != start) {
                open = Unit::open(&self.sections, start).map(Subprograms::new);
            }
            if let Some(functions) = &mut open
                && let Some(die) = functions.find(svma)
            {
                found[number] = is_function(self, &functions.unit, die, own);
            }
        }
        found
    }

    /// The file and line of the function that begins at `svma`. The line program's first row may be that of a call
    /// inlined there, so it is the second choice.
    pub fn place(&self, svma: u64) -> Option<(String, u64)> {
        let own = self.identity(svma).map(|own| (own.file, own.line));
        own.or_else(|| line::first(&self.unit_of(svma)?, svma))
    }

    /// The function in which the code at `svma` is written, in that which begins at `begin`: what was inlined there, or
    /// itself.
    pub fn innermost_function(&self, begin: u64, svma: u64) -> Option<String> {
        let mut functions = Subprograms::new(self.unit_of(svma)?);
        let function = functions.find(begin)?;
        let die = innermost_inlined(&functions.unit, &function, svma).unwrap_or(function);
        subprogram::full_name(self, &functions.unit, die)
    }

    /// File and line of the code at `svma`, in the function that begins at `begin`.
    pub fn line_of(&self, begin: u64, svma: u64) -> Option<(String, u64)> {
        line::find(&self.unit_of(svma)?, begin, svma)
    }

    /// The file from which the unit around `svma` was compiled.
    pub fn source_of_unit(&self, svma: u64) -> Option<String> {
        optimisation::source(&self.unit_of(svma)?)
    }

    /// Whether the unit around `svma` was compiled with optimisation. `None` when nothing tells.
    pub fn optimised(&self, svma: u64) -> Option<bool> {
        optimisation::of_unit(&self.unit_of(svma)?)
    }

    /// The same for the crate in which the function at `svma` is written.
    pub fn home_optimised(&self, svma: u64) -> Option<bool> {
        let (file, _) = self.place(svma)?;
        let own = || optimisation::surely(self, &self.unit_at_home(svma, &file)?);
        own().or_else(|| optimisation::of_crate(self, &file))
    }

    /// Whether the crate in which the function at `svma` is written has made this body of it.
    pub fn is_at_home(&self, svma: u64) -> bool {
        self.place(svma).is_some_and(|(file, _)| self.unit_at_home(svma, &file).is_some())
    }

    /// The unit around `svma`, if it is of the crate that has `file`.
    fn unit_at_home(&self, svma: u64, file: &str) -> Option<Unit<'_>> {
        let unit = self.unit_of(svma)?;
        optimisation::is_crate_of(&optimisation::source(&unit)?, file).then_some(unit)
    }

    /// The units of the crate in which the function at `svma` is written, if that crate has made this body of it.
    pub fn units_of_home(&self, svma: u64) -> Option<Vec<Range<usize>>> {
        let (file, _) = self.place(svma)?;
        let own = self.unit_at_home(svma, &file)?;
        let info = self.sections.debug_info.reader().slice();
        let others = root::beside(&self.sections, own.range.start);
        let others = others.filter_map(|start| Some(start..root::Header::read(info, start)?.end));
        Some(std::iter::once(own.range.clone()).chain(others).collect())
    }

    /// What the compiler was given as the crate that the unit around `svma` is of: the folder it ran in, and the root's path there.
    pub fn unit_root(&self, svma: u64) -> Option<[&'static [u8]; 2]> {
        root::read(&self.sections, self.unit_start_of(svma)?)
    }

    /// What the compiler says about itself in the unit around `svma`.
    pub fn producer(&self, svma: u64) -> Option<String> {
        self.unit_of(svma)?.attribute_text(gimli::DW_AT_producer)
    }

    /// Whether the entries of the unit around `svma` are here, or in another file, or were not made.
    pub fn has_entries(&self, svma: u64) -> Option<bool> {
        let unit = self.unit_of(svma)?;
        let mut any = false;
        unit.walk(&[gimli::DW_TAG_subprogram], |die| {
            any |= die.decl_line != 0;
            !any
        });
        Some(any && !unit.is_split())
    }
}

/// One spelling of a path for the standard library's sources, which are named differently by the compiler's own build
/// and by a toolchain that has them installed.
fn unify_std_path(path: String) -> String {
    let standard = path.starts_with("/rustc/") || path.contains("/lib/rustlib/src/rust/");
    match path.find("/library/").filter(|_| standard) {
        Some(at) => path[at + 1..].to_owned(),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of a section, some of them changed.
    fn spoiled(data: &[u8], seed: &mut u32) -> &'static [u8] {
        let mut bytes = data[..data.len().min(1 << 14)].to_vec();
        for _ in 0..8 {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (*seed >> 8) as usize % bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = *seed as u8;
            }
        }
        bytes.leak()
    }

    #[test]
    fn spoiled_debug_information_is_survived() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap().leak();
        let elf = crate::image::system::parse(file).unwrap();
        let Some(first) = super::super::bytes::number(elf.debug_section(".debug_aranges"), 16, 8) else {
            // A release build has none, unless its profile asks for it.
            assert!(elf.debug_section(".debug_info").is_empty());
            return;
        };
        let mut seed = 7_u32;
        for _ in 0..100 {
            let mut load = |id: gimli::SectionId| {
                let whole = elf.debug_section(id.name());
                let data = if id == gimli::SectionId::DebugStr && seed.is_multiple_of(2) {
                    whole
                } else {
                    spoiled(whole, &mut seed)
                };
                Ok::<_, gimli::Error>(EndianSlice::new(data, LittleEndian))
            };
            let dwarf = Dwarf { sections: Sections::load(&mut load).unwrap(), ..Dwarf::default() };
            let own = first;
            let _ = (dwarf.identity(own), dwarf.place(own));
            let written = Identity { file: String::new(), line: 1, name: String::new() };
            let _ = dwarf.have_identity(&written, &[own, own + 16, own]);
            let _ = (dwarf.optimised(own), dwarf.has_entries(own), dwarf.producer(own));
            let wanted = inlined::Wanted {
                ident: b"unwrap".to_vec(),
                loose: "core::option::Option::unwrap".into(),
                identity: None,
                symbol: None,
                namesakes: true,
            };
            let _ = inlined::calls(&dwarf, &wanted, None);
        }
    }
}
