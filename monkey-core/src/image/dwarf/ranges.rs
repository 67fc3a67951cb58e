//! Which unit has an address: `.debug_aranges`, of which only what an answer needs is kept.
use super::unit::Header;
use crate::image::bytes::{Cursor, find_address};
use crate::image::elf::Debug;

/// Code of one unit without a gap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    begin: u64,
    end: u64,
    unit: usize,
}

/// Functions begin at multiples of this; the padding between two is no gap.
const PADDING: u64 = 16;

/// Reads all sets once. A unit's functions mostly stand together, so what is kept is a small part of the section.
pub(super) fn runs(data: &[u8]) -> Vec<Run> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some((set, next)) = header(data, at) {
        let words: &[[u8; 8]] = data.get(set.first..set.end).unwrap_or_default().as_chunks().0;
        let mut next_word = 0;
        let mut run = Run { begin: 0, end: 0, unit: set.unit };
        while next_word + 1 < words.len() {
            let begin = u64::from_le_bytes(words[next_word]) & ADDRESS;
            let end = begin + (u64::from_le_bytes(words[next_word + 1]) & ADDRESS);
            if begin >= run.end && begin - run.end < PADDING && run.end != 0 {
                run.end = end;
            } else if begin != 0 {
                if run.end != 0 {
                    all.push(run);
                }
                run.begin = begin;
                run.end = end;
            }
            next_word += 2;
        }
        if run.end != 0 {
            all.push(run);
        }
        at = next;
    }
    all.sort_unstable_by_key(|run| run.begin);
    all
}

/// Programs have no addresses above; what claims them is cut, so that sums do not overflow.
const ADDRESS: u64 = 0xffff_ffff_ffff;

/// The unit that says it has `address`.
pub(super) fn unit_of(runs: &[Run], address: u64) -> Option<usize> {
    let (mut low, mut high) = (0, runs.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if runs[middle].begin <= address {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let run = runs.get(low.checked_sub(1)?)?;
    (address < run.end).then_some(run.unit)
}

/// Where a unit's ranges stand.
struct Set {
    unit: usize,
    first: usize,
    end: usize,
}

/// The set whose header is at `at`, and where the next one is.
fn header(data: &[u8], at: usize) -> Option<(Set, usize)> {
    let mut cursor = Cursor { data, at };
    let (mut length, mut width) = (cursor.number(4)?, 4);
    if length == 0xffff_ffff {
        (length, width) = (cursor.number(8)?, 8);
    }
    let end = cursor.at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= data.len())?;
    let version = cursor.number(2)?;
    let unit = cursor.number(width)? as usize;
    let (address, segment) = (cursor.u8()?, cursor.u8()?);
    let readable = version == 2 && address == 8 && segment == 0;
    let first = if readable { at + (cursor.at - at).next_multiple_of(16) } else { end };
    Some((Set { unit, first, end }, end))
}

/// All units' offsets.
pub(super) fn units(debug: &Debug) -> Vec<usize> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(header) = Header::read(debug.info, at).filter(|header| header.end > at) {
        all.push(at);
        at = header.end;
    }
    all
}

/// The unit around a place in `.debug_info`.
pub(super) fn unit_around(debug: &Debug, place: usize) -> Option<usize> {
    units(debug).into_iter().take_while(|start| *start <= place).last()
}

/// The units in which an address is written: those that may have it, in a file without ranges.
pub(super) fn units_that_mention(debug: &Debug, address: u64) -> Vec<usize> {
    find_address(debug.info, address).filter_map(|place| unit_around(debug, place)).collect()
}
