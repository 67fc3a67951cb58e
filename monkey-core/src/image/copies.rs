//! Which bodies in the program are one function.
use super::bytes::find;
use super::dwarf::Identity;
use super::name::{Mangled, Mangling};
use super::objects::{self, Object};
use super::spelling::{is_standard, legacy_start, loose};
use super::symbols::{Entry, V0};
use super::{code, system};
use std::collections::BTreeSet;

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
    /// Where they begin. Empty when the doubt is about the given address itself.
    pub addresses: Vec<usize>,
    /// Why it cannot be told, and what would help.
    pub reason: String,
}

const NO_DEBUG: &str = "their symbols have the same path, but symbols in the legacy mangling do not say which instance or \
    crate version it is, and there is no debug information that does: build the tests with debug information \
    (`debug = true`, neither split nor compressed) or with `-C symbol-mangling-version=v0`";
const ONE_BODY: &str = "several symbols with the function's path share its address: they may be of another version of its \
    crate, whose calls would be replaced as well";

/// A body that has the path of the function.
#[derive(Debug, Clone, Copy)]
struct Body {
    object: &'static Object,
    /// In the file.
    begin: u64,
}

impl Body {
    fn address(&self) -> usize {
        self.object.outside(self.begin)
    }
}

/// Finds the copies of the function at `address`. `type_name` is what `std::any::type_name` says of the function's own
/// type, before it became a pointer.
pub(super) fn copies(address: usize, type_name: Option<&str>) -> Copies {
    let mut found = Copies { addresses: vec![address], ..Copies::default() };
    let Some(object) = objects::around(address) else { return found };
    if let Some(real) = behind_slot(object, address) {
        found.thunks.push(address);
        found.join(copies(real, type_name));
        return found;
    }
    let names = object.mangled_at(address);
    let Some(own) = choose(&names, type_name) else { return found };
    let (single, spelled) = (is_single(own, type_name), is_spelled(own, type_name));
    let body = Body { object, begin: object.inside(address) };
    found.shares(own, single || spelled, address);
    if own.shim
        && let Some(real) = behind_shim(body, own)
    {
        found.thunks.push(address);
        found.join(copies(real, type_name));
        return found;
    }
    Search { own, body, single, spelled }.run(&mut found);
    // A copy may have been merged with another function where the given body was not.
    for copy in found.addresses.clone().into_iter().filter(|copy| *copy != address) {
        found.shares(own, single || spelled, copy);
    }
    found
}

impl Copies {
    fn add(&mut self, address: usize) {
        if !self.addresses.contains(&address) {
            self.addresses.push(address);
        }
    }

    fn join(&mut self, other: Self) {
        for address in other.addresses {
            self.add(address);
        }
        self.thunks.extend(other.thunks);
        self.shared_with.extend(other.shared_with);
        if let Some(doubt) = other.doubt {
            self.doubts(doubt.addresses, &doubt.reason);
        }
    }

    fn doubts(&mut self, addresses: Vec<usize>, reason: &str) {
        let doubt = self.doubt.get_or_insert_with(|| Doubt { addresses: Vec::new(), reason: String::new() });
        doubt.addresses.extend(addresses);
        if !doubt.reason.contains(reason) {
            let more = if doubt.reason.is_empty() { "" } else { "; " };
            doubt.reason = format!("{}{more}{reason}", doubt.reason);
        }
    }

    /// Notes what else the code at one of the function's addresses is.
    fn shares(&mut self, own: &Mangled, single: bool, address: usize) {
        let Some(object) = objects::around(address) else { return };
        let (same, others): (Vec<_>, Vec<_>) =
            object.mangled_at(address).into_iter().partition(|name| is_same(own, name));
        let foreign = if same.is_empty() { Vec::new() } else { object.foreign_at(address) };
        self.shared_with.extend(others.into_iter().map(|other| other.plain).chain(foreign));
        let Some(first) = same.first() else { return };
        for other in same.iter().filter(|other| (&other.key, &other.hash) != (&first.key, &first.hash)) {
            // Without generic arguments these are most likely copies that link-time optimisation or the linker merged.
            if single { self.doubts(Vec::new(), ONE_BODY) } else { self.shared_with.push(other.unique()) }
        }
        self.shared_with.sort_unstable();
        self.shared_with.dedup();
    }
}

