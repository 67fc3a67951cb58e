//! The functions of one file by address and by name. Names stay in the file.
mod around;
mod sorted;
mod table;

use super::bytes::bring;
use super::eh_frame;
use super::elf::{Elf, Section};
use super::index::Index;
use crate::sorted::sort_by_number;
use around::Around;
use once_cell::race::OnceBox;
pub(super) use sorted::Sorted;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use table::{NOWHERE, Table};

/// One symbol: address relative to the lowest code, place of the name, size, binding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub address: u32,
    pub name: u32,
    pub size: u32,
    /// Whether nobody outside of the file names it.
    pub local: bool,
    /// Only the compilation unit that it is from has ever known it: of what others knew too, the linker has kept that it is hidden.
    pub of_unit: bool,
}

/// All functions of a file.
///
/// They are put in order, by address and by name, when enough has been asked about: many processes patch one function.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    pub base: u64,
    table: Table,
    /// The index of the unwind tables, which is in order as it is.
    frames: Section,
    /// What was found around the first addresses.
    around: [OnceBox<Around>; ADDRESSES],
    sorted: OnceBox<Sorted>,
    index: Index,
    searches: AtomicUsize,
    /// The entries whose names begin with `V0`. Made when they are first asked for.
    v0: OnceBox<Vec<Entry>>,
}

/// So many addresses are looked for without putting all symbols in order.
const ADDRESSES: usize = 6;
/// So many names are looked for without an index of all.
const SEARCHES: usize = 3;

/// What names in the v0 mangling begin with, and nearly no others.
pub(super) const V0: &[u8] = b"_R";

impl Symbols {
    pub fn build(elf: &Elf) -> Self {
        let table = Table::read(elf);
        bring(elf.symbols);
        Self { base: table.begin, table, frames: elf.eh_frame_hdr, ..Self::default() }
    }

    /// All, in the order of their addresses.
    pub fn sorted(&self) -> &Sorted {
        self.sorted.get_or_init(|| Box::new(Sorted::new(&self.table)))
    }

