//! The functions of one file by address. Names stay in the file.
use super::bytes::find_byte;
use super::elf::{Elf, Section};
use once_cell::race::OnceBox;

/// One symbol, 12 bytes: address relative to the lowest code, place of the name, size.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    pub address: u32,
    pub name: u32,
    pub size: u32,
}

/// All functions of a file, sorted by address.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    pub base: u64,
    pub entries: Vec<Entry>,
    /// A byte for each entry, made of the begin of its name: to look at in place of the names. Made for the first search.
    marks: OnceBox<Vec<u8>>,
    /// The entries whose names begin with `V0`. Made when they are first asked for.
    v0: OnceBox<Vec<Entry>>,
}

/// How many bytes of a name make its mark.
const MARKED: usize = 18;
/// What names in the v0 mangling begin with, and nearly no others.
pub(super) const V0: &[u8] = b"_R";

/// Words of eight bytes.
const SYMBOL: usize = 3;

impl Symbols {
    pub fn build(elf: &Elf) -> Self {
        let mut begin = u64::MAX;
        for code in &elf.code {
            if code.size != 0 && code.svma < begin {
                begin = code.svma;
            }
        }
        let entries = by_address(&collect(elf, begin));
        Self { base: begin, entries, ..Self::default() }
    }

    /// The number of the first entry at or behind `address`.
    pub fn position(&self, address: u64) -> usize {
        let entries: &[Entry] = &self.entries;
        let (mut low, mut high) = (0, entries.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.base + u64::from(entries[middle].address) < address {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The entries exactly at `address`.
    pub fn at(&self, address: u64) -> &[Entry] {
        let first = self.position(address);
        let behind = self.position(address.saturating_add(1));
        &self.entries[first..behind.max(first)]
    }

    /// The entries whose symbol covers `address`: those with the nearest beginning at or before it. A symbol of
    /// unknown size reaches to the next one.
    pub fn covering(&self, address: u64) -> &[Entry] {
        let behind = self.position(address.saturating_add(1));
        let Some(last) = behind.checked_sub(1) else { return &[] };
        let begin = self.base + u64::from(self.entries[last].address);
        let all = self.at(begin);
        let covers = |entry: &Entry| entry.size == 0 || address - begin < u64::from(entry.size);
        if address == begin || all.iter().any(covers) { all } else { &[] }
    }

    /// The entries of the last symbol that begins in front of `address`.
    pub fn before(&self, address: u64) -> &[Entry] {
        match self.position(address).checked_sub(1) {
            Some(last) => self.at(self.base + u64::from(self.entries[last].address)),
            None => &[],
        }
    }

    /// Where the first symbol behind `address` begins.
    pub fn next(&self, address: u64) -> Option<u64> {
        let entry = self.entries.get(self.position(address.saturating_add(1)))?;
        Some(self.base + u64::from(entry.address))
    }

    /// Every entry whose name begins with `key`.
    pub fn with_prefix(&self, strings: &[u8], key: &[u8]) -> Vec<Entry> {
        if key == V0 {
            return self.v0.get_or_init(|| Box::new(self.search(strings, key, None))).clone();
        }
        let marks = (key.len() >= MARKED).then(|| {
            let marks = self.marks.get_or_init(|| Box::new(marks(strings, &self.entries)));
            (&marks[..], mark(key, 0))
        });
        self.search(strings, key, marks)
    }

    fn search(&self, strings: &[u8], key: &[u8], marks: Option<(&[u8], u8)>) -> Vec<Entry> {
        let (entries, mut found): (&[Entry], _) = (&self.entries, Vec::new());
        let Some(last) = key.len().checked_sub(1).filter(|last| *last > 0) else { return found };
        let (tail, before) = (key[last], key[last - 1]);
        let (mut next, count, size) = (0, entries.len(), strings.len());
        while next < count {
            if let Some((marks, mark)) = marks {
                let Some(skipped) = find_byte(&marks[next..], mark) else { break };
                next += skipped;
            }
            // The end of the key is where names differ: two bytes there spare nearly all full comparisons.
            let at = entries[next].name as usize + last;
            if at < size
                && strings[at] == tail
                && strings[at - 1] == before
                && strings[at - last..].starts_with(key)
            {
                found.push(entries[next]);
            }
            next += 1;
        }
        found
    }
}

/// One byte that stands for the first `MARKED` bytes at `at`: who begins alike has the same.
fn mark(strings: &[u8], at: usize) -> u8 {
    let ends = strings[at + 9].wrapping_mul(3) ^ strings[at + 12].wrapping_mul(5);
    ends ^ strings[at + 15].wrapping_mul(7) ^ strings[at + 17]
}

fn marks(strings: &[u8], entries: &[Entry]) -> Vec<u8> {
    let mut marks = vec![0; entries.len()];
    let (into, mut next): (&mut [u8], _) = (&mut marks, 0);
    while next < into.len() {
        let at = entries[next].name as usize;
        if at + MARKED <= strings.len() {
            into[next] = mark(strings, at);
        }
        next += 1;
    }
    marks
}

/// Functions, and untyped labels in code (assembly). Marks of the assembler (`$x`) are not functions.
fn collect(elf: &Elf, base: u64) -> Vec<Entry> {
    let (strings, code): (&[u8], &[Section]) = (elf.strings, &elf.code);
    let words: &[[u8; 8]] = elf.symbols.as_chunks().0;
    let (mut at, mut entries) = (0, Vec::with_capacity(words.len() / SYMBOL / 2));
    while at + SYMBOL <= words.len() {
        // Name (4 bytes), type and binding, visibility, section (2 bytes); address; size.
        let head = u64::from_le_bytes(words[at]);
        let (kind, section) = (head >> 32 & 15, (head >> 48) as usize);
        if (kind == 2 || kind == 0 || kind == 10) && section < code.len() && code[section].size != 0 {
            let name = head as u32;
            let address = u64::from_le_bytes(words[at + 1]);
            let known = (name as usize) < strings.len() && strings[name as usize] != b'$';
            if known && address >= base && address - base < 0xffff_ffff {
                let size = u64::from_le_bytes(words[at + 2]).min(0xffff_ffff) as u32;
                entries.push(Entry { address: (address - base) as u32, name, size });
            }
        }
        at += SYMBOL;
    }
    entries
}

/// Sorts by counting how many begin in each stretch of code, which unoptimised code does in a tenth of the time that
/// the standard library's sort takes there; that one mends the order inside the stretches when there is much to mend.
fn by_address(from: &[Entry]) -> Vec<Entry> {
    let (count, mut highest, mut next) = (from.len(), 0, 0);
    while next < count {
        if from[next].address > highest {
            highest = from[next].address;
        }
        next += 1;
    }
    let mut shift = 0;
    while (highest >> shift) as usize > 2 * count {
        shift += 1;
    }
    let mut ends = vec![0_u32; (highest >> shift) as usize + 2];
    let ends: &mut [u32] = &mut ends;
    next = 0;
    while next < count {
        ends[(from[next].address >> shift) as usize + 1] += 1;
        next += 1;
    }
    next = 1;
    while next < ends.len() {
        ends[next] += ends[next - 1];
        next += 1;
    }
    let mut sorted = vec![Entry::default(); count];
    let into: &mut [Entry] = &mut sorted;
    next = 0;
    while next < count {
        let stretch = (from[next].address >> shift) as usize;
        into[ends[stretch] as usize] = from[next];
        ends[stretch] += 1;
        next += 1;
    }
    mend(into);
    sorted
}

fn mend(entries: &mut [Entry]) {
    let (mut next, mut moves) = (1, 0);
    while next < entries.len() {
        let mut at = next;
        while at > 0 && entries[at - 1].address > entries[at].address {
            entries.swap(at - 1, at);
            at -= 1;
            moves += 1;
        }
        if moves > 8 * entries.len() {
            entries.sort_by_key(|entry| entry.address);
            return;
        }
        next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(addresses: &[u32]) -> Vec<u32> {
        let entries = addresses.iter().map(|&address| Entry { address, name: 0, size: 0 });
        by_address(&entries.collect::<Vec<_>>()).iter().map(|entry| entry.address).collect()
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
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap().leak();
        let elf = crate::image::system::parse(file).unwrap();
        let symbols = Symbols::build(&elf);
        let find = |key: &[u8]| -> Vec<u32> {
            symbols.with_prefix(elf.strings, key).iter().map(|entry| entry.address).collect()
        };
        let mut long = 0;
        for entry in symbols.entries.iter().step_by(symbols.entries.len() / 50 + 1) {
            let name = elf.name(entry.name);
            for length in [2, 8, MARKED - 1, MARKED, MARKED + 7, name.len()] {
                let Some(key) = name.get(..length) else { continue };
                let all = symbols.entries.iter().filter(|entry| elf.name(entry.name).starts_with(key));
                assert_eq!(find(key), all.map(|entry| entry.address).collect::<Vec<_>>());
                long += usize::from(length >= MARKED);
            }
        }
        // A release build is stripped.
        assert!(long > 0 || !elf.full);
        assert_eq!(find(b"a name that no function of this program has"), [0_u32; 0]);
    }

    #[test]
    fn finds_by_address() {
        let entry = |address, size| Entry { address, name: 0, size };
        let entries = vec![entry(0, 4), entry(16, 0), entry(32, 8), entry(32, 8)];
        let symbols = Symbols { base: 0x1000, entries, ..Symbols::default() };
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
