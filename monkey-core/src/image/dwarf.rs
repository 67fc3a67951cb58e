//! The program's debug information, read a unit at a time and only for the functions asked about.
mod abbrev;
mod form;
pub(super) mod inlined;
mod line;
mod ranges;
mod unit;

use super::bytes::find_address;
use super::elf::Debug;
use form::Value;
use gimli::{EndianSlice, LittleEndian, SectionId};
use once_cell::race::OnceBox;
use ranges::Run;

use unit::{Entry, Unit};

/// What tells two functions of one path apart: where each is written, and its name with generic arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub file: String,
    pub line: u64,
    /// `parse<u32>`.
    pub name: String,
}

/// The debug information of one file.
#[derive(Debug, Default)]
pub(super) struct Info {
    pub debug: Debug,
    ranges: OnceBox<Vec<Run>>,
}

impl Info {
    /// The sections as gimli reads them.
    pub fn sections(&self) -> gimli::Dwarf<EndianSlice<'static, LittleEndian>> {
        let section = |id| match id {
            SectionId::DebugInfo => self.debug.info,
            SectionId::DebugAbbrev => self.debug.abbrev,
            SectionId::DebugStr => self.debug.text,
            SectionId::DebugLine => self.debug.line,
            SectionId::DebugLineStr => self.debug.line_text,
            SectionId::DebugStrOffsets => self.debug.text_offsets,
            SectionId::DebugAddr => self.debug.addresses,
            _ => &[],
        };
        let load = |id| Ok::<_, gimli::Error>(EndianSlice::new(section(id), LittleEndian));
        gimli::Dwarf::load(load).unwrap_or_default()
    }

    /// Where the unit begins that has the code at `address`.
    pub fn unit_of(&self, address: u64) -> Option<usize> {
        let runs = self.ranges.get_or_init(|| Box::new(ranges::runs(self.debug.aranges)));
        if runs.is_empty() {
            return ranges::units_that_mention(&self.debug, address).into_iter().find(|start| {
                Unit::open(self.debug, *start).is_some_and(|unit| function(&unit, address).is_some())
            });
        }
        ranges::unit_of(runs, address)
    }

    fn unit(&self, address: u64) -> Option<Unit> {
        Unit::open(self.debug, self.unit_of(address)?)
    }

    /// Where the function at `address` is written; `None` where the debug information does not tell.
    pub fn identity(&self, address: u64) -> Option<Identity> {
        let unit = self.unit(address)?;
        identity(&unit, function(&unit, address)?)
    }

    /// Whether the functions at `addresses` are the one that is written there; `None` for those of which the debug
    /// information does not tell.
    pub fn are(&self, own: &Identity, addresses: &[u64]) -> Vec<Option<bool>> {
        let mut wanted: Vec<(usize, u64, usize)> = Vec::new();
        for (number, address) in addresses.iter().enumerate() {
            wanted.extend(self.unit_of(*address).map(|unit| (unit, *address, number)));
        }
        wanted.sort_unstable();
        let mut found = vec![None; addresses.len()];
        let mut open: Option<Unit> = None;
        let mut from = 0;
        for (start, address, number) in wanted {
            if open.as_ref().is_none_or(|unit| unit.header.start != start) {
                open = Unit::open(self.debug, start);
                from = 0;
            }
            if let Some(unit) = &open {
                found[number] =
                    function_from(unit, address, &mut from).and_then(|entry| is(unit, entry, own));
            }
        }
        found
    }

    /// The file and line of the function that begins at `address`. The line table's first line may be that of a call
    /// inlined there, so it is the second choice.
    pub fn place(&self, address: u64) -> Option<(String, u64)> {
        let unit = self.unit(address)?;
        let entry = function(&unit, address).and_then(|entry| identity(&unit, entry));
        entry.map(|own| (own.file, own.line)).or_else(|| line::first(&unit, address))
    }

    /// Whether the unit around `address` was compiled with optimisation. Without it every parameter has one place on
    /// the stack; with it places change or vanish. `None` when nothing tells.
    pub fn optimised(&self, address: u64) -> Option<bool> {
        let (mut fixed, mut moving, mut concrete) = (0, 0, false);
        self.unit(address)?.walk(unit::PARAMETER, |_, tag, _, entry| {
            match tag {
                unit::SUBPROGRAM => concrete = entry.low.is_some(),
                unit::PARAMETER if concrete => match entry.location {
                    // `DW_OP_fbreg`: a place in the frame.
                    Some(Value::Expression(0x91)) => fixed += 1,
                    _ => moving += 1,
                },
                _ => {}
            }
            fixed + moving < 32
        });
        (fixed + moving > 0).then_some(moving > fixed)
    }

    /// What the compiler says about itself in the unit around `address`.
    pub fn producer(&self, address: u64) -> Option<String> {
        self.unit(address)?.root.producer.map(|text| String::from_utf8_lossy(text).into_owned())
    }

    /// Whether the entries of the unit around `address` are here, or in another file, or were not made.
    pub fn has_entries(&self, address: u64) -> Option<bool> {
        let unit = self.unit(address)?;
        let mut any = false;
        unit.walk(unit::SUBPROGRAM, |_, _, _, entry| {
            any |= entry.line != 0;
            !any
        });
        Some(any && !unit.root.split)
    }
}

