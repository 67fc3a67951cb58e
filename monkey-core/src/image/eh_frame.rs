//! Where functions begin and end by the unwind tables, which stay when a program is stripped.
use super::elf::Elf;
use gimli::{BaseAddresses, EhFrame, EhFrameHdr, LittleEndian, UnwindSection};

/// Begin and size of the function around `svma`.
pub(super) fn function(elf: &Elf, svma: u64) -> Option<(u64, u64)> {
    if !elf.ranges.is_empty() {
        let (begin, end) = *elf.ranges[..elf.ranges.partition_point(|(begin, _)| *begin <= svma)].last()?;
        return (svma < end).then_some((begin, end - begin));
    }
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

fn bases(elf: &Elf) -> BaseAddresses {
    BaseAddresses::default().set_eh_frame_hdr(elf.eh_frame_hdr.svma).set_eh_frame(elf.eh_frame.svma)
}
