//! The process's own map.
use std::fs;
use std::io;

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

/// All mappings, in the order of their addresses.
#[derive(Debug, Clone)]
pub struct Map(Vec<Region>);

impl Map {
    /// One reading of `/proc/self/maps`.
    pub fn read() -> io::Result<Self> {
        let text = fs::read("/proc/self/maps")?;
        Ok(Self(text.split(|byte| *byte == b'\n').filter_map(parse).collect()))
    }

    pub fn find(&self, address: usize) -> Option<&Region> {
        self.0.iter().find(|region| region.contains(address))
    }

    /// Gaps of at least `size` bytes, as (start, end).
    pub fn gaps(&self, size: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let ends = std::iter::once(0).chain(self.0.iter().map(|region| region.end));
        let starts = self.0.iter().map(|region| region.start);
        ends.zip(starts).filter(move |(end, start)| start.saturating_sub(*end) >= size)
    }
}

/// `55d0c8a00000-55d0c8a21000 r-xp 00002000 fe:00 1234   /bin/cat`
fn parse(line: &[u8]) -> Option<Region> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let flags = words.next()?.as_bytes();
    Some(Region {
        start: usize::from_str_radix(start, 16).ok()?,
        end: usize::from_str_radix(end, 16).ok()?,
        read: *flags.first()? == b'r',
        write: *flags.get(1)? == b'w',
        execute: *flags.get(2)? == b'x',
        name: words.nth(3).unwrap_or_default().to_owned(),
    })
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
        assert!(map.gaps(4096).all(|(start, end)| map.find(start).is_none() && map.find(end - 1).is_none()));
    }
}