/// The entry of the function that begins at `address`.
fn function(unit: &Unit, address: u64) -> Option<Entry> {
    function_from(unit, address, &mut 0)
}

/// The same, searched from a place in the unit on, and then before it. Functions of one path mostly stand in the order of
/// their addresses.
fn function_from(unit: &Unit, address: u64, from: &mut usize) -> Option<Entry> {
    quick(unit, address, from).or_else(|| {
        let mut found = None;
        if unit.abbrevs.functions_begin_with_address() {
            // Where there are line tables only, no function has an entry.
            return None;
        }
        unit.walk(unit::SUBPROGRAM, |_, tag, _, entry| {
            if tag == unit::SUBPROGRAM && entry.low == Some(address) {
                found = Some(*entry);
            }
            found.is_none()
        });
        found
    })
}

/// rustc writes a function's address as its first attribute: so search the address, which is fast, and see whether such
/// an entry ends there. The walk, which always works, costs a millisecond where units are large.
fn quick(unit: &Unit, address: u64, from: &mut usize) -> Option<Entry> {
    let info = &unit.debug.info[unit.header.start..unit.header.end];
    let split = (*from).min(info.len());
    let (before, behind) = (&info[..info.len().min(split + size_of::<u64>())], &info[split..]);
    let places =
        find_address(behind, address).map(|place| split + place).chain(find_address(before, address));
    for place in places {
        let behind_code = unit.header.start + place;
        let starts = [1, 2, 3].into_iter().filter_map(|size| behind_code.checked_sub(size));
        let entry = starts.filter(|at| unit.is_function(*at, behind_code)).find_map(|at| unit.entry(at));
        if let Some(entry) = entry.filter(|entry| entry.low == Some(address)) {
            *from = place;
            return Some(entry);
        }
    }
    None
}

/// The entry that has a function's name.
struct Named {
    /// The unit that it is in, if that is another one.
    unit: Option<Unit>,
    entry: Entry,
    name: &'static [u8],
}

/// Follows an entry to the one that has the name.
fn named(unit: &Unit, mut entry: Entry) -> Option<Named> {
    let mut other: Option<Unit> = None;
    for _ in 0..4 {
        let own = other.as_ref().unwrap_or(unit);
        if let Some(name) = entry.name.and_then(|name| own.text(name)) {
            return Some(Named { unit: other, entry, name });
        }
        let origin = entry.origin?;
        if !own.holds(origin) {
            other = Some(Unit::open(unit.debug, ranges::unit_around(&unit.debug, origin)?)?);
        }
        entry = other.as_ref().unwrap_or(unit).entry(origin)?;
    }
    None
}

fn identity(unit: &Unit, entry: Entry) -> Option<Identity> {
    let named = named(unit, entry)?;
    let file = line::file(named.unit.as_ref().unwrap_or(unit), named.entry.file)?;
    Some(Identity { file, line: named.entry.line, name: String::from_utf8_lossy(named.name).into_owned() })
}

/// Whether an entry is that of the function. Its file takes a reading of the line table's header, so it comes last.
fn is(unit: &Unit, entry: Entry, own: &Identity) -> Option<bool> {
    let named = named(unit, entry)?;
    if named.entry.line != own.line || named.name != own.name.as_bytes() {
        return Some(false);
    }
    Some(line::file(named.unit.as_ref().unwrap_or(unit), named.entry.file)? == own.file)
}

/// One spelling of a path for the standard library's sources, which are named differently by the compiler's own build
/// and by a toolchain that has them installed.
fn normal(path: String) -> String {
    let standard = path.starts_with("/rustc/") || path.contains("/lib/rustlib/src/rust/");
    match path.find("/library/").filter(|_| standard) {
        Some(at) => path[at + 1..].to_owned(),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::elf::Elf;

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
        let file = std::fs::read("/proc/self/exe").unwrap().leak();
        let whole = Elf::parse(file).unwrap().info.debug;
        let Some(first) = super::super::bytes::number(whole.aranges, 16, 8) else {
            // A release build has none, unless its profile asks for it.
            assert!(whole.info.is_empty());
            return;
        };
        let mut seed = 7;
        for _ in 0..100 {
            let debug = Debug {
                info: spoiled(whole.info, &mut seed),
                abbrev: spoiled(whole.abbrev, &mut seed),
                aranges: spoiled(whole.aranges, &mut seed),
                line: spoiled(whole.line, &mut seed),
                ..whole
            };
            let info = Info { debug, ..Info::default() };
            let own = first;
            let _ = (info.identity(own), info.place(own));
            let written = Identity { file: String::new(), line: 1, name: String::new() };
            let _ = info.are(&written, &[own, own + 16, own]);
            let _ = (info.optimised(own), info.has_entries(own), info.producer(own));
            let wanted = inlined::Wanted {
                ident: b"unwrap".to_vec(),
                loose: "core::option::Option::unwrap".into(),
                identity: None,
            };
            let _ = inlined::calls(&Debug { text: spoiled(whole.text, &mut seed), ..debug }, &wanted);
        }
    }
}
