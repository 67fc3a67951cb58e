//! The process's own map.
use super::objects::each_loaded_file;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::ControlFlow;

const MAPS: &str = "/proc/self/maps";

/// One mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    pub start: usize,
    pub end: usize,
    pub read: bool,
    pub write: bool,
    pub execute: bool,
    /// What is mapped: a path, `[heap]`, or nothing.
    pub name: String,
}

impl Region {
    /// As the kernel prints it: `r-x`.
    pub fn protection(&self) -> String {
        let letter = |set, letter| if set { letter } else { '-' };
        [letter(self.read, 'r'), letter(self.write, 'w'), letter(self.execute, 'x')].iter().collect()
    }

    pub fn contains(&self, address: usize) -> bool {
        (self.start..self.end).contains(&address)
    }
}

/// All mappings, in the order of their addresses. Where `/proc` is not to be had: those of the loaded files only.
#[derive(Debug, Clone)]
pub struct Map {
    regions: Vec<Region>,
    /// Why the kernel was not asked, and there may be more.
    unread: Option<String>,
}

impl Map {
    /// One reading of `/proc/self/maps`, or of what the loader knows.
    pub fn read() -> io::Result<Self> {
        let error = match text() {
            Ok(text) => {
                let regions = text.split(|byte| *byte == b'\n').filter_map(parse).collect();
                return Ok(Self { regions, unread: None });
            }
            Err(error) => error,
        };
        let regions = loaded();
        if regions.is_empty() {
            return Err(error);
        }
        Ok(Self { regions, unread: Some(format!("{MAPS}: {error}")) })
    }

    /// Whether nothing is mapped but what is in here.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.unread.is_none()
    }

    #[must_use]
    pub fn find(&self, address: usize) -> Option<&Region> {
        self.regions.iter().find(|region| region.contains(address))
    }

    /// What there is to say of an address that is not in here.
    #[must_use]
    pub fn absence(&self) -> String {
        match &self.unread {
            None => "nothing is mapped there".into(),
            Some(reason) => {
                format!("no loaded file has code there, and the process's map cannot be read ({reason})")
            }
        }
    }

    /// Where the code that goes on at `address` ends: it may lie in several mappings, each with its own protection.
    #[must_use]
    pub fn code_end(&self, address: usize) -> usize {
        let mut end = address;
        while let Some(region) = self.find(end).filter(|region| region.execute && region.read) {
            end = region.end;
        }
        end
    }

    /// Gaps of at least `size` bytes, as (start, end).
    pub fn gaps(&self, size: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let ends = std::iter::once(0).chain(self.regions.iter().map(|region| region.end));
        let starts = self.regions.iter().map(|region| region.start);
        ends.zip(starts).filter(move |(end, start)| start.saturating_sub(*end) >= size)
    }
}

/// The segments of all loaded files, by their own headers.
fn loaded() -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    each_loaded_file(|file| {
        let segments = file.headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
        regions.extend(segments.map(|header| segment(file.bias, header)));
        ControlFlow::Continue(())
    });
    regions.sort_by_key(|region| region.start);
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

/// `55d0c8a00000-55d0c8a21000 r-xp 00002000 fe:00 1234   /bin/cat`. By hand: a program may have thousands of mappings, each
/// new hook reads them, and nobody optimises a test's dependencies.
fn parse(line: &[u8]) -> Option<Region> {
    let (start, rest) = number(line, b'-')?;
    let (end, rest) = number(rest, b' ')?;
    let name = rest.iter().position(|byte| matches!(byte, b'/' | b'['));
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
    let mut value = 0;
    for (at, byte) in text.iter().enumerate() {
        let digit = match *byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            byte if byte == end && at != 0 => return Some((value, &text[at + 1..])),
            _ => return None,
        };
        value = value << 4 | usize::from(digit);
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
    fn this_function_is_code_and_gaps_are_free() {
        let map = Map::read().unwrap();
        let address = this_function_is_code_and_gaps_are_free as *const () as usize;
        assert!(map.find(address).unwrap().execute);
        assert!(map.is_whole());
        assert!(map.gaps(4096).all(|(start, end)| map.find(start).is_none() && map.find(end - 1).is_none()));
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
