//! The process's map by `/proc/self/maps`, or by what the loader knows.
use super::objects::each_loaded_file;
use crate::code::map::{Map, Region};
use crate::memchr::find_byte;
use crate::sorted::sort_by_number;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::ControlFlow;

const MAPS: &str = "/proc/self/maps";

/// One reading of `/proc/self/maps`, or of what the loader knows.
pub fn read_map() -> io::Result<Map> {
    let error = match text() {
        Ok(text) => {
            return Ok(Map { regions: regions(&text), unread: None });
        }
        Err(error) => error,
    };
    let regions = loaded();
    if regions.is_empty() {
        return Err(error);
    }
    Ok(Map { regions, unread: Some(format!("{MAPS}: {error}")) })
}

/// The segments of all loaded files, by their own headers.
fn loaded() -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    each_loaded_file(|file| {
        let segments = file.headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
        regions.extend(segments.map(|header| segment(file.bias, header)));
        ControlFlow::Continue(())
    });
    sort_by_number(&mut regions, &|region| region.start as u64);
    regions
}

/// A segment in whole pages, as the loader maps it.
fn segment(base: usize, header: &libc::Elf64_Phdr) -> Region {
    let page = super::page_size();
    let start = base.wrapping_add(header.p_vaddr as usize);
    let may = |flag: u32| header.p_flags & flag != 0;
    Region {
        start: start / page * page,
        end: start.saturating_add(header.p_memsz as usize).div_ceil(page).saturating_mul(page),
        read: may(libc::PF_R),
        write: may(libc::PF_W),
        execute: may(libc::PF_X),
        name: "a loaded file".into(),
    }
}

/// The whole text. The kernel writes it anew for each read and does not say its length, so there is room for it at once.
fn text() -> io::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(32 << 10);
    File::open(MAPS)?.read_to_end(&mut text)?;
    Ok(text)
}

/// The lines. By hand, and so is what follows: a program may have thousands of mappings, and nobody optimises a test's dependencies.
fn regions(text: &[u8]) -> Vec<Region> {
    let (mut regions, mut rest) = (Vec::with_capacity(64), text);
    while !rest.is_empty() {
        let end = find_byte(rest, b'\n').unwrap_or(rest.len());
        regions.extend(parse(&rest[..end]));
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    regions
}

/// `55d0c8a00000-55d0c8a21000 r-xp 00002000 fe:00 1234   /bin/cat`.
fn parse(line: &[u8]) -> Option<Region> {
    let (start, rest) = number(line, b'-')?;
    let (end, rest) = number(rest, b' ')?;
    let name = match (find_byte(rest, b'/'), find_byte(rest, b'[')) {
        (Some(path), Some(kind)) => Some(path.min(kind)),
        (path, kind) => path.or(kind),
    };
    Some(Region {
        start,
        end,
        read: *rest.first()? == b'r',
        write: *rest.get(1)? == b'w',
        execute: *rest.get(2)? == b'x',
        name: name.map(|at| String::from_utf8_lossy(&rest[at..]).into_owned()).unwrap_or_default(),
    })
}

/// A hexadecimal number, and what stands behind the byte that ends it.
fn number(text: &[u8], end: u8) -> Option<(usize, &[u8])> {
    let (mut value, mut at) = (0_usize, 0);
    while at < text.len() {
        let byte = text[at];
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ if byte == end && at != 0 => return Some((value, &text[at + 1..])),
            _ => return None,
        };
        value = value << 4 | digit as usize;
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let region = parse(b"55d0c8a00000-55d0c8a21000 r-xp 00002000 fe:00 1234      /bin/cat").unwrap();
        assert_eq!((region.start, region.end), (0x55d0_c8a0_0000, 0x55d0_c8a2_1000));
        assert_eq!((region.protection().as_str(), region.name.as_str()), ("r-x", "/bin/cat"));
        assert_eq!(parse(b""), None);
    }

    #[test]
    fn the_loader_knows_what_the_kernel_knows_of_code() {
        let map = Map::read().unwrap();
        let code: Vec<_> = loaded().into_iter().filter(|region| region.execute).collect();
        assert!(code.len() >= 2, "the program, libc: {code:?}");
        for region in code {
            let mapped = map.find(region.start).unwrap();
            // An emulator's own object may ask for more than it gets.
            assert!(mapped.read && mapped.execute);
            assert!(region.end <= map.code_end(region.start));
        }
    }
}
