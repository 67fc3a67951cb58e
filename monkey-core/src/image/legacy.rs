//! Proofs that two bodies are one function, where their symbols are in the legacy mangling.
//!
//! Such a symbol has the function's path and a hash of all the rest: the generic arguments, the build of the crate, the
//! crate that made this body. An equal hash means the same function, another one means nothing. Who takes a function for
//! another gives a replacement arguments of other types, so a body counts as a copy only where the debug information
//! proves it; whatever it leaves open is a doubt. What is read here is read only where symbols leave something open, and
//! the whole room can go when the v0 mangling is the default.
//!
//! The proof, for a body whose name with all generic arguments, file and line agree with the function's:
//!
//! * Within one run of the compiler a function has one hash. Two bodies that agree and were made by one run are two
//!   functions: then names, files and lines do not tell these functions apart, and prove nothing (`Twins`).
//! * A path through unnamed things, functions or constants can be that of several functions (`paths`).
//! * Every crate that the function's path and its generic arguments name is there once (`builds`). Then path and
//!   arguments name one function.
//! * The types of parameters, result and generic arguments are the same down to their layout (`types`): what a build
//!   that was overlooked would mostly differ in, and what memory safety asks for.
mod builds;
mod function;
mod paths;
mod types;

use super::copies::Body;
use super::dwarf::Identity;
use super::name::Mangled;
use super::objects;
use super::spelling::is_standard_crate;
use crate::sorted::{self, SortedMap};
use builds::{Builds, Several};
use function::{Build, Function};
pub(super) use paths::{is_ambiguous, mention_a_program};
use types::Comparison;

/// Whether a body is a copy of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Copy,
    Other,
    Doubt(Gap),
}

/// What is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    DebugInformation,
    Twins,
    Ambiguous,
    Program,
    Builds,
    CrateUnknown,
    Types,
    OtherFile,
    Manglings,
}

impl Gap {
    /// Why it cannot be told whether they are copies.
    pub fn reason(self) -> &'static str {
        match self {
            Self::DebugInformation => {
                "there is no debug information that does (`debug = true`, neither split nor compressed)"
            }
            Self::Twins => "several functions have this path, file and line",
            Self::Ambiguous => {
                "a path through a function, a closure, a constant or `_` may be that of several functions"
            }
            Self::Program => {
                "they may be of another build of the crate, which is the test program itself (a package's unit tests and \
                 a library that was built with the package)"
            }
            Self::Builds => "its crate, or one that its types come from, is in the program in several builds",
            Self::CrateUnknown => {
                "nothing in the debug information tells how often its crate, or one that its types come from, was built"
            }
            Self::Types => "the debug information does not describe their types in full",
            Self::OtherFile => "they are in another loaded file, which was built by itself",
            Self::Manglings => "one name has its generic arguments and the other has not",
        }
    }
}

/// Decides about bodies that have the path of the function `own`, whose body is `body`.
pub(super) fn prove(own: &Mangled, body: Body, others: &[Body]) -> Vec<Verdict> {
    let identity = body.object.dwarf().and_then(|dwarf| dwarf.identity(body.begin));
    let Some(identity) = identity else { return vec![Verdict::Doubt(Gap::DebugInformation); others.len()] };
    let mut verdicts: Vec<Verdict> = agree(&identity, others)
        .into_iter()
        .map(|same| match same {
            Some(true) => Verdict::Copy,
            Some(false) => Verdict::Other,
            None => Verdict::Doubt(Gap::DebugInformation),
        })
        .collect();
    let mut proof = Proof { own, body, identity, function: None };
    let open: Vec<usize> = (0..others.len()).filter(|at| verdicts[*at] == Verdict::Copy).collect();
    if open.is_empty() {
        return verdicts;
    }
    let general = proof.function_gap(&open.iter().map(|at| others[*at]).collect::<Vec<_>>());
    for at in open {
        verdicts[at] = general.map_or_else(|| proof.body(others[at]), Verdict::Doubt);
    }
    verdicts
}

/// Decides about bodies of a function of the standard library of which one symbol is in the legacy mangling and the other in
/// v0. What is written elsewhere or has other generic arguments is another function; the rest stays open, because the
/// library's own debug information does not describe types.
pub(super) fn prove_across(_: &Mangled, body: Body, others: &[Body]) -> Vec<Verdict> {
    let identity = body.object.dwarf().and_then(|dwarf| dwarf.identity(body.begin));
    let agree = identity.map_or_else(|| vec![None; others.len()], |identity| agree(&identity, others));
    let verdict = |same| match same {
        Some(true) => Verdict::Doubt(Gap::Manglings),
        Some(false) => Verdict::Other,
        None => Verdict::Doubt(Gap::DebugInformation),
    };
    agree.into_iter().map(verdict).collect()
}