    /// All, in that order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.sorted().entries()
    }

    /// What is around an address, if it is one of the first that are asked about.
    fn around(&self, address: u64) -> Option<&Around> {
        if self.sorted.get().is_some() {
            return None;
        }
        for place in &self.around {
            let find = || {
                let likely = eh_frame::begins_around(self.frames, address);
                Box::new(Around::find(&self.table, address, likely))
            };
            let around = place.get_or_init(find);
            if around.address == address {
                return Some(around);
            }
        }
        None
    }

    /// The entries exactly at `address`.
    pub fn entries_at(&self, address: u64) -> Vec<Entry> {
        match self.around(address) {
            Some(around) => around.own.clone(),
            None => self.sorted().entries_at(address),
        }
    }

    /// The entries whose symbol covers `address`: those with the nearest beginning at or before it. A symbol of
    /// unknown size reaches to the next one.
    pub fn covering(&self, address: u64) -> Vec<Entry> {
        let all = match self.around(address) {
            Some(around) => around.last().to_vec(),
            None => self.sorted().before(address.saturating_add(1)),
        };
        let Some(first) = all.first() else { return all };
        let distance = address - (self.base + u64::from(first.address));
        let covers = |entry: &Entry| entry.size == 0 || distance < u64::from(entry.size);
        if distance == 0 || all.iter().any(covers) { all } else { Vec::new() }
    }

    /// The entries of the last symbol that begins in front of `address`.
    pub fn before(&self, address: u64) -> Vec<Entry> {
        match self.around(address) {
            Some(around) => around.before.clone(),
            None => self.sorted().before(address),
        }
    }

    /// Where the first symbol behind `address` begins.
    pub fn next(&self, address: u64) -> Option<u64> {
        match self.around(address) {
            Some(around) => around.next,
            None => self.sorted().next(address),
        }
    }

    /// Every entry whose name begins with `key`.
    pub fn with_prefix(&self, key: &[u8]) -> Vec<Entry> {
        if key == V0 {
            return self.v0.get_or_init(|| Box::new(self.search(key))).clone();
        }
        self.search(key)
    }

    /// Every entry whose name begins with `key`, which is that of a function: the whole of a name but for what differs between
    /// copies.
    pub fn with_key(&self, key: &[u8]) -> Vec<Entry> {
        if self.is_early_search() {
            self.search(key)
        } else {
            self.index.with_key(self, self.table.strings, key)
        }
    }

    fn is_early_search(&self) -> bool {
        self.searches.load(SeqCst) < SEARCHES && self.searches.fetch_add(1, SeqCst) < SEARCHES
    }

    /// Every entry whose name begins with `start`, is in the legacy mangling, and has the identifier last; and perhaps others that
    /// begin so.
    pub fn legacy_with_identifier(&self, start: &[u8], identifier: &[u8]) -> Vec<Entry> {
        if self.is_early_search() {
            return self.search(start);
        }
        self.index.legacy_with_identifier(self, self.table.strings, start, identifier)
    }

    /// Every entry whose name is in the v0 mangling and contains the identifier; and perhaps others of that mangling.
    pub fn v0_with_identifier(&self, identifier: &[u8]) -> Vec<Entry> {
        if self.is_early_search() {
            return self.with_prefix(V0);
        }
        self.index.v0_with_identifier(self, self.table.strings, identifier)
    }

    /// Looks at all names, in the order of the file; what is found is put in the order of addresses.
    pub fn search(&self, key: &[u8]) -> Vec<Entry> {
        let (symbols, functions, strings) = (self.table.symbols, self.table.functions(), self.table.strings);
        let mut found: Vec<Entry> = Vec::new();
        let Some(last) = key.len().checked_sub(1).filter(|last| *last > 0) else { return found };
        let (tail, before) = (key[last], key[last - 1]);
        let (mut next, count, size) = (0, symbols.len(), strings.len());
        while next < count {
            // The end of the key is where names differ: two bytes there spare nearly all full comparisons.
            let at = symbols[next].name as usize + last;
            if at < size
                && strings[at] == tail
                && strings[at - 1] == before
                && strings[at - last..].starts_with(key)
            {
                let distance = functions.distance(&symbols[next]);
                if distance != NOWHERE {
                    found.push(symbols[next].entry(distance as u32));
                }
            }
            next += 1;
        }
        sort_by_number(&mut found, &|entry| u64::from(entry.address));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::table::Symbol;
    use super::*;

    fn own() -> (Elf, Symbols) {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap().leak();
        let elf = crate::image::system::parse(file).unwrap();
        let symbols = Symbols::build(&elf);
        (elf, symbols)
    }

    #[test]
    fn finds_by_the_begin_of_names() {
        let (elf, symbols) = own();
        let find =
            |key: &[u8]| -> Vec<u32> { symbols.with_prefix(key).iter().map(|entry| entry.address).collect() };
        let mut long = 0;
        for entry in symbols.entries().step_by(symbols.sorted().len() / 50 + 1) {
            let name = elf.name(entry.name);
            for length in [2, 8, 17, 18, 25, name.len()] {
                let Some(key) = name.get(..length) else { continue };
                let all = symbols.entries().filter(|entry| elf.name(entry.name).starts_with(key));
                assert_eq!(find(key), all.map(|entry| entry.address).collect::<Vec<_>>());
                long += usize::from(length >= 18);
            }
        }
        // A release build is stripped.
        assert!(long > 0 || !elf.full);
        assert_eq!(find(b"a name that no function of this program has"), [0_u32; 0]);
    }

    #[test]
    fn finds_by_address() {
        let symbol = |(address, size): (u64, u64)| Symbol::function(address + 0x1000, size);
        let all: Vec<Symbol> = [(0, 4), (16, 0), (32, 8), (32, 8)].into_iter().map(symbol).collect();
        let code = [Section { svma: 0x1000, size: u64::MAX, data: &[] }];
        let table = Table::new(all.leak(), &[0], &code);
        let symbols = Symbols { base: table.begin, table, ..Symbols::default() };
        // The first by one look each, the others when all are in order.
        let begins = |address| symbols.covering(address).first().map(|entry| entry.address);
        assert_eq!(
            [0xfff, 0x1003, 0x1004, 0x101f, 0x1027, 0x1028].map(begins),
            [None, Some(0), None, Some(16), Some(32), None]
        );
        assert_eq!(symbols.entries_at(0x1020).len(), 2);
        assert_eq!(symbols.next(0x1000), Some(0x1010));
        assert_eq!(symbols.next(0x1020), None);
    }

    /// By one look at all symbols, with what the unwind tables say and without, as when all are in order.
    #[test]
    fn one_look_finds_what_all_in_order_do() {
        let (elf, symbols) = own();
        let (sorted, mut hints) = (symbols.sorted(), 0);
        for entry in symbols.entries().step_by(sorted.len() / 100 + 1) {
            let begin = symbols.base + u64::from(entry.address);
            for address in [begin, begin + 1, begin + u64::from(entry.size), begin.saturating_sub(1)] {
                let likely = eh_frame::begins_around(elf.eh_frame_hdr, address);
                hints += usize::from(likely.is_some());
                for likely in [likely, None] {
                    let around = Around::find(&symbols.table, address, likely);
                    let entries = (sorted.before(address), sorted.entries_at(address), sorted.next(address));
                    assert_eq!((around.before, around.own, around.next), entries, "{address:#x}");
                }
            }
        }
        assert!(hints > 100 || elf.eh_frame_hdr.data.is_empty());
    }
}
