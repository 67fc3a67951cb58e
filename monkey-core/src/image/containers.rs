//! Functions that contain the code of another one, so that a call of theirs goes past a replacement of that.
use super::dwarf::inlined::Wanted;
use super::inlined::{everywhere, wanted};
use super::name::{Mangled, Mangling};
use super::objects::Object;
use super::{as_called, find, objects, spelling};
use crate::sorted::sort_by;

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
    let Some(object) = objects::around(target) else { return Vec::new() };
    let Some(wanted) = proven(object, target, type_name) else { return Vec::new() };
    let mut found: Vec<Container> = Vec::new();
    for (object, call) in everywhere(&wanted, Some((object, target))) {
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
        return Some(Wanted { symbol: Some(own), ..wanted });
    }
    let single = own.mangling == Mangling::V0 && !own.generic;
    (single || wanted.identity.is_some()).then_some(wanted)
}

/// Whether a symbol is the one that was meant, where several functions share an address.
fn fits(own: &Mangled, type_name: Option<&str>) -> bool {
    type_name.is_none_or(|name| spelling::loose(name) == spelling::loose(own.body_name()))
}
