//! One Mach-O file: the same parts as an ELF file has, in the form in which those are read.
//!
//! Source: `mach-o/loader.h`, `mach-o/nlist.h`, `mach-o/fat.h`.
use super::bytes::{number, text};
use super::elf::{Elf, Section};

const SEGMENT: u64 = 0x19;
const SYMBOLS: u64 = 0x2;
const UUID: u64 = 0x1B;
const FUNCTION_STARTS: u64 = 0x26;
/// `S_ATTR_PURE_INSTRUCTIONS | S_ATTR_SOME_INSTRUCTIONS`
const INSTRUCTIONS: u64 = 0x8000_0400;
/// Bytes of a section's header and of an `nlist_64`.
const SECTION: usize = 80;
const SYMBOL: usize = 16;

/// A segment: address in the file and size in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub begin: u64,
    pub size: u64,
    /// Whether the process has memory of its own there.
    pub is_memory: bool,
}

/// The part of a file that is for this machine: all of it, or one of several.
pub(super) fn own_part(data: &'static [u8]) -> Option<&'static [u8]> {
    if is_64_bit(data) {
        return Some(data);
    }
    let big = |at: usize| Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?) as usize);
    if big(0)? != 0xCAFE_BABE {
        return None;
    }
    let own = if cfg!(target_arch = "aarch64") { 0x0100_000C } else { 0x0100_0007 };
    let part = (0..big(4)?).map(|index| 8 + index * 20).find(|at| big(*at) == Some(own))?;
    let (start, size) = (big(part + 8)?, big(part + 12)?);
    data.get(start..start.checked_add(size)?).filter(|part| is_64_bit(part))
}

fn is_64_bit(data: &[u8]) -> bool {
    number(data, 0, 4) == Some(0xFEED_FACF)
}

/// The load commands: kind and bytes.
fn commands(data: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let count = number(data, 16, 4).filter(|_| is_64_bit(data)).unwrap_or(0);
    let mut at = 32;
    (0..count).map_while(move |_| {
        let (kind, size) = (number(data, at, 4)?, number(data, at + 4, 4)? as usize);
        let command = data.get(at..at.checked_add(size.max(8))?)?;
        at += size;
        Some((kind, command))
    })
}

/// The segments of the file, as the loader would see them.
pub(super) fn segments(data: &[u8]) -> Option<Vec<Segment>> {
    let segments = commands(data).filter(|(kind, _)| *kind == SEGMENT).map(|(_, command)| {
        let (begin, size) = (number(command, 24, 8)?, number(command, 32, 8)?);
        let is_memory = number(command, 60, 4)? != 0 && !command[8..].starts_with(b"__LINKEDIT");
        Some(Segment { begin, size, is_memory })
    });
    segments.collect()
}

/// What tells one build from another.
pub(super) fn uuid(data: &[u8]) -> Option<&[u8]> {
    commands(data).find(|(kind, _)| *kind == UUID)?.1.get(8..24)
}

/// Reads the headers. `None` when this is not a 64-bit Mach-O file. `debug`: the file that has its debug information.
pub(super) fn parse(data: &'static [u8], debug: Option<&'static [u8]>) -> Option<Elf> {
    if !is_64_bit(data) {
        return None;
    }
    let mut elf = Elf { code: vec![Section::default()], full: true, ..Elf::default() };
    for section in sections(data) {
        elf.code.push(if section.has_code { section.place } else { Section::default() });
        if matches!(section.name, b"__stubs" | b"__auth_stubs") {
            elf.linkage.push(section.place);
        }
    }
    for section in sections(debug.unwrap_or(data)).filter(|section| section.name.starts_with(b"__debug_")) {
        elf.debug_sections.push((elf_name(section.name), section.place.data));
    }
    elf.ranges = ranges(data, &elf.code).unwrap_or_default();
    (elf.symbols, elf.strings) = symbols(data, &elf).unwrap_or_default();
    Some(elf)
}

struct Described {
    name: &'static [u8],
    place: Section,
    has_code: bool,
}

