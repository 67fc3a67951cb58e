//! Which bodies in the program are one function.
mod search;

use super::legacy::Gap;
use super::name::Mangled;
use super::objects::{self, Object};
use super::spelling::{canonical, is_standard, legacy_key, loose};
use super::{code, system};
use crate::plt;
use crate::sorted::{SortedMap, sort_and_dedup};
use search::Search;

/// All bodies of a function, as far as they can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copies {
    /// Where the copies begin, the given address first.
    pub addresses: Vec<usize>,
    /// Those of `addresses` that only lead to another of them: the stand-in for a `#[track_caller]` function, a jump
    /// through the linkage table. The original behind such an address ends in another copy, so hooking it as well
    /// would make the original call the replacement.
    pub thunks: Vec<usize>,
    /// Other functions whose body is the same code at the same address: who patches one patches all.
    pub shared_with: Vec<String>,
    /// What could not be told.
    pub doubt: Option<Doubt>,
}

/// Bodies that may or may not be copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Where they begin.
    pub addresses: Vec<usize>,
    /// Of these, the ones that are copies unless their crate is there in several builds: nothing else could have this path.
    pub likely: Vec<usize>,
    /// Why it cannot be told, and what would help.
    pub reason: String,
}

/// What would tell, whatever the gap is.
const REMEDY: &str = "build the tests with `-C symbol-mangling-version=v0`, whose symbols say it";

/// A body that has the path of the function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    pub object: &'static Object,
    /// In the file.
    pub begin: u64,
}

impl Body {
    pub fn address(&self) -> usize {
        self.object.outside(self.begin)
    }
}

/// Finds the copies of the function at `address`. `type_name` is what `std::any::type_name` says of the function's own
/// type, before it became a pointer; `never_inlined`, whether the compiler was told so.
pub(super) fn copies(address: usize, type_name: Option<&str>, never_inlined: bool) -> Copies {
    let mut found = Copies { addresses: vec![address], ..Copies::default() };
    let Some(object) = objects::around(address) else { return found };
    if let Some(real) = behind_slot(object, address) {
        found.thunks.push(address);
        found.join(copies(real, type_name, never_inlined));
        return found;
    }
    if never_inlined && type_name.is_some_and(|name| !name.contains('<')) && is_only_rust(object) {
        return found;
    }
    let names = object.mangled_at(address);
    let Some(own) = choose(&names, type_name) else { return found };
    let one_of_std = is_one_of_std(own, type_name);
    let body = Body { object, begin: object.inside(address) };
    found.shares(own, one_of_std, address);
    if own.shim
        && let Some(real) = behind_shim(body, own)
    {
        found.thunks.push(address);
        found.join(copies(real, type_name, never_inlined));
        found.other_shims(own);
        return found;
    }
    let once_in_its_file = never_inlined && !own.shim && is_single(own, type_name);
    Search { own, body, one_of_std, type_name, once_in_its_file }.run(&mut found);
    // A copy may have been merged with another function where the given body was not.
    for copy in found.addresses.clone().into_iter().filter(|copy| *copy != address) {
        found.shares(own, one_of_std, copy);
    }
    found
}

impl Copies {
    fn add(&mut self, address: usize) {
        if !self.addresses.contains(&address) {
            self.addresses.push(address);
        }
    }

    /// Adds the stand-ins that other parts of the program have: their pointers to the function lead there.
    fn other_shims(&mut self, own: &Mangled) {
        for &object in objects::loaded() {
            for (entry, name) in object.with_key(&own.key) {
                let body = Body { object, begin: object.begin(&entry) };
                let address = body.address();
                if own.same_key(name)
                    && !self.addresses.contains(&address)
                    && behind_shim(body, own).is_some_and(|real| self.addresses.contains(&real))
                {
                    self.add(address);
                    self.thunks.push(address);
                }
            }
        }
    }

