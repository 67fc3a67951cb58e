//! Debug information in the form in which it is read of other files: a unit for each module, an entry for each function, one for each
//! function that was inlined, and one for each call of that.
mod abbreviations;
mod declared;
mod inside;
mod unit;

use super::annotations::{Stretch, stretches};
use super::functions::{Functions, Key};
use super::ids::Ids;
use super::lines::{Declared, Lines, Row};
use super::module::Module;
use super::records::{
    Procedure, Record, S_BUILDINFO, S_COMPILE3, S_DEFRANGE_REGISTER, S_DEFRANGE_REGISTER_REL, S_FRAMEPROC,
    S_INLINESITE, S_INLINESITE_END, S_LOCAL, four, two,
};
use super::rows::{self, Inlined};
use super::writer::{Bytes, Texts};
use super::{DebugSection, Pdb, spelling};
use crate::image::bytes::text;
use abbreviations::{
    ABSTRACT, CONCRETE, INLINED, INLINED_IN_PIECES, PARAMETER, PARAMETER_NOWHERE, UNIT, abbreviations,
};
use declared::declared_lines;
use inside::{Around, Inside, pieces};
use std::ops::Range;
use unit::{Files, Unit};

/// The sections of one file.
pub(super) fn sections(pdb: &Pdb) -> Vec<DebugSection> {
    let ids = Ids::parse(pdb.ids, pdb.types);
    let mut writing = Writing {
        pdb,
        functions: pdb.functions(),
        lines: declared_lines(pdb, &ids),
        ids,
        texts: Texts::new(),
        info: Bytes::default(),
        line: Bytes::default(),
        ranges: Bytes::default(),
        aranges: Bytes::default(),
    };
    for module in &pdb.modules {
        writing.unit(module);
    }
    let named = |name: &'static str, bytes: Bytes| (name.as_bytes(), &*bytes.0.leak());
    vec![
        named(".debug_abbrev", abbreviations()),
        named(".debug_info", writing.info),
        named(".debug_str", writing.texts.bytes),
        named(".debug_line", writing.line),
        named(".debug_ranges", writing.ranges),
        named(".debug_aranges", writing.aranges),
    ]
}

struct Writing<'a> {
    pdb: &'a Pdb,
    functions: &'a Functions,
    ids: Ids,
    lines: Vec<(u64, u32)>,
    texts: Texts,
    info: Bytes,
    line: Bytes,
    ranges: Bytes,
    aranges: Bytes,
}