/// Whether a name at a copy's address is the function's own, as far as names tell: in the legacy mangling instances
/// differ in nothing but the hash.
fn is_same(own: &Mangled, name: &Mangled) -> bool {
    if own.mangling == Mangling::V0 && name.mangling == Mangling::V0 {
        return if own.shim == name.shim { own.key == name.key } else { own.body_name() == name.body_name() };
    }
    let path = own.mangling == name.mangling && own.key == name.key;
    path || loose(own.body_name()) == loose(name.body_name())
}

/// The name that was meant, where several functions share an address.
fn choose<'a>(names: &'a [Mangled], type_name: Option<&str>) -> Option<&'a Mangled> {
    let wanted = type_name.map(loose);
    names.iter().find(|name| wanted.as_ref() == Some(&loose(name.body_name()))).or_else(|| names.first())
}

/// Whether only one instance of the function can exist, so that bodies of its path differ at most in the crate version.
fn is_single(own: &Mangled, type_name: Option<&str>) -> bool {
    let said = type_name.is_some_and(|name| {
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
    let slot = code::slot(elf.code_at(object.inside(address), 24)?, address)?;
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
    let size = shim.object.symbols().at(shim.begin).iter().map(|entry| entry.size).max()?;
    let code = shim.object.elf()?.code_at(shim.begin, size as usize)?;
    let leads = code::leads(code, shim.address());
    let through = leads.slots.iter().filter_map(|slot| system::pointer(&shim.object.loaded, *slot));
    leads.functions.iter().copied().chain(through).find(|callee| {
        shim.object.mangled_at(*callee).iter().any(|body| !body.shim && body.plain == own.body_name())
    })
}

struct Search<'a> {
    own: &'a Mangled,
    body: Body,
    single: bool,
    spelled: bool,
}

impl Search<'_> {
    fn run(&self, found: &mut Copies) {
        let (mut certain, mut open) = (Vec::new(), Vec::new());
        for object in objects::all() {
            self.same_key(object, &mut certain, &mut open);
            self.behind_own_shim(object, &mut open);
            self.other_mangling(object, &mut certain, &mut open);
        }
        if self.single && self.is_standard() {
            certain.append(&mut open);
        }
        for body in &certain {
            found.add(body.address());
        }
        open.retain(|body| !found.addresses.contains(&body.address()));
        self.settle(&open, found);
    }

    /// `core::str::<impl str>::trim` is `str::trim` in the loose spelling, so both are looked at.
    fn is_standard(&self) -> bool {
        let name = self.own.body_name();
        is_standard(name) || is_standard(&loose(name))
    }

    /// Bodies whose symbol begins as the function's own does. An equal hash makes it certain.
    fn same_key(&self, object: &'static Object, certain: &mut Vec<Body>, open: &mut Vec<Body>) {
        for (entry, name) in with_prefix(object, &self.own.key) {
            let body = Body { object, begin: object.begin(&entry) };
            if self.own.same_key(name) && !self.leads_on(body) {
                let only = self.spelled && self.is_standard();
                if only || self.own.same_hash(name) { certain.push(body) } else { open.push(body) }
            }
        }
    }

    /// Whether another shim of the function calls a body, which is hooked: then it needs no hook of its own.
    fn leads_on(&self, body: Body) -> bool {
        self.own.shim && body.address() != self.body.address() && behind_shim(body, self.own).is_some()
    }

    /// The bodies of a shim that contains the function instead of calling it.
    fn behind_own_shim(&self, object: &'static Object, open: &mut Vec<Body>) {
        if !self.own.shim {
            return;
        }
        let legacy = self.own.mangling == Mangling::Legacy;
        let key = if legacy { self.own.body_key().unwrap_or_default() } else { V0.to_vec() };
        for (entry, name) in with_prefix(object, &key) {
            if (legacy || find(name, &self.own.ident).is_some())
                && Mangled::parse(name).is_some_and(|body| !body.shim && body.plain == self.own.body_name())
            {
                open.push(Body { object, begin: object.begin(&entry) });
            }
        }
    }

    /// The standard library's own code has v0 names, whatever the program is built with.
    fn other_mangling(&self, object: &'static Object, certain: &mut Vec<Body>, open: &mut Vec<Body>) {
        if !self.is_standard() {
            return;
        }
        let path = loose(self.own.body_name());
        let v0 = self.own.mangling == Mangling::V0;
        let start = if v0 { legacy_start(&path, !self.own.generic) } else { V0.to_vec() };
        let mut ident = self.own.ident.len().to_string().into_bytes();
        ident.extend_from_slice(&self.own.ident);
        for (entry, name) in with_prefix(object, &start) {
            let Some(other) = find(name, &ident).and_then(|_| Mangled::parse_if(name, &self.own.ident))
            else {
                continue;
            };
            if !other.shim && loose(&other.plain) == path {
                let body = Body { object, begin: object.begin(&entry) };
                // A name that admits one instance only, in a library that exists once.
                let one = !(other.generic && self.own.generic) || other.plain == self.own.body_name();
                if one { certain.push(body) } else { open.push(body) }
            }
        }
    }

    /// Lets the debug information decide about the bodies that the names leave open.
    fn settle(&self, open: &[Body], found: &mut Copies) {
        if open.is_empty() {
            return;
        }
        let own = self.body.object.dwarf().and_then(|dwarf| dwarf.identity(self.body.begin));
        let told = own.map_or_else(|| vec![None; open.len()], |own| are(&own, open));
        let mut unclear = Vec::new();
        for (body, same) in open.iter().zip(told) {
            match same.or_else(|| self.same_files(*body)) {
                Some(true) => found.add(body.address()),
                Some(false) => {}
                None => unclear.push(body.address()),
            }
        }
        if !unclear.is_empty() {
            unclear.sort_unstable();
            unclear.dedup();
            found.doubts(unclear, NO_DEBUG);
        }
    }

    /// Line tables do not tell instances apart, but where there is one instance only they tell crate versions: by the
    /// files that the code comes from. Inlined calls add files, so what overlaps without being equal is left open.
    fn same_files(&self, body: Body) -> Option<bool> {
        let (own, other) = (files(self.body)?, files(body)?);
        match (self.single, own == other, own.is_disjoint(&other)) {
            (true, true, _) => Some(true),
            (_, _, true) => Some(false),
            _ => None,
        }
    }
}