    fn join(&mut self, other: Self) {
        for address in other.addresses {
            self.add(address);
        }
        self.thunks.extend(other.thunks);
        self.shared_with.extend(other.shared_with);
        self.doubt = self.doubt.take().or(other.doubt);
    }

    /// Notes bodies that are left alone, each with what is not known of it.
    fn doubts(&mut self, gaps: &SortedMap<usize, Gap>, likely: Vec<usize>) {
        let mut reasons: Vec<Gap> = gaps.iter().map(|(_, gap)| *gap).collect();
        sort_and_dedup(&mut reasons);
        let reasons: Vec<&str> = reasons.into_iter().map(Gap::reason).collect();
        if !reasons.is_empty() {
            let reason = format!(
                "their symbols have the same path, and in the legacy mangling not what tells which instance or crate \
                 version they are; {}: {REMEDY}",
                reasons.join("; ")
            );
            let addresses = gaps.iter().map(|(address, _)| *address).collect();
            self.doubt = Some(Doubt { addresses, likely, reason });
        }
    }

    /// Notes what else the code at one of the function's addresses is.
    fn shares(&mut self, own: &Mangled, one_of_std: bool, address: usize) {
        let Some(object) = objects::around(address).filter(|object| object.has_several_names(address)) else {
            return;
        };
        let (same, others): (Vec<_>, Vec<_>) =
            object.mangled_at(address).into_iter().partition(|name| is_same_path(own, name));
        let foreign = if same.is_empty() { Vec::new() } else { object.foreign_at(address) };
        self.shared_with.extend(others.iter().map(|other| other.plain().to_owned()).chain(foreign));
        // Merged bodies whose names differ in the hash alone: copies, or instances and versions of the same code.
        if let Some(first) = same.first().filter(|_| !one_of_std) {
            let others = same.iter().filter(|other| (&other.key, &other.hash) != (&first.key, &first.hash));
            self.shared_with.extend(others.map(Mangled::unique));
        }
        sort_and_dedup(&mut self.shared_with);
    }
}

/// Whether a name at a copy's address has the function's own path: in the v0 mangling it is the function then, in the
/// legacy mangling what the hash says is left open.
fn is_same_path(own: &Mangled, name: &Mangled) -> bool {
    if own.mangling == name.mangling {
        return own.key == name.key;
    }
    is_standard(own.body_name()) && canonical(own.body_name()) == canonical(name.body_name())
}

/// Whether no other loaded file has functions of Rust's.
fn is_only_rust(object: &Object) -> bool {
    objects::loaded().iter().all(|other| std::ptr::eq(*other, object) || !other.has_rust())
}

/// The name that was meant, where several functions share an address.
fn choose<'a>(names: &'a [Mangled], type_name: Option<&str>) -> Option<&'a Mangled> {
    if let [only] = names {
        return Some(only);
    }
    let exact = type_name.map(canonical);
    let path = type_name.map(loose);
    names
        .iter()
        .find(|name| exact.as_ref() == Some(&canonical(name.body_name())))
        .or_else(|| names.iter().find(|name| path.as_ref() == Some(&loose(name.body_name()))))
        .or_else(|| names.first())
}

/// Whether the function is in the standard library, and its path alone says which one it is.
///
/// That holds where the name says it all: `type_name`, which spells every generic argument, has none, or has them in the
/// same places as the symbol does (those of a trait and of the type it is for). A path that a test can write is no path
/// through a function's block; two functions of one module or type cannot have one name, and a trait is implemented once
/// for a type. The standard library is in a loaded file once.
fn is_one_of_std(own: &Mangled, type_name: Option<&str>) -> bool {
    if !own.may_be_standard() {
        return false;
    }
    let name = own.body_name();
    let single = is_single(own, type_name) && (is_standard(name) || is_standard(&loose(name)));
    single || is_spelled(own, type_name) && is_standard(name)
}

