//! One PE file: the same parts as an ELF file has, in the form in which those are read.
//!
//! Functions come from the COFF symbols, which GNU linkers write, or else from the PDB that belongs to the file, or else from the
//! exports; where they end, from the unwind tables. Source: Microsoft, "PE Format".
use super::bytes::{number, text};
use super::elf::{Elf, Section};
use super::pdb::{Build, Pdb};

/// Bytes of a section's header, of a COFF symbol, of a function's entry in the unwind tables.
const SECTION: usize = 40;
const SYMBOL: usize = 18;
const FUNCTION: usize = 12;
/// Which data directory is which.
const EXPORTS: usize = 0;
const EXCEPTIONS: usize = 3;
const DEBUG: usize = 6;
/// Bytes of an entry of the debug directory, and `IMAGE_DEBUG_TYPE_CODEVIEW`.
const DEBUG_ENTRY: usize = 28;
const CODEVIEW: u64 = 2;
/// `IMAGE_SCN_MEM_EXECUTE`.
const EXECUTE: u64 = 0x2000_0000;

/// The headers of a file.
struct Headers {
    data: &'static [u8],
    /// Where the COFF header is.
    coff: usize,
    pub image_base: u64,
}

/// The address that the file was linked for.
pub(super) fn image_base(data: &'static [u8]) -> Option<u64> {
    Headers::parse(data).map(|headers| headers.image_base)
}

/// What a file says of the PDB that was made with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PdbLink {
    pub build: Build,
    /// Where it was made; `%_PDB%`, or a name alone, stands for a place beside the program.
    pub path: String,
}

/// What a file says of its PDB.
#[cfg(test)]
pub(super) fn link(data: &'static [u8]) -> Option<PdbLink> {
    Headers::parse(data)?.pdb_link()
}

/// Reads the headers. `None` when this is not a 64-bit PE file. `find_pdb`: gives the bytes of files that may be the PDB.
pub(super) fn parse(
    data: &'static [u8],
    find_pdb: impl FnOnce(&PdbLink) -> Vec<&'static [u8]>,
) -> Option<Elf> {
    let headers = Headers::parse(data)?;
    let mut elf = Elf { code: vec![Section::default()], ..Elf::default() };
    for index in 0..headers.section_count()? {
        let (name, section, characteristics) = headers.section(index)?;
        elf.code.push(if characteristics & EXECUTE != 0 { section } else { Section::default() });
        if name.starts_with(b".debug_") {
            // The file's part may be longer than the section, in whole blocks.
            let length = section.data.len().min(section.size as usize);
            elf.debug_sections.push((name, &section.data[..length]));
        }
    }
    elf.ranges = headers.ranges().unwrap_or_default();
    let mut symbols = Collected::new(&elf);
    headers.add_symbols(&mut symbols);
    if symbols.is_empty() {
        let link = headers.pdb_link();
        elf.pdb = link.as_ref().and_then(|link| headers.pdb(link, find_pdb));
        elf.missing_pdb = link.filter(|_| elf.pdb.is_none()).map(|link| link.path);
        symbols.add_pdb(elf.pdb.as_ref());
    }
    elf.full = !symbols.is_empty();
    if !elf.full {
        headers.add_exports(&mut symbols);
    }
    let (table, strings) = symbols.finish(&elf.ranges);
    (elf.symbols, elf.strings) = (table, strings);
    Some(elf)
}

impl Headers {
    fn parse(data: &'static [u8]) -> Option<Self> {
        let coff = number(data, 0x3C, 4)? as usize + 4;
        let optional = coff + 20;
        let is_pe = data.starts_with(b"MZ")
            && data.get(coff - 4..coff)? == b"PE\0\0"
            && number(data, optional, 2)? == 0x20B;
        Some(Self { data, coff, image_base: number(data, optional + 24, 8)? }).filter(|_| is_pe)
    }

    fn field(&self, at: usize, size: usize) -> Option<usize> {
        Some(number(self.data, self.coff + at, size)? as usize)
    }

    fn section_count(&self) -> Option<usize> {
        self.field(2, 2)
    }

    /// A section's name, its place, and what it is.
    fn section(&self, index: usize) -> Option<(&'static [u8], Section, u64)> {
        let at = self.coff + 20 + self.field(16, 2)? + index * SECTION;
        let header = self.data.get(at..at + SECTION)?;
        let field = |at: usize| number(header, at, 4);
        let (start, length) = (field(20)? as usize, field(16)? as usize);
        let data = self.data.get(start..start.checked_add(length)?).unwrap_or_default();
        let section = Section { data, svma: self.image_base + field(12)?, size: field(8)? };
        Some((self.section_name(header)?, section, field(36)?))
    }

