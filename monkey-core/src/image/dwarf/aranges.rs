//! Which unit has an address: `.debug_aranges`, of which only what an answer needs is kept.
use super::unit::Sections;
use crate::image::bytes::{find_address, number};
use crate::sorted::sort_by_number;
use gimli::{ArangeHeader, Section as _};

/// Code of one unit without a gap.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnitRange {
    begin: u64,
    end: u64,
    /// The unit's place in `.debug_info`.
    unit: usize,
}

/// Functions begin at multiples of this; the padding between two is no gap.
const PADDING: u64 = 16;
/// Programs have no addresses above; what claims them is cut, so that sums do not overflow.
const ADDRESS: u64 = 0xffff_ffff_ffff;

/// Reads all sets once, sorted by address. A unit's functions mostly stand together, so what is kept is a small part of the
/// section.
pub(super) fn unit_ranges(sections: &Sections) -> Vec<UnitRange> {
    let data = sections.debug_aranges.reader().slice();
    let mut all = Vec::new();
    for set in sections.debug_aranges.headers().map_while(Result::ok) {
        if let Some(tuples) = tuples(data, &set) {
            add(tuples, set.debug_info_offset().0, &mut all);
        }
    }
    sort_by_number(&mut all, &|range| range.begin);
    all
}

/// The pairs of address and length of one set.
fn tuples<'a>(data: &'a [u8], set: &ArangeHeader<super::unit::Slice>) -> Option<&'a [[u8; 8]]> {
    let format = set.encoding().format;
    let begin = set.offset().0;
    let header = usize::from(format.initial_length_size() + 2 + format.word_size() + 1 + 1);
    let end = begin + usize::from(format.initial_length_size()) + set.length();
    let first = begin + header.next_multiple_of(2 * size_of::<u64>());
    (set.encoding().address_size == 8).then(|| data.get(first..end).unwrap_or_default().as_chunks().0)
}

/// gimli's iterator over them takes eight times as long without optimisation.
fn add(words: &[[u8; 8]], unit: usize, all: &mut Vec<UnitRange>) {
    let mut next_word = 0;
    let mut range = UnitRange { begin: 0, end: 0, unit };
    while next_word + 1 < words.len() {
        let begin = u64::from_le_bytes(words[next_word]) & ADDRESS;
        let end = begin + (u64::from_le_bytes(words[next_word + 1]) & ADDRESS);
        if begin >= range.end && begin - range.end < PADDING && range.end != 0 {
            range.end = end;
        } else if begin != 0 {
            if range.end != 0 {
                all.push(range);
            }
            range.begin = begin;
            range.end = end;
        }
        next_word += 2;
    }
    if range.end != 0 {
        all.push(range);
    }
}

/// The unit with a range that begins at `svma`, found without reading the others: compilers that give each function a section
/// of its own write a range for each.
pub(super) fn search(sections: &Sections, svma: u64) -> Option<usize> {
    let data = sections.debug_aranges.reader().slice();
    let (mut set, mut unit) = (0..0, None);
    find_address(data, svma).find_map(|place| {
        while place >= set.end {
            // Length, version, unit; offsets of eight bytes are left to the reading of all.
            let length = number(data, set.end, 4).filter(|length| *length < 0xFFFF_FFF0)? as usize;
            unit = number(data, set.end + 6, 4);
            set = set.end..set.end + 4 + length;
        }
        let is_address = (place - set.start).is_multiple_of(16);
        is_address.then_some(unit? as usize)
    })
}

/// The units that have a set.
pub(super) fn units(sections: &Sections) -> Vec<usize> {
    let data = sections.debug_aranges.reader().slice();
    let (mut set, mut units) = (0, Vec::new());
    while let (Some(length), Some(unit)) = (number(data, set, 4), number(data, set + 6, 4)) {
        if length >= 0xFFFF_FFF0 {
            break;
        }
        units.push(unit as usize);
        set += 4 + length as usize;
    }
    units
}

/// The unit that says it has `svma`.
pub(super) fn unit_of(ranges: &[UnitRange], svma: u64) -> Option<usize> {
    let behind = ranges.partition_point(|range| range.begin <= svma);
    let range = ranges.get(behind.checked_sub(1)?)?;
    (svma < range.end).then_some(range.unit)
}
