//! One PDB file, in which MSVC's linkers and lld put what they know of a program: its functions' names, lines and inlined calls.
//!
//! It gives the parts that other files have: symbols as a table has them, and debug information as sections of DWARF, which are written
//! in memory when they are asked for. So what is known of a function is found in one way on every system.
//!
//! Read here and by no crate: what is read for each process's first patch is read by unoptimised code. Sources: LLVM, "The PDB File
//! Format"; Microsoft's `cvinfo.h` in `microsoft-pdb`.
mod annotations;
mod dwarf;
mod functions;
mod ids;
mod lines;
mod module;
mod msf;
mod records;
mod rows;
mod spelling;
#[cfg(test)]
mod tests;
mod writer;

use super::bytes::{number, text};
use functions::Functions;
pub(super) use functions::Symbol;
use lines::Names;
use module::Module;
use msf::Msf;
use once_cell::race::OnceBox;

/// The streams that have the same number in every file.
const INFORMATION: usize = 1;
const TYPES: usize = 2;
const DEBUG: usize = 3;
const IDS: usize = 4;

/// A name and the bytes of a section of debug information.
pub(super) type DebugSection = (&'static [u8], &'static [u8]);

/// What tells one build of a program from all others; the program has it as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Build {
    pub guid: [u8; 16],
    pub age: u32,
}

#[derive(Debug)]
pub(super) struct Pdb {
    pub build: Build,
    modules: Vec<Module>,
    names: Names,
    types: &'static [u8],
    ids: &'static [u8],
    publics: Publics,
    /// Where each section of the program begins, by its number; the first one is 1.
    sections: Vec<u64>,
    functions: OnceBox<Functions>,
    dwarf: OnceBox<Vec<DebugSection>>,
}

/// The functions that others name.
#[derive(Debug, Default)]
struct Publics {
    records: &'static [u8],
    /// The places of their records, in the order of their addresses.
    places: &'static [u8],
}

impl Pdb {
    /// Reads what leads to the rest. `None` when this is no such file. `sections`: where the program's sections begin.
    pub fn parse(data: &'static [u8], sections: Vec<u64>) -> Option<Self> {
        let msf = Msf::parse(data)?;
        let (information, debug) = (msf.stream(INFORMATION)?, msf.stream(DEBUG)?);
        let guid = information.get(12..28)?.try_into().ok()?;
        let build = Build { guid, age: number(debug, 8, 4)? as u32 };
        let named = |name| named_stream(information, name).and_then(|index| msf.stream(index));
        Some(Self {
            build,
            modules: module::modules(&msf, debug).unwrap_or_default(),
            names: Names::parse(named(b"/names").unwrap_or_default()),
            types: msf.stream(TYPES).unwrap_or_default(),
            ids: msf.stream(IDS).unwrap_or_default(),
            publics: Publics::parse(&msf, debug).unwrap_or_default(),
            sections,
            functions: OnceBox::new(),
            dwarf: OnceBox::new(),
        })
    }

    fn functions(&self) -> &Functions {
        self.functions.get_or_init(|| Box::new(Functions::read(self)))
    }

    /// The names of functions.
    pub fn symbols(&self) -> &[Symbol] {
        &self.functions().symbols
    }

    /// Its debug information, as sections of DWARF.
    pub fn debug_sections(&self) -> &[DebugSection] {
        self.dwarf.get_or_init(|| Box::new(dwarf::sections(self)))
    }

    /// The program's address of a place in a section.
    fn svma(&self, section: usize, offset: usize) -> Option<u64> {
        Some(self.sections.get(section).filter(|begin| **begin != 0)? + offset as u64)
    }
}

impl Publics {
    fn parse(msf: &Msf, debug: &[u8]) -> Option<Self> {
        /// In front of what finds them by name, and that in front of what finds them by address.
        const HEADER: usize = 28;
        let (index, records) = (number(debug, 16, 2)? as usize, number(debug, 20, 2)? as usize);
        let (index, records) = (msf.stream(index)?, msf.stream(records)?);
        let (by_name, by_address) = (number(index, 0, 4)? as usize, number(index, 4, 4)? as usize);
        let begin = HEADER.checked_add(by_name)?;
        Some(Self { records, places: index.get(begin..begin.checked_add(by_address)?)? })
    }
}

/// The number of the stream that has this name, by the table of them in the stream of information.
fn named_stream(information: &[u8], name: &[u8]) -> Option<usize> {
    const NAMES: usize = 28;
    let size = number(information, NAMES, 4)? as usize;
    let names = information.get(NAMES + 4..(NAMES + 4).checked_add(size)?)?;
    let table = NAMES + 4 + size;
    let count = number(information, table, 4)? as usize;
    // Two sets of bits, each behind its length in words: places that are taken, and that were.
    let taken = number(information, table + 8, 4)? as usize;
    let deleted_at = (table + 12).checked_add(taken.checked_mul(4)?)?;
    let deleted = number(information, deleted_at, 4)? as usize;
    let first = (deleted_at + 4).checked_add(deleted.checked_mul(4)?)?;
    (0..count).find_map(|entry| {
        let at = first + 8 * entry;
        let own = text(names, number(information, at, 4)? as usize)?;
        (own == name).then_some(number(information, at + 4, 4)? as usize)
    })
}
