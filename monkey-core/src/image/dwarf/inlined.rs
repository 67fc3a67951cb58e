//! Where calls of a function were inlined. Reads every unit, so only asked when a test has failed.
use super::form::Value;
use super::unit::{INLINED, SUBPROGRAM, Unit};
use super::{Identity, line, ranges};
use crate::image::bytes::{find, find_all, text};
use crate::image::elf::Debug;
use crate::image::{name, spelling};
use std::collections::HashSet;

/// One inlined call, as the file has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::image) struct Call {
    pub file: String,
    pub line: u64,
    /// The function whose code now contains the call.
    pub into: String,
}

/// What is searched.
pub(in crate::image) struct Wanted {
    /// The function's own identifier.
    pub ident: Vec<u8>,
    /// Its name, spelled by `spelling::loose`.
    pub loose: String,
    /// Where it is written, if that is known: tells instances and crate versions apart.
    pub identity: Option<Identity>,
}

/// All inlined calls of `wanted`.
pub(in crate::image) fn calls(debug: &Debug, wanted: &Wanted) -> Vec<Call> {
    let texts = linkage_names(debug, wanted);
    let mut search = Search { wanted, texts, functions: HashSet::new(), calls: Vec::new() };
    let units: Vec<Unit> = if search.texts.is_empty() { Vec::new() } else { open(debug) };
    for unit in &units {
        if search.may_mention(unit) {
            search.note_functions(unit);
        }
    }
    for unit in &units {
        if search.may_call(unit) {
            search.note_calls(unit);
        }
    }
    search.calls.sort();
    search.calls.dedup();
    search.calls
}

fn open(debug: &Debug) -> Vec<Unit> {
    ranges::units(debug).into_iter().filter_map(|start| Unit::open(*debug, start)).collect()
}

/// The places in `.debug_str` of all symbol names that spell the wanted function.
fn linkage_names(debug: &Debug, wanted: &Wanted) -> HashSet<u64> {
    let mut needle = wanted.ident.len().to_string().into_bytes();
    needle.extend_from_slice(&wanted.ident);
    let mut places = HashSet::new();
    for hit in find_all(debug.text, &needle) {
        let start = debug.text[..hit].iter().rposition(|byte| *byte == 0).map_or(0, |zero| zero + 1);
        let Some(symbol) = text(debug.text, start) else { continue };
        let spelled = name::Mangled::parse(symbol).map(|parsed| spelling::loose(parsed.body_name()));
        if spelled.is_some_and(|spelled| spelled == wanted.loose) {
            places.insert(start as u64);
        }
    }
    places
}

struct Search<'a> {
    wanted: &'a Wanted,
    texts: HashSet<u64>,
    /// The entries of the function, in all units.
    functions: HashSet<usize>,
    calls: Vec<Call>,
}

/// More names than this are not searched one by one.
const FEW: usize = 16;

impl Search<'_> {
    /// Whether the unit's bytes contain one of the names' places: spares the walk over most units.
    fn may_mention(&self, unit: &Unit) -> bool {
        let info = &unit.debug.info[unit.header.start..unit.header.end];
        let searched = self.texts.len() <= FEW && unit.debug.text_offsets.is_empty();
        !searched || self.texts.iter().any(|place| find(info, &(*place as u32).to_le_bytes()).is_some())
    }

    /// Whether the unit has an entry of the function, or may refer to another unit's (link-time optimisation).
    fn may_call(&self, unit: &Unit) -> bool {
        let own = unit.header.start..unit.header.end;
        unit.abbrevs.refers_outside() || self.functions.iter().any(|at| own.contains(at))
    }

    /// Declarations and abstract instances that inlined calls refer to. An entry may complete one that stands before it
    /// or behind it, hence twice.
    fn note_functions(&mut self, unit: &Unit) {
        let mut hit = false;
        let mut rest = Vec::new();
        unit.walk(SUBPROGRAM, |at, tag, _, entry| {
            if tag == SUBPROGRAM {
                let known = match entry.linkage {
                    Some(Value::Text(place)) => self.texts.contains(&place),
                    Some(value @ Value::TextIndex(_)) => self.spells(unit, value),
                    _ => false,
                };
                if known && self.is_instance(unit, entry) {
                    hit |= self.functions.insert(at);
                } else if let Some(origin) = entry.origin {
                    rest.push((at, origin));
                }
            }
            true
        });
        for (at, origin) in rest.iter().chain(&rest).filter(|_| hit) {
            if self.functions.contains(origin) {
                self.functions.insert(*at);
            }
        }
    }

    fn spells(&self, unit: &Unit, value: Value) -> bool {
        let symbol = unit.text(value).and_then(name::Mangled::parse);
        symbol.is_some_and(|symbol| {
            symbol.ident == self.wanted.ident && spelling::loose(symbol.body_name()) == self.wanted.loose
        })
    }

    fn is_instance(&self, unit: &Unit, entry: &super::Entry) -> bool {
        let Some(wanted) = &self.wanted.identity else { return true };
        let name = entry.name.and_then(|name| unit.text(name)).unwrap_or_default();
        entry.line == wanted.line
            && name == wanted.name.as_bytes()
            && line::file(unit, entry.file).is_none_or(|file| file == wanted.file)
    }

    fn note_calls(&mut self, unit: &Unit) {
        // The innermost function around the walk, and how deep it stands.
        let mut around: Vec<(usize, usize)> = Vec::new();
        let mut found = Vec::new();
        unit.walk(SUBPROGRAM, |at, tag, depth, entry| {
            if tag == SUBPROGRAM {
                around.retain(|(_, outer)| *outer < depth);
                around.push((at, depth));
            } else if tag == INLINED && entry.origin.is_some_and(|origin| self.functions.contains(&origin)) {
                found.push((*entry, around.last().map(|(at, _)| *at)));
            }
            true
        });
        for (entry, into) in found {
            let file = line::file(unit, entry.call_file).unwrap_or_else(|| "?".to_owned());
            let into = into.and_then(|at| function_name(unit, at)).unwrap_or_else(|| "?".to_owned());
            if into.contains("{{reify") || into.contains("{shim:reify") {
                // The stand-in for a `#[track_caller]` function is no caller.
                continue;
            }
            self.calls.push(Call { file, line: entry.call_line, into });
        }
    }
}

/// The name of the function at `at`, or of the one that it completes.
fn function_name(unit: &Unit, mut at: usize) -> Option<String> {
    for _ in 0..4 {
        let entry = unit.entry(at)?;
        if let Some(symbol) = entry.linkage.and_then(|value| unit.text(value)) {
            return name::demangled(symbol).or_else(|| Some(String::from_utf8_lossy(symbol).into_owned()));
        }
        if let Some(own) = entry.name.and_then(|value| unit.text(value)) {
            return Some(String::from_utf8_lossy(own).into_owned());
        }
        at = entry.origin.filter(|origin| (unit.header.start..unit.header.end).contains(origin))?;
    }
    None
}
