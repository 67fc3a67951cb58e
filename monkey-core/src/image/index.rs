//! Finding a symbol by its name, without looking at all names.
//!
//! What tells names apart stands in different places in the two manglings: in the legacy one in front of the hash, that is at
//! the end; in v0 anywhere, with the crate that made the instance behind it. So legacy names are found by a hash of their last
//! bytes in front of `17h`, names in v0 by a set of the identifiers that they may contain, some bits each.
use super::bytes::{find, text};
use super::symbols::{Entry, Sorted, Symbols, V0};
use crate::memchr::find_byte;
use once_cell::race::OnceBox;

/// The names of one file.
#[derive(Debug, Default)]
pub(super) struct Index {
    by_key: OnceBox<Tails>,
    by_identifier: OnceBox<Tails>,
    v0: OnceBox<Contents>,
}

impl Index {
    /// Every entry whose name begins with `key`, which is all of a name but the hash, or the path.
    pub fn with_key(&self, symbols: &Symbols, strings: &[u8], key: &[u8]) -> Vec<Entry> {
        let begins =
            |number: u32| strings[symbols.sorted().name(number as usize) as usize..].starts_with(key);
        if key.starts_with(V0) {
            return self.v0(symbols, strings).with(symbols, contents(key), &begins);
        }
        match hash(key, key.len(), Hashed::Key) {
            Some(hash) => {
                let tails = self
                    .by_key
                    .get_or_init(|| Box::new(Tails::build(symbols.sorted(), strings, Hashed::Key)));
                tails.with(symbols, hash, &begins)
            }
            // Too short: few are.
            None => symbols.search(key),
        }
    }

    /// Every entry whose name begins with `start`, is in the legacy mangling, and has this identifier, with its length in front
    /// of it, as the last one.
    pub fn legacy_with_identifier(
        &self,
        symbols: &Symbols,
        strings: &[u8],
        start: &[u8],
        identifier: &[u8],
    ) -> Vec<Entry> {
        let mut tail = identifier.to_vec();
        tail.extend_from_slice(MARK);
        let Some(hash) = hash(&tail, tail.len(), Hashed::Identifier) else {
            return symbols.search(start);
        };
        let tails = self
            .by_identifier
            .get_or_init(|| Box::new(Tails::build(symbols.sorted(), strings, Hashed::Identifier)));
        let begins =
            |number: u32| strings[symbols.sorted().name(number as usize) as usize..].starts_with(start);
        tails.with(symbols, hash, &begins)
    }

    /// Every entry whose name is in the v0 mangling and contains this identifier, with its length in front of it.
    pub fn v0_with_identifier(&self, symbols: &Symbols, strings: &[u8], identifier: &[u8]) -> Vec<Entry> {
        let name =
            |number: u32| text(strings, symbols.sorted().name(number as usize) as usize).unwrap_or_default();
        let contains = |number: u32| find(name(number), identifier).is_some();
        self.v0(symbols, strings).with(symbols, contents(identifier), &contains)
    }

    fn v0(&self, symbols: &Symbols, strings: &[u8]) -> &Contents {
        self.v0.get_or_init(|| Box::new(Contents::build(symbols.sorted(), strings)))
    }
}

/// What a legacy name has in front of its hash.
const MARK: &[u8] = b"17h";
/// The hash and the `E` behind it.
const BEHIND: usize = 17;

/// What is hashed of a name in front of its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hashed {
    /// Its length and its last bytes.
    Key,
    /// Its last bytes alone, as many as an identifier has with its length.
    Identifier,
}

/// Legacy names by some of the bytes in front of their hashes.
#[derive(Debug)]
struct Tails {
    /// Where the names of each hash end in `numbers`.
    ends: Vec<u32>,
    /// Numbers of entries.
    numbers: Vec<u32>,
}

/// How many hashes there are, and one for names that have none.
const HASHES: usize = 1 << 14;

