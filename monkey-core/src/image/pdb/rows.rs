//! The lines of a function with those of what was inlined into it: of several calls around a place the innermost one says the line.
use super::annotations::Stretch;
use super::lines::Row;
use crate::sorted::sort_by_number;

/// What an inlined call says, and how many others are around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inlined {
    pub depth: usize,
    pub stretch: Stretch,
}

/// The last row that begins at or before an offset.
pub(super) fn row_at(rows: &[Row], offset: usize) -> Option<Row> {
    rows.get(rows.partition_point(|row| row.offset <= offset).checked_sub(1)?).copied()
}

/// One row for each place at which the line changes. `own` is in order.
pub(super) fn merged(own: &[Row], mut inlined: Vec<Inlined>) -> Vec<Row> {
    if inlined.is_empty() {
        return own.to_vec();
    }
    // What is further out comes first, where several begin at one place.
    sort_by_number(&mut inlined, &|one| (one.stretch.code.start as u64) << 16 | one.depth as u64);
    let mut changes: Vec<usize> = own.iter().map(|row| row.offset).collect();
    changes.extend(inlined.iter().flat_map(|one| [one.stretch.code.start, one.stretch.code.end]));
    sort_by_number(&mut changes, &|offset| *offset as u64);
    changes.dedup();
    let (mut around, mut next, mut rows): (Vec<Inlined>, usize, Vec<Row>) = (Vec::new(), 0, Vec::new());
    for offset in changes {
        around.retain(|one| one.stretch.code.end > offset);
        while next < inlined.len() && inlined[next].stretch.code.start == offset {
            around.push(inlined[next].clone());
            next += 1;
        }
        let innermost = around.iter().max_by_key(|one| one.depth).map(|one| one.stretch.row());
        let Some(row) = innermost.or_else(|| row_at(own, offset)) else { continue };
        if rows.last().is_none_or(|last| (last.file, last.line) != (row.file, row.line)) {
            rows.push(Row { offset, ..row });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_call_says_the_line() {
        let row = |(offset, line)| Row { offset, file: 1, line };
        let own = [(0, 10), (8, 11), (32, 12)].map(row);
        let one = |depth, code, line| Inlined { depth, stretch: Stretch { code, file: 1, line } };
        let inlined = vec![one(2, 16..20, 70), one(1, 12..24, 50), one(1, 24..28, 51)];
        let wanted = [(0, 10), (8, 11), (12, 50), (16, 70), (20, 50), (24, 51), (28, 11), (32, 12)].map(row);
        assert_eq!(merged(&own, inlined), wanted);
        assert_eq!(merged(&own, Vec::new()), own);
        assert_eq!([row_at(&own, 31), row_at(&[], 3)], [Some(own[1]), None]);
    }
}
