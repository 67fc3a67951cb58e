//! The instances of a generic function that a program has.
use super::name::{Mangled, Mangling};
use super::objects::{self, Object};
use super::spelling::{canonical, loose};
use super::symbols::V0;
use crate::sorted;

/// More than these are not worth a look into the debug information, nor a line each.
const MOST: usize = 64;

/// The names of those beside the one at `address`.
pub(super) fn instances(address: usize, type_name: &str) -> Vec<String> {
    let Some(object) = objects::around(address) else { return Vec::new() };
    let path = loose(type_name);
    let names = object.mangled_at(address);
    let Some(own) = names.iter().find(|name| loose(name.body_name()) == path) else { return Vec::new() };
    let own_name = name_at(object, object.inside(address), own);
    let mut all: Vec<String> = Vec::new();
    for &object in objects::loaded() {
        let key = if own.mangling == Mangling::Legacy { own.key.as_slice() } else { V0 };
        for (entry, name) in object.with_prefix(key) {
            let other =
                if own.same_key(name) { Mangled::parse(name) } else { Mangled::parse_if(name, &own.ident) };
            let other = other.filter(|other| !other.shim && loose(other.body_name()) == path);
            if all.len() < MOST
                && let Some(other) = other
            {
                let name = name_at(object, object.begin(&entry), &other);
                name.map(|name| sorted::insert(&mut all, name));
            }
        }
    }
    all.retain(|name| Some(name) != own_name.as_ref() && *name != canonical(type_name));
    all
}

/// A function's name with its generic arguments: that of a v0 symbol, else that of the debug information, which has the
/// function's own part of the path.
fn name_at(object: &Object, begin: u64, name: &Mangled) -> Option<String> {
    let whole = canonical(name.body_name());
    if name.mangling == Mangling::V0 {
        return Some(whole);
    }
    let own = object.dwarf()?.identity(begin)?.name;
    let path = whole.strip_suffix(std::str::from_utf8(&name.ident).ok()?)?;
    Some(format!("{path}{own}"))
}
