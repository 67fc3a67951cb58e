//! One unit of debug information and its entries (DIEs), read by gimli as far as they are of use here.
//!
//! gimli's own [`gimli::Unit::new`] reads the line program's tables as well, which takes most of the time where many units
//! are opened: that is done when a file is asked for (`line`).
use gimli::{
    Abbreviation, AttributeValue, DebugAddrBase, DebugInfoOffset, DebugLocListsBase, DebugRngListsBase,
    DebugStrOffsetsBase, DwAt, DwTag, DwarfFileType, EndianSlice, EntriesRaw, LittleEndian, UnitOffset,
};
use std::ops::Range;
use std::sync::Arc;

pub(in crate::image) type Slice = EndianSlice<'static, LittleEndian>;
pub(in crate::image) type Value = AttributeValue<Slice>;
pub(in crate::image) type Sections = gimli::Dwarf<Slice>;

/// A unit ready to be read.
#[derive(Debug)]
pub(in crate::image) struct Unit<'a> {
    pub sections: &'a Sections,
    /// Without line program, name and directory.
    pub parsed: gimli::Unit<Slice>,
    /// Where it lies in `.debug_info`.
    pub range: Range<usize>,
}

/// A debugging information entry.
#[derive(Debug, Clone, Copy)]
pub(in crate::image) struct Die {
    pub offset: DebugInfoOffset,
    pub tag: DwTag,
    /// How many entries are around it, from the entry on where the reading began.
    pub depth: isize,
    pub low_pc: Option<u64>,
    pub high_pc: Option<Value>,
    pub ranges: Option<Value>,
    /// Texts are looked up when they are wanted: `Unit::text`.
    pub linkage_name: Option<Value>,
    pub name: Option<Value>,
    pub decl_file: u64,
    pub decl_line: u64,
    pub call_file: u64,
    pub call_line: u64,
    /// The entry that this one completes: its `DW_AT_abstract_origin` or `DW_AT_specification`.
    pub origin: Option<DebugInfoOffset>,
    pub location: Option<Value>,
    /// How it is called; 0 where nothing says otherwise than as it is written.
    pub convention: u64,
}

impl<'a> Unit<'a> {
    /// Opens the unit that begins at `start` in `.debug_info`.
    pub fn open(sections: &'a Sections, start: usize) -> Option<Self> {
        let header = sections.unit_header(DebugInfoOffset(start)).ok()?;
        let encoding = header.encoding();
        let main = DwarfFileType::Main;
        let parsed = gimli::Unit {
            abbreviations: Arc::new(header.abbreviations(&sections.debug_abbrev).ok()?),
            name: None,
            comp_dir: None,
            low_pc: 0,
            str_offsets_base: DebugStrOffsetsBase::default_for_encoding_and_file(encoding, main),
            addr_base: DebugAddrBase(0),
            loclists_base: DebugLocListsBase::default_for_encoding_and_file(encoding, main),
            rnglists_base: DebugRngListsBase::default_for_encoding_and_file(encoding, main),
            line_program: None,
            dwo_id: None,
            header,
        };
        let range = start..start.checked_add(header.length_including_self())?;
        let mut unit = Self { sections, parsed, range };
        unit.read_bases()?;
        Some(unit)
    }

    /// What other attributes count from.
    fn read_bases(&mut self) -> Option<()> {
        let mut low_pc = None;
        let mut parsed = self.parsed.header.entries(&self.parsed.abbreviations);
        parsed.next_dfs().ok()?;
        let attributes = parsed.current()?.attrs().to_vec();
        for attribute in attributes {
            match (attribute.name(), attribute.value()) {
                (gimli::DW_AT_str_offsets_base, AttributeValue::DebugStrOffsetsBase(base)) => {
                    self.parsed.str_offsets_base = base;
                }
                (
                    gimli::DW_AT_addr_base | gimli::DW_AT_GNU_addr_base,
                    AttributeValue::DebugAddrBase(base),
                ) => {
                    self.parsed.addr_base = base;
                }
                (
                    gimli::DW_AT_rnglists_base | gimli::DW_AT_GNU_ranges_base,
                    AttributeValue::DebugRngListsBase(base),
                ) => {
                    self.parsed.rnglists_base = base;
                }
                (gimli::DW_AT_low_pc, value) => low_pc = Some(value),
                _ => {}
            }
        }
        // The base of addresses may stand behind it.
        self.parsed.low_pc = low_pc.and_then(|value| self.address(value)).unwrap_or(0);
        Some(())
    }

