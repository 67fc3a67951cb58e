//! Where the code of an inlined call is, and which lines it comes from: instructions in front of which stand the caller's begin, and
//! the line in which the function is declared.
use super::lines::{Declared, Lines, Row};
use std::ops::Range;

/// A stretch of code of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    /// From the function's begin on.
    pub code: Range<usize>,
    pub file: u32,
    pub line: u32,
}

impl Stretch {
    pub fn row(&self) -> Row {
        Row { offset: self.code.start, file: self.file, line: self.line }
    }
}

/// The instructions, by their numbers.
const CODE_OFFSET: u32 = 1;
const CHANGE_CODE_OFFSET: u32 = 3;
const CHANGE_CODE_LENGTH: u32 = 4;
const CHANGE_FILE: u32 = 5;
const CHANGE_LINE_OFFSET: u32 = 6;
const CHANGE_CODE_OFFSET_AND_LINE_OFFSET: u32 = 11;
const CHANGE_CODE_LENGTH_AND_CODE_OFFSET: u32 = 12;

/// What the instructions say, in the order of the code.
pub(super) fn stretches(annotations: &[u8], declared: Option<&Declared>, lines: &Lines) -> Vec<Stretch> {
    let (file, line) = declared.map_or((0, 0), |declared| (declared.file, declared.line));
    let mut reading = Reading { file, line, ..Reading::default() };
    let mut at = 0;
    while reading.instruction(annotations, &mut at, lines).is_some() {}
    reading.done
}

#[derive(Default)]
struct Reading {
    offset: usize,
    file: u32,
    line: u32,
    /// Where the stretch begins whose end is not known yet, with its file and line.
    open: Option<Row>,
    done: Vec<Stretch>,
}

impl Reading {
    fn instruction(&mut self, annotations: &[u8], at: &mut usize, lines: &Lines) -> Option<()> {
        let instruction = compressed(annotations, at).filter(|instruction| *instruction != 0)?;
        let operand = compressed(annotations, at)?;
        match instruction {
            CODE_OFFSET => self.move_to(operand as usize),
            CHANGE_CODE_OFFSET => self.move_by(operand),
            CHANGE_CODE_LENGTH => {
                self.close(self.offset + operand as usize);
                self.offset += operand as usize;
            }
            CHANGE_FILE => self.file = lines.file(operand as usize).unwrap_or(0),
            CHANGE_LINE_OFFSET => self.line = self.line.wrapping_add_signed(signed(operand)),
            CHANGE_CODE_OFFSET_AND_LINE_OFFSET => {
                self.line = self.line.wrapping_add_signed(signed(operand >> 4));
                self.move_by(operand & 0xF);
            }
            CHANGE_CODE_LENGTH_AND_CODE_OFFSET => {
                let delta = compressed(annotations, at)?;
                self.move_by(delta);
                self.close(self.offset + operand as usize);
            }
            // Columns and the ends of statements.
            _ => {}
        }
        Some(())
    }

    fn move_by(&mut self, delta: u32) {
        self.move_to(self.offset + delta as usize);
    }

    /// A stretch begins here, and one that is open ends.
    fn move_to(&mut self, offset: usize) {
        self.offset = offset;
        self.close(offset);
        self.open = Some(Row { offset, file: self.file, line: self.line });
    }

    fn close(&mut self, end: usize) {
        if let Some(open) = self.open.take().filter(|open| open.offset < end) {
            self.done.push(Stretch { code: open.offset..end, file: open.file, line: open.line });
        }
    }
}

/// A number in one, two or four bytes, most significant first; the upper bits of the first say how many.
fn compressed(data: &[u8], at: &mut usize) -> Option<u32> {
    let byte = |index: usize| data.get(*at + index).map(|byte| u32::from(*byte));
    let first = byte(0)?;
    let (value, size) = if first & 0x80 == 0 {
        (first, 1)
    } else if first & 0xC0 == 0x80 {
        ((first & 0x3F) << 8 | byte(1)?, 2)
    } else if first & 0xE0 == 0xC0 {
        ((first & 0x1F) << 24 | byte(1)? << 16 | byte(2)? << 8 | byte(3)?, 4)
    } else {
        return None;
    };
    *at += size;
    Some(value)
}

/// The sign is the lowest bit.
fn signed(value: u32) -> i32 {
    let size = (value >> 1) as i32;
    if value & 1 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_as_many_bytes_as_they_need() {
        for (bytes, value) in [
            (&[0x7F][..], 0x7F),
            (&[0x80, 0x80], 0x80),
            (&[0xBF, 0xFF], 0x3FFF),
            (&[0xC0, 0, 0x40, 0], 0x4000),
            (&[0xDF, 0xFF, 0xFF, 0xFF], 0x1FFF_FFFF),
        ] {
            let mut at = 0;
            assert_eq!((compressed(bytes, &mut at), at), (Some(value), bytes.len()));
        }
        assert_eq!(compressed(&[0xE0, 0, 0, 0], &mut 0), None);
        assert_eq!(compressed(&[0x80], &mut 0), None);
        assert_eq!([signed(4), signed(5)], [2, -2]);
    }

    /// As LLVM writes them: three lines of a function, the middle one of which is elsewhere in its caller.
    #[test]
    fn code_in_pieces_is_stretches() {
        let declared = Declared { id: 0x1091, file: 7, line: 10 };
        let annotations = [6, 4, 3, 0x82, 0x9E, 6, 6, 3, 0x2F, 4, 0x27, 6, 6, 3, 0x83, 0xAD, 4, 0x10, 0, 0];
        let found = stretches(&annotations, Some(&declared), &Lines::default());
        let stretch = |code: Range<usize>, line| Stretch { code, file: 7, line };
        assert_eq!(found, [stretch(0x29E..0x2CD, 12), stretch(0x2CD..0x2F4, 15), stretch(0x6A1..0x6B1, 18)]);
    }
}