impl Writing<'_> {
    fn unit(&mut self, module: &Module) {
        if module.lines.is_empty() {
            return;
        }
        let start = self.info.len();
        let begin = self.unit_header(module);
        let (lines, files, program) = (Lines::parse(module.lines), Files::default(), Bytes::default());
        let mut unit = Unit { lines, files, start, inlined: Vec::new(), program, code: Vec::new() };
        self.inlined_functions(&mut unit);
        module.procedures(|procedure| {
            self.procedure(module, &mut unit, procedure);
        });
        self.info.one(0);
        self.info.end(begin);
        unit.line_program(&self.pdb.names, &mut self.line);
        self.unit_ranges(&unit);
    }

    fn unit_header(&mut self, module: &Module) -> usize {
        let producer = module.header(S_COMPILE3).and_then(|record| text(record.data, 22)).unwrap_or_default();
        let build = module.header(S_BUILDINFO).and_then(|record| self.ids.build(four(record.data, 0)?));
        let [folder, root] = build.unwrap_or_default();
        let (producer, root) = (self.texts.place(producer), self.texts.place(&with_slashes(root)));
        let folder = self.texts.place(&with_slashes(folder));
        let begin = self.info.begin();
        self.info.two(4);
        self.info.four(0);
        self.info.one(8);
        self.info.one(UNIT);
        for at in [producer, root, folder, self.line.len()] {
            self.info.four(at);
        }
        self.info.eight(0);
        begin
    }

    fn inlined_functions(&mut self, unit: &mut Unit) {
        let mut declared = std::mem::take(&mut unit.lines.inlined);
        declared.dedup_by_key(|declared| declared.id);
        for Declared { id, file, line } in &declared {
            let Some(function) = self.ids.function(*id as usize) else { continue };
            let key = Key { name: &function.name, file: *file, kind_of_type: function.kind_of_type };
            let symbol = self.functions.symbol_of(&key);
            unit.inlined.push((*id, self.info.len() - unit.start));
            self.info.one(ABSTRACT);
            self.named(unit, &symbol, &key, *line);
        }
        unit.lines.inlined = declared;
    }

    /// The attributes that say which function it is.
    fn named(&mut self, unit: &mut Unit, symbol: &[u8], key: &Key, line: u32) {
        let own = spelling::own_name(key.name);
        let (symbol, own) = (self.texts.place(symbol), self.texts.place(&own));
        let hash = key.hash();
        let known = self.lines.get(self.lines.partition_point(|(own, _)| *own < hash));
        // Where several functions have the key, the line of each tells them apart.
        let known = known.filter(|(own, _)| *own == hash && !self.functions.is_ambiguous(key));
        let line = known.map_or(line, |(_, line)| *line);
        self.info.four(symbol);
        self.info.four(own);
        self.info.two(unit.files.number(key.file));
        self.info.four(line as usize);
    }

    fn procedure(&mut self, module: &Module, unit: &mut Unit, own: &Procedure) -> Option<()> {
        let begin = self.pdb.svma(own.section, own.offset)?;
        let rows = unit.lines.rows(own.place());
        let file = rows.first().map_or(0, |row| row.file);
        let symbol = self.functions.symbol_at(self.pdb, own.place()).unwrap_or_default();
        self.info.one(CONCRETE);
        self.info.eight(begin);
        self.info.four(own.size);
        let key = Key { name: own.name, file, kind_of_type: own.kind_of_type };
        self.named(unit, symbol, &key, rows.first().map_or(0, |row| row.line));
        let mut inside = Inside { begin, optimised: false, around: Vec::new(), inlined: Vec::new() };
        let mut at = own.inside;
        while at < own.end {
            let Some(record) = Record::read(module.symbols, at) else { break };
            at = record.next;
            match record.kind {
                S_FRAMEPROC => inside.optimised = is_optimised(record),
                S_LOCAL if inside.around.is_empty() => {
                    self.parameter(record, Record::read(module.symbols, at), inside.optimised);
                }
                S_INLINESITE => self.inlined_call(unit, &rows, &mut inside, record),
                S_INLINESITE_END if inside.around.pop().is_some_and(|around| around.is_written) => {
                    self.info.one(0);
                }
                _ => {}
            }
        }
        for _open in inside.around.iter().filter(|around| around.is_written) {
            self.info.one(0);
        }
        self.info.one(0);
        unit.code.push(begin..begin + own.size as u64);
        unit.add_rows(begin, own.size, &rows::merged(&rows, inside.inlined));
        Some(())
    }

    /// A parameter of the function itself. Whether code is optimised shows in where parameters are.
    fn parameter(&mut self, record: Record, next: Option<Record>, optimised: bool) -> Option<()> {
        const PARAMETER_FLAG: usize = 1;
        if two(record.data, 4)? & PARAMETER_FLAG == 0 {
            return None;
        }
        let range = next.map(|next| next.kind);
        let range = range.filter(|kind| (S_DEFRANGE_REGISTER..=S_DEFRANGE_REGISTER_REL).contains(kind));
        let Some(range) = range.filter(|_| !self.ids.is_empty(four(record.data, 0).unwrap_or(0))) else {
            self.info.one(PARAMETER_NOWHERE);
            return None;
        };
        let moving = optimised || range == S_DEFRANGE_REGISTER;
        let place: &[u8] = if moving { &[gimli::DW_OP_reg0.0] } else { &[gimli::DW_OP_fbreg.0, 0] };
        self.info.one(PARAMETER);
        self.info.unsigned(place.len() as u64);
        self.info.0.extend_from_slice(place);
        Some(())
    }

    fn inlined_call(&mut self, unit: &mut Unit, rows: &[Row], inside: &mut Inside, record: Record) {
        let id = four(record.data, 8).unwrap_or(0);
        let annotations = record.data.get(12..).unwrap_or_default();
        let stretches = stretches(annotations, unit.lines.declared(id), &unit.lines);
        let entry = unit.inlined.binary_search_by_key(&(id as u32), |(own, _)| *own).ok();
        let depth = inside.around.len() + 1;
        let (Some(entry), Some(first)) = (entry, stretches.first()) else {
            inside.around.push(Around { rows: Vec::new(), is_written: false });
            return;
        };
        let call = inside.row_around(rows, first.code.start).unwrap_or(Row { offset: 0, file: 0, line: 0 });
        self.inlined_entry(unit.inlined[entry].1, &pieces(inside.begin, &stretches));
        self.info.two(unit.files.number(call.file));
        self.info.four(call.line as usize);
        let own = stretches.iter().map(Stretch::row).collect();
        inside.around.push(Around { rows: own, is_written: true });
        inside.inlined.extend(stretches.into_iter().map(|stretch| Inlined { depth, stretch }));
    }

    fn inlined_entry(&mut self, origin: usize, pieces: &[Range<u64>]) {
        let in_pieces = pieces.len() > 1;
        self.info.one(if in_pieces { INLINED_IN_PIECES } else { INLINED });
        self.info.four(origin);
        if in_pieces {
            self.info.four(self.ranges.len());
            for piece in pieces {
                self.ranges.eight(piece.start);
                self.ranges.eight(piece.end);
            }
            self.ranges.eight(0);
            self.ranges.eight(0);
        } else {
            self.info.eight(pieces[0].start);
            self.info.four((pieces[0].end - pieces[0].start) as usize);
        }
    }

    fn unit_ranges(&mut self, unit: &Unit) {
        let begin = self.aranges.begin();
        self.aranges.two(2);
        self.aranges.four(unit.start);
        self.aranges.two(8);
        self.aranges.four(0);
        for code in &unit.code {
            self.aranges.eight(code.start);
            self.aranges.eight(code.end - code.start);
        }
        self.aranges.eight(0);
        self.aranges.eight(0);
        self.aranges.end(begin);
    }
}

/// Whether the compiler says that it has optimised a function for speed. Of one that is optimised for size it does not.
fn is_optimised(record: Record) -> bool {
    const FOR_SPEED: usize = 1 << 20;
    four(record.data, 22).is_some_and(|flags| flags & FOR_SPEED != 0)
}

/// Paths are taken apart at slashes, on all systems.
fn with_slashes(path: &[u8]) -> Vec<u8> {
    path.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect()
}