/// Whether the function has no generic arguments.
fn is_single(own: &Mangled, type_name: Option<&str>) -> bool {
    // Most are seen without spelling the symbol, which takes longer than all the rest.
    let said = type_name.is_some_and(|name| {
        if legacy_key(name).is_some_and(|key| key == own.key) {
            return true;
        }
        let path = loose(name);
        let same = path == loose(own.body_name());
        same && !path.starts_with('<') && !name.replace("::<impl ", "::impl ").contains('<')
    });
    said || !own.generic
}

/// Whether the name spells the function in full, as `type_name` does, which also has lifetimes: a function of a trait on a
/// type without parameters.
fn is_spelled(own: &Mangled, type_name: Option<&str>) -> bool {
    type_name.is_some_and(|name| name.replace("<'_>", "") == own.body_name())
}

/// The function behind a jump through the linkage table.
fn behind_slot(object: &Object, address: usize) -> Option<usize> {
    let elf = object.elf().filter(|elf| elf.is_linkage(object.inside(address)))?;
    let slot = plt::slot(elf.code_at(object.inside(address), 24)?, address)?;
    let real = system::pointer(&object.loaded, slot)?;
    let around = objects::around(real)?;
    // A slot that the loader has not filled yet leads back to the table; then the loader can be asked by name.
    if std::ptr::eq(around, object) {
        let own = elf.dynamic_name(object.inside(address))?;
        return system::resolve(own, address);
    }
    Some(real)
}

/// The body that a shim calls, if it was not inlined into the shim.
fn behind_shim(shim: Body, own: &Mangled) -> Option<usize> {
    let size = shim.object.symbols().entries_at(shim.begin).iter().map(|entry| entry.size).max()?;
    let code = shim.object.elf()?.code_at(shim.begin, size as usize)?;
    let destinations = code::destinations(code, shim.address());
    let through = destinations.slots.iter().filter_map(|slot| system::pointer(&shim.object.loaded, *slot));
    destinations.functions.iter().copied().chain(through).find(|callee| {
        shim.object
            .mangled_at(*callee)
            .iter()
            .any(|body| !body.shim && body.ident == own.ident && body.plain() == own.body_name())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_one_instance_is_told_from_its_type() {
        let (half, vec) = (parse("_ZN3lib4half17hde8e30710f86567eE"), parse(PUSH));
        assert!(is_single(&half, Some("lib::half")) && is_spelled(&half, Some("lib::half")));
        assert!(!is_single(&half, Some("lib::half<u8>")) && !is_spelled(&half, Some("lib::half<u8>")));
        let push = Some("alloc::vec::Vec<u8>::push");
        assert!(!is_single(&vec, push) && !is_spelled(&vec, push));
    }

    #[test]
    fn what_is_spelled_in_full_is_told_from_its_type() {
        let from = parse(FROM);
        let own = "<alloc::string::String as core::convert::From<&str>>::from";
        assert!(is_spelled(&from, Some(own)) && !is_single(&from, Some(own)));
        let boxed = "<alloc::string::String as core::convert::From<alloc::boxed::Box<str>>>::from";
        assert!(!is_spelled(&from, Some(boxed)));
        let next = parse(NEXT);
        assert!(is_spelled(&next, Some("<lib::Chars<'_> as lib::Next>::next")));
        assert!(!is_spelled(&next, Some("<lib::Chars<'_> as lib::Next>::next<u8>")));
        assert!(
            is_one_of_std(&from, Some(own))
                && !is_one_of_std(&next, Some("<lib::Chars<'_> as lib::Next>::next"))
        );
    }

    const PUSH: &str = "_ZN5alloc3vec16Vec$LT$T$C$A$GT$4push17h417d229543235fe5E";
    const FROM: &str = "_ZN76_$LT$alloc..string..String$u20$as$u20$core..convert..From$LT$$RF$str$GT$$GT$4from17h417d229543235fe5E";
    const NEXT: &str = "_ZN40_$LT$lib..Chars$u20$as$u20$lib..Next$GT$4next17h417d229543235fe5E";

    fn parse(symbol: &str) -> Mangled {
        Mangled::parse(symbol.as_bytes()).unwrap()
    }
}
