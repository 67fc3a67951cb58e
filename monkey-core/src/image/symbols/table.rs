//! A file's own table of symbols, in the order in which the file has them.
use super::Entry;
use crate::image::elf::{Elf, Section};
use std::slice;

/// `Elf64_Sym`. Without a demand on its place, so that it can be read where it is; unoptimised code reads a field in one
/// instruction, and takes twenty to make a number of eight bytes.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed)]
pub struct Symbol {
    pub name: u32,
    /// Type, and binding above it.
    kind: u8,
    visibility: u8,
    section: u16,
    pub address: u64,
    pub size: u64,
}

#[cfg(not(target_endian = "little"))]
compile_error!("tables of symbols are read as they are in little-endian files");

impl Symbol {
    fn read_all(table: &'static [u8]) -> &'static [Self] {
        let count = table.len() / size_of::<Self>();
        // SAFETY: so many fit into the table, which stays; any bytes are a symbol, and it may begin at any address.
        unsafe { slice::from_raw_parts(table.as_ptr().cast(), count) }
    }

    /// `STV_INTERNAL` or `STV_HIDDEN`.
    fn is_hidden(self) -> bool {
        matches!(self.visibility & 3, 1 | 2)
    }

    #[cfg(test)]
    pub fn function(address: u64, size: u64) -> Self {
        Self { name: 0, kind: 2, visibility: 0, section: 0, address, size }
    }

    /// As what is found, being so far behind the begin of all code.
    pub fn entry(self, address: u32) -> Entry {
        Entry {
            address,
            name: self.name,
            size: self.size.min(u64::from(u32::MAX)) as u32,
            local: self.kind >> 4 == 0,
            of_unit: self.kind >> 4 == 0 && !self.is_hidden(),
        }
    }
}

/// The table, and what tells which of its symbols are functions.
#[derive(Debug, Default)]
pub struct Table {
    pub symbols: &'static [Symbol],
    pub strings: &'static [u8],
    /// Whether a section is code, by its number.
    code: Vec<bool>,
    /// Where all code begins and ends. Its distances have 32 bits.
    pub begin: u64,
    end: u64,
}

impl Table {
    pub fn read(elf: &Elf) -> Self {
        Self::new(Symbol::read_all(elf.symbols), elf.strings, &elf.code)
    }

    pub fn new(symbols: &'static [Symbol], strings: &'static [u8], sections: &[Section]) -> Self {
        let (mut begin, mut end) = (u64::MAX, 0);
        for code in sections.iter().filter(|code| code.size != 0) {
            begin = begin.min(code.svma);
            end = end.max(code.svma.saturating_add(code.size));
        }
        let span = end.saturating_sub(begin).min(u64::from(u32::MAX));
        let code = sections.iter().map(|section| section.size != 0).collect();
        Self { symbols, strings, code, begin, end: begin.saturating_add(span) }
    }

    /// How long the code is, from its begin to its end.
    pub fn span(&self) -> usize {
        self.end.saturating_sub(self.begin) as usize
    }

    /// For loops over all symbols: indexing lists is a call without optimisation.
    pub fn functions(&self) -> Functions<'_> {
        Functions { code: &self.code, strings: self.strings, begin: self.begin, end: self.end }
    }
}

/// What tells which symbols are functions.
#[derive(Debug, Clone, Copy)]
pub struct Functions<'a> {
    code: &'a [bool],
    strings: &'a [u8],
    begin: u64,
    end: u64,
}

/// No function's distance from the begin of all code.
pub const NOWHERE: u64 = u64::MAX;

impl Functions<'_> {
    /// How far behind the begin of all code the symbol is, if it is a function, or an untyped label in code (assembly). Marks of
    /// the assembler (`$x`) are none. Inlined without optimisation too: it is asked of each.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as it says")]
    pub fn distance(&self, symbol: &Symbol) -> u64 {
        let (kind, section) = (symbol.kind & 15, symbol.section as usize);
        if (kind != 2 && kind != 0 && kind != 10) || section >= self.code.len() || !self.code[section] {
            return NOWHERE;
        }
        let (address, name) = (symbol.address, symbol.name as usize);
        if address < self.begin || address >= self.end || name >= self.strings.len() {
            return NOWHERE;
        }
        if kind == 0 && self.strings[name] == b'$' {
            return NOWHERE;
        }
        address - self.begin
    }
}
