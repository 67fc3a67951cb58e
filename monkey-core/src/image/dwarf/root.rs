//! What a unit says of its crate, read from its first entry alone. Opening the unit takes a hundred times as long.
use super::aranges;
use super::unit::Sections;
use crate::image::bytes::{find, number, text};
use crate::sorted::sort_by_number;
use gimli::Section as _;
use std::ops::Range;

/// What stands in front of a unit's entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// The end of the unit.
    pub end: usize,
    /// Where its abbreviations begin.
    pub abbreviations: usize,
    /// Where its first entry is.
    pub entry: usize,
    address_size: u64,
    /// What kind of unit it is, where that is said.
    kind: u64,
}

impl Header {
    pub fn read(info: &[u8], start: usize) -> Option<Self> {
        // Offsets of eight bytes have another header.
        let length = number(info, start, 4).filter(|length| *length < 0xFFFF_FFF0)? as usize;
        let compile = u64::from(gimli::DW_UT_compile.0);
        let (abbreviations, address_size, kind, entry) = match number(info, start + 4, 2)? {
            4 => (number(info, start + 6, 4)?, number(info, start + 10, 1)?, compile, start + 11),
            5 => (
                number(info, start + 8, 4)?,
                number(info, start + 7, 1)?,
                number(info, start + 6, 1)?,
                start + 12,
            ),
            _ => return None,
        };
        let (end, abbreviations) = (start + 4 + length, abbreviations as usize);
        Some(Self { end, abbreviations, entry, address_size, kind })
    }

    /// Whether its entries have addresses of eight bytes and begin right behind it.
    pub fn is_plain(&self) -> bool {
        let kinds = [gimli::DW_UT_compile, gimli::DW_UT_partial];
        self.address_size == 8 && kinds.iter().any(|kind| u64::from(kind.0) == self.kind)
    }
}

