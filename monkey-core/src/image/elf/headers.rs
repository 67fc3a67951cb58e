//! The headers of an ELF file of 64 bits, little-endian. Source: "ELF-64 Object File Format", version 1.5, draft 2.
use crate::image::bytes::text;

pub const SHT_SYMTAB: u32 = 2;
pub const SHT_NOBITS: u32 = 8;
pub const SHT_DYNSYM: u32 = 11;
pub const SHF_EXECINSTR: u64 = 1 << 2;
pub const SHF_COMPRESSED: u64 = 1 << 11;

const FILE_HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const SECTION_HEADER: usize = 64;
/// A number that does not fit in its two bytes stands in the first section's header.
const PN_XNUM: usize = 0xFFFF;
const SHN_XINDEX: usize = 0xFFFF;

/// What a file's header says of where the others are.
///
/// ```text
/// 00  7F 45 4C 46 02 01 01 ..     10  e_type:2 e_machine:2 e_version:4 e_entry:8
/// 20  e_phoff:8 e_shoff:8         30  e_flags:4 e_ehsize:2 e_phentsize:2 e_phnum:2 e_shentsize:2 e_shnum:2 e_shstrndx:2
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    data: &'a [u8],
    sections: &'a [u8],
}

/// ```text
/// 00  sh_name:4 sh_type:4 sh_flags:8    10  sh_addr:8 sh_offset:8
/// 20  sh_size:8 sh_link:4 sh_info:4     30  sh_addralign:8 sh_entsize:8
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionHeader {
    pub name: usize,
    pub kind: u32,
    pub flags: u64,
    pub address: u64,
    offset: usize,
    pub size: u64,
    pub link: usize,
}

impl<'a> Headers<'a> {
    /// `None` when this is no such file, or ends before its headers do.
    pub fn parse(data: &'a [u8]) -> Option<Self> {
        if !data.starts_with(b"\x7FELF\x02\x01\x01") || data.len() < FILE_HEADER {
            return None;
        }
        let (offset, size, count) = (long(data, 0x28)? as usize, short(data, 0x3A)?, short(data, 0x3C)?);
        if offset == 0 {
            return Some(Self { data, sections: &[] });
        }
        let count = if count == 0 { long(data.get(offset..)?, 0x20)? as usize } else { count };
        let sections = table(data, offset, count, (size, SECTION_HEADER))?;
        Some(Self { data, sections })
    }

    /// What describes the section of this number.
    pub fn section(&self, index: usize) -> Option<SectionHeader> {
        let at = index.checked_mul(SECTION_HEADER)?;
        let header = self.sections.get(at..at.checked_add(SECTION_HEADER)?)?;
        Some(SectionHeader {
            name: word(header, 0)? as usize,
            kind: word(header, 4)?,
            flags: long(header, 0x08)?,
            address: long(header, 0x10)?,
            offset: long(header, 0x18)? as usize,
            size: long(header, 0x20)?,
            link: word(header, 0x28)? as usize,
        })
    }

    /// What the file has of a section; nothing where it has nothing, or ends before.
    pub fn data(&self, section: &SectionHeader) -> &'a [u8] {
        if section.kind == SHT_NOBITS {
            return &[];
        }
        let end = section.offset.checked_add(section.size as usize);
        end.and_then(|end| self.data.get(section.offset..end)).unwrap_or_default()
    }

    /// The names of the sections.
    pub fn names(&self) -> Option<&'a [u8]> {
        if self.sections.is_empty() {
            return Some(&[]);
        }
        let index = short(self.data, 0x3E)?;
        let index = if index == SHN_XINDEX { self.section(0)?.link } else { index };
        self.section(index).map(|names| self.data(&names))
    }

    /// The segments, as the loader sees them: kind, address, size in memory.
    ///
    /// ```text
    /// 00  p_type:4 p_flags:4 p_offset:8    10  p_vaddr:8 p_paddr:8    20  p_filesz:8 p_memsz:8    30  p_align:8
    /// ```
    pub fn segments(&self) -> Option<Vec<(u32, u64, u64)>> {
        let data = self.data;
        let (offset, size, count) = (long(data, 0x20)? as usize, short(data, 0x36)?, short(data, 0x38)?);
        if offset == 0 {
            return Some(Vec::new());
        }
        let count = if count == PN_XNUM { word(self.sections, 0x2C)? as usize } else { count };
        let headers = table(data, offset, count, (size, PROGRAM_HEADER))?;
        let segment = |header: &[u8]| Some((word(header, 0)?, long(header, 0x10)?, long(header, 0x28)?));
        headers.chunks_exact(PROGRAM_HEADER).map(segment).collect()
    }
}

impl SectionHeader {
    pub fn name<'a>(&self, names: &'a [u8]) -> &'a [u8] {
        text(names, self.name).unwrap_or_default()
    }

    pub fn has(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }
}

