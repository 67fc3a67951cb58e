//! The functions of one file by address. Names stay in the file.
use super::elf::{Elf, Section};
use super::index::Index;
use once_cell::race::OnceBox;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// One symbol: address relative to the lowest code, place of the name, size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub address: u32,
    pub name: u32,
    pub size: u32,
}

/// All functions of a file, sorted by address.
///
/// In lists of numbers: without optimisation zeros for numbers come from the system, those for anything else from a loop.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    pub base: u64,
    addresses: Vec<u32>,
    /// Where each is in `table`.
    places: Vec<u32>,
    /// The file's symbols: name (4 bytes), type and binding, visibility, section (2 bytes); address; size.
    table: &'static [Symbol],
    /// Used from the second search on: many processes patch one function.
    index: Index,
    searched: AtomicBool,
    /// The entries whose names begin with `V0`. Made when they are first asked for.
    v0: OnceBox<Vec<Entry>>,
}

/// What names in the v0 mangling begin with, and nearly no others.
pub(super) const V0: &[u8] = b"_R";

type Symbol = [[u8; 8]; 3];

impl Symbols {
    pub fn build(elf: &Elf) -> Self {
        let (mut begin, mut end) = (u64::MAX, 0);
        for code in elf.code.iter().filter(|code| code.size != 0) {
            begin = begin.min(code.svma);
            end = end.max(code.svma.saturating_add(code.size));
        }
        let words: &'static [[u8; 8]] = elf.symbols.as_chunks().0;
        let symbols = words.as_chunks().0;
        by_address(&Table { symbols, code: &elf.code, strings: elf.strings, begin, end })
    }

    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    pub fn entry(&self, number: usize) -> Entry {
        let size = u64::from_le_bytes(self.table[self.places[number] as usize][2]);
        let size = size.min(u64::from(u32::MAX)) as u32;
        Entry { address: self.addresses[number], name: self.name(number), size }
    }

