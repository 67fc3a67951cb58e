//! Line programs: which file a number stands for, and which line an address.
use super::unify_std_path;
use super::unit::{Sections, Slice, Unit};
use crate::image::bytes::find_all;
use gimli::{
    AttributeValue, DebugLine, DebugLineOffset, EndianSlice, LineProgramHeader, LittleEndian, Section as _,
};
use std::borrow::Cow;

/// A file, by its number in the unit, and a line in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub file: u64,
    pub line: u64,
    svma: u64,
}

/// The files that a unit's numbers stand for.
pub(super) struct Files<'a> {
    unit: &'a Unit<'a>,
    header: Cow<'a, LineProgramHeader<Slice>>,
    directory: Option<String>,
}

impl<'a> Files<'a> {
    pub fn read(unit: &'a Unit<'a>) -> Option<Self> {
        let header = match unit.kept {
            Some(kept) => Cow::Borrowed(kept.lines.get_or_init(|| Box::new(header(unit))).as_ref()?),
            None => Cow::Owned(header(unit)?),
        };
        let directory = unit.attribute_text(gimli::DW_AT_comp_dir);
        Some(Self { unit, header, directory })
    }

    /// The path of a file.
    pub fn path(&self, number: u64) -> Option<String> {
        let file = self.header.file(number)?;
        let mut path = self.text(file.path_name())?;
        // In version 4 directory 0 is the unit's own, which `directory` does not give.
        let directory = file.directory(&self.header).and_then(|value| self.text(value));
        for directory in [directory.as_ref(), self.directory.as_ref()].into_iter().flatten() {
            if !path.starts_with('/') {
                path = format!("{directory}/{path}");
            }
        }
        Some(unify_std_path(path))
    }

    fn text(&self, value: AttributeValue<Slice>) -> Option<String> {
        Some(String::from_utf8_lossy(self.unit.text(value)?).into_owned())
    }
}

fn header(unit: &Unit) -> Option<LineProgramHeader<Slice>> {
    let AttributeValue::DebugLineRef(at) = unit.attribute(gimli::DW_AT_stmt_list)? else { return None };
    let address_size = unit.parsed.header.address_size();
    let program = unit.sections.debug_line.program(at, address_size, None, None).ok()?;
    Some(program.header().clone())
}

/// The path of the unit's file of this number.
pub(super) fn file(unit: &Unit, number: u64) -> Option<String> {
    Files::read(unit)?.path(number)
}

/// File and line of the first row of the function that begins at `svma`.
pub(super) fn first(unit: &Unit, svma: u64) -> Option<(String, u64)> {
    let files = Files::read(unit)?;
    let row = *sequence(unit.sections, &files.header, svma)?.first()?;
    Some((files.path(row.file)?, row.line))
}

/// File and line of the code at `svma`, in the function that begins at `begin`.
pub(super) fn find(unit: &Unit, begin: u64, svma: u64) -> Option<(String, u64)> {
    let files = Files::read(unit)?;
    let rows = sequence(unit.sections, &files.header, begin)?;
    // The row that ends the sequence has no line of its own.
    let row = rows.iter().take_while(|row| row.svma <= svma).last().filter(|row| row.line != 0)?;
    Some((files.path(row.file)?, row.line))
}

/// What ends a sequence: an extended instruction of one byte.
const END: [u8; 3] = [0, 1, gimli::DW_LNE_end_sequence.0];
/// The most that stands between the begin of a sequence and its address: the file, the column, some flags.
const BEFORE: usize = 32;
/// A function's part of a line program is smaller.
const MOST: usize = 1 << 20;

/// The rows of the function that begins at `svma`.
///
/// rustc gives each function a section of its own, so its rows are a sequence that begins with its address: the place is
/// searched, and the thousands of rows before it are not run.
fn sequence(sections: &Sections, header: &LineProgramHeader<Slice>, svma: u64) -> Option<Vec<Row>> {
    let program = header.raw_program_buf().slice();
    let mut set_address = vec![0, header.address_size().saturating_add(1), gimli::DW_LNE_set_address.0];
    set_address.extend_from_slice(&svma.to_le_bytes());
    find_all(program, &set_address).find_map(|at| {
        // What looks like an end and is none does not lead to the address.
        let begins = (at.saturating_sub(BEFORE)..=at).rev();
        let mut begins = begins.filter(|begin| *begin == 0 || program[..*begin].ends_with(&END));
        begins.find_map(|begin| rows(sections, header, begin).filter(|rows| rows[0].svma == svma))
    })
}

/// The rows of the sequence that begins at `begin` in the line program, if it has any.
///
/// gimli runs line programs from their begin on, so it is given one that consists of the same header and this sequence.
fn rows(sections: &Sections, header: &LineProgramHeader<Slice>, begin: usize) -> Option<Vec<Row>> {
    let (section, start) = (sections.debug_line.reader().slice(), header.offset().0);
    let whole = header.raw_program_buf().slice();
    let length_size = usize::from(header.format().initial_length_size());
    let first = (start + length_size + header.unit_length()).checked_sub(whole.len())?;
    let sequence = &whole[begin..whole.len().min(begin + MOST)];
    let mut unit = section.get(start..first)?.to_vec();
    unit.extend_from_slice(sequence);
    let word = usize::from(header.format().word_size());
    let length = (unit.len() - length_size).to_le_bytes();
    unit.get_mut(length_size - word..length_size)?.copy_from_slice(&length[..word]);

    let section = DebugLine::from(EndianSlice::new(&unit, LittleEndian));
    let program = section.program(DebugLineOffset(0), header.address_size(), None, None).ok()?;
    let (mut rows, mut found) = (program.rows(), Vec::new());
    while let Ok(Some((_, row))) = rows.next_row() {
        let line = if row.end_sequence() { 0 } else { row.line().map_or(0, u64::from) };
        found.push(Row { file: row.file_index(), line, svma: row.address() });
        if row.end_sequence() {
            break;
        }
    }
    (!found.is_empty()).then_some(found)
}
