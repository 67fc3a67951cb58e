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
    /// Whether more than the identifier was compared.
    pub certain: bool,
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
    let (texts, names) = (linkage_names(debug, wanted), plain_names(debug, wanted));
    let units = if texts.is_empty() && names.is_empty() { Vec::new() } else { open(debug) };
    let (functions, namesakes) = (HashSet::new(), HashSet::new());
    let mut search = Search { wanted, texts, names, units: &units, functions, namesakes, calls: Vec::new() };
    search.note_functions();
    search.note_completions();
    for unit in &units {
        if search.may_refer(unit) {
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

/// The places of the function's identifier, with or without arguments: all that there is with line tables only.
fn plain_names(debug: &Debug, wanted: &Wanted) -> HashSet<u64> {
    let begins = |at: &usize| *at == 0 || debug.text[at - 1] == 0;
    let ends = |at: &usize| matches!(debug.text.get(at + wanted.ident.len()), Some(0 | b'<'));
    let hits = find_all(debug.text, &wanted.ident);
    hits.filter(|at| begins(at) && ends(at)).map(|at| at as u64).collect()
}

struct Search<'a> {
    wanted: &'a Wanted,
    texts: HashSet<u64>,
    names: HashSet<u64>,
    units: &'a [Unit],
    /// The entries of the function, in all units.
    functions: HashSet<usize>,
    /// Entries that have the function's identifier and nothing else that could be compared.
    namesakes: HashSet<usize>,
    calls: Vec<Call>,
}

/// More names than this are not searched one by one.
const FEW: usize = 16;

impl Search<'_> {
    /// Whether the unit's bytes contain one of the names' places: spares the walk over most units.
    fn may_mention(&self, unit: &Unit) -> bool {
        let info = &unit.debug.info[unit.header.start..unit.header.end];
        let searched = self.texts.len() + self.names.len() <= FEW && unit.debug.text_offsets.is_empty();
        !searched
            || self
                .texts
                .iter()
                .chain(&self.names)
                .any(|place| find(info, &(*place as u32).to_le_bytes()).is_some())
    }

    /// Whether the unit has an entry of the function, or may refer to another unit's: code that was inlined from
    /// another unit, link-time optimisation.
    fn may_refer(&self, unit: &Unit) -> bool {
        unit.abbrevs.refers_outside()
            || self.functions.iter().chain(&self.namesakes).any(|at| unit.holds(*at))
    }

    /// The entries that have the function's name.
    fn note_functions(&mut self) {
        let (mut found, mut alike) = (Vec::new(), Vec::new());
        for unit in self.units.iter().filter(|unit| self.may_mention(unit)) {
            unit.walk(SUBPROGRAM, |at, tag, _, entry| {
                let known = tag == SUBPROGRAM
                    && match entry.linkage {
                        Some(Value::Text(place)) => self.texts.contains(&place),
                        Some(value @ Value::TextIndex(_)) => self.spells(unit, value),
                        // A `#[no_mangle]` function's name and place tell which one it is; others have both names.
                        None => self.wanted.identity.is_some() && entry.line != 0 && self.is_named(entry),
                        _ => false,
                    };
                if known && self.is_instance(unit, entry) {
                    found.push(at);
                } else if (entry.linkage, entry.line) == (None, 0) && self.is_named(entry) {
                    alike.push(at);
                }
                true
            });
        }
        self.functions.extend(found);
        self.namesakes.extend(alike);
    }

    /// The entries that complete one of those: abstract instances, to which inlined calls refer. They may stand before
    /// the one that they complete.
    fn note_completions(&mut self) {
        let mut all = Vec::new();
        for unit in self.units.iter().filter(|unit| self.may_refer(unit)) {
            unit.walk(SUBPROGRAM, |at, tag, _, entry| {
                all.extend(entry.origin.filter(|_| tag == SUBPROGRAM).map(|origin| (at, origin)));
                true
            });
        }
        for (at, origin) in all.iter().chain(&all) {
            if self.functions.contains(origin) {
                self.functions.insert(*at);
            }
        }
    }

    fn is_named(&self, entry: &super::Entry) -> bool {
        matches!(entry.name, Some(Value::Text(name)) if self.names.contains(&name))
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
            } else if let Some(origin) = entry.origin.filter(|_| tag == INLINED) {
                let certain = self.functions.contains(&origin);
                if certain || self.namesakes.contains(&origin) {
                    found.push((*entry, around.last().map(|(at, _)| *at), certain));
                }
            }
            true
        });
        for (entry, into, certain) in found {
            let file = line::file(unit, entry.call_file).unwrap_or_else(|| "?".to_owned());
            let into = into.and_then(|at| self.function_name(at)).unwrap_or_else(|| "?".to_owned());
            if into.contains("{{reify") || into.contains("{shim:reify") {
                // The stand-in for a `#[track_caller]` function is no caller.
                continue;
            }
            self.calls.push(Call { file, line: entry.call_line, into, certain });
        }
    }

    /// The name of the function at `at`, or of the one that it completes.
    fn function_name(&self, mut at: usize) -> Option<String> {
        for _ in 0..4 {
            let unit = self.units.iter().find(|unit| unit.holds(at))?;
            let entry = unit.entry(at)?;
            if let Some(symbol) = entry.linkage.and_then(|value| unit.text(value)) {
                return name::demangled(symbol)
                    .or_else(|| Some(String::from_utf8_lossy(symbol).into_owned()));
            }
            if let Some(own) = entry.name.and_then(|value| unit.text(value)) {
                return Some(String::from_utf8_lossy(own).into_owned());
            }
            at = entry.origin?;
        }
        None
    }
}
