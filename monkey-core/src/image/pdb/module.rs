//! Modules: what the linker got as one object. rustc makes one of each code generation unit.
use super::msf::Msf;
use super::records::{Procedure, Record, S_COMPILE3, four, two};

/// `CV_CFL_RUST`.
const RUST: u8 = 0x15;
/// The number of no stream.
const NONE: usize = 0xFFFF;

#[derive(Debug, Clone, Copy)]
pub(super) struct Module {
    /// Records of symbols, places in which count from the signature in front of them.
    pub symbols: &'static [u8],
    /// Subsections with lines.
    pub lines: &'static [u8],
}

/// All that have anything in them.
pub(super) fn modules(msf: &Msf, debug: &[u8]) -> Option<Vec<Module>> {
    /// Of the stream, and of a module in front of its two names.
    const HEADER: usize = 64;
    let list = debug.get(HEADER..HEADER.checked_add(four(debug, 24)?)?)?;
    let (mut at, mut modules) = (0, Vec::new());
    while at + HEADER <= list.len() {
        let stream = two(list, at + 34)?;
        if stream != NONE {
            modules.extend(module(
                msf,
                stream,
                [four(list, at + 36)?, four(list, at + 40)?, four(list, at + 44)?],
            ));
        }
        at += HEADER;
        for _name in 0..2 {
            at += list.get(at..)?.iter().position(|byte| *byte == 0)? + 1;
        }
        at = at.next_multiple_of(4);
    }
    Some(modules)
}

/// `sizes`: of the symbols, of lines in a form of before, of the lines.
fn module(msf: &Msf, stream: usize, [symbols, before, lines]: [usize; 3]) -> Option<Module> {
    let data = msf.stream(stream)?;
    let begin = symbols.checked_add(before)?;
    Some(Module { symbols: data.get(..symbols)?, lines: data.get(begin..begin.checked_add(lines)?)? })
}

impl Module {
    /// Where the first record is.
    const FIRST: usize = 4;

    /// Its functions; what stands within them is stepped over.
    pub fn procedures(&self, mut visit: impl FnMut(&Procedure)) {
        let mut at = Self::FIRST;
        while let Some(record) = Record::read(self.symbols, at) {
            at = record.next;
            if let Some(procedure) = Procedure::read(record) {
                visit(&procedure);
                at = procedure.end.max(at);
            }
        }
    }

    /// The first record of a kind that stands in front of all functions.
    pub fn header(&self, kind: usize) -> Option<Record> {
        let mut at = Self::FIRST;
        while let Some(record) = Record::read(self.symbols, at) {
            if record.kind == kind {
                return Some(record);
            }
            at = record.next;
            if let Some(procedure) = Procedure::read(record) {
                at = procedure.end.max(at);
            }
        }
        None
    }

    /// Whether it was compiled by rustc.
    pub fn is_rust(&self) -> bool {
        self.header(S_COMPILE3).is_some_and(|record| record.data.first() == Some(&RUST))
    }
}
