//! Records of symbols: a length of two bytes, a kind of two, and what the kind says.
pub(super) use crate::image::bytes::four;
use crate::image::bytes::text;

pub(super) const S_FRAMEPROC: usize = 0x1012;
pub(super) const S_PUB32: usize = 0x110E;
pub(super) const S_LPROC32: usize = 0x110F;
pub(super) const S_GPROC32: usize = 0x1110;
pub(super) const S_COMPILE3: usize = 0x113C;
pub(super) const S_LOCAL: usize = 0x113E;
pub(super) const S_DEFRANGE_REGISTER: usize = 0x1141;
pub(super) const S_DEFRANGE_REGISTER_REL: usize = 0x1145;
pub(super) const S_LPROC32_ID: usize = 0x1146;
pub(super) const S_GPROC32_ID: usize = 0x1147;
pub(super) const S_BUILDINFO: usize = 0x114C;
pub(super) const S_INLINESITE: usize = 0x114D;
pub(super) const S_INLINESITE_END: usize = 0x114E;

/// The number of two bytes at `at`.
pub(super) fn two(data: &[u8], at: usize) -> Option<usize> {
    if at > data.len() || data.len() - at < 2 {
        return None;
    }
    Some(data[at] as usize | (data[at + 1] as usize) << 8)
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub kind: usize,
    /// What is behind the kind.
    pub data: &'static [u8],
    /// Where the next one begins.
    pub next: usize,
}

impl Record {
    pub fn read(records: &'static [u8], at: usize) -> Option<Self> {
        let (length, kind) = (two(records, at)?, two(records, at + 2)?);
        let next = at + 2 + length;
        if length < 2 || next > records.len() {
            return None;
        }
        Some(Self { kind, data: &records[at + 4..next], next })
    }
}

/// A function that has code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Procedure {
    /// Where its record ends, and where what stands within it does.
    pub inside: usize,
    pub end: usize,
    pub size: usize,
    pub kind_of_type: usize,
    pub section: usize,
    pub offset: usize,
    /// Whether nobody outside of its module names it.
    pub local: bool,
    /// Its path, as C++ would spell it, with all generic arguments.
    pub name: &'static [u8],
}

impl Procedure {
    pub fn read(record: Record) -> Option<Self> {
        let local = match record.kind {
            S_LPROC32 | S_LPROC32_ID => true,
            S_GPROC32 | S_GPROC32_ID => false,
            _ => return None,
        };
        let field = |index: usize| four(record.data, 4 * index);
        Some(Self {
            inside: record.next,
            end: field(1)?,
            size: field(3)?,
            kind_of_type: field(6)?,
            offset: field(7)?,
            section: two(record.data, 32)?,
            local,
            name: text(record.data, 35)?,
        })
    }

    /// A number that is another one for every place in the program.
    pub fn place(&self) -> u64 {
        place(self.section, self.offset)
    }
}

/// The same of any place.
pub(super) fn place(section: usize, offset: usize) -> u64 {
    (section as u64) << 32 | offset as u64
}

/// A function that others name, and its mangled name.
pub(super) struct Public {
    pub place: u64,
    pub section: usize,
    pub offset: usize,
    pub name: &'static [u8],
}

impl Public {
    pub fn read(records: &'static [u8], at: usize) -> Option<Self> {
        let record = Record::read(records, at).filter(|record| record.kind == S_PUB32)?;
        let (offset, section) = (four(record.data, 4)?, two(record.data, 8)?);
        Some(Self { place: place(section, offset), section, offset, name: text(record.data, 10)? })
    }
}
