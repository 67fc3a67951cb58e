//! Functions that contain the code of another one, so that a call of theirs goes past a replacement of that.
use super::dwarf::inlined::{self, Wanted};
use super::name::{Mangled, Mangling};
use super::{as_called, find, identity, objects, spelling};

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
    let Some(wanted) = wanted(target, type_name) else { return Vec::new() };
    let mut found: Vec<Container> = Vec::new();
    for object in objects::all() {
        let calls = object.dwarf().map(|dwarf| inlined::calls(dwarf, &wanted)).unwrap_or_default();
        for call in calls.into_iter().filter(|call| call.certain) {
            let Some(around) = find(object.outside(call.svma)).filter(|around| around.named) else {
                continue;
            };
            if around.address != target {
                let (address, name) = (around.address, as_called(around.name));
                found.push(Container { address, name, file: call.file, line: call.line });
            }
        }
    }
    found.sort();
    found.dedup_by_key(|container| container.address);
    found
}

/// What tells the function from all others; `None` where nothing does.
fn wanted(target: usize, type_name: Option<&str>) -> Option<Wanted> {
    let object = objects::around(target)?;
    let identity = identity(object, target);
    let Some(own) = object.mangled_at(target).into_iter().find(|own| fits(own, type_name)) else {
        // `#[no_mangle]`: the debug information has the function all the same.
        let own = identity?;
        let (ident, loose) = (own.name.clone().into_bytes(), own.name.clone());
        return Some(Wanted { ident, loose, identity: Some(own), symbol: None, namesakes: false });
    };
    let loose = spelling::loose(own.body_name());
    // The standard library is there once, and each of its functions has a place and a name of its own. Of other crates
    // there may be several builds: there only an equal symbol is a proof.
    let standard = spelling::is_standard(own.body_name());
    let single = own.mangling == Mangling::V0 && !own.generic;
    if standard && identity.is_none() && !single {
        return None;
    }
    let ident = own.ident.clone();
    Some(Wanted { ident, loose, identity, symbol: (!standard).then_some(own), namesakes: false })
}

/// Whether a symbol is the one that was meant, where several functions share an address.
fn fits(own: &Mangled, type_name: Option<&str>) -> bool {
    type_name.is_none_or(|name| spelling::loose(name) == spelling::loose(own.body_name()))
}
