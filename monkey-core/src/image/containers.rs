//! Functions that contain the code of another one, so that a call of theirs goes past a replacement of that.
use super::dwarf::Identity;
use super::dwarf::inlined::{InlinedCall, Wanted, calls_in};
use super::inlined::{everywhere, wanted};
use super::name::{Mangled, Mangling};
use super::objects::Object;
use super::{as_called, find, objects, spelling};
use crate::sorted::sort_by;
use std::ops::Range;

/// A function whose machine code contains an inlined copy of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Container {
    /// Where it begins.
    pub address: usize,
    /// Its name, as people write it.
    pub name: String,
    /// The file of the call that was inlined.
    pub file: String,
    /// Its line.
    pub line: u64,
}

/// The functions that surely contain an inlined copy of the function at `target`, whose own type `std::any::type_name`
/// calls `type_name`; each once, sorted by address. Found in whatever was optimised and has debug information, as the
/// standard library is and has in debug builds too.
#[must_use]
pub fn containers(target: usize, type_name: Option<&str>) -> Vec<Container> {
    find_containers(target, type_name, None)
}

/// The same where nothing is optimised: a function is inlined all the same if it is `#[inline(always)]`.
#[must_use]
pub fn containers_unoptimised(target: usize, type_name: Option<&str>) -> Vec<Container> {
    let Some(object) = objects::around(target).filter(|object| is_of_unit(object, target)) else {
        return Vec::new();
    };
    let Some(dwarf) = object.dwarf() else { return Vec::new() };
    // What a crate has made of its own function nobody else knows, or everybody has one for himself.
    find_containers(target, type_name, dwarf.units_of_home(object.inside(target)))
}

/// Whether a body is known to its compilation unit alone. One of an `#[inline(always)]` function is; others that are have all their
/// callers there.
fn is_of_unit(object: &Object, address: usize) -> bool {
    let entries = object.symbols().entries_at(object.inside(address));
    !entries.is_empty() && entries.iter().all(|entry| entry.of_unit)
}

/// The inlined calls in some units of the function's own file.
fn in_units(
    wanted: &Wanted,
    object: &'static Object,
    target: usize,
    units: Vec<Range<usize>>,
) -> Vec<(&'static Object, InlinedCall)> {
    let Some(dwarf) = object.dwarf() else { return Vec::new() };
    let name_at = dwarf.name_place(object.inside(target));
    calls_in(dwarf, wanted, name_at, units).into_iter().map(|call| (object, call)).collect()
}

fn find_containers(
    target: usize,
    type_name: Option<&str>,
    units: Option<Vec<Range<usize>>>,
) -> Vec<Container> {
    let Some(object) = objects::around(target) else { return Vec::new() };
    let Some(wanted) = proven(object, target, type_name) else { return Vec::new() };
    let mut found: Vec<Container> = Vec::new();
    let calls = match units {
        Some(units) => in_units(&wanted, object, target, units),
        None => everywhere(&wanted, Some((object, target))),
    };
    for (object, call) in calls {
        let around =
            find(object.outside(call.svma)).filter(|around| around.named && around.address != target);
        if let Some(around) = around.filter(|_| call.certain) {
            let (address, name) = (around.address, as_called(around.name));
            found.push(Container { address, name, file: call.file, line: call.line });
        }
    }
    sort_by(&mut found, &Container::cmp);
    found.dedup_by_key(|container| container.address);
    found
}

/// What tells the function from all others; `None` where nothing does.
fn proven(object: &Object, target: usize, type_name: Option<&str>) -> Option<Wanted> {
    let own = object.mangled_at(target).into_iter().find(|own| fits(own, type_name));
    let wanted = wanted(object, target, own.as_ref())?;
    let Some(own) = own else { return Some(wanted) };
    // The standard library is there once, and each of its functions has a place and a name of its own. Of other crates
    // there may be several builds: there only an equal symbol is a proof.
    if !spelling::is_standard(own.body_name()) {
        // In the legacy mangling the hash of an instance, and that of an `#[inline]` function that another crate has made a body of,
        // is also of the crate that has made it: the name in full and the place tell it.
        let elsewhere = || object.dwarf().is_some_and(|dwarf| !dwarf.is_at_home(object.inside(target)));
        let of_its_maker = |identity: &Identity| identity.name.contains('<') || elsewhere();
        let told_by_place =
            own.mangling == Mangling::Legacy && wanted.identity.as_ref().is_some_and(of_its_maker);
        let symbol = (!told_by_place).then_some(own);
        return Some(Wanted { symbol, ..wanted });
    }
    let single = own.mangling == Mangling::V0 && !own.generic;
    (single || wanted.identity.is_some()).then_some(wanted)
}

/// Whether a symbol is the one that was meant, where several functions share an address.
fn fits(own: &Mangled, type_name: Option<&str>) -> bool {
    type_name.is_none_or(|name| spelling::loose(name) == spelling::loose(own.body_name()))
}
