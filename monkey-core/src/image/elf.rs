//! One ELF file: where its symbols, its code and its debug information are. Nothing is copied.
use super::bytes::{number, text};
use headers::{Headers, SHF_COMPRESSED, SHF_EXECINSTR, SHT_DYNSYM, SHT_NOBITS, SHT_SYMTAB, SectionHeader};

mod headers;

/// A section's bytes and the address at which the program expects them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Section {
    pub data: &'static [u8],
    pub svma: u64,
    pub size: u64,
}

impl Section {
    fn holds(&self, svma: u64) -> bool {
        svma >= self.svma && svma - self.svma < self.size
    }
}

/// The parts of the file that are read later. An empty one is missing.
#[derive(Debug, Default)]
pub(super) struct Elf {
    /// Raw `Elf64_Sym`s and their names: the full table, or the dynamic one.
    pub symbols: &'static [u8],
    pub strings: &'static [u8],
    /// Whether `symbols` is the full table, so that functions which are not exported have a name too.
    pub full: bool,
    /// The dynamic symbols, for the names that the loader knows.
    pub dynamic: &'static [u8],
    pub dynamic_strings: &'static [u8],
    /// Per section index: the code, or nothing.
    pub code: Vec<Section>,
    /// The linkage tables: jumps through memory to other files' functions.
    pub linkage: Vec<Section>,
    pub eh_frame_hdr: Section,
    pub eh_frame: Section,
    /// Begin and end of each function, sorted, where the file's form has such a table in place of `.eh_frame_hdr`.
    pub ranges: Vec<(u64, u64)>,
    /// Name and bytes of each section that has debug information.
    pub debug_sections: Vec<(&'static [u8], &'static [u8])>,
    /// Another file that has debug information, where the form of files has such ones.
    #[cfg(any(system = "windows", test))]
    pub pdb: Option<super::pdb::Pdb>,
    /// The path of such a file that the program names, and that is not there or of another build.
    pub missing_pdb: Option<String>,
    /// Sections that are there but packed.
    pub compressed: bool,
}

impl Elf {
    /// Reads the headers. `None` when this is not a 64-bit little-endian ELF file with sections.
    pub fn parse(data: &'static [u8]) -> Option<Self> {
        let headers = Headers::parse(data)?;
        let names = headers.names()?;
        let mut elf = Self::default();
        let mut index = 0;
        while let Some(section) = headers.section(index) {
            index += 1;
            let bytes = headers.data(&section);
            let executable = section.has(SHF_EXECINSTR);
            elf.code.push(if executable { place(&section, bytes) } else { Section::default() });
            match section.kind {
                SHT_SYMTAB | SHT_DYNSYM => elf.take_symbols(&headers, &section, bytes),
                SHT_NOBITS => {}
                _ => elf.take(section.name(names), &section, bytes),
            }
        }
        if !elf.full {
            (elf.symbols, elf.strings) = (elf.dynamic, elf.dynamic_strings);
        }
        Some(elf)
    }

    fn take_symbols(&mut self, headers: &Headers<'static>, section: &SectionHeader, bytes: &'static [u8]) {
        let strings = headers.section(section.link).map(|strings| headers.data(&strings)).unwrap_or_default();
        if section.kind == SHT_SYMTAB {
            (self.symbols, self.strings, self.full) = (bytes, strings, true);
        } else {
            (self.dynamic, self.dynamic_strings) = (bytes, strings);
        }
    }

    fn take(&mut self, name: &'static [u8], section: &SectionHeader, bytes: &'static [u8]) {
        if name.starts_with(b".zdebug") || section.has(SHF_COMPRESSED) {
            self.compressed = true;
            return;
        }
        match name {
            b".plt" | b".plt.sec" | b".plt.got" | b".iplt" => self.linkage.push(place(section, bytes)),
            b".eh_frame" => self.eh_frame = place(section, bytes),
            b".eh_frame_hdr" => self.eh_frame_hdr = place(section, bytes),
            _ if name.starts_with(b".debug_") => self.debug_sections.push((name, bytes)),
            _ => {}
        }
    }

