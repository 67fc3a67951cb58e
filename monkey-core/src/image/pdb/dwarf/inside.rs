//! What stands within a function.
use crate::image::pdb::annotations::Stretch;
use crate::image::pdb::lines::Row;
use crate::image::pdb::rows::{Inlined, row_at};
use std::ops::Range;

/// A function while what stands within it is read.
pub(super) struct Inside {
    pub begin: u64,
    pub optimised: bool,
    /// The inlined calls around the place, the outermost first.
    pub around: Vec<Around>,
    pub inlined: Vec<Inlined>,
}

pub(super) struct Around {
    pub rows: Vec<Row>,
    pub is_written: bool,
}

impl Inside {
    /// The line of the code around a call: that of the call.
    pub fn row_around(&self, own: &[Row], offset: usize) -> Option<Row> {
        let around = self.around.iter().rev().find(|around| around.is_written);
        around.map_or_else(|| row_at(own, offset), |around| row_at(&around.rows, offset))
    }
}

/// The code of an inlined call, neighbours as one.
pub(super) fn pieces(begin: u64, stretches: &[Stretch]) -> Vec<Range<u64>> {
    let mut pieces: Vec<Range<u64>> = Vec::new();
    for Stretch { code, .. } in stretches {
        let (start, end) = (begin + code.start as u64, begin + code.end as u64);
        match pieces.last_mut().filter(|last| last.end == start) {
            Some(last) => last.end = end,
            None => pieces.push(start..end),
        }
    }
    pieces
}