/// So many headers from an offset on, of the size that they have to have.
fn table(data: &[u8], offset: usize, count: usize, (size, wanted): (usize, usize)) -> Option<&[u8]> {
    if count != 0 && size != wanted {
        return None;
    }
    data.get(offset..)?.get(..count.checked_mul(wanted)?)
}

fn long(data: &[u8], at: usize) -> Option<u64> {
    data.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn short(data: &[u8], at: usize) -> Option<usize> {
    data.get(at..)?.first_chunk().map(|bytes| usize::from(u16::from_le_bytes(*bytes)))
}

#[cfg(all(test, system = "linux"))]
mod tests {
    use super::*;
    use object::read::elf::{FileHeader, ProgramHeader, SectionHeader as _};
    use object::{LittleEndian, elf::FileHeader64};

    const ENDIAN: LittleEndian = LittleEndian;

    /// What another reader of such files says of one, word for word.
    fn compare(data: &[u8]) {
        let headers = Headers::parse(data).unwrap();
        let other = FileHeader64::<LittleEndian>::parse(data).unwrap();
        let sections = other.sections(ENDIAN, data).unwrap();
        assert!(headers.section(sections.len()).is_none());
        let names = headers.names().unwrap();
        for (index, section) in sections.iter().enumerate() {
            let own = headers.section(index).unwrap();
            assert_eq!(own.name(names), sections.section_name(ENDIAN, section).unwrap());
            assert_eq!(own.kind, section.sh_type(ENDIAN).0);
            assert_eq!(own.flags, section.sh_flags(ENDIAN).0);
            assert_eq!((own.address, own.size), (section.sh_addr(ENDIAN), section.sh_size(ENDIAN)));
            assert_eq!(own.link, section.sh_link(ENDIAN) as usize);
            assert_eq!(headers.data(&own), section.data(ENDIAN, data).unwrap());
        }
        let segments = other.program_headers(ENDIAN, data).unwrap().iter();
        let segments = segments
            .map(|segment| (segment.p_type(ENDIAN).0, segment.p_vaddr(ENDIAN), segment.p_memsz(ENDIAN)));
        assert_eq!(headers.segments().unwrap(), segments.collect::<Vec<_>>());
    }

    #[test]
    fn headers_are_read_as_by_another_reader() {
        compare(&std::fs::read("/proc/self/exe").unwrap());
        let loaded = crate::image::objects::loaded();
        let files = loaded.iter().filter_map(|object| {
            let path = std::str::from_utf8(&object.loaded.path).unwrap();
            std::fs::read(path).ok()
        });
        let count = files.map(|file| compare(&file)).count();
        assert!(count > 0 || cfg!(target_env = "musl"));
    }

    /// A file of two section headers: the second has the names, and numbers stand in the first.
    fn with_large_numbers() -> Vec<u8> {
        let mut file = vec![0; FILE_HEADER + 2 * SECTION_HEADER + PROGRAM_HEADER];
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"\x7FELF\x02\x01\x01");
        put(0x20, &192_u64.to_le_bytes());
        put(0x28, &64_u64.to_le_bytes());
        put(0x36, &56_u16.to_le_bytes());
        put(0x38, &[0xFF; 2]);
        put(0x3A, &64_u16.to_le_bytes());
        put(0x3E, &[0xFF; 2]);
        put(64 + 0x20, &2_u64.to_le_bytes());
        put(64 + 0x28, &1_u32.to_le_bytes());
        put(64 + 0x2C, &1_u32.to_le_bytes());
        put(128 + 0x18, &1_u64.to_le_bytes());
        put(128 + 0x20, &3_u64.to_le_bytes());
        put(192, &1_u32.to_le_bytes());
        put(192 + 0x10, &0x1000_u64.to_le_bytes());
        put(192 + 0x28, &0x2000_u64.to_le_bytes());
        file
    }

    #[test]
    fn large_numbers_stand_in_the_first_section_header() {
        let file = with_large_numbers();
        let headers = Headers::parse(&file).unwrap();
        assert!(headers.section(1).is_some() && headers.section(2).is_none());
        assert_eq!(headers.names(), Some(&b"ELF"[..]));
        assert_eq!(headers.segments().unwrap(), [(1, 0x1000, 0x2000)]);
    }

    #[test]
    fn what_is_wrong_is_no_header() {
        let whole = with_large_numbers();
        for size in 0..FILE_HEADER {
            assert!(Headers::parse(&whole[..size]).is_none(), "{size}");
        }
        for (at, byte) in [(3, b'G'), (4, 1), (5, 2), (6, 0), (0x3A, 63), (0x2F, 0x80), (0x40 + 0x27, 0xFF)] {
            let mut file = whole.clone();
            file[at] = byte;
            assert!(Headers::parse(&file).is_none(), "{at:#x}");
        }
        for (at, byte) in [(0x36, 57), (0x27, 0x80), (0x40 + 0x2F, 0xFF)] {
            let mut file = whole.clone();
            file[at] = byte;
            assert!(Headers::parse(&file).unwrap().segments().is_none(), "{at:#x}");
        }
    }
}
