//! What is loaded, with what has been read of it so far. Nothing is read before it is asked for.
use super::dwarf::Dwarf;
use super::elf::Elf;
use super::name::Mangled;
use super::symbols::{Entry, Symbols};
use super::system::{self, Loaded};
use once_cell::race::OnceBox;
use parking_lot::Mutex;
use std::sync::OnceLock;

/// A loaded file.
#[derive(Debug)]
pub(super) struct Object {
    pub loaded: Loaded,
    elf: OnceLock<Option<Elf>>,
    symbols: OnceLock<Symbols>,
    dwarf: OnceBox<Option<Dwarf>>,
}

/// Every file that was ever seen; they are few, and what was read of them is wanted again.
static SEEN: Mutex<Vec<&'static Object>> = Mutex::new(Vec::new());

/// Everything that is loaded now.
pub(super) fn all() -> Vec<&'static Object> {
    let loaded = system::loaded();
    let mut seen = SEEN.lock();
    loaded.into_iter().map(|loaded| known(&mut seen, loaded)).collect()
}

fn known(seen: &mut Vec<&'static Object>, loaded: Loaded) -> &'static Object {
    if let Some(object) = seen.iter().find(|object| object.loaded == loaded) {
        return object;
    }
    let (elf, symbols, dwarf) = (OnceLock::new(), OnceLock::new(), OnceBox::new());
    let new = Box::leak(Box::new(Object { loaded, elf, symbols, dwarf }));
    seen.push(new);
    new
}

/// The file that `address` was loaded from.
pub(super) fn around(address: usize) -> Option<&'static Object> {
    all().into_iter().find(|object| object.loaded.holds(address))
}

impl Object {
    /// The file's parts, if the file can be read.
    pub fn elf(&self) -> Option<&Elf> {
        self.elf.get_or_init(|| Elf::parse(system::open(&self.loaded)?)).as_ref()
    }

    /// The file's functions.
    pub fn symbols(&self) -> &Symbols {
        self.symbols.get_or_init(|| self.elf().map(Symbols::build).unwrap_or_default())
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