/// The number of what stands in front of `end`, from 1 on. Written out, as everything that is done for each name.
fn hash(name: &[u8], end: usize, hashed: Hashed) -> Option<usize> {
    // The last three are `MARK`.
    if end < 6 || end < 8 && hashed == Hashed::Key {
        return None;
    }
    let mut hash = last_bytes(name, end);
    if hashed == Hashed::Key {
        hash = hash * 31 + name[end - 7] as usize + 7 * end;
        // The paths of a small crate are short.
        if end >= 20 {
            hash = hash * 31 + name[end - 10] as usize;
            hash = hash * 31 + name[end - 14] as usize;
            hash = hash * 31 + name[end - 19] as usize;
        }
        hash = (hash ^ hash >> 14) % (HASHES - 1);
    }
    Some(1 + hash)
}

fn last_bytes(name: &[u8], end: usize) -> usize {
    let bytes = name[end - 4] as usize | (name[end - 5] as usize) << 5 | (name[end - 6] as usize) << 10;
    (bytes ^ bytes >> 7) % (HASHES - 1)
}

/// The same of the name at `at`, if it is in the legacy mangling.
fn hash_of_name(strings: &[u8], at: usize, hashed: Hashed) -> Option<usize> {
    if at + 2 > strings.len() || strings[at] != b'_' || strings[at + 1] != b'Z' {
        return None;
    }
    let rest = &strings[at..];
    let length = find_byte(rest, 0)?;
    let mut end = length;
    if rest[end - 1] != b'E' {
        end = find(&rest[..length], b"E.llvm.")? + 1;
    }
    if end < BEHIND + MARK.len() || rest[end - BEHIND - 1] != b'h' || rest[end - BEHIND - 3] != b'1' {
        return None;
    }
    hash(rest, end - BEHIND, hashed)
}

impl Tails {
    /// Sorted by counting, as [`Symbols`] is.
    fn build(sorted: &Sorted, strings: &[u8], hashed: Hashed) -> Self {
        let (count, names) = (sorted.len(), sorted.names());
        let names: &[u32] = &names;
        let (mut hash_by_name, mut end_of_each) = (vec![0_u16; count], vec![0_u32; HASHES]);
        let (of_names, ends): (&mut [u16], &mut [u32]) = (&mut hash_by_name, &mut end_of_each);
        let (mut next, mut all) = (0, 0);
        while next < count {
            if let Some(hash) = hash_of_name(strings, names[next] as usize, hashed) {
                of_names[next] = hash as u16;
                ends[hash] += 1;
                all += 1;
            }
            next += 1;
        }
        let mut before = 0;
        next = 0;
        while next < HASHES {
            let own = ends[next];
            ends[next] = before;
            before += own;
            next += 1;
        }
        let mut by_hash = vec![0_u32; all];
        let numbers: &mut [u32] = &mut by_hash;
        next = 0;
        while next < count {
            let hash = of_names[next] as usize;
            if hash != 0 {
                numbers[ends[hash] as usize] = next as u32;
                ends[hash] += 1;
            }
            next += 1;
        }
        Self { ends: end_of_each, numbers: by_hash }
    }

    fn with(&self, symbols: &Symbols, hash: usize, is_it: &dyn Fn(u32) -> bool) -> Vec<Entry> {
        let numbers = &self.numbers[self.ends[hash - 1] as usize..self.ends[hash] as usize];
        let mut found = Vec::new();
        for number in numbers {
            if is_it(*number) {
                found.push(symbols.sorted().entry(*number as usize));
            }
        }
        found
    }
}

/// Names in the v0 mangling, with what they may contain.
#[derive(Debug)]
struct Contents {
    numbers: Vec<u32>,
    contents: Vec<u128>,
}

/// A bit or two for each identifier that a name, or the begin of one, may contain. What begins a name has no others than the
/// name has: wherever a digit is, an identifier of that length may begin, and it counts if it is there whole.
fn contents(name: &[u8]) -> u128 {
    let (mut contents, mut at) = (0, 0);
    while at < name.len() {
        if name[at] <= b'9' && name[at] >= b'1' {
            contents |= identifier(name, at);
        }
        at += 1;
    }
    contents
}