    /// Begin and end of the code section around `svma`.
    pub fn code_around(&self, svma: u64) -> Option<(u64, u64)> {
        let section = self.code.iter().find(|section| section.holds(svma))?;
        Some((section.svma, section.svma.checked_add(section.size)?))
    }

    /// The code from `svma` on, as the linker wrote it, at most `most` bytes.
    pub fn code_at(&self, svma: u64, most: usize) -> Option<&'static [u8]> {
        let section = self.code.iter().find(|section| section.holds(svma))?;
        let rest = section.data.get((svma - section.svma) as usize..)?;
        Some(&rest[..most.min(rest.len())])
    }

    /// Whether a linkage table has `svma`. A function of the program that ends in such a jump is another matter.
    pub fn is_linkage(&self, svma: u64) -> bool {
        self.linkage.iter().any(|section| section.holds(svma))
    }

    /// The name of the library function for which the program has a jump at `svma`.
    pub fn dynamic_name(&self, svma: u64) -> Option<&'static [u8]> {
        let entry = self.dynamic.chunks_exact(24).find(|entry| number(entry, 8, 8) == Some(svma))?;
        text(self.dynamic_strings, number(entry, 0, 4)? as usize)
    }

    /// Whether functions that have no symbol in the file have got one here.
    #[expect(clippy::unused_self, reason = "as where there are such files")]
    #[cfg(not(any(system = "windows", test)))]
    pub fn makes_names(&self) -> bool {
        false
    }

    /// Whether functions that have no symbol in the file have got one here.
    #[cfg(any(system = "windows", test))]
    pub fn makes_names(&self) -> bool {
        self.pdb.is_some()
    }

    fn debug_sections(&self) -> &[(&'static [u8], &'static [u8])] {
        #[cfg(any(system = "windows", test))]
        if let Some(pdb) = self.pdb.as_ref().filter(|_| self.debug_sections.is_empty()) {
            return pdb.debug_sections();
        }
        &self.debug_sections
    }

    /// The section of debug information that has this name; empty when there is none.
    pub fn debug_section(&self, name: &str) -> &'static [u8] {
        let section = self.debug_sections().iter().find(|(own, _)| *own == name.as_bytes());
        section.map_or(&[], |(_, bytes)| bytes)
    }

    /// The name of a symbol.
    pub fn name(&self, at: u32) -> &'static [u8] {
        text(self.strings, at as usize).unwrap_or_default()
    }
}

fn place(section: &SectionHeader, data: &'static [u8]) -> Section {
    Section { data, svma: section.address, size: section.size }
}

/// The segments of the file, as the loader would see them: kind, address, size in memory.
pub(super) fn segments(data: &[u8]) -> Option<Vec<(u32, u64, u64)>> {
    Headers::parse(data)?.segments()
}

#[cfg(all(test, system = "linux"))]
mod tests {
    use super::*;
    use crate::image::eh_frame;
    use crate::image::symbols::Symbols;

    #[test]
    fn a_file_that_ends_anywhere_is_survived() {
        let file: &'static [u8] = std::fs::read("/proc/self/exe").unwrap().leak();
        for size in [0, 3, 16, 63, 64, 100, 4096, file.len() / 2, file.len() - 1] {
            assert!(Elf::parse(&file[..size]).is_none_or(|elf| elf.symbols.is_empty()), "{size}");
        }
        assert!(Elf::parse(b"\x7fELF\x01\x01\x01").is_none());
    }

    #[test]
    fn spoiled_headers_and_symbols_are_survived() {
        let whole = std::fs::read("/proc/self/exe").unwrap();
        let headers = whole.len() - 64 * 64;
        let mut seed = 3_u32;
        for _ in 0..4 {
            let mut file = whole.clone();
            for _ in 0..40 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = headers + (seed >> 8) as usize % (64 * 64);
                file[at] = seed as u8;
            }
            let Some(elf) = Elf::parse(file.leak()) else { continue };
            let symbols = Symbols::build(&elf);
            let _ = (symbols.covering(symbols.base), symbols.with_prefix(b"_ZN4core"));
            let _ = (eh_frame::function(&elf, symbols.base), eh_frame::next(&elf, symbols.base));
        }
    }
}
