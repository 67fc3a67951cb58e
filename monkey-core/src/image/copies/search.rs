//! The search for bodies of one function, by what symbols begin with.
use super::{Body, Copies, behind_shim, is_single};
use crate::image::bytes::find;
use crate::image::elf::Elf;
use crate::image::legacy::{self, Gap, Verdict};
use crate::image::name::{Mangled, Mangling};
use crate::image::objects::{self, Object};
use crate::image::spelling::{canonical, is_standard, legacy_start, loose};
use crate::sorted::SortedMap;

pub(super) struct Search<'a> {
    pub own: &'a Mangled,
    pub body: Body,
    /// Whether the path alone says which function of the standard library it is.
    pub one_of_std: bool,
    pub type_name: Option<&'a str>,
    /// Whether the given body's file has no other: names are looked for in other files alone.
    pub once_in_its_file: bool,
}

/// What symbols say about the bodies that they name.
#[derive(Default)]
struct Candidates {
    copies: Vec<Body>,
    /// Legacy names with another hash.
    other_hash: Vec<Body>,
    /// One name is in the legacy mangling, and one of the standard library's own in v0.
    other_mangling: Vec<Body>,
}

impl Search<'_> {
    pub fn run(&self, found: &mut Copies) {
        let mut candidates = Candidates::default();
        for &object in objects::loaded() {
            if self.once_in_its_file && std::ptr::eq(object, self.body.object) {
                continue;
            }
            self.same_key(object, &mut candidates);
            self.behind_own_shim(object, &mut candidates);
            self.other_mangling(object, &mut candidates);
        }
        for body in &candidates.copies {
            found.add(body.address());
        }
        let (mut gaps, mut likely) = (SortedMap::new(), Vec::new());
        for (mut bodies, prove) in [
            (candidates.other_hash, legacy::prove as fn(&Mangled, Body, &[Body]) -> Vec<Verdict>),
            (candidates.other_mangling, legacy::prove_across),
        ] {
            bodies.retain(|body| !found.addresses.contains(&body.address()));
            let verdicts = if bodies.is_empty() { Vec::new() } else { prove(self.own, self.body, &bodies) };
            for (body, verdict) in bodies.iter().zip(verdicts) {
                match verdict {
                    Verdict::Copy => found.add(body.address()),
                    Verdict::Other => {}
                    Verdict::Doubt(gap) => {
                        *gaps.get_or_insert_with(body.address(), || gap) = gap;
                        if gap == Gap::DebugInformation && self.is_likely(*body) {
                            likely.push(body.address());
                        }
                    }
                }
            }
        }
        found.doubts(&gaps, likely);
    }

    /// Whether a body with the function's path is a copy unless its crate is there in several builds: the function has no instances, its
    /// path goes through modules and types alone, its crate is not the program itself, and both bodies are what compilers make of an `#[inline]` function for whoever calls it, which nobody outside of the file names.
    fn is_likely(&self, body: Body) -> bool {
        let is_local =
            |body: Body| body.object.symbols().entries_at(body.begin).iter().any(|entry| entry.local);
        let names = [self.own.body_name()];
        is_single(self.own, self.type_name)
            && is_local(self.body)
            && is_local(body)
            && !legacy::is_ambiguous(&names)
            && !legacy::mention_a_program(&names)
    }

    /// `core::str::<impl str>::trim` is `str::trim` in the loose spelling, so both are looked at.
    fn is_standard(&self) -> bool {
        let name = || self.own.body_name();
        self.own.may_be_standard() && (is_standard(name()) || is_standard(&loose(name())))
    }

    /// Whether a body's file contains the same standard library.
    fn same_standard_library(&self, body: Body) -> bool {
        std::ptr::eq(self.body.object, body.object) || self.body.object.same_standard_library(body.object)
    }

    /// Bodies whose symbol begins as the function's own does. An equal hash makes it certain.
    fn same_key(&self, object: &'static Object, candidates: &mut Candidates) {
        for (entry, name) in object.with_key(&self.own.key) {
            let body = Body { object, begin: object.begin(&entry) };
            if self.own.same_key(name) && !self.leads_on(body) {
                let certain = self.own.same_hash(name) || self.one_of_std && self.same_standard_library(body);
                if certain { candidates.copies.push(body) } else { candidates.other_hash.push(body) }
            }
        }
    }

    /// Whether another shim of the function calls a body, which is hooked: then it needs no hook of its own.
    fn leads_on(&self, body: Body) -> bool {
        self.own.shim && body.address() != self.body.address() && behind_shim(body, self.own).is_some()
    }

    /// The bodies of a shim that contains the function instead of calling it.
    fn behind_own_shim(&self, object: &'static Object, candidates: &mut Candidates) {
        if !self.own.shim {
            return;
        }
        let legacy = self.own.mangling == Mangling::Legacy;
        let named = if legacy {
            object.with_key(&self.own.body_key().unwrap_or_default())
        } else {
            object.v0_with_identifier(&self.own.ident_with_length(Mangling::V0))
        };
        for (entry, name) in named {
            if !legacy && find(name, &self.own.ident).is_none() {
                continue;
            }
            let same = |body: &Mangled| !body.shim && body.exact_body() == self.own.exact_body();
            if Mangled::parse(name).is_some_and(|body| same(&body)) {
                let body = Body { object, begin: object.begin(&entry) };
                if legacy { candidates.other_hash.push(body) } else { candidates.copies.push(body) }
            }
        }
    }

    /// The standard library's own code has v0 names, whatever the program is built with. Of functions without a symbol the names are
    /// made, and legacy.
    fn other_mangling(&self, object: &'static Object, candidates: &mut Candidates) {
        if !self.is_standard() && !object.elf().is_some_and(Elf::makes_names) {
            return;
        }
        let path = loose(self.own.body_name());
        let v0 = self.own.mangling == Mangling::V0;
        let other = if v0 { Mangling::Legacy } else { Mangling::V0 };
        let ident = self.own.ident_with_length(other);
        let named = if v0 {
            object.legacy_with_identifier(&legacy_start(&path, !self.own.generic), &ident)
        } else {
            object.v0_with_identifier(&ident)
        };
        for (entry, name) in named {
            let named = find(name, &ident).and_then(|_| Mangled::parse_if(name, &self.own.ident));
            let Some(other) = named.filter(|other| other.mangling != self.own.mangling && !other.shim) else {
                continue;
            };
            if loose(other.plain()) == path {
                let body = Body { object, begin: object.begin(&entry) };
                let certain = self.is_spelled_alike(&other) && self.same_standard_library(body);
                if certain { candidates.copies.push(body) } else { candidates.other_mangling.push(body) }
            }
        }
    }

    /// Whether a name in the other mangling is this function's with all its generic arguments. The v0 one of both spells
    /// them; the legacy one does where it has none to leave out, and else `type_name` does.
    fn is_spelled_alike(&self, other: &Mangled) -> bool {
        let own = canonical(self.own.body_name());
        let spelled = self.type_name.map(canonical).filter(|name| loose(name) == loose(&own));
        let own = if self.own.mangling == Mangling::V0 { own } else { spelled.unwrap_or(own) };
        is_standard(&own) && own == canonical(other.plain())
    }
}
