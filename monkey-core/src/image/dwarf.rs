//! The program's debug information, read a unit at a time and only for the functions asked about.
mod abbrev;
mod form;
pub(super) mod inlined;
mod line;
mod unit;

use super::bytes::{Cursor, find_all};
use super::elf::Debug;
use form::Value;
use unit::{Entry, Header, Unit};

/// What tells two functions of one path apart: where each is written, and its name with generic arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub file: String,
    pub line: u64,
    /// `parse<u32>`.
    pub name: String,
}

/// The unit of each address, in the order of the addresses; `None` where no unit says that it has it.
pub(super) fn units_of(debug: &Debug, addresses: &[u64]) -> Vec<Option<usize>> {
    let mut units = vec![None; addresses.len()];
    let lowest = addresses.iter().copied().min().unwrap_or(u64::MAX);
    let highest = addresses.iter().copied().max().unwrap_or(0);
    for_each_range(debug.aranges, |unit, begin, size| {
        if begin <= highest && begin.saturating_add(size) > lowest {
            let mut next = 0;
            while next < addresses.len() {
                if addresses[next] >= begin && addresses[next] - begin < size {
                    units[next] = Some(unit);
                }
                next += 1;
            }
        }
    });
    units
}

/// Calls `visit` with unit, begin and size of every range in `.debug_aranges`.
fn for_each_range(data: &[u8], mut visit: impl FnMut(usize, u64, u64)) {
    let mut at = 0;
    while let Some((end, unit, first)) = range_set(data, at) {
        let mut place = first;
        while place + 16 <= end {
            let (begin, size) = (long(data, place), long(data, place + 8));
            if size != 0 {
                visit(unit, begin, size);
            }
            place += 16;
        }
        at = end;
    }
}

/// End, unit and first range of the set at `at`.
fn range_set(data: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    let mut cursor = Cursor { data, at };
    let (mut length, mut width) = (cursor.number(4)?, 4);
    if length == 0xffff_ffff {
        (length, width) = (cursor.number(8)?, 8);
    }
    let end = cursor.at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= data.len())?;
    let version = cursor.number(2)?;
    let unit = cursor.number(width)?;
    let (address, segment) = (cursor.u8()?, cursor.u8()?);
    let first = at + (cursor.at - at).next_multiple_of(16);
    let readable = version == 2 && address == 8 && segment == 0;
    Some((end, unit as usize, if readable { first } else { end }))
}

fn long(data: &[u8], at: usize) -> u64 {
    let (mut value, mut byte) = (0, 8);
    while byte > 0 {
        byte -= 1;
        value = value << 8 | data[at + byte] as u64;
    }
    value
}

/// All units' offsets.
fn units(debug: &Debug) -> Vec<usize> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(header) = Header::read(debug.info, at).filter(|header| header.end > at) {
        all.push(at);
        at = header.end;
    }
    all
}

/// The unit that holds `entry`.
fn unit_around(debug: Debug, entry: usize) -> Option<Unit> {
    let start = *units(&debug).iter().take_while(|start| **start <= entry).last()?;
    Unit::open(debug, start)
}

/// Where the functions at `addresses` are written; `None` for those that the debug information does not tell.
pub(super) fn identities(debug: &Debug, addresses: &[u64]) -> Vec<Option<Identity>> {
    let mut wanted: Vec<(usize, usize)> = Vec::new();
    for (number, unit) in units_of(debug, addresses).into_iter().enumerate() {
        if let Some(unit) = unit.or_else(|| unit_by_search(debug, addresses[number])) {
            wanted.push((unit, number));
        }
    }
    wanted.sort_unstable();
    let mut found = vec![None; addresses.len()];
    let mut open: Option<Unit> = None;
    for (start, number) in wanted {
        if open.as_ref().is_none_or(|unit| unit.header.start != start) {
            open = Unit::open(*debug, start);
        }
        if let Some(unit) = &open {
            found[number] = function(unit, addresses[number]).and_then(|entry| identity(unit, entry));
        }
    }
    found
}

/// The unit of a function in a file without `.debug_aranges`: where its address is written.
fn unit_by_search(debug: &Debug, address: u64) -> Option<usize> {
    let places = if debug.aranges.is_empty() { find_all(debug.info, &address.to_le_bytes()) } else { Vec::new() };
    let starts = units(debug);
    places.into_iter().find_map(|place| {
        let start = *starts.iter().take_while(|start| **start <= place).last()?;
        let unit = Unit::open(*debug, start)?;
        function(&unit, address).map(|_| start)
    })
}

