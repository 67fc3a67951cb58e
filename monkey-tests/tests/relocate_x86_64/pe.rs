//! The functions of a library of Windows: those that it exports, and those that its tables of unwinding name.
use super::Function;
use object::{Export, ExportTarget, NameOrOrdinal, Object, ObjectSection, SectionKind};
use std::collections::BTreeMap;

/// `RUNTIME_FUNCTION`: where a function begins, where it ends, and where it is said how to unwind it; from the image's start.
const ENTRY: usize = 12;
/// `UNW_FLAG_CHAININFO`, above the three bits of the version: a part that was split off a function.
const CHAINED: u8 = 4 << 3;

pub fn functions<'a>(file: &object::File<'a>) -> Vec<Function<'a>> {
    let exports = file.exports().unwrap().map(Result::unwrap);
    let names: BTreeMap<u64, String> =
        exports.filter_map(|export| Some((address(&export)?, name(&export)))).collect();
    // What calls nothing and keeps nothing need not be in the tables.
    let exported = names.keys().map(|address| (*address, None));
    let mut found: BTreeMap<u64, Option<usize>> = exported.collect();
    found.extend(unwound(file).into_iter().map(|(address, size)| (address, Some(size))));
    let starts: Vec<u64> = found.keys().copied().collect();
    let function = |(index, (address, size)): (usize, (u64, Option<usize>))| {
        let next = starts.get(index + 1).copied().unwrap_or(u64::MAX);
        let name = names.get(&address).cloned().unwrap_or_default();
        Some(Function { name, address, body: code(file, address, next)?, size })
    };
    found.into_iter().enumerate().filter_map(function).collect()
}

/// What there is of a section of code from an address on, up to another.
fn code<'a>(file: &object::File<'a>, address: u64, end: u64) -> Option<&'a [u8]> {
    let section = file.sections().find(|section| {
        section.kind() == SectionKind::Text
            && (section.address()..section.address() + section.size()).contains(&address)
    })?;
    let data = section.data().ok()?;
    let to = end.saturating_sub(section.address()).min(data.len() as u64) as usize;
    data.get((address - section.address()) as usize..to)
}

/// Where functions begin, and how long they are.
fn unwound(file: &object::File) -> Vec<(u64, usize)> {
    let table = file.section_by_name(".pdata").unwrap().data().unwrap();
    let base = file.relative_address_base();
    let entry = |entry: &[u8]| {
        let word = |at: usize| u64::from(u32::from_le_bytes(entry[at..at + 4].try_into().unwrap()));
        let (start, end, unwinding) = (word(0), word(4), base + word(8));
        let is_part = data(file, unwinding).is_some_and(|information| information[0] & CHAINED != 0);
        (start != 0 && !is_part).then_some((base + start, (end - start) as usize))
    };
    table.chunks_exact(ENTRY).filter_map(entry).collect()
}

/// What there is at an address, of whatever section.
fn data<'a>(file: &object::File<'a>, address: u64) -> Option<&'a [u8]> {
    let within = file
        .sections()
        .find(|section| (section.address()..section.address() + section.size()).contains(&address));
    let section = within?;
    section.data().ok()?.get((address - section.address()) as usize..).filter(|data| !data.is_empty())
}

/// None of what another library has.
fn address(export: &Export) -> Option<u64> {
    match export.target() {
        ExportTarget::Address { address } => Some(address),
        _ => None,
    }
}

fn name(export: &Export) -> String {
    match export.name() {
        NameOrOrdinal::Name(name) => String::from_utf8_lossy(name).into_owned(),
        NameOrOrdinal::Ordinal(number) => number.to_string(),
    }
}