    /// `.text`, or `/4`: a place among the strings.
    fn section_name(&self, header: &'static [u8]) -> Option<&'static [u8]> {
        let name = header[..8].split(|byte| *byte == 0).next()?;
        let Some(digits) = name.strip_prefix(b"/") else { return Some(name) };
        let at = std::str::from_utf8(digits).ok()?.parse().ok()?;
        Some(text(self.strings()?, at).unwrap_or_default())
    }

    /// Where the symbols begin, and how many there are.
    fn symbols(&self) -> Option<(usize, usize)> {
        Some((self.field(8, 4)?, self.field(12, 4)?)).filter(|(at, _)| *at != 0)
    }

    /// The strings behind the symbols, from their length on, as places are counted.
    fn strings(&self) -> Option<&'static [u8]> {
        let (at, count) = self.symbols()?;
        self.data.get(at.checked_add(count.checked_mul(SYMBOL)?)?..)
    }

    /// The bytes at an address that is relative to the image's.
    fn bytes_at(&self, relative: usize) -> Option<&'static [u8]> {
        let address = self.image_base + relative as u64;
        let sections = (0..self.section_count()?).filter_map(|index| self.section(index));
        let holds =
            |section: &Section| address >= section.svma && address - section.svma < section.data.len() as u64;
        sections.map(|(_, section, _)| section).find(holds).map(|section| {
            let data: &'static [u8] = section.data;
            &data[(address - section.svma) as usize..]
        })
    }

    /// Where a data directory lies, relative to the image, and its size.
    fn directory(&self, index: usize) -> Option<(usize, usize)> {
        let at = 20 + 112 + 8 * index;
        Some((self.field(at, 4)?, self.field(at + 4, 4)?)).filter(|(_, size)| *size != 0)
    }

    /// Begin and end of each function that has unwind tables, sorted.
    fn ranges(&self) -> Option<Vec<(u64, u64)>> {
        let (at, size) = self.directory(EXCEPTIONS)?;
        let table = self.bytes_at(at)?;
        let entries = table.get(..size.min(table.len()))?.chunks_exact(FUNCTION);
        let range = |entry: &[u8]| {
            let (begin, end) = (number(entry, 0, 4)?, number(entry, 4, 4)?);
            (begin < end).then_some((self.image_base + begin, self.image_base + end))
        };
        Some(entries.filter_map(range).collect())
    }

    fn pdb_link(&self) -> Option<PdbLink> {
        let (at, size) = self.directory(DEBUG)?;
        let entries = self.bytes_at(at)?;
        let entries = entries.get(..size.min(entries.len()))?.chunks_exact(DEBUG_ENTRY);
        let own = |entry: &[u8]| {
            let data = self.bytes_at(number(entry, 20, 4)? as usize)?;
            let well = number(entry, 12, 4)? == CODEVIEW && data.starts_with(b"RSDS");
            let build = Build { guid: data.get(4..20)?.try_into().ok()?, age: number(data, 20, 4)? as u32 };
            let path = String::from_utf8_lossy(text(data, 24)?).into_owned();
            well.then_some(PdbLink { build, path })
        };
        entries.into_iter().find_map(own)
    }

    /// The PDB, if it is the one that was made with this file.
    fn pdb(&self, link: &PdbLink, find: impl FnOnce(&PdbLink) -> Vec<&'static [u8]>) -> Option<Pdb> {
        let sections = (0..self.section_count()?).filter_map(|index| self.section(index));
        let begins: Vec<u64> =
            std::iter::once(0).chain(sections.map(|(_, section, _)| section.svma)).collect();
        let read = find(link).into_iter().filter_map(|data| Pdb::parse(data, begins.clone()));
        read.into_iter().find(|pdb| pdb.build == link.build)
    }

    /// Functions, and untyped labels in code, from the COFF symbols.
    fn add_symbols(&self, into: &mut Collected) -> Option<()> {
        let (at, count) = self.symbols()?;
        let (table, strings) = (self.data.get(at..)?, self.strings()?);
        let mut index = 0;
        while index < count {
            let symbol = table.get(index * SYMBOL..(index + 1) * SYMBOL)?;
            let (value, section) = (number(symbol, 8, 4)?, number(symbol, 12, 2)? as usize);
            let (class, further) = (symbol[16], usize::from(symbol[17]));
            index += 1 + further;
            // External or static; what has further records and no type is a section's own symbol.
            let is_function = number(symbol, 14, 2)? == 0x20;
            if matches!(class, 2 | 3) && (is_function || further == 0) && section < into.sections.len() {
                let name = if symbol[..4] == [0; 4] {
                    text(strings, number(symbol, 4, 4)? as usize)?
                } else {
                    symbol[..8].split(|byte| *byte == 0).next()?
                };
                into.add(name, section, into.sections[section].0 + value);
            }
        }
        Some(())
    }

    /// Functions that have a name for others.
    fn add_exports(&self, into: &mut Collected) -> Option<()> {
        let (at, size) = self.directory(EXPORTS)?;
        let table = self.bytes_at(at)?;
        let field = |offset: usize| Some(number(table, offset, 4)? as usize);
        let (functions, names, ordinals) =
            (self.bytes_at(field(28)?)?, self.bytes_at(field(32)?)?, self.bytes_at(field(36)?)?);
        for index in 0..field(24)? {
            let ordinal = number(ordinals, 2 * index, 2)? as usize;
            let function = number(functions, 4 * ordinal, 4)? as usize;
            let name = text(self.bytes_at(number(names, 4 * index, 4)? as usize)?, 0)?;
            // One within the table is the name of another library's function.
            if !(at..at + size).contains(&function) {
                let address = self.image_base + function as u64;
                if let Some(section) = into.section_of(address) {
                    into.add(name, section, address);
                }
            }
        }
        Some(())
    }
}