    /// Where the name of an entry is.
    pub fn name(&self, number: usize) -> u32 {
        u64::from_le_bytes(self.table[self.places[number] as usize][0]) as u32
    }

    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        (0..self.len()).map(|number| self.entry(number))
    }

    /// The number of the first entry at or behind `address`.
    pub fn position(&self, address: u64) -> usize {
        let addresses: &[u32] = &self.addresses;
        let (mut low, mut high) = (0, addresses.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.base + u64::from(addresses[middle]) < address {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The entries exactly at `address`.
    pub fn at(&self, address: u64) -> Vec<Entry> {
        let (mut next, mut found) = (self.position(address), Vec::new());
        while next < self.len() && self.base + u64::from(self.addresses[next]) == address {
            found.push(self.entry(next));
            next += 1;
        }
        found
    }

    /// The entries whose symbol covers `address`: those with the nearest beginning at or before it. A symbol of
    /// unknown size reaches to the next one.
    pub fn covering(&self, address: u64) -> Vec<Entry> {
        let behind = self.position(address.saturating_add(1));
        let Some(last) = behind.checked_sub(1) else { return Vec::new() };
        let begin = self.base + u64::from(self.addresses[last]);
        let all = self.at(begin);
        let covers = |entry: &Entry| entry.size == 0 || address - begin < u64::from(entry.size);
        if address == begin || all.iter().any(covers) { all } else { Vec::new() }
    }

    /// The entries of the last symbol that begins in front of `address`.
    pub fn before(&self, address: u64) -> Vec<Entry> {
        match self.position(address).checked_sub(1) {
            Some(last) => self.at(self.base + u64::from(self.addresses[last])),
            None => Vec::new(),
        }
    }

    /// Where the first symbol behind `address` begins.
    pub fn next(&self, address: u64) -> Option<u64> {
        let address = self.addresses.get(self.position(address.saturating_add(1)))?;
        Some(self.base + u64::from(*address))
    }

    /// Every entry whose name begins with `key`.
    pub fn with_prefix(&self, strings: &[u8], key: &[u8]) -> Vec<Entry> {
        if key == V0 {
            return self.v0.get_or_init(|| Box::new(self.search(strings, key))).clone();
        }
        self.search(strings, key)
    }

    /// Every entry whose name begins with `key`, which is that of a function: the whole of a name but for what differs between
    /// copies.
    pub fn with_key(&self, strings: &[u8], key: &[u8]) -> Vec<Entry> {
        if self.is_first_search() {
            self.search(strings, key)
        } else {
            self.index.with_key(self, strings, key)
        }
    }

    fn is_first_search(&self) -> bool {
        !self.searched.load(SeqCst) && !self.searched.swap(true, SeqCst)
    }

    /// Every entry whose name begins with `start`, is in the legacy mangling, and has the identifier last; and perhaps others that
    /// begin so.
    pub fn legacy_with_identifier(&self, strings: &[u8], start: &[u8], identifier: &[u8]) -> Vec<Entry> {
        if self.is_first_search() {
            return self.search(strings, start);
        }
        self.index.legacy_with_identifier(self, strings, start, identifier)
    }

    /// Every entry whose name is in the v0 mangling and contains the identifier; and perhaps others of that mangling.
    pub fn v0_with_identifier(&self, strings: &[u8], identifier: &[u8]) -> Vec<Entry> {
        if self.is_first_search() {
            return self.with_prefix(strings, V0);
        }
        self.index.v0_with_identifier(self, strings, identifier)
    }

    pub fn search(&self, strings: &[u8], key: &[u8]) -> Vec<Entry> {
        let (places, table): (&[u32], &[Symbol]) = (&self.places, self.table);
        let mut found = Vec::new();
        let Some(last) = key.len().checked_sub(1).filter(|last| *last > 0) else { return found };
        let (tail, before) = (key[last], key[last - 1]);
        let (mut next, count, size) = (0, places.len(), strings.len());
        while next < count {
            // The end of the key is where names differ: two bytes there spare nearly all full comparisons.
            let at = u64::from_le_bytes(table[places[next] as usize][0]) as u32 as usize + last;
            if at < size
                && strings[at] == tail
                && strings[at - 1] == before
                && strings[at - last..].starts_with(key)
            {
                found.push(self.entry(next));
            }
            next += 1;
        }
        found
    }
}

/// A file's table of symbols.
#[derive(Clone, Copy)]
struct Table<'a> {
    symbols: &'static [Symbol],
    code: &'a [Section],
    strings: &'a [u8],
    begin: u64,
    end: u64,
}

impl Table<'_> {
    /// Where the symbol begins in all code, if it is a function, or an untyped label in code (assembly). Marks of the assembler
    /// (`$x`) are none. Inlined without optimisation too: a first patch spends most of its time here.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as it says")]
    fn function(&self, symbol: &Symbol) -> u64 {
        let head = u64::from_le_bytes(symbol[0]);
        let (kind, section, name) = (head >> 32 & 15, (head >> 48) as usize, head as u32 as usize);
        if (kind != 2 && kind != 0 && kind != 10)
            || section >= self.code.len()
            || self.code[section].size == 0
        {
            return NOWHERE;
        }
        let address = u64::from_le_bytes(symbol[1]);
        if address < self.begin || address >= self.end || name >= self.strings.len() {
            return NOWHERE;
        }
        if kind == 0 && self.strings[name] == b'$' {
            return NOWHERE;
        }
        address - self.begin
    }
}

/// No function's place.
const NOWHERE: u64 = u64::MAX;

/// Sorts by counting how many begin in each stretch of code, which unoptimised code does in a tenth of the time that
/// the standard library's sort takes there; what begins in one stretch is put in order afterwards.
fn by_address(table: &Table<'_>) -> Symbols {
    let symbols: &'static [Symbol] = table.symbols;
    // Numbers of 32 bits have to do.
    let span = table.end.saturating_sub(table.begin).min(u64::from(u32::MAX)) as usize;
    let table = &Table { end: table.begin.saturating_add(span as u64), ..*table };
    let mut shift = 0_u32;
    while span >> shift > 4 * symbols.len() {
        shift += 1;
    }
    let mut ends = vec![0_u32; (span >> shift) + 2];
    let (mut found, mut found_at) = (vec![0_u32; symbols.len()], vec![0_u32; symbols.len()]);
    let (starts, all, all_at): (&mut [u32], &mut [u32], &mut [u32]) = (&mut ends, &mut found, &mut found_at);
    let (mut at, mut count) = (0, 0);
    while at < symbols.len() {
        let address = table.function(&symbols[at]);
        if address != NOWHERE {
            starts[(address >> shift) as usize + 1] += 1;
            all[count] = address as u32;
            all_at[count] = at as u32;
            count += 1;
        }
        at += 1;
    }
    let (mut stretch, mut before) = (1, 0);
    while stretch < starts.len() {
        before += starts[stretch];
        starts[stretch] = before;
        stretch += 1;
    }
    let (mut addresses, mut places) = (vec![0; count], vec![0; count]);
    let (into, into_places): (&mut [u32], &mut [u32]) = (&mut addresses, &mut places);
    at = 0;
    while at < count {
        let stretch = (all[at] >> shift) as usize;
        let place = starts[stretch] as usize;
        starts[stretch] += 1;
        into[place] = all[at];
        into_places[place] = all_at[at];
        at += 1;
    }
    mend(into, into_places);
    Symbols { base: table.begin, addresses, places, table: symbols, ..Symbols::default() }
}

