//! One unit of debug information: its header, its root, and the walk over its entries.
use super::abbrev::{Abbrev, Abbrevs};
use super::form::{self, Sizes, Value};
use crate::image::bytes::{Cursor, number, text};
use crate::image::elf::Debug;

pub(in crate::image) const SUBPROGRAM: u16 = 0x2e;
pub(in crate::image) const INLINED: u16 = 0x1d;
pub(in crate::image) const PARAMETER: u16 = 0x05;
/// The attribute that has a function's address.
pub(in crate::image) const LOW: u16 = 0x11;

/// Where a unit lies.
#[derive(Debug, Clone, Copy)]
pub(in crate::image) struct Header {
    pub start: usize,
    pub end: usize,
    first: usize,
    abbrevs: usize,
    sizes: Sizes,
}

impl Header {
    /// Reads the header at `start`.
    pub fn read(info: &[u8], start: usize) -> Option<Self> {
        let mut cursor = Cursor { data: info, at: start };
        let mut length = cursor.number(4)?;
        let mut sizes = Sizes { address: 8, offset: 4 };
        if length == 0xffff_ffff {
            length = cursor.number(8)?;
            sizes.offset = 8;
        }
        let end = cursor.at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= info.len())?;
        let version = cursor.number(2)? as u16;
        let abbrevs = match version {
            2..=4 => {
                let abbrevs = cursor.number(usize::from(sizes.offset))?;
                sizes.address = cursor.u8()?;
                abbrevs
            }
            5 => {
                let kind = cursor.u8()?;
                sizes.address = cursor.u8()?;
                let abbrevs = cursor.number(usize::from(sizes.offset))?;
                // What a split or a type unit has more.
                cursor.skip(match kind {
                    4 | 5 => 8,
                    2 | 6 => 8 + u64::from(sizes.offset),
                    _ => 0,
                })?;
                abbrevs
            }
            // A unit that is not understood is stepped over.
            _ => u64::MAX,
        };
        Some(Self { start, end, first: cursor.at, abbrevs: abbrevs as usize, sizes })
    }
}

/// What the root entry says about the unit.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::image) struct Root {
    pub line: Option<u64>,
    pub directory: Option<&'static [u8]>,
    pub producer: Option<&'static [u8]>,
    /// The entries are in another file.
    pub split: bool,
    texts: u64,
    addresses: u64,
}

/// An entry, as far as it is of use here. Entries are named by their offset in `.debug_info`.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::image) struct Entry {
    pub low: Option<u64>,
    /// Texts are looked up when they are wanted: `Unit::text`.
    pub linkage: Option<Value>,
    pub name: Option<Value>,
    pub file: u64,
    pub line: u64,
    pub call_file: u64,
    pub call_line: u64,
    /// The entry that this one completes.
    pub origin: Option<usize>,
    pub location: Option<Value>,
}

/// A unit ready to be read.
#[derive(Debug)]
pub(in crate::image) struct Unit {
    pub header: Header,
    pub root: Root,
    pub abbrevs: Abbrevs,
    pub debug: Debug,
}

impl Unit {
    pub fn open(debug: Debug, start: usize) -> Option<Self> {
        let header = Header::read(debug.info, start)?;
        let abbrevs = Abbrevs::parse(debug.abbrev, header.abbrevs, header.sizes)?;
        let mut unit = Self { header, root: Root::default(), abbrevs, debug };
        // The bases that the texts need may stand behind them.
        unit.read_root()?;
        unit.read_root()?;
        Some(unit)
    }

    fn read_root(&mut self) -> Option<()> {
        let mut root = self.root;
        let mut cursor = Cursor { data: self.debug.info, at: self.header.first };
        let shape = *self.abbrevs.get(cursor.uleb()?)?;
        for attribute in self.abbrevs.attributes(&shape) {
            let value = form::read(&mut cursor, attribute.form, attribute.implicit, self.header.sizes)?;
            match (attribute.name, value) {
                (0x10, Value::Number(line)) => root.line = Some(line),
                (0x1b, _) => root.directory = self.text(value),
                (0x25, _) => root.producer = self.text(value),
                (0x72, Value::Number(base)) => root.texts = base,
                (0x73 | 0x2133, Value::Number(base)) => root.addresses = base,
                (0x76 | 0x2130, _) => root.split = true,
                _ => {}
            }
        }
        self.root = root;
        Some(())
    }

