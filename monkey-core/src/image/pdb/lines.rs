//! Which file and line code comes from: subsections of a module's lines.
use super::records::{four, place, two};
use crate::image::bytes::text;
use crate::sorted::sort_by_number;

const LINES: usize = 0xF2;
const FILES: usize = 0xF4;
const INLINED: usize = 0xF6;
/// In front of the lines of a function, and of those of a file in it.
const HEADER: usize = 12;

/// All texts of the file, by their places.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: &'static [u8],
}

impl Names {
    pub fn parse(stream: &'static [u8]) -> Self {
        Self { texts: stream.get(12..).unwrap_or_default() }
    }

    pub fn text(&self, at: u32) -> &'static [u8] {
        text(self.texts, at as usize).unwrap_or_default()
    }
}

/// Where code begins that comes from a line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// From the function's begin on.
    pub offset: usize,
    /// The place of the file's name among the texts.
    pub file: u32,
    pub line: u32,
}

/// Where a function is written that was inlined somewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declared {
    pub id: u32,
    pub file: u32,
    pub line: u32,
}

/// The lines of a module.
#[derive(Debug, Default)]
pub(super) struct Lines {
    files: &'static [u8],
    /// Lines of functions, in the order of their places.
    functions: Vec<(u64, &'static [u8])>,
    /// Those that are inlined, in the order of their numbers.
    pub inlined: Vec<Declared>,
}

impl Lines {
    pub fn parse(data: &'static [u8]) -> Self {
        let (mut lines, mut inlined, mut at) = (Self::default(), Vec::new(), 0);
        while let (Some(kind), Some(length)) = (four(data, at), four(data, at + 4)) {
            let Some(part) = (at + 8).checked_add(length).and_then(|end| data.get(at + 8..end)) else {
                break;
            };
            match kind {
                FILES => lines.files = part,
                LINES => lines.functions.extend(function_place(part).map(|place| (place, part))),
                INLINED => inlined.push(part),
                _ => {}
            }
            at = (at + 8 + length).next_multiple_of(4);
        }
        sort_by_number(&mut lines.functions, &|(place, _)| *place);
        for part in inlined {
            lines.add_inlined(part);
        }
        sort_by_number(&mut lines.inlined, &|declared| u64::from(declared.id));
        lines
    }

    fn add_inlined(&mut self, part: &[u8]) -> Option<()> {
        let with_more = four(part, 0)? == 1;
        let mut at = 4;
        while let (Some(id), Some(file), Some(line)) =
            (four(part, at), four(part, at + 4), four(part, at + 8))
        {
            let file = self.file(file).unwrap_or(0);
            self.inlined.push(Declared { id: id as u32, file, line: line as u32 });
            at += 12;
            if with_more {
                at += 4 + 4 * four(part, at)?;
            }
        }
        Some(())
    }

    /// Where a function is written that was inlined.
    pub fn declared(&self, id: usize) -> Option<&Declared> {
        let at = self.inlined.partition_point(|declared| (declared.id as usize) < id);
        self.inlined.get(at).filter(|declared| declared.id as usize == id)
    }

    /// The name of a file, by its place among the module's files.
    pub fn file(&self, at: usize) -> Option<u32> {
        four(self.files, at).map(|name| name as u32)
    }

    fn of_function(&self, place: u64) -> Option<&'static [u8]> {
        let at = self.functions.partition_point(|(own, _)| *own < place);
        self.functions.get(at).filter(|(own, _)| *own == place).map(|(_, part)| *part)
    }

    /// The file in which a function is written: that of its first code, for what was inlined there has lines of its own.
    pub fn file_of(&self, place: u64) -> Option<u32> {
        self.file(four(self.of_function(place)?, HEADER)?)
    }

    /// Where the first code of a function is written.
    pub fn first_row(&self, place: u64) -> Option<Row> {
        let part = self.of_function(place)?;
        let (file, row) = (self.file(four(part, HEADER)?)?, 2 * HEADER);
        Some(Row { offset: four(part, row)?, file, line: line_of(four(part, row + 4)?) })
    }

    /// The rows of a function.
    pub fn rows(&self, place: u64) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some(part) = self.of_function(place) {
            self.read_rows(part, &mut rows);
        }
        sort_by_number(&mut rows, &|row: &Row| row.offset as u64);
        rows
    }

    fn read_rows(&self, part: &[u8], rows: &mut Vec<Row>) -> Option<()> {
        let mut at = HEADER;
        while at < part.len() {
            let (file, count) = (self.file(four(part, at)?).unwrap_or(0), four(part, at + 4)?);
            let size = four(part, at + 8)?.max(HEADER);
            for index in 0..count {
                let row = at + HEADER + 8 * index;
                rows.push(Row { offset: four(part, row)?, file, line: line_of(four(part, row + 4)?) });
            }
            at = at.checked_add(size)?;
        }
        Some(())
    }
}

/// The upper byte says where the statement ends, and whether it is one; lines that a debugger is to step over have numbers of their own.
fn line_of(bits: usize) -> u32 {
    let line = bits as u32 & 0xFF_FFFF;
    if line >= 0xF0_0000 { 0 } else { line }
}

fn function_place(part: &[u8]) -> Option<u64> {
    Some(place(two(part, 4)?, four(part, 0)?))
}
