//! The entry of a function, and what it says about the function.
use super::layout::{Key, Layouts};
use super::unit::{Die, Unit};
use super::{Dwarf, line};
use crate::image::bytes::find_address;
use crate::image::name::demangled;

/// What tells two functions of one path apart: where each is written, and its name with generic arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::image) struct Identity {
    pub file: String,
    pub line: u64,
    /// `parse<u32>`.
    pub name: String,
}

/// The functions of one unit, by address.
pub(super) struct Subprograms<'a> {
    pub unit: Unit<'a>,
    layouts: Layouts,
    /// Where in the unit the last one was found: functions of one path mostly stand in the order of their addresses.
    last: usize,
}

impl<'a> Subprograms<'a> {
    pub fn new(unit: Unit<'a>) -> Self {
        let key =
            Key { tag: gimli::DW_TAG_subprogram, attribute: gimli::DW_AT_low_pc, form: gimli::DW_FORM_addr };
        let layouts = Layouts::new(&unit, key);
        Self { unit, layouts, last: 0 }
    }

    /// The entry of the function that begins at `svma`.
    ///
    /// Its address is searched, which is fast, and whether an entry has it as its attribute. The walk, which always works,
    /// costs a millisecond where units are large.
    pub fn find(&mut self, svma: u64) -> Option<Die> {
        self.search(svma).or_else(|| if self.layouts.incomplete { self.walk(svma) } else { None })
    }

    fn search(&mut self, svma: u64) -> Option<Die> {
        let bytes = self.unit.bytes();
        let split = self.last.min(bytes.len());
        let (before, behind) = (&bytes[..bytes.len().min(split + size_of::<u64>())], &bytes[split..]);
        let places = find_address(behind, svma).map(|at| split + at).chain(find_address(before, svma));
        for at in places {
            let die = self.layouts.die(&self.unit, self.unit.range.start + at);
            if let Some(die) = die.filter(|die| die.low_pc == Some(svma)) {
                self.last = at;
                return Some(die);
            }
        }
        None
    }

    fn walk(&self, svma: u64) -> Option<Die> {
        let mut found = None;
        self.unit.walk(&[gimli::DW_TAG_subprogram], |die| {
            if die.low_pc == Some(svma) {
                found = Some(*die);
            }
            found.is_none()
        });
        found
    }
}

/// The entry that has a function's name.
pub(super) struct Named<'a> {
    /// The unit that it is in, if that is another one.
    unit: Option<Unit<'a>>,
    pub die: Die,
    pub name: &'static [u8],
}

/// Follows an entry to the one that has the name.
pub(super) fn named<'a>(dwarf: &'a Dwarf, unit: &Unit, mut die: Die) -> Option<Named<'a>> {
    let mut other: Option<Unit> = None;
    for _ in 0..4 {
        let own = other.as_ref().unwrap_or(unit);
        if let Some(name) = die.name.and_then(|name| own.text(name)) {
            return Some(Named { unit: other, die, name });
        }
        let origin = die.origin?;
        if !own.holds(origin) {
            other = Some(dwarf.unit_around(origin.0)?);
        }
        die = other.as_ref().unwrap_or(unit).die(origin)?;
    }
    None
}

/// A function's name with its path, where the debug information has its symbol.
pub(super) fn full_name(dwarf: &Dwarf, unit: &Unit, die: Die) -> Option<String> {
    let named = named(dwarf, unit, die)?;
    let unit = named.unit.as_ref().unwrap_or(unit);
    let symbol = named.die.linkage_name.and_then(|symbol| unit.text(symbol));
    let path = symbol.and_then(demangled);
    Some(path.unwrap_or_else(|| String::from_utf8_lossy(symbol.unwrap_or(named.name)).into_owned()))
}

pub(super) fn identity(dwarf: &Dwarf, unit: &Unit, die: Die) -> Option<Identity> {
    let named = named(dwarf, unit, die)?;
    let file = line::file(named.unit.as_ref().unwrap_or(unit), named.die.decl_file)?;
    Some(Identity { file, line: named.die.decl_line, name: String::from_utf8_lossy(named.name).into_owned() })
}

/// Whether an entry is that of the function. Its file takes a reading of the line program's tables, so it comes last.
pub(super) fn is_function(dwarf: &Dwarf, unit: &Unit, die: Die, own: &Identity) -> Option<bool> {
    let named = named(dwarf, unit, die)?;
    if named.die.decl_line != own.line || named.name != own.name.as_bytes() {
        return Some(false);
    }
    Some(line::file(named.unit.as_ref().unwrap_or(unit), named.die.decl_file)? == own.file)
}

/// The innermost call that was inlined into the function and has `svma` in its code.
pub(super) fn innermost_inlined(unit: &Unit, function: &Die, svma: u64) -> Option<Die> {
    let mut innermost: Option<Die> = None;
    unit.walk_within(function.offset, &[gimli::DW_TAG_inlined_subroutine], |die| {
        let deeper = innermost.is_none_or(|found| found.depth < die.depth);
        if deeper && unit.code(die).iter().any(|code| code.contains(&svma)) {
            innermost = Some(*die);
        }
    });
    innermost
}