/// Whether each body is written in the same place under the same name; the bodies of one file at once.
fn agree(own: &Identity, bodies: &[Body]) -> Vec<Option<bool>> {
    let mut all = vec![None; bodies.len()];
    for &object in objects::loaded() {
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

/// What the debug information says of a body.
fn described(body: Body) -> Option<Function> {
    Function::find(body.object, &body.object.dwarf()?.sections, body.begin)
}

struct Proof<'a> {
    own: &'a Mangled,
    body: Body,
    identity: Identity,
    function: Option<Function>,
}

impl Proof<'_> {
    fn names(&self) -> [&str; 2] {
        [self.own.body_name(), &self.identity.name]
    }

    /// The standard library is there once in a loaded file; its functions differ in their generic arguments alone, which
    /// the debug information spells.
    fn is_standard(&self) -> bool {
        self.identity.file.starts_with("library/")
            && paths::crates(&self.names()).into_iter().all(is_standard_crate)
    }

    /// What is not known of the function itself, whatever the body.
    fn function_gap(&mut self, alike: &[Body]) -> Option<Gap> {
        if is_ambiguous(&self.names()) {
            return Some(Gap::Ambiguous);
        }
        if self.is_standard() {
            return None;
        }
        let Some(function) = described(self.body) else { return Some(Gap::DebugInformation) };
        if paths::lead_through(&self.names(), &function.functions()) {
            return Some(Gap::Ambiguous);
        }
        if self.twins(&function, alike) {
            return Some(Gap::Twins);
        }
        let gap = self.crates_gap(&function);
        self.function = Some(function);
        gap
    }

    /// Whether one run of the compiler made two of the bodies, under different symbols.
    fn twins(&mut self, function: &Function, alike: &[Body]) -> bool {
        let mut made: SortedMap<Option<Build>, Vec<Vec<u8>>> = SortedMap::new();
        if !self.own.shim {
            made.get_or_insert_with(function.build(), Vec::new).push(self.own.hash.clone());
        }
        for body in alike {
            let build = described(*body).and_then(|body| body.build());
            let names = body.object.mangled_at(body.address());
            let hash = names.into_iter().find(|name| name.body_name() == self.own.body_name());
            let hashes = made.get_or_insert_with(build, Vec::new);
            hash.map(|name| sorted::insert(hashes, name.hash));
        }
        made.iter().any(|(_, hashes)| hashes.len() > 1)
    }

    /// Whether each crate that is named is known to be there once.
    fn crates_gap(&mut self, function: &Function) -> Option<Gap> {
        let builds = Builds::get(function.object, function.sections);
        let names = self.names();
        let path = paths::crates(&names[..1]);
        let own_crate = self.own.body_name().split("::").next().filter(|own| path.contains(own));
        let crates = paths::crates(&names).into_iter().filter(|name| !is_standard_crate(name));
        crates.into_iter().find_map(|name| {
            let file = (Some(name) == own_crate).then_some(self.identity.file.as_str());
            match builds.once(function.sections, name, file) {
                Ok(()) => None,
                Err(Several::Program) => Some(Gap::Program),
                Err(Several::Builds) => Some(Gap::Builds),
                Err(Several::Unknown) => Some(Gap::CrateUnknown),
            }
        })
    }

    /// What is left to show of one body.
    fn body(&mut self, body: Body) -> Verdict {
        let standard = self.is_standard();
        let same_file = std::ptr::eq(self.body.object, body.object);
        if !(same_file || standard && self.body.object.same_standard_library(body.object)) {
            return Verdict::Doubt(Gap::OtherFile);
        }
        if standard {
            return Verdict::Copy;
        }
        let Some(other) = described(body) else { return Verdict::Doubt(Gap::Types) };
        match self.function.as_ref().map_or(Comparison::Unknown, |own| types::compare(own, &other)) {
            Comparison::Same => Verdict::Copy,
            Comparison::Different => Verdict::Other,
            Comparison::Unknown => Verdict::Doubt(Gap::Types),
        }
    }
}
