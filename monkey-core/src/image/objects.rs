//! What is loaded, with what has been read of it so far. Nothing is read before it is asked for.
//!
//! Nobody waits for anybody where processes fork: a fork at any moment leaves a child that can read on. Two threads may read the same
//! file at once, and what the first has read is kept.
use super::bytes::{self, find_all, find_by};
use super::dwarf::Dwarf;
use super::elf::Elf;
use super::made::Made;
use super::name::Mangled;
use super::symbols::{Entry, Symbols, V0};
use super::system::{self, Loaded};
use crate::append_only::AppendOnly;
use once_cell::race::OnceBox;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};

/// A loaded file.
#[derive(Debug)]
pub(super) struct Object {
    pub loaded: Loaded,
    /// From its first address to its last.
    extent: (usize, usize),
    elf: Made<Option<Elf>>,
    symbols: OnceBox<Symbols>,
    dwarf: Made<Option<Dwarf>>,
    has_rust: OnceBox<bool>,
}

/// What every Rust name in the legacy mangling has, and names of C hardly do.
const LEGACY: &[u8] = b"17h";
/// The place in it of what names of C have less often than the rest.
const RARE_IN_LEGACY: usize = 1;
/// The same in what names in the v0 mangling begin with.
const RARE_IN_V0: usize = 1;
/// With what the path of a name in the v0 mangling begins.
const PATHS: &[u8] = b"CIMNXY";

/// Every file that was ever seen; they are few, and what was read of them is wanted again.
static SEEN: AppendOnly<Object> = AppendOnly::new();

/// What is loaded while no file comes or goes.
#[derive(Debug)]
struct Present {
    loads: u64,
    objects: Vec<&'static Object>,
    /// Kept reachable: somebody may be reading it.
    _before: Option<&'static Self>,
}

static PRESENT: AtomicPtr<Present> = AtomicPtr::new(ptr::null_mut());

fn present() -> Option<&'static Present> {
    // SAFETY: null, or what `loaded` leaked.
    unsafe { PRESENT.load(SeqCst).as_ref() }
}

/// Everything that is loaded now. The loader is asked each time whether that has changed, and only then for all of it.
pub(super) fn loaded() -> &'static [&'static Object] {
    loop {
        let before = present();
        if let Some(present) = before.filter(|present| present.loads == system::loads()) {
            return &present.objects;
        }
        let (loads, loaded) = system::loaded();
        let objects = loaded.iter().map(known).collect();
        let new = Box::into_raw(Box::new(Present { loads, objects, _before: before }));
        let expected = before.map_or(ptr::null_mut(), |before| ptr::from_ref(before).cast_mut());
        if PRESENT.compare_exchange(expected, new, SeqCst, SeqCst).is_ok() {
            // SAFETY: leaked just now, and what was published is never freed or changed.
            return unsafe { &(*new).objects };
        }
        // SAFETY: nobody else has seen it, and it is not used any more.
        drop(unsafe { Box::from_raw(new) });
    }
}

/// The object of a loaded file; a new one if there is none yet.
///
/// A file that was closed and one that came to its place differ in path, segments, header or notes.
fn known(loaded: &Loaded) -> &'static Object {
    let is_it = |object: &Object| object.loaded == *loaded;
    let new = || Object {
        loaded: loaded.clone(),
        extent: loaded.extent(),
        elf: Made::new(),
        symbols: OnceBox::new(),
        dwarf: Made::new(),
        has_rust: OnceBox::new(),
    };
    SEEN.find_or_add(is_it, new)
}

/// The file that `address` was loaded from.
pub(super) fn around(address: usize) -> Option<&'static Object> {
    for object in loaded() {
        let (begin, end) = object.extent;
        if address >= begin && address < end && object.loaded.holds(address) {
            return Some(object);
        }
    }
    None
}

/// Whether one of the names is in the v0 mangling. `_R` alone is in names of the C library as well.
fn has_v0(names: &[u8]) -> bool {
    let mut places = find_by(names, V0, RARE_IN_V0);
    places.any(|at| {
        let before = at.checked_sub(1).map(|before| names[before]);
        before == Some(0) && names.get(at + V0.len()).is_some_and(|path| PATHS.contains(path))
    })
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

    /// The symbols that begin with `key`.
    pub fn with_prefix(&self, key: &[u8]) -> Vec<(Entry, &'static [u8])> {
        self.named(|symbols| symbols.with_prefix(key))
    }

    /// The symbols that begin with a function's key.
    pub fn with_key(&self, key: &[u8]) -> Vec<(Entry, &'static [u8])> {
        self.named(|symbols| symbols.with_key(key))
    }

    /// The symbols in the legacy mangling that begin with `start` and end with the identifier, and perhaps some more.
    pub fn legacy_with_identifier(&self, start: &[u8], identifier: &[u8]) -> Vec<(Entry, &'static [u8])> {
        self.named(|symbols| symbols.legacy_with_identifier(start, identifier))
    }

    /// The symbols in the v0 mangling that contain the identifier, and perhaps some more.
    pub fn v0_with_identifier(&self, identifier: &[u8]) -> Vec<(Entry, &'static [u8])> {
        self.named(|symbols| symbols.v0_with_identifier(identifier))
    }

    /// What is found among the symbols. Those of a file without any of Rust's are not read for it.
    fn named(&self, find: impl FnOnce(&Symbols) -> Vec<Entry>) -> Vec<(Entry, &'static [u8])> {
        let Some(elf) = self.elf().filter(|_| self.has_rust()) else { return Vec::new() };
        let entries = find(self.symbols());
        entries.into_iter().map(|entry| (entry, elf.name(entry.name))).collect()
    }

    /// Whether any of its symbols is one of Rust's.
    pub fn has_rust(&self) -> bool {
        let look = |elf: &Elf| {
            bytes::bring(elf.strings);
            find_by(elf.strings, LEGACY, RARE_IN_LEGACY).next().is_some() || has_v0(elf.strings)
        };
        *self.has_rust.get_or_init(|| Box::new(self.elf().is_some_and(look)))
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

    /// Its first address.
    pub fn begin_in_memory(&self) -> usize {
        self.extent.0
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

    /// Whether more than one symbol begins at `address`.
    pub fn has_several_names(&self, address: usize) -> bool {
        self.symbols().entries_at(self.inside(address)).len() > 1
    }

    /// The Rust names of the functions that begin at `address`.
    pub fn mangled_at(&self, address: usize) -> Vec<Mangled> {
        let Some(elf) = self.elf() else { return Vec::new() };
        self.symbols()
            .entries_at(self.inside(address))
            .iter()
            .filter_map(|entry| Mangled::parse(elf.name(entry.name)))
            .collect()
    }

    /// The names of the functions that begin at `address` and are not spelled as Rust does. What the linker defines
    /// has no size.
    pub fn foreign_at(&self, address: usize) -> Vec<String> {
        let Some(elf) = self.elf() else { return Vec::new() };
        let entries =
            self.symbols().entries_at(self.inside(address)).into_iter().filter(|entry| entry.size != 0);
        let names = entries.map(|entry| elf.name(entry.name));
        let foreign = names.filter(|name| Mangled::parse(name).is_none());
        foreign.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }
}
