//! What is known of a module while its unit is written; its line program.
use super::with_slashes;
use crate::image::pdb::lines::{Lines, Names, Row};
use crate::image::pdb::writer::Bytes;
use std::ops::Range;

/// What is known of the module that is being written.
pub(super) struct Unit {
    pub lines: Lines,
    pub files: Files,
    pub start: usize,
    /// The entries of functions that are inlined, in the order of their numbers.
    pub inlined: Vec<(u32, usize)>,
    /// Line programs of functions.
    pub program: Bytes,
    /// Where their code is.
    pub code: Vec<Range<u64>>,
}

/// The files of a unit, which have numbers in the order in which they came up.
#[derive(Default)]
pub(super) struct Files {
    pub names: Vec<u32>,
}

impl Files {
    /// 0 for a file that is not known.
    pub fn number(&mut self, name: u32) -> usize {
        if name == 0 {
            return 0;
        }
        let known = self.names.iter().position(|own| *own == name);
        known.unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        }) + 1
    }
}

impl Unit {
    /// The rows of one function.
    pub fn add_rows(&mut self, begin: u64, size: usize, rows: &[Row]) {
        let program = &mut self.program;
        if rows.is_empty() {
            return;
        }
        let extended = |program: &mut Bytes, size, instruction: gimli::DwLne| {
            program.0.extend_from_slice(&[0, size, instruction.0]);
        };
        extended(program, 9, gimli::DW_LNE_set_address);
        program.eight(begin);
        let (mut offset, mut line) = (0, 1);
        for row in rows {
            program.one(gimli::DW_LNS_set_file.0);
            program.unsigned(self.files.number(row.file) as u64);
            program.one(gimli::DW_LNS_advance_line.0);
            program.signed(i64::from(row.line) - line);
            program.one(gimli::DW_LNS_advance_pc.0);
            program.unsigned((row.offset - offset) as u64);
            program.one(gimli::DW_LNS_copy.0);
            (offset, line) = (row.offset, i64::from(row.line));
        }
        program.one(gimli::DW_LNS_advance_pc.0);
        program.unsigned(size.saturating_sub(offset) as u64);
        extended(program, 1, gimli::DW_LNE_end_sequence);
    }

    /// Its part of `.debug_line`.
    pub fn line_program(&self, names: &Names, line: &mut Bytes) {
        let begin = line.begin();
        line.two(4);
        let header = line.begin();
        // One byte an instruction, which is a statement; no special opcodes are written. How many operands each standard one takes.
        line.0.extend_from_slice(&[1, 1, 1, -5_i8 as u8, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0]);
        for name in &self.files.names {
            line.text(&with_slashes(names.text(*name)));
            line.0.extend_from_slice(&[0; 3]);
        }
        line.one(0);
        line.end(header);
        line.0.extend_from_slice(&self.program.0);
        line.end(begin);
    }
}
