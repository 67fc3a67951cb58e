//! The program's debug information, read a unit at a time and only for the functions asked about.
mod abbrev;
mod form;
pub(super) mod inlined;
mod line;
mod ranges;
mod unit;

use super::bytes::find_all;
use super::elf::Debug;
use form::Value;
use ranges::Run;
use std::collections::BTreeSet;
use std::sync::OnceLock;
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
    ranges: OnceLock<Vec<Run>>,
}

impl Info {
    fn unit_of(&self, address: u64) -> Option<usize> {
        let runs = self.ranges.get_or_init(|| ranges::runs(self.debug.aranges));
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

    /// Where the functions at `addresses` are written; `None` for those that the debug information does not tell.
    pub fn identities(&self, addresses: &[u64]) -> Vec<Option<Identity>> {
        let mut wanted: Vec<(usize, usize)> = Vec::new();
        for (number, address) in addresses.iter().enumerate() {
            wanted.extend(self.unit_of(*address).map(|unit| (unit, number)));
        }
        wanted.sort_unstable();
        let mut found = vec![None; addresses.len()];
        let mut open: Option<Unit> = None;
        for (start, number) in wanted {
            if open.as_ref().is_none_or(|unit| unit.header.start != start) {
                open = Unit::open(self.debug, start);
            }
            if let Some(unit) = &open {
                found[number] = function(unit, addresses[number]).and_then(|entry| identity(unit, entry));
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

    /// All files that the code of the function at `address` comes from, from the line table alone.
    pub fn files(&self, address: u64) -> Option<BTreeSet<String>> {
        line::files(&self.unit(address)?, address)
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
    quick(unit, address).or_else(|| {
        let mut found = None;
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
fn quick(unit: &Unit, address: u64) -> Option<Entry> {
    let (start, end) = (unit.header.start, unit.header.end);
    let info = &unit.debug.info[start..end];
    find_all(info, &address.to_le_bytes()).find_map(|place| {
        let place = start + place;
        let at = [1, 2, 3]
            .into_iter()
            .filter_map(|size| place.checked_sub(size))
            .find(|at| unit.is_function(*at, place))?;
        unit.entry(at).filter(|entry| entry.low == Some(address))
    })
}

/// Follows an entry to the one that has the name.
fn identity(unit: &Unit, mut entry: Entry) -> Option<Identity> {
    let mut other: Option<Unit> = None;
    for _ in 0..4 {
        let own = other.as_ref().unwrap_or(unit);
        if let Some(name) = entry.name.and_then(|name| own.text(name)) {
            let name = String::from_utf8_lossy(name).into_owned();
            return Some(Identity { file: line::file(own, entry.file)?, line: entry.line, name });
        }
        let origin = entry.origin?;
        if !own.holds(origin) {
            other = Some(Unit::open(unit.debug, ranges::unit_around(&unit.debug, origin)?)?);
        }
        entry = other.as_ref().unwrap_or(unit).entry(origin)?;
    }
    None
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
            let _ = (info.identities(&[own]), info.place(own), info.files(own));
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