/// The units in whose abbreviations an entry refers to one of another unit, or that cannot be read here; neighbours as one.
pub(super) fn referring(sections: &Sections, starts: &[usize]) -> Vec<Range<usize>> {
    let info = sections.debug_info.reader().slice();
    let headers: Vec<_> = starts.iter().map(|start| Header::read(info, *start)).collect();
    let mut tables: Vec<usize> = headers.iter().flatten().map(|header| header.abbreviations).collect();
    sort_by_number(&mut tables, &|table| *table as u64);
    let refers = |at: usize| {
        let next = tables.partition_point(|other| *other <= at);
        let attributes = [gimli::DW_AT_abstract_origin, gimli::DW_AT_specification];
        let has =
            |attribute| has_in(sections, at, tables.get(next).copied(), attribute, gimli::DW_FORM_ref_addr);
        attributes.into_iter().any(has)
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    for (number, start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(info.len());
        if headers[number].is_some_and(|header| !refers(header.abbreviations)) {
            continue;
        }
        match found.last_mut().filter(|last| last.end == *start) {
            Some(last) => last.end = end,
            None => found.push(*start..end),
        }
    }
    found
}

/// Whether abbreviations have an attribute in a form; or perhaps others behind them, where nobody knows where they end.
fn has_in(
    sections: &Sections,
    at: usize,
    end: Option<usize>,
    attribute: gimli::DwAt,
    form: gimli::DwForm,
) -> bool {
    let all = sections.debug_abbrev.reader().slice();
    let table = all.get(at..end.unwrap_or(all.len())).unwrap_or_default();
    find(table, &[attribute.0 as u8, form.0 as u8]).is_some()
}

/// Abbreviations of a unit are shorter.
const MOST: usize = 1 << 13;

/// Whether functions of a unit may have calling conventions that are not as they are written.
pub(super) fn may_have_conventions(sections: &Sections, start: usize) -> bool {
    let Some(Header { abbreviations: at, .. }) = Header::read(sections.debug_info.reader().slice(), start)
    else {
        return true;
    };
    has_in(
        sections,
        at,
        Some((at + MOST).min(sections.debug_abbrev.reader().slice().len())),
        gimli::DW_AT_calling_convention,
        gimli::DW_FORM_data1,
    )
}

/// The folder that the compiler ran in, and the crate's root as it was given; `None` where these are not written as rustc does.
pub(super) fn read(sections: &Sections, start: usize) -> Option<[&'static [u8]; 2]> {
    let info = sections.debug_info.reader().slice();
    let Header { abbreviations, entry, .. } = Header::read(info, start)?;
    let mut specification = Leb { data: sections.debug_abbrev.reader().slice(), at: abbreviations };
    let mut value = Leb { data: info, at: entry };
    // The first abbreviation is the first entry's, of which compilers make use for the unit.
    if value.next()? != specification.next()?
        || specification.next()? != u64::from(gimli::DW_TAG_compile_unit.0)
    {
        return None;
    }
    specification.at += 1;
    let (mut folder, mut root, mut at) = (None, None, value.at);
    while folder.is_none() || root.is_none() {
        let (attribute, form) = (specification.next()? as u16, specification.next()? as u16);
        let texts = match gimli::DwForm(form) {
            gimli::DW_FORM_strp => Some(sections.debug_str.reader().slice()),
            gimli::DW_FORM_line_strp => Some(sections.debug_line_str.reader().slice()),
            _ => None,
        };
        if let Some(texts) = texts {
            let value = text(texts, number(info, at, 4)? as usize)?;
            match gimli::DwAt(attribute) {
                gimli::DW_AT_comp_dir => folder = Some(value),
                gimli::DW_AT_name => root = Some(value),
                _ => {}
            }
        }
        at += size(gimli::DwForm(form))?;
    }
    // Behind it is the name of the code generation unit.
    let root = root?;
    let sign = find(root, b"/@/")?;
    Some([folder?, &root[..sign]])
}

/// Whether a file belongs to the crate of this root: it lies in the root's folder or below.
pub(super) fn has(folder: &[u8], root: &[u8], file: &[u8]) -> bool {
    let Some(slash) = root.iter().rposition(|byte| *byte == b'/') else {
        return file.starts_with(folder) && file.get(folder.len()) == Some(&b'/');
    };
    let below = if root[0] == b'/' {
        Some(file)
    } else {
        file.strip_prefix(folder).and_then(|rest| rest.strip_prefix(b"/"))
    };
    below.is_some_and(|below| below.starts_with(&root[..=slash]))
}

/// The units of the same crate that stand beside one: linkers take a crate's objects one after the other. Found by the sets of
/// `.debug_aranges`, which are nearer to each other than the units are: less of the file has to be brought in.
pub(super) fn beside(sections: &Sections, start: usize) -> impl Iterator<Item = usize> {
    let units = aranges::units(sections);
    let own = units.iter().position(|unit| *unit == start);
    let crate_root = read(sections, start);
    let (before, behind) = units.split_at(own.unwrap_or(0));
    let (mut before, mut behind) = (before.to_vec(), behind.iter().skip(1).copied().collect::<Vec<_>>());
    behind.reverse();
    let is_of_crate =
        move |unit: &usize| own.is_some() && crate_root.is_some() && read(sections, *unit) == crate_root;
    let next = move || {
        behind.pop().filter(&is_of_crate).or_else(|| {
            behind.clear();
            before.pop().filter(&is_of_crate)
        })
    };
    std::iter::from_fn(next).fuse()
}

/// The size of an attribute in one of the forms that a unit's first ones have.
fn size(form: gimli::DwForm) -> Option<usize> {
    Some(match form {
        gimli::DW_FORM_flag_present => 0,
        gimli::DW_FORM_data1 => 1,
        gimli::DW_FORM_data2 => 2,
        gimli::DW_FORM_strp | gimli::DW_FORM_line_strp | gimli::DW_FORM_sec_offset | gimli::DW_FORM_data4 => {
            4
        }
        gimli::DW_FORM_addr | gimli::DW_FORM_data8 => 8,
        _ => return None,
    })
}

/// Numbers in LEB128.
struct Leb<'a> {
    data: &'a [u8],
    at: usize,
}

impl Leb<'_> {
    fn next(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = *self.data.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
            if shift > 56 {
                return None;
            }
        }
    }
}
