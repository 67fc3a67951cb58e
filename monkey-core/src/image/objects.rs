//! What is loaded, with what has been read of it so far. Nothing is read before it is asked for.
//!
//! Nobody waits for anybody: a fork at any moment leaves a child that can read on. Two threads may read the same file at
//! once, and what the first has read is kept.
use super::bytes::find_all;
use super::dwarf::Dwarf;
use super::elf::Elf;
use super::name::Mangled;
use super::published::Published;
use super::symbols::{Entry, Symbols, V0};
use super::system::{self, Loaded};
use once_cell::race::OnceBox;

/// A loaded file.
#[derive(Debug)]
pub(super) struct Object {
    pub loaded: Loaded,
    elf: OnceBox<Option<Elf>>,
    symbols: OnceBox<Symbols>,
    dwarf: OnceBox<Option<Dwarf>>,
}

/// Every file that was ever seen; they are few, and what was read of them is wanted again.
static SEEN: Published<Object> = Published::new();

/// Everything that is loaded now.
pub(super) fn all() -> Vec<&'static Object> {
    system::loaded().iter().map(known).collect()
}

/// The object of a loaded file; a new one if there is none yet.
///
/// A file that was closed and one that came to its place differ in path, segments, header or notes.
fn known(loaded: &Loaded) -> &'static Object {
    let is_it = |object: &Object| object.loaded == *loaded;
    let new = || Object {
        loaded: loaded.clone(),
        elf: OnceBox::new(),
        symbols: OnceBox::new(),
        dwarf: OnceBox::new(),
    };
    SEEN.find_or_add(is_it, new)
}

/// The file that `address` was loaded from.
pub(super) fn around(address: usize) -> Option<&'static Object> {
    system::loaded().iter().find(|loaded| loaded.holds(address)).map(known)
}

impl Object {
    /// The file's parts, if the file can be read.
    pub fn elf(&self) -> Option<&Elf> {
        let read = || Box::new(system::open(&self.loaded).and_then(system::parse));
        self.elf.get_or_init(read).as_ref()
    }

    /// The file's functions.
    pub fn symbols(&self) -> &Symbols {
        self.symbols.get_or_init(|| Box::new(self.elf().map(Symbols::build).unwrap_or_default()))
    }

    /// The symbols that begin with `key`. A file that does not contain it is not indexed for it.
    pub fn with_prefix(&self, key: &[u8]) -> Vec<(Entry, &'static [u8])> {
        let Some(elf) = self.elf().filter(|elf| elf.strings.len() > key.len()) else { return Vec::new() };
        let entries = self.symbols().with_prefix(elf.strings, key);
        entries.into_iter().map(|entry| (entry, elf.name(entry.name))).collect()
    }

    /// Whether both files contain the same build of the standard library: its own functions always have v0 names, which
    /// have the disambiguators of its crates.
    pub fn same_standard_library(&self, other: &Self) -> bool {
        let own = self.core_disambiguator();
        own.is_some() && own == other.core_disambiguator()
    }

    fn core_disambiguator(&self) -> Option<&'static [u8]> {
        self.with_prefix(V0).into_iter().find_map(|(_, name)| {
            let before: &'static [u8] = find_all(name, b"_4core").next().map(|at| &name[..at])?;
            let crate_root = before.windows(2).rposition(|pair| pair == b"Cs")?;
            let disambiguator = &before[crate_root + 2..];
            disambiguator.iter().all(u8::is_ascii_alphanumeric).then_some(disambiguator)
        })
    }

    /// The file's debug information, if the file can be read.
    pub fn dwarf(&self) -> Option<&Dwarf> {
        self.dwarf.get_or_init(|| Box::new(self.elf().map(Dwarf::new))).as_ref()
    }

    /// An address of the process as the file has it.
    pub fn inside(&self, address: usize) -> u64 {
        address.wrapping_sub(self.loaded.bias) as u64
    }

    /// An address of the file as the process has it.
    pub fn outside(&self, address: u64) -> usize {
        (address as usize).wrapping_add(self.loaded.bias)
    }

    /// Where a symbol's function begins, in the file.
    pub fn begin(&self, entry: &Entry) -> u64 {
        self.symbols().base + u64::from(entry.address)
    }

    /// The Rust names of the functions that begin at `address`.
    pub fn mangled_at(&self, address: usize) -> Vec<Mangled> {
        let Some(elf) = self.elf() else { return Vec::new() };
        self.symbols()
            .at(self.inside(address))
            .iter()
            .filter_map(|entry| Mangled::parse(elf.name(entry.name)))
            .collect()
    }

    /// The names of the functions that begin at `address` and are not spelled as Rust does. What the linker defines
    /// has no size.
    pub fn foreign_at(&self, address: usize) -> Vec<String> {
        let Some(elf) = self.elf() else { return Vec::new() };
        let entries = self.symbols().at(self.inside(address)).iter().filter(|entry| entry.size != 0);
        let names = entries.map(|entry| elf.name(entry.name));
        let foreign = names.filter(|name| Mangled::parse(name).is_none());
        foreign.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }
}
