//! Line tables: which file a number stands for, and the first line of a function.
use super::normal;
use super::unit::Unit;
use crate::image::bytes::{Cursor, find_all, text};
use gimli::{AttributeValue, DebugLine, DebugLineOffset, EndianSlice, LineProgramHeader, LittleEndian};

type Reader = EndianSlice<'static, LittleEndian>;

fn header(unit: &Unit) -> Option<LineProgramHeader<Reader>> {
    let at = DebugLineOffset(usize::try_from(unit.root.line?).ok()?);
    let program =
        DebugLine::new(unit.debug.line, LittleEndian).program(at, unit.address_size(), None, None).ok()?;
    Some(program.header().clone())
}

/// The path of the unit's file number `index`, from its root.
pub(super) fn file(unit: &Unit, index: u64) -> Option<String> {
    file_of(unit, &header(unit)?, index)
}

fn file_of(unit: &Unit, header: &LineProgramHeader<Reader>, index: u64) -> Option<String> {
    let entry = header.file(index)?;
    let mut path = lossy(unit, &entry.path_name())?;
    // In version 4 directory 0 is the unit's own, which `directory` does not give.
    for directory in [
        entry.directory(header).and_then(|value| lossy(unit, &value)),
        unit.root.directory.map(|own| String::from_utf8_lossy(own).into_owned()),
    ] {
        if !path.starts_with('/')
            && let Some(directory) = directory
        {
            path = format!("{directory}/{path}");
        }
    }
    Some(normal(path))
}

fn lossy(unit: &Unit, value: &AttributeValue<Reader>) -> Option<String> {
    let bytes = match value {
        AttributeValue::String(own) => own.slice(),
        AttributeValue::DebugStrRef(at) => text(unit.debug.text, at.0)?,
        AttributeValue::DebugLineStrRef(at) => text(unit.debug.line_text, at.0)?,
        _ => return None,
    };
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// File and line of the first row for `address`.
pub(super) fn first(unit: &Unit, address: u64) -> Option<(String, u64)> {
    let header = header(unit)?;
    let rows = rows(unit, &header, address)?;
    Some((file_of(unit, &header, rows.file)?, u64::try_from(rows.line).ok()?))
}

/// The most that stands between the begin of a function's rows and its address: the file, the column, some flags.
const BEFORE: usize = 32;

/// The rows that begin with `address`, at the first row.
///
/// rustc gives each function a section of its own, so its rows begin with its address: the place is searched, and the
/// thousands of rows before it are not run.
fn rows<'a>(unit: &Unit, header: &'a LineProgramHeader<Reader>, address: u64) -> Option<Rows<'a>> {
    let data: &'static [u8] = header.raw_program_buf().slice();
    let mut start = vec![0, unit.address_size().saturating_add(1), 2];
    start.extend_from_slice(&address.to_le_bytes());
    find_all(data, &start).find_map(|at| {
        // Rows begin behind the mark that ends others. What looks like that mark and is none does not lead to `at`.
        let begins = (at.saturating_sub(BEFORE)..=at).rev();
        let mut begins = begins.filter(|begin| *begin == 0 || data[..*begin].ends_with(&[0, 1, 1]));
        begins.find_map(|begin| {
            let mut rows = Rows { header, cursor: Cursor { data, at: begin }, file: 1, line: 1 };
            while rows.cursor.at < at {
                if rows.step()? != Step::Other {
                    return None;
                }
            }
            if rows.cursor.at != at {
                return None;
            }
            while rows.step()? == Step::Other {}
            Some(rows)
        })
    })
}

/// What an instruction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Row,
    End,
    Other,
}

struct Rows<'a> {
    header: &'a LineProgramHeader<Reader>,
    cursor: Cursor<'a>,
    file: u64,
    line: i64,
}

impl Rows<'_> {
    /// Runs one instruction.
    fn step(&mut self) -> Option<Step> {
        let code = self.cursor.u8()?;
        if code >= self.header.opcode_base() {
            let range = self.header.line_range().max(1);
            let lines =
                i64::from(self.header.line_base()) + i64::from((code - self.header.opcode_base()) % range);
            self.line = self.line.checked_add(lines)?;
            return Some(Step::Row);
        }
        match code {
            0 => {
                let length = self.cursor.uleb()?;
                let ends = self.cursor.data.get(self.cursor.at) == Some(&1);
                self.cursor.skip(length)?;
                return Some(if ends { Step::End } else { Step::Other });
            }
            1 => return Some(Step::Row),
            3 => self.line = self.line.checked_add(self.cursor.sleb()?)?,
            4 => self.file = self.cursor.uleb()?,
            9 => self.cursor.skip(2)?,
            2 | 5 | 12 => self.cursor.uleb().map(drop)?,
            _ => {}
        }
        Some(Step::Other)
    }
}
