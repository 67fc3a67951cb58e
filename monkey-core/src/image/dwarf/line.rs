//! Line tables: which file a number stands for, and the first line of a function.
use super::normal;
use super::unit::Unit;
use crate::image::bytes::{Cursor, find_all, text};
use gimli::{AttributeValue, DebugLine, DebugLineOffset, EndianSlice, LineProgramHeader, LittleEndian};

type Reader = EndianSlice<'static, LittleEndian>;

fn header(unit: &Unit) -> Option<LineProgramHeader<Reader>> {
    let at = DebugLineOffset(usize::try_from(unit.root.line?).ok()?);
    let program = DebugLine::new(unit.debug.line, LittleEndian).program(at, unit.address_size(), None, None).ok()?;
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
        if !path.starts_with('/') && let Some(directory) = directory {
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
///
/// rustc gives each function a section of its own, so its rows begin with its address: the place is searched, and the
/// thousands of rows before it are not run.
pub(super) fn first(unit: &Unit, address: u64) -> Option<(String, u64)> {
    let header = header(unit)?;
    let program: &'static [u8] = header.raw_program_buf().slice();
    let mut start = vec![0, 1 + unit.address_size(), 2];
    start.extend_from_slice(&address.to_le_bytes());
    let (file, line) = find_all(program, &start).into_iter().find_map(|at| {
        first_row(&header, Cursor { data: program, at: at + start.len() })
    })?;
    Some((file_of(unit, &header, file)?, line))
}

/// Runs the table from behind an address up to its first row.
fn first_row(header: &LineProgramHeader<Reader>, mut cursor: Cursor<'_>) -> Option<(u64, u64)> {
    let (mut file, mut line) = (1, 1_i64);
    loop {
        let code = cursor.u8()?;
        if code >= header.opcode_base() {
            let range = header.line_range().max(1);
            line += i64::from(header.line_base()) + i64::from((code - header.opcode_base()) % range);
            return Some((file, u64::try_from(line).ok()?));
        }
        match code {
            0 => {
                let length = cursor.uleb()?;
                cursor.skip(length)?;
            }
            1 => return Some((file, u64::try_from(line).ok()?)),
            3 => line = line.checked_add(cursor.sleb()?)?,
            4 => file = cursor.uleb()?,
            9 => cursor.skip(2)?,
            2 | 5 | 12 => cursor.uleb().map(drop)?,
            _ => {}
        }
    }
}