/// Symbols on their way into the form of `Elf64_Sym`.
struct Collected {
    /// Begin and size of each section of code.
    sections: Vec<(u64, u64)>,
    symbols: Vec<Symbol>,
    strings: Vec<u8>,
}

struct Symbol {
    /// The place of its name.
    name: u32,
    section: u16,
    address: u64,
    /// 0 where only the unwind tables tell.
    size: u64,
    local: bool,
}

impl Collected {
    fn new(elf: &Elf) -> Self {
        let sections = elf.code.iter().map(|section| (section.svma, section.size)).collect();
        Self { sections, symbols: Vec::new(), strings: vec![0] }
    }

    fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    fn section_of(&self, address: u64) -> Option<usize> {
        self.sections.iter().position(|(begin, size)| address >= *begin && address - begin < *size)
    }

    fn add(&mut self, name: &[u8], section: usize, address: u64) {
        self.add_measured(name, section, address, 0, false);
    }

    fn add_measured(&mut self, name: &[u8], section: usize, address: u64, size: u64, local: bool) {
        let (begin, length) = self.sections[section];
        if address < begin || address - begin >= length {
            return;
        }
        let place = self.strings.len() as u32;
        self.symbols.push(Symbol { name: place, section: section as u16, address, size, local });
        self.strings.extend_from_slice(name);
        self.strings.push(0);
    }

    fn add_pdb(&mut self, pdb: Option<&Pdb>) {
        for symbol in pdb.map(Pdb::symbols).unwrap_or_default() {
            if let Some((begin, _)) = self.sections.get(symbol.section) {
                let address = begin + symbol.offset as u64;
                self.add_measured(symbol.name, symbol.section, address, symbol.size as u64, symbol.local);
            }
        }
    }

    /// The table and its strings, for good. A function whose size is not known has the one that the unwind tables say.
    fn finish(self, ranges: &[(u64, u64)]) -> (&'static [u8], &'static [u8]) {
        /// `STT_FUNC`, and `STB_GLOBAL` above it.
        const FUNCTION: u8 = 2;
        const GLOBAL: u8 = 0x10;
        let mut table = Vec::with_capacity(self.symbols.len() * 24);
        for Symbol { name, section, address, size, local } in self.symbols {
            let size = match ranges.binary_search_by_key(&address, |(begin, _)| *begin) {
                Ok(index) if size == 0 => ranges[index].1 - address,
                _ => size,
            };
            table.extend_from_slice(&name.to_le_bytes());
            table.extend_from_slice(&[if local { FUNCTION } else { FUNCTION | GLOBAL }, 0]);
            table.extend_from_slice(&section.to_le_bytes());
            table.extend_from_slice(&address.to_le_bytes());
            table.extend_from_slice(&size.to_le_bytes());
        }
        (table.leak(), self.strings.leak())
    }
}
