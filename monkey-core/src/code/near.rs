//! Memory near a target: below the file that it is in, if that is free, or else where the process's map shows a gap.
use super::system::{self, granularity};
use super::{Block, Map};
use crate::error::Cause;
use crate::sorted::sort_by_number;

/// Kept free around mappings: the kernel wants a guard gap below stacks, and the heap grows upwards.
const MARGIN: usize = 16 << 20;
/// The lowest address taken: `vm.mmap_min_addr` and some air.
const LOWEST: usize = 1 << 20;
/// A reach from which on every address is near.
const FAR: usize = 1 << 46;

/// Maps a block of which every byte is within `reach` of `target`: code first (readable and executable), data behind. `file`: where
/// the file begins that the target is in, below which there is mostly room. To read the map takes as long as a whole hook.
pub fn allocate(
    target: usize,
    file: Option<usize>,
    reach: usize,
    code: usize,
    data: usize,
) -> Result<Block, Cause> {
    let size = code + data;
    let mut last = None;
    let below =
        file.and_then(|file| file.checked_sub(MARGIN + size)).map(|start| start & !(granularity() - 1));
    let below = below.filter(|start| *start >= LOWEST && target - *start <= reach);
    let others = std::iter::once_with(|| candidates(target, reach, size)).flatten();
    for start in below.into_iter().chain(others) {
        match system::map_block(start, code, data) {
            Ok(block) => return Ok(block),
            Err(error) => last = Some(error),
        }
    }
    let place = if reach < FAR { format!("within {} MiB of it", reach >> 20) } else { "anywhere".into() };
    let reason = match last {
        Some(error) => {
            format!(
                "{} of {code} bytes to be read and executed and {data} to be written, {place}: {error}",
                system::ALLOCATES
            )
        }
        None => format!("no {size} bytes are free {place}"),
    };
    Err(Cause::NoMemory { reason })
}

/// Free places, nearest first; then others, should something be there that the map does not tell of, as where an
/// emulator's own memory lies between the program's.
fn candidates(target: usize, reach: usize, size: usize) -> Vec<usize> {
    let low = target.saturating_sub(reach).max(LOWEST);
    let high = target.saturating_add(reach).saturating_sub(size);
    let within = |start: &usize| (low..=high).contains(start);
    let mut starts: Vec<_> = match Map::read() {
        Ok(map) if map.is_whole() => map.gaps(size).filter_map(|gap| nearest(gap, target, size)).collect(),
        _ => Vec::new(),
    };
    starts.retain(within);
    sort_by_number(&mut starts, &|start| start.abs_diff(target) as u64);
    starts.truncate(64);
    starts.extend(spread(target, reach).filter(within).take(64));
    starts
}

/// The page-aligned place in a gap that is nearest to the target, off the gap's ends if it is large enough.
fn nearest((start, end): (usize, usize), target: usize, size: usize) -> Option<usize> {
    let page = granularity();
    let margin = if end - start > 4 * MARGIN { MARGIN } else { 0 };
    let (first, last) = (start.max(LOWEST) + margin, (end - margin).checked_sub(size)?);
    let place = target.clamp(first, last.max(first)) / page * page;
    (place >= first && place <= last).then_some(place).or_else(|| (first <= last).then_some(first))
}

/// Without the map: places to ask the kernel about, nearest first.
fn spread(target: usize, reach: usize) -> impl Iterator<Item = usize> {
    let base = target & !0xF_FFFF;
    let step = ((reach >> 5) & !0xF_FFFF).clamp(1 << 20, 1 << 24);
    let steps = (1..=reach / step).map(move |number| number * step);
    steps.flat_map(move |step| [base.saturating_sub(step), base.saturating_add(step)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_place_lies_in_its_gap() {
        let gap = (0x10_0000, 0x80_0000);
        let size = granularity();
        assert_eq!(nearest(gap, 0x40_0123, size), Some(0x40_0000));
        assert_eq!(nearest(gap, 0x9_0000_0000, size), Some(0x80_0000 - size));
        assert_eq!(nearest(gap, 0, size), Some(0x10_0000));
    }

    #[test]
    fn a_block_is_within_reach() {
        let target = a_block_is_within_reach as *const () as usize;
        for file in [None, Some(target), Some(8), Some(target & !0xFFFF)] {
            let block = allocate(target, file, 0x7000_0000, 0x10000, 0x8000).unwrap();
            assert!(block.start.abs_diff(target) < 0x7000_0000);
        }
    }
}