/// The entry of the function that begins at `address`.
fn function(unit: &Unit, address: u64) -> Option<Entry> {
    quick(unit, address).or_else(|| {
        let mut found = None;
        unit.walk(unit::SUBPROGRAM, |_, tag, _, entry| {
            if tag == unit::SUBPROGRAM && entry.low == Some(address) {
                found = Some(*entry);
            }
            found.is_none()
        });
        found
    })
}

/// rustc writes a function's address as its first attribute: so search the address, which is fast, and see whether such
/// an entry ends there. The walk, which always works, costs a millisecond where units are large.
fn quick(unit: &Unit, address: u64) -> Option<Entry> {
    let (start, end) = (unit.header.start, unit.header.end);
    let info = &unit.debug.info[start..end];
    find_all(info, &address.to_le_bytes()).into_iter().find_map(|place| {
        let place = start + place;
        let at = [1, 2, 3].into_iter().filter_map(|size| place.checked_sub(size)).find(|at| unit.is_function(*at, place))?;
        unit.entry(at).filter(|entry| entry.low == Some(address))
    })
}

/// Follows an entry to the one that has the name.
fn identity(unit: &Unit, mut entry: Entry) -> Option<Identity> {
    let mut other: Option<Unit> = None;
    for _ in 0..4 {
        let own = other.as_ref().unwrap_or(unit);
        if let Some(name) = entry.name.and_then(|name| own.text(name)) {
            let name = String::from_utf8_lossy(name).into_owned();
            return Some(Identity { file: line::file(own, entry.file)?, line: entry.line, name });
        }
        let origin = entry.origin?;
        if !(own.header.start..own.header.end).contains(&origin) {
            other = Some(unit_around(unit.debug, origin)?);
        }
        entry = other.as_ref().unwrap_or(unit).entry(origin)?;
    }
    None
}

/// The file and line of the function that begins at `address`, from the line table alone.
pub(super) fn place(debug: &Debug, address: u64) -> Option<(String, u64)> {
    let start = units_of(debug, &[address]).pop()??;
    line::first(&Unit::open(*debug, start)?, address)
}

/// Whether the unit around `address` was compiled with optimisation. Without it every parameter has one place on the
/// stack; with it places change or vanish. `None` when nothing tells.
pub(super) fn optimised(debug: &Debug, address: u64) -> Option<bool> {
    let unit = Unit::open(*debug, units_of(debug, &[address]).pop()??)?;
    let (mut fixed, mut moving, mut concrete) = (0, 0, false);
    unit.walk(unit::PARAMETER, |_, tag, _, entry| {
        match tag {
            unit::SUBPROGRAM => concrete = entry.low.is_some(),
            unit::PARAMETER if concrete => match entry.location {
                // `DW_OP_fbreg`: a place in the frame.
                Some(Value::Expression(0x91)) => fixed += 1,
                _ => moving += 1,
            },
            _ => {}
        }
        fixed + moving < 32
    });
    (fixed + moving > 0).then_some(moving > fixed)
}

/// What rustc says about itself in the unit around `address`.
pub(super) fn producer(debug: &Debug, address: u64) -> Option<String> {
    let unit = Unit::open(*debug, units_of(debug, &[address]).pop()??)?;
    unit.root.producer.map(|text| String::from_utf8_lossy(text).into_owned())
}

/// Whether the entries of the unit around `address` are here, in another file, or were not made.
pub(super) fn has_entries(debug: &Debug, address: u64) -> Option<bool> {
    let unit = Unit::open(*debug, units_of(debug, &[address]).pop()??)?;
    let mut any = false;
    unit.walk(unit::SUBPROGRAM, |_, _, _, entry| {
        any |= entry.file != 0 || entry.origin.is_some();
        !any
    });
    Some(any && !unit.root.split)
}

/// One spelling of a path for the standard library's sources, which are named differently by the compiler's own build
/// and by a toolchain that has them installed.
fn normal(path: String) -> String {
    let standard = path.starts_with("/rustc/") || path.contains("/lib/rustlib/src/rust/");
    match path.find("/library/").filter(|_| standard) {
        Some(at) => path[at + 1..].to_owned(),
        None => path,
    }
}
