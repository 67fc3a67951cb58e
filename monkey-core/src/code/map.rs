//! The process's own map.
use super::system;
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
    /// As Linux prints it: `r-x`.
    pub fn protection(&self) -> String {
        let letter = |set, letter| if set { letter } else { '-' };
        [letter(self.read, 'r'), letter(self.write, 'w'), letter(self.execute, 'x')].iter().collect()
    }

    pub fn contains(&self, address: usize) -> bool {
        (self.start..self.end).contains(&address)
    }
}

/// All mappings, in the order of their addresses. Where the system is not to be asked: those of the loaded files only.
#[derive(Debug, Clone)]
pub struct Map {
    pub(super) regions: Vec<Region>,
    /// Why the system was not asked, and there may be more.
    pub(super) unread: Option<String>,
}

impl Map {
    /// One reading.
    pub fn read() -> io::Result<Self> {
        system::read_map()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_function_is_code_and_gaps_are_free() {
        let map = Map::read().unwrap();
        let address = this_function_is_code_and_gaps_are_free as *const () as usize;
        assert!(map.find(address).unwrap().execute);
        assert!(map.is_whole());
        assert!(map.gaps(4096).all(|(start, end)| map.find(start).is_none() && map.find(end - 1).is_none()));
    }
}