fn sections(data: &'static [u8]) -> impl Iterator<Item = Described> {
    let segments = commands(data).filter(|(kind, _)| *kind == SEGMENT);
    segments.flat_map(move |(_, command)| {
        let count = number(command, 64, 4).unwrap_or(0) as usize;
        (0..count).map_while(move |index| {
            let header = command.get(72 + index * SECTION..)?.get(..SECTION)?;
            let (svma, size) = (number(header, 32, 8)?, number(header, 40, 8)?);
            let start = number(header, 48, 4)? as usize;
            let bytes = data.get(start..start.checked_add(size as usize)?).unwrap_or_default();
            let name = header[..16].split(|byte| *byte == 0).next()?;
            let has_code = number(header, 64, 4)? & INSTRUCTIONS != 0;
            Some(Described { name, place: Section { data: bytes, svma, size }, has_code })
        })
    })
}

/// `__debug_info` as `.debug_info`; sixteen letters are all that a name may have.
fn elf_name(name: &'static [u8]) -> &'static [u8] {
    match name {
        b"__debug_str_offs" => b".debug_str_offsets",
        _ => [b".", &name[2..]].concat().leak(),
    }
}

/// Begin and end of each function: each ends where the next one begins, or its section does.
fn ranges(data: &'static [u8], code: &[Section]) -> Option<Vec<(u64, u64)>> {
    let (_, command) = commands(data).find(|(kind, _)| *kind == FUNCTION_STARTS)?;
    let (start, size) = (number(command, 8, 4)? as usize, number(command, 12, 4)? as usize);
    let text =
        commands(data).find(|(kind, command)| *kind == SEGMENT && command[8..].starts_with(b"__TEXT\0"))?;
    let mut begin = number(text.1, 24, 8)?;
    let mut begins = Vec::new();
    let (mut distance, mut shift) = (0_u64, 0);
    for byte in data.get(start..start.checked_add(size)?)? {
        distance |= u64::from(byte & 0x7F) << shift;
        shift = (shift + 7).min(63);
        if byte & 0x80 == 0 {
            if distance == 0 {
                break;
            }
            begin = begin.wrapping_add(distance);
            begins.push(begin);
            (distance, shift) = (0, 0);
        }
    }
    let end_of = |begin: u64| {
        let section =
            code.iter().find(|section| begin >= section.svma && begin - section.svma < section.size)?;
        Some(section.svma + section.size)
    };
    let ends = begins.iter().skip(1).copied().map(Some).chain([None]);
    let ranges = begins.iter().zip(ends).filter_map(|(begin, next)| {
        let end = end_of(*begin)?;
        Some((*begin, next.map_or(end, |next| next.min(end))))
    });
    Some(ranges.collect())
}

/// Functions, in the form of `Elf64_Sym`, and their names without the underscore that C names have here.
fn symbols(data: &'static [u8], elf: &Elf) -> Option<(&'static [u8], &'static [u8])> {
    /// `STT_FUNC`, global.
    const FUNCTION: u8 = 0x12;
    let (_, command) = commands(data).find(|(kind, _)| *kind == SYMBOLS)?;
    let field = |at: usize| Some(number(command, at, 4)? as usize);
    let (start, count, strings, strings_size) = (field(8)?, field(12)?, field(16)?, field(20)?);
    let strings = data.get(strings..strings.checked_add(strings_size)?)?;
    let mut table = Vec::new();
    for symbol in data.get(start..)?.chunks_exact(SYMBOL).take(count) {
        let (name, section, address) = (number(symbol, 0, 4)?, symbol[5], number(symbol, 8, 8)?);
        // `N_STAB` are debug entries; `N_SECT` is what a section defines.
        let defined = symbol[4] & 0xE0 == 0 && symbol[4] & 0x0E == 0x0E;
        let in_code = elf.code.get(usize::from(section)).is_some_and(|section| section.size != 0);
        if !defined || !in_code {
            continue;
        }
        let underscore = text(strings, name as usize).is_some_and(|name| name.starts_with(b"_"));
        let size = match elf.ranges.binary_search_by_key(&address, |(begin, _)| *begin) {
            Ok(index) => elf.ranges[index].1 - address,
            Err(_) => 0,
        };
        table.extend_from_slice(&(name as u32 + u32::from(underscore)).to_le_bytes());
        table.extend_from_slice(&[FUNCTION, 0, section, 0]);
        table.extend_from_slice(&address.to_le_bytes());
        table.extend_from_slice(&size.to_le_bytes());
    }
    Some((table.leak(), strings))
}
