//! Where functions begin and end by the unwind tables, which stay when a program is stripped.
use super::bytes::number;
use super::elf::{Elf, Section};
use gimli::{BaseAddresses, EhFrame, EhFrameHdr, LittleEndian, UnwindSection};

/// The index of functions, in the one form that linkers write: sorted, eight bytes an entry, both of them distances from its own
/// begin. gimli reads every form, and takes fifty times as long without optimisation.
struct Table {
    svma: u64,
    entries: &'static [[u8; 8]],
}

/// Version 1; `.eh_frame` as a distance of four bytes, the count in four, entries as distances of four from the section.
const HEADER: [u8; 4] = [1, 0x1B, 0x03, 0x3B];

impl Table {
    fn parse(elf: &Elf) -> Option<Self> {
        Self::new(elf.eh_frame_hdr)
    }

    fn new(eh_frame_hdr: Section) -> Option<Self> {
        let Section { data, svma, .. } = eh_frame_hdr;
        let count = number(data, 8, 4)? as usize;
        let entries: &[[u8; 8]] = data.get(12..)?.as_chunks().0;
        (data[..4] == HEADER).then_some(Self { svma, entries: entries.get(..count)? })
    }

    fn distance(&self, bytes: &[u8]) -> u64 {
        let distance = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        self.svma.wrapping_add_signed(i64::from(distance))
    }

    fn begin(&self, number: usize) -> u64 {
        self.distance(&self.entries[number])
    }

    /// How many begin at or before `svma`.
    fn count_to(&self, svma: u64) -> usize {
        let (mut low, mut high) = (0, self.entries.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.begin(middle) <= svma {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Begin and size of the last function that begins at or before `svma`, if its entry in `.eh_frame` is written in the form
    /// that compilers write: the begin as a distance of four bytes, then the size.
    fn last_to(&self, elf: &Elf, svma: u64) -> Option<(u64, u64)> {
        let last = self.count_to(svma).checked_sub(1)?;
        let (begin, frame) = (self.begin(last), self.distance(&self.entries[last][4..]));
        let at = frame.checked_sub(elf.eh_frame.svma)? as usize;
        let bytes = elf.eh_frame.data.get(at..at.checked_add(16)?)?;
        // Length, the distance to what it has in common with others, begin, size.
        let field = number(bytes, 8, 4)? as u32;
        let same = (frame + 8).wrapping_add_signed(i64::from(field.cast_signed())) == begin;
        (same && number(bytes, 0, 4)? < 0xFFFF_FFF0).then_some((begin, number(bytes, 12, 4)?))
    }
}

/// Where the last function in front of `svma` begins, and the first behind it, if the index is in the form that linkers write.
pub(super) fn begins_around(eh_frame_hdr: Section, svma: u64) -> Option<(u64, u64)> {
    let table = Table::new(eh_frame_hdr)?;
    let (last, next) = (table.count_to(svma.checked_sub(1)?).checked_sub(1)?, table.count_to(svma));
    (next < table.entries.len()).then(|| (table.begin(last), table.begin(next)))
}

/// Begin and size of the function around `svma`.
pub(super) fn function(elf: &Elf, svma: u64) -> Option<(u64, u64)> {
    if !elf.ranges.is_empty() {
        let (begin, end) = *elf.ranges[..elf.ranges.partition_point(|(begin, _)| *begin <= svma)].last()?;
        return (svma < end).then_some((begin, end - begin));
    }
    if let Some((begin, size)) = Table::parse(elf).and_then(|table| table.last_to(elf, svma)) {
        return (svma - begin < size).then_some((begin, size));
    }
    function_by_gimli(elf, svma)
}

fn function_by_gimli(elf: &Elf, svma: u64) -> Option<(u64, u64)> {
    let bases = bases(elf);
    let index = EhFrameHdr::new(elf.eh_frame_hdr.data, LittleEndian).parse(&bases, 8).ok()?;
    let table = index.table()?;
    let frames = EhFrame::new(elf.eh_frame.data, LittleEndian);
    let found = table.fde_for_address(&frames, &bases, svma, EhFrame::cie_from_offset).ok()?;
    Some((found.initial_address(), found.len()))
}

/// Where the last function in front of `svma` ends.
pub(super) fn end_before(elf: &Elf, svma: u64) -> Option<u64> {
    if !elf.ranges.is_empty() {
        return Some(elf.ranges[..elf.ranges.partition_point(|(begin, _)| *begin < svma)].last()?.1);
    }
    if let Some((begin, size)) = Table::parse(elf).and_then(|table| table.last_to(elf, svma.checked_sub(1)?))
    {
        return begin.checked_add(size);
    }
    end_before_by_gimli(elf, svma)
}

fn end_before_by_gimli(elf: &Elf, svma: u64) -> Option<u64> {
    let bases = bases(elf);
    let index = EhFrameHdr::new(elf.eh_frame_hdr.data, LittleEndian).parse(&bases, 8).ok()?;
    let table = index.table()?;
    let frames = EhFrame::new(elf.eh_frame.data, LittleEndian);
    let offset = table.pointer_to_offset(table.lookup(svma.checked_sub(1)?, &bases).ok()?).ok()?;
    let frame = frames.fde_from_offset(&bases, offset, EhFrame::cie_from_offset).ok()?;
    frame.initial_address().checked_add(frame.len())
}

/// Where the next function behind `svma` begins. The table is sorted, eight bytes an entry.
pub(super) fn next(elf: &Elf, svma: u64) -> Option<u64> {
    if !elf.ranges.is_empty() {
        let (begin, _) = elf.ranges.get(elf.ranges.partition_point(|(begin, _)| *begin <= svma))?;
        return Some(*begin);
    }
    if let Some(table) = Table::parse(elf) {
        let next = table.count_to(svma);
        return (next < table.entries.len()).then(|| table.begin(next));
    }
    next_by_gimli(elf, svma)
}

fn next_by_gimli(elf: &Elf, svma: u64) -> Option<u64> {
    let bases = bases(elf);
    let index = EhFrameHdr::new(elf.eh_frame_hdr.data, LittleEndian).parse(&bases, 8).ok()?;
    let table = index.table()?;
    let mut entries = table.iter(&bases);
    let mut next: Option<u64> = None;
    while let Ok(Some((begin, _))) = entries.next() {
        let gimli::Pointer::Direct(begin) = begin else { return None };
        if begin > svma && next.is_none_or(|next| begin < next) {
            next = Some(begin);
        }
    }
    next
}

pub(super) fn bases(elf: &Elf) -> BaseAddresses {
    BaseAddresses::default().set_eh_frame_hdr(elf.eh_frame_hdr.svma).set_eh_frame(elf.eh_frame.svma)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_reading_agree() {
        let elf = Elf::parse(std::fs::read("/proc/self/exe").unwrap().leak()).unwrap();
        let table = Table::parse(&elf).expect("the form that linkers write");
        let step = table.entries.len() / 100 + 1;
        for number in (0..table.entries.len()).step_by(step) {
            for at in [table.begin(number), table.begin(number) + 3] {
                assert_eq!(function(&elf, at), function_by_gimli(&elf, at), "{at:#x}");
                assert_eq!(end_before(&elf, at), end_before_by_gimli(&elf, at), "{at:#x}");
            }
        }
        let middle = table.begin(table.entries.len() / 2);
        assert_eq!(next(&elf, middle), next_by_gimli(&elf, middle));
        assert_eq!((next(&elf, u64::MAX >> 1), function(&elf, 1)), (None, None));
    }
}