    /// Whether the entry at `at` is one of this unit.
    pub fn holds(&self, at: usize) -> bool {
        (self.header.start..self.header.end).contains(&at)
    }

    /// The text that a value stands for.
    pub fn text(&self, value: Value) -> Option<&'static [u8]> {
        match value {
            Value::TextHere(at) => text(self.debug.info, at),
            Value::Text(at) => text(self.debug.text, at as usize),
            Value::LineText(at) => text(self.debug.line_text, at as usize),
            Value::TextIndex(index) => {
                let size = usize::from(self.header.sizes.offset);
                let place = (self.root.texts as usize).checked_add((index as usize).checked_mul(size)?)?;
                text(self.debug.text, number(self.debug.text_offsets, place, size)? as usize)
            }
            _ => None,
        }
    }

    fn address(&self, value: Value) -> Option<u64> {
        match value {
            Value::Number(address) => Some(address),
            Value::AddressIndex(index) => {
                let size = usize::from(self.header.sizes.address);
                let place =
                    (self.root.addresses as usize).checked_add((index as usize).checked_mul(size)?)?;
                number(self.debug.addresses, place, size)
            }
            _ => None,
        }
    }

    fn link(&self, value: Value) -> Option<usize> {
        match value {
            Value::InUnit(offset) => self.header.start.checked_add(offset as usize),
            Value::InSection(offset) => Some(offset as usize),
            _ => None,
        }
    }

    /// Reads the entry at `at`.
    pub fn entry(&self, at: usize) -> Option<Entry> {
        let mut cursor = Cursor { data: self.debug.info, at };
        let shape = self.abbrevs.get(cursor.uleb()?)?;
        self.entry_behind(&mut cursor, shape)
    }

    fn entry_behind(&self, cursor: &mut Cursor<'_>, shape: &Abbrev) -> Option<Entry> {
        let mut entry = Entry::default();
        for attribute in self.abbrevs.attributes(shape) {
            let value = form::read(cursor, attribute.form, attribute.implicit, self.header.sizes)?;
            let plain = if let Value::Number(number) = value { number } else { 0 };
            match attribute.name {
                LOW => entry.low = self.address(value),
                0x03 => entry.name = Some(value),
                0x6e | 0x2007 => entry.linkage = Some(value),
                0x3a => entry.file = plain,
                0x3b => entry.line = plain,
                0x58 => entry.call_file = plain,
                0x59 => entry.call_line = plain,
                0x31 | 0x47 => entry.origin = self.link(value),
                0x02 => entry.location = Some(value),
                _ => {}
            }
        }
        Some(entry)
    }

    /// The subprogram at `at`, if one that begins with its address stands there.
    pub fn is_function(&self, at: usize, behind_code: usize) -> bool {
        let mut cursor = Cursor { data: self.debug.info, at };
        let Some(shape) = cursor.uleb().and_then(|code| self.abbrevs.get(code)) else { return false };
        let first = self.abbrevs.attributes(shape).first();
        cursor.at == behind_code
            && shape.tag == SUBPROGRAM
            && first.is_some_and(|first| (first.name, first.form) == (LOW, form::ADDRESS))
    }

    /// Calls `visit` with place, tag, depth and content of each subprogram, inlined call and `also`, until it says
    /// `false`. Everything else is stepped over.
    pub fn walk(&self, also: u16, mut visit: impl FnMut(usize, u16, usize, &Entry) -> bool) -> Option<()> {
        let end = self.header.end;
        let mut cursor = Cursor { data: self.debug.info, at: self.header.first };
        let mut depth = 0_usize;
        while cursor.at < end {
            let at = cursor.at;
            let code = cursor.uleb()?;
            if code == 0 {
                depth = depth.saturating_sub(1);
                continue;
            }
            let shape = self.abbrevs.get(code)?;
            let tag = shape.tag;
            if tag == SUBPROGRAM || tag == INLINED || tag == also {
                let entry = self.entry_behind(&mut cursor, shape)?;
                if !visit(at, tag, depth, &entry) {
                    return Some(());
                }
            } else if let Some(size) = shape.fixed {
                cursor.at += size as usize;
            } else {
                for attribute in self.abbrevs.attributes(shape) {
                    form::read(&mut cursor, attribute.form, attribute.implicit, self.header.sizes)?;
                }
            }
            depth += usize::from(shape.children);
        }
        Some(())
    }

    /// The width of an address.
    pub fn address_size(&self) -> u8 {
        self.header.sizes.address
    }
}
