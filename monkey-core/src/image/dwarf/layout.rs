//! Entries found by the bytes of one of their attributes, without a walk over the unit.
//!
//! A value that is searched (an address, a place in `.debug_str`, a reference) has few places in a unit. At each of them an
//! entry may end there whose abbreviation puts the attribute so far behind its begin: whether it does is seen from the
//! bytes before it.
use super::unit::{Die, Unit};
use gimli::{DebugInfoOffset, DwAt, DwForm, DwTag};

/// What entries are searched by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub tag: DwTag,
    pub attribute: DwAt,
    pub form: DwForm,
}

/// A unit, and how its entries hold what is searched.
#[derive(Debug)]
pub(super) struct SearchedUnit<'a> {
    pub unit: Unit<'a>,
    layouts: Vec<Layouts>,
}

impl<'a> SearchedUnit<'a> {
    pub fn new(unit: Unit<'a>, keys: &[Key]) -> Self {
        let layouts = keys.iter().map(|key| Layouts::new(&unit, *key)).collect();
        Self { unit, layouts }
    }

    /// The entry that has one of the attributes with its value at `place` in `.debug_info`.
    pub fn die(&self, place: usize) -> Option<Die> {
        self.layouts.iter().find_map(|layouts| layouts.die(&self.unit, place))
    }
}

/// How entries of one tag hold one attribute, in one form.
#[derive(Debug)]
pub(super) struct Layouts {
    attribute: DwAt,
    all: Vec<Layout>,
    /// Whether entries of the tag have the attribute in another form too, so that not all are found.
    pub incomplete: bool,
}

#[derive(Debug)]
struct Layout {
    code: u64,
    /// Bytes from the entry's begin to the value: at least and at most.
    nearest: usize,
    farthest: usize,
}

/// Bytes by which attributes of no fixed size (`DW_FORM_exprloc`, `DW_FORM_udata`) may be longer than at least.
const SLACK: usize = 3;

impl Layouts {
    pub fn new(unit: &Unit, key: Key) -> Self {
        let Key { tag, attribute, form } = key;
        let mut layouts = Self { attribute, all: Vec::new(), incomplete: false };
        // Compilers number abbreviations from 1.
        for code in 1.. {
            let Some(abbreviation) = unit.parsed.abbreviations.get(code) else { break };
            if abbreviation.tag() == tag {
                layouts.add(unit, code, abbreviation.attributes(), form);
            }
        }
        layouts
    }

    fn add(&mut self, unit: &Unit, code: u64, attributes: &[gimli::AttributeSpecification], form: DwForm) {
        let (mut nearest, mut slack) = (if code < 0x80 { 1 } else { 2 }, 0);
        for spec in attributes {
            if spec.name() == self.attribute {
                if spec.form() == form && code < 1 << 14 {
                    self.all.push(Layout { code, nearest, farthest: nearest + slack });
                } else {
                    self.incomplete = true;
                }
                return;
            }
            let size = spec.size(&unit.parsed.header);
            nearest += size.unwrap_or(1);
            slack += if size.is_none() { SLACK } else { 0 };
        }
    }

    /// The entry whose attribute has its value at `place` in `.debug_info`.
    pub fn die(&self, unit: &Unit, place: usize) -> Option<Die> {
        for layout in &self.all {
            for distance in layout.nearest..=layout.farthest {
                if place >= unit.range.start + distance && self.begins(unit, layout, place - distance, place)
                {
                    return unit.die(DebugInfoOffset(place - distance));
                }
            }
        }
        None
    }

    /// Whether an entry of this layout at `start` has its value at `place`.
    fn begins(&self, unit: &Unit, layout: &Layout, start: usize, place: usize) -> bool {
        let bytes = unit.bytes();
        let at = start - unit.range.start;
        let low = layout.code as u8 & 0x7f | if layout.code < 0x80 { 0 } else { 0x80 };
        if at >= bytes.len() || bytes[at] != low {
            return false;
        }
        let read = || {
            let mut entries = unit.entries_from(DebugInfoOffset(start))?;
            let abbreviation =
                entries.read_abbreviation().ok()?.filter(|found| found.code() == layout.code)?;
            for spec in abbreviation.attributes() {
                if spec.name() == self.attribute {
                    return Some(unit.range.start + entries.next_offset().0);
                }
                entries.skip_attributes(&[*spec]).ok()?;
            }
            None
        };
        read() == Some(place)
    }
}