/// The symbols that begin with `key`. A file that does not contain it is not indexed for it.
fn with_prefix(object: &'static Object, key: &[u8]) -> Vec<(Entry, &'static [u8])> {
    let Some(elf) = object.elf().filter(|elf| elf.strings.len() > key.len()) else { return Vec::new() };
    let entries = object.symbols().with_prefix(elf.strings, key);
    entries.into_iter().map(|entry| (entry, elf.name(entry.name))).collect()
}

/// The files of a body's code. What it inlines of the standard library tells nothing.
fn files(body: Body) -> Option<BTreeSet<String>> {
    let mut files = body.object.dwarf()?.files(body.begin)?;
    files.retain(|file| !file.starts_with("library/"));
    Some(files).filter(|files| !files.is_empty())
}

/// Whether each body is the function that is written there, as far as the debug information tells; the bodies of one file
/// at once.
fn are(own: &Identity, bodies: &[Body]) -> Vec<Option<bool>> {
    let mut all = vec![None; bodies.len()];
    for object in objects::all() {
        let here: Vec<usize> =
            (0..bodies.len()).filter(|at| std::ptr::eq(bodies[*at].object, object)).collect();
        let begins: Vec<u64> = here.iter().map(|at| bodies[*at].begin).collect();
        if let Some(dwarf) = object.dwarf().filter(|_| !begins.is_empty()) {
            for (at, same) in here.into_iter().zip(dwarf.have_identity(own, &begins)) {
                all[at] = same;
            }
        }
    }
    all
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
    }

    const PUSH: &str = "_ZN5alloc3vec16Vec$LT$T$C$A$GT$4push17h417d229543235fe5E";
    const FROM: &str = "_ZN76_$LT$alloc..string..String$u20$as$u20$core..convert..From$LT$$RF$str$GT$$GT$4from17h417d229543235fe5E";
    const NEXT: &str = "_ZN40_$LT$lib..Chars$u20$as$u20$lib..Next$GT$4next17h417d229543235fe5E";

    fn parse(symbol: &str) -> Mangled {
        Mangled::parse(symbol.as_bytes()).unwrap()
    }
}