    /// An attribute of the unit itself.
    pub fn attribute(&self, name: DwAt) -> Option<Value> {
        let mut entries = self.parsed.entries();
        entries.next_dfs().ok()?;
        entries.current()?.attr_value(name)
    }

    /// A text of the unit itself.
    pub fn attribute_text(&self, name: DwAt) -> Option<String> {
        Some(String::from_utf8_lossy(self.text(self.attribute(name)?)?).into_owned())
    }

    /// Whether the entries are in another file.
    pub fn is_split(&self) -> bool {
        [gimli::DW_AT_dwo_name, gimli::DW_AT_GNU_dwo_name]
            .into_iter()
            .any(|name| self.attribute(name).is_some())
    }

    /// Its bytes, headers included.
    pub fn bytes(&self) -> &'static [u8] {
        use gimli::Section as _;
        self.sections.debug_info.reader().slice().get(self.range.clone()).unwrap_or_default()
    }

    /// Whether the entry at `offset` is one of this unit.
    pub fn holds(&self, offset: DebugInfoOffset) -> bool {
        self.range.contains(&offset.0)
    }

    /// The text that a value stands for.
    pub fn text(&self, value: Value) -> Option<&'static [u8]> {
        Some(self.sections.attr_string(&self.parsed, value).ok()?.slice())
    }

    fn address(&self, value: Value) -> Option<u64> {
        self.sections.attr_address(&self.parsed, value).ok()?
    }

    /// The place in `.debug_info` that a reference leads to.
    fn target(&self, value: Value) -> Option<DebugInfoOffset> {
        match value {
            AttributeValue::UnitRef(offset) => Some(DebugInfoOffset(self.range.start.checked_add(offset.0)?)),
            AttributeValue::DebugInfoRef(offset) => Some(offset),
            _ => None,
        }
    }

    /// The stretches of code that belong to an entry.
    pub fn code(&self, die: &Die) -> Vec<Range<u64>> {
        let end = match (die.low_pc, die.high_pc) {
            (Some(low), Some(AttributeValue::Addr(end))) => Some((low, end)),
            (Some(low), Some(high)) => {
                high.udata_value().and_then(|size| Some((low, low.checked_add(size)?)))
            }
            _ => None,
        };
        if let Some((low, end)) = end {
            return std::iter::once(low..end).collect();
        }
        let mut code = Vec::new();
        let ranges = die.ranges.and_then(|value| self.sections.attr_ranges(&self.parsed, value).ok()?);
        if let Some(mut ranges) = ranges {
            while let Ok(Some(range)) = ranges.next() {
                code.push(range.begin..range.end);
            }
        }
        code
    }

    /// Entries from a place on.
    pub fn entries_from(&self, offset: DebugInfoOffset) -> Option<EntriesRaw<'_, Slice>> {
        let within = UnitOffset(offset.0.checked_sub(self.range.start)?);
        self.parsed.entries_raw(Some(within)).ok()
    }

    /// The entry at `offset`.
    pub fn die(&self, offset: DebugInfoOffset) -> Option<Die> {
        let mut entries = self.entries_from(offset)?;
        let abbreviation = entries.read_abbreviation().ok()??;
        self.read(&mut entries, abbreviation, offset, 0)
    }

    fn read(
        &self,
        entries: &mut EntriesRaw<'_, Slice>,
        abbreviation: &Abbreviation,
        offset: DebugInfoOffset,
        depth: isize,
    ) -> Option<Die> {
        let mut die = Die::new(offset, abbreviation.tag(), depth);
        for spec in abbreviation.attributes() {
            let attribute = entries.read_attribute(*spec).ok()?;
            let value = attribute.raw_value();
            match attribute.name() {
                gimli::DW_AT_low_pc => die.low_pc = self.address(value),
                gimli::DW_AT_high_pc => die.high_pc = Some(value),
                gimli::DW_AT_ranges => die.ranges = Some(attribute.value()),
                gimli::DW_AT_name => die.name = Some(value),
                gimli::DW_AT_linkage_name | gimli::DW_AT_MIPS_linkage_name => die.linkage_name = Some(value),
                gimli::DW_AT_decl_file => die.decl_file = value.udata_value().unwrap_or(0),
                gimli::DW_AT_decl_line => die.decl_line = value.udata_value().unwrap_or(0),
                gimli::DW_AT_call_file => die.call_file = value.udata_value().unwrap_or(0),
                gimli::DW_AT_call_line => die.call_line = value.udata_value().unwrap_or(0),
                gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => die.origin = self.target(value),
                gimli::DW_AT_location => die.location = Some(value),
                gimli::DW_AT_calling_convention => die.convention = value.udata_value().unwrap_or(0),
                _ => {}
            }
        }
        Some(die)
    }

    /// Calls `visit` with each entry that has one of the tags, until it says `false`. Others are stepped over.
    pub fn walk(&self, tags: &[DwTag], visit: impl FnMut(&Die) -> bool) -> Option<()> {
        self.walk_entries(self.parsed.entries_raw(None).ok()?, tags, visit)
    }

    /// The same for what stands within the entry at `offset`.
    pub fn walk_within(
        &self,
        offset: DebugInfoOffset,
        tags: &[DwTag],
        mut visit: impl FnMut(&Die),
    ) -> Option<()> {
        let mut entries = self.entries_from(offset)?;
        let around = entries.read_abbreviation().ok()??;
        entries.skip_attributes(around.attributes()).ok()?;
        if !around.has_children() {
            return Some(());
        }
        while entries.next_depth() > 0 {
            self.visit_next(&mut entries, tags, |die| {
                visit(die);
                true
            })?;
        }
        Some(())
    }

    fn walk_entries(
        &self,
        mut entries: EntriesRaw<'_, Slice>,
        tags: &[DwTag],
        mut visit: impl FnMut(&Die) -> bool,
    ) -> Option<()> {
        while !entries.is_empty() {
            if !self.visit_next(&mut entries, tags, &mut visit)? {
                break;
            }
        }
        Some(())
    }

    fn visit_next(
        &self,
        entries: &mut EntriesRaw<'_, Slice>,
        tags: &[DwTag],
        mut visit: impl FnMut(&Die) -> bool,
    ) -> Option<bool> {
        let (within, depth) = (entries.next_offset().0, entries.next_depth());
        let Some(abbreviation) = entries.read_abbreviation().ok()? else { return Some(true) };
        // By hand: `contains` takes several calls without optimisation, for each of a million entries.
        let (tag, mut wanted) = (abbreviation.tag(), false);
        for own in tags {
            wanted |= own.0 == tag.0;
        }
        if !wanted {
            entries.skip_attributes(abbreviation.attributes()).ok()?;
            return Some(true);
        }
        let offset = DebugInfoOffset(self.range.start + within);
        Some(visit(&self.read(entries, abbreviation, offset, depth)?))
    }
}

impl Die {
    fn new(offset: DebugInfoOffset, tag: DwTag, depth: isize) -> Self {
        Self {
            offset,
            tag,
            depth,
            low_pc: None,
            high_pc: None,
            ranges: None,
            linkage_name: None,
            name: None,
            decl_file: 0,
            decl_line: 0,
            call_file: 0,
            call_line: 0,
            origin: None,
            location: None,
            convention: 0,
        }
    }
}