/// Puts the addresses in order, and the places along with them.
fn mend(addresses: &mut [u32], places: &mut [u32]) {
    let (mut next, mut moves, mut before) = (0, 0, 0);
    while next < addresses.len() {
        let own = addresses[next];
        if own < before {
            let (place, mut at) = (places[next], next);
            while at > 0 && addresses[at - 1] > own {
                addresses[at] = addresses[at - 1];
                places[at] = places[at - 1];
                at -= 1;
                moves += 1;
            }
            addresses[at] = own;
            places[at] = place;
            if moves > 8 * addresses.len() {
                return sort(addresses, places);
            }
        } else {
            before = own;
        }
        next += 1;
    }
}

fn sort(addresses: &mut [u32], places: &mut [u32]) {
    let mut all: Vec<_> = addresses.iter().copied().zip(places.iter().copied()).collect();
    all.sort_by_key(|(address, _)| *address);
    for (at, entry) in all.into_iter().enumerate() {
        (addresses[at], places[at]) = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(addresses: &[u32]) -> Vec<u32> {
        let symbol = |address: &u32| [2_u64 << 32, u64::from(*address) + 0x1000, 4].map(u64::to_le_bytes);
        let symbols: Vec<Symbol> = addresses.iter().map(symbol).collect();
        let code = [Section { svma: 0x1000, size: u64::MAX, data: &[] }];
        let table =
            Table { symbols: symbols.leak(), code: &code, strings: &[0], begin: 0x1000, end: u64::MAX };
        by_address(&table).addresses
    }

    #[test]
    fn sorts_what_is_spread_and_what_is_not() {
        assert_eq!(sorted(&[]), []);
        let mut seed = 1_u32;
        let mut spread: Vec<u32> = (0..5000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed >> 8
            })
            .collect();
        let mut want = spread.clone();
        want.sort_unstable();
        assert_eq!(sorted(&spread), want);
        // One far away: all others fall into one stretch.
        for address in &mut spread {
            *address %= 4096;
        }
        spread.push(u32::MAX - 1);
        let mut want = spread.clone();
        want.sort_unstable();
        assert_eq!(sorted(&spread), want);
    }

    #[test]
    fn finds_by_the_begin_of_names() {
        let file = std::fs::read("/proc/self/exe").unwrap().leak();
        let elf = Elf::parse(file).unwrap();
        let symbols = Symbols::build(&elf);
        let find = |key: &[u8]| -> Vec<u32> {
            symbols.with_prefix(elf.strings, key).iter().map(|entry| entry.address).collect()
        };
        let mut long = 0;
        for entry in symbols.entries().step_by(symbols.len() / 50 + 1) {
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
        let symbol = |(address, size): (u64, u64)| [2 << 32, address + 0x1000, size].map(u64::to_le_bytes);
        let symbols: Vec<Symbol> = [(0, 4), (16, 0), (32, 8), (32, 8)].into_iter().map(symbol).collect();
        let code = [Section { svma: 0x1000, size: u64::MAX, data: &[] }];
        let table =
            Table { symbols: symbols.leak(), code: &code, strings: &[0], begin: 0x1000, end: u64::MAX };
        let symbols = by_address(&table);
        let begins = |address| symbols.covering(address).first().map(|entry| entry.address);
        assert_eq!(
            [0xfff, 0x1003, 0x1004, 0x101f, 0x1027, 0x1028].map(begins),
            [None, Some(0), None, Some(16), Some(32), None]
        );
        assert_eq!(symbols.at(0x1020).len(), 2);
        assert_eq!(symbols.next(0x1000), Some(0x1010));
        assert_eq!(symbols.next(0x1020), None);
    }
}
