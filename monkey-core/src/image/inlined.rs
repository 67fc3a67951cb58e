//! Where calls of a function were inlined, so that they do not see that it is replaced.
use super::dwarf::inlined::{InlinedCall, Wanted, calls};
use super::name::Mangled;
use super::objects::Object;
use super::{find, identity, objects, spelling};
use crate::sorted::sort_by;

/// A call that was inlined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inlined {
    /// The file of the call, as the compiler was given it.
    pub file: String,
    /// Its line.
    pub line: u64,
    /// The function whose code now contains the call.
    pub into: String,
    /// Whether it is surely a call of that function. With line tables only, nothing but its identifier is known.
    pub certain: bool,
}

impl Inlined {
    /// The standard library's own calls are rarely what the reader looks for.
    fn order(&self) -> (bool, bool, &str, u64, &str) {
        (!self.certain, self.file.starts_with("library/"), &self.file, self.line, &self.into)
    }
}

/// Where calls of the function at `address` were inlined.
#[must_use]
pub fn inlined(address: usize) -> Vec<Inlined> {
    let Some(object) = objects::around(address) else { return Vec::new() };
    let own = object.mangled_at(address).into_iter().next();
    wanted(object, address, own.as_ref()).map_or_else(Vec::new, |wanted| {
        let wanted = Wanted { namesakes: true, ..wanted };
        told(everywhere(&wanted, Some((object, address))))
    })
}

/// Where calls of a function were inlined that may have no body of its own; `type_name` is what `std::any::type_name`
/// says of its type. All instances of a generic function are found.
#[must_use]
pub fn inlined_named(type_name: &str) -> Vec<Inlined> {
    let loose = spelling::loose(type_name);
    let ident = loose.rsplit("::").next().unwrap_or_default().as_bytes().to_vec();
    told(everywhere(&Wanted { ident, loose, identity: None, symbol: None, namesakes: true }, None))
}

/// What is searched for the function at `address`, which has this symbol.
pub(super) fn wanted(object: &Object, address: usize, own: Option<&Mangled>) -> Option<Wanted> {
    let identity = identity(object, address);
    let (ident, loose) = match own {
        Some(own) => (own.ident.clone(), spelling::loose(own.body_name())),
        // `#[no_mangle]`: the symbol says nothing, the debug information has the function all the same.
        None => (identity.as_ref()?.name.clone().into_bytes(), identity.as_ref()?.name.clone()),
    };
    Some(Wanted { ident, loose, identity, symbol: None, namesakes: false })
}

/// The inlined calls in all files. Where the function itself is known, its name need not be searched in its own file.
pub(super) fn everywhere(
    wanted: &Wanted,
    own: Option<(&Object, usize)>,
) -> Vec<(&'static Object, InlinedCall)> {
    let mut all = Vec::new();
    for &object in objects::loaded() {
        let Some(dwarf) = object.dwarf() else { continue };
        let own = own.filter(|(own, _)| std::ptr::eq(*own, object));
        let name_at = own.and_then(|(own, address)| dwarf.name_place(own.inside(address)));
        all.extend(calls(dwarf, wanted, name_at).into_iter().map(|call| (object, call)));
    }
    all
}

fn told(calls: Vec<(&Object, InlinedCall)>) -> Vec<Inlined> {
    let told = calls.into_iter().filter_map(|(object, call)| {
        let avma = object.outside(call.svma);
        let into = find(avma);
        // The stand-in for a `#[track_caller]` function is no caller.
        let begin = into.as_ref().map_or(avma, |into| into.address);
        if object.mangled_at(begin).iter().any(|name| name.shim) {
            return None;
        }
        let into = into.map_or_else(|| "?".to_owned(), |into| into.name);
        Some(Inlined { file: call.file, line: call.line, into, certain: call.certain })
    });
    let mut told: Vec<Inlined> = told.collect();
    sort_by(&mut told, &|one, other| one.order().cmp(&other.order()));
    told.dedup();
    told
}