fn identifier(name: &[u8], digits: usize) -> u128 {
    let (mut length, mut at) = (0, digits);
    while at < name.len() && at - digits < 4 && name[at].is_ascii_digit() {
        length = length * 10 + (name[at] - b'0') as usize;
        at += 1;
    }
    // `_` stands between a length and an identifier that begins with a digit or with `_`.
    if at < name.len() && name[at] == b'_' {
        at += 1;
    }
    if at + length > name.len() {
        return 0;
    }
    let (first, last) = (name[at] as usize, name[at + length - 1] as usize);
    1 << ((first * 7 + length * 31 + last) & 127) | 1 << ((first * 3 + length + last * 5) & 127)
}

impl Contents {
    fn build(sorted: &Sorted, strings: &[u8]) -> Self {
        let mut built = Self { numbers: Vec::new(), contents: Vec::new() };
        let mut next = 0;
        let names = sorted.names();
        let names: &[u32] = &names;
        while next < names.len() {
            let at = names[next] as usize;
            if strings[at] == b'_' && at + 1 < strings.len() && strings[at + 1] == b'R' {
                built.numbers.push(next as u32);
                built.contents.push(contents(text(strings, at).unwrap_or_default()));
            }
            next += 1;
        }
        built
    }

    fn with(&self, symbols: &Symbols, wanted: u128, is_it: &dyn Fn(u32) -> bool) -> Vec<Entry> {
        let (numbers, contents): (&[u32], &[u128]) = (&self.numbers, &self.contents);
        let (mut next, mut found) = (0, Vec::new());
        while next < numbers.len() {
            if contents[next] & wanted == wanted && is_it(numbers[next]) {
                found.push(symbols.sorted().entry(numbers[next] as usize));
            }
            next += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::elf::Elf;
    use crate::image::name::{Mangled, Mangling};

    #[test]
    fn what_begins_a_name_contains_no_more_than_the_name() {
        let name = b"_RNvMs3_NtCsgEmfK2I1SDS_4core3fmtNtB5_9Formatter9write_strCs34I7lPuBLho_3app";
        let whole = contents(name);
        for length in 0..name.len() {
            let begin = contents(&name[..length]);
            assert_eq!(begin & whole, begin, "{length}");
        }
        for identifier in [&b"9write_str"[..], b"3fmt", b"9Formatter", b"4core"] {
            let own = contents(identifier);
            assert!(own != 0 && own & whole == own);
        }
        // `3fo2` and `3bar`, not `23` of anything.
        assert_eq!(contents(b"3bar") & contents(b"_RNvC3fo23bar"), contents(b"3bar"));
    }

    /// Searches by the index and by looking at all names, with what this program's names make keys of.
    #[test]
    fn the_index_finds_what_a_look_at_all_names_finds() {
        let file = std::fs::read("/proc/self/exe").unwrap().leak();
        let elf = Elf::parse(file).unwrap();
        let (symbols, index) = (Symbols::build(&elf), Index::default());
        let mut tried = [0; 2];
        for entry in symbols.entries().step_by(symbols.sorted().len() / 200 + 1) {
            let Some(name) = Mangled::parse(elf.name(entry.name)) else { continue };
            let mut found = index.with_key(&symbols, elf.strings, &name.key);
            found.sort_by_key(|entry| (entry.address, entry.name));
            let mut all = symbols.search(&name.key);
            all.retain(|entry| name.mangling == Mangling::V0 || name.same_key(elf.name(entry.name)));
            found.retain(|entry| name.mangling == Mangling::V0 || name.same_key(elf.name(entry.name)));
            all.sort_by_key(|entry| (entry.address, entry.name));
            assert_eq!(found, all, "{}", name.plain());
            let identifier = name.ident_with_length(name.mangling);
            let legacy = index.legacy_with_identifier(&symbols, elf.strings, b"_ZN", &identifier);
            let v0 = index.v0_with_identifier(&symbols, elf.strings, &identifier);
            let plain = !name.shim && !name.key.ends_with(b"$GT$17h");
            assert!(!plain || legacy.contains(&entry) || v0.contains(&entry), "{}", name.plain());
            tried[usize::from(name.mangling == Mangling::V0)] += 1;
        }
        // A release build is stripped.
        assert!(!elf.full || tried.iter().sum::<i32>() > 50, "{tried:?}");
    }
}
