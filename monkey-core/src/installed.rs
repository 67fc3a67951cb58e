//! Patches that a frame or a guard has made, and what is found of them at its end.
use crate::code;
use crate::count::Count;
use crate::engine::{self, ENGINE};
use crate::error::PatchError;
use crate::group::Group;
use crate::hook::{Hook, OutsideCall};
use crate::image;
use crate::install::{self, Patched};
use crate::notes;
use crate::patch::{Id, Removed};
use crate::request::{Request, Visibility};
use crate::scope::Who;
use crate::stub;
use crate::thread::{self, Quiet};
use crate::verdict::{Closed, Evidence, OutsideCaller, Past};
use std::sync::Arc;

/// A patch and what is expected of it.
#[derive(Debug)]
pub struct Installed {
    patched: Patched,
    scope: u64,
    request: Request,
    expected: Count,
}

/// Makes all patches of a list, or none. `default` is what is expected where the list does not say.
pub fn install(
    scope: u64,
    visibility: Option<Visibility>,
    requests: &[Request],
    default: Count,
) -> Result<Vec<Installed>, PatchError> {
    let patched = install::patch(scope, visibility, requests)?;
    let installed = patched.into_iter().zip(requests).map(|(patched, request)| Installed {
        patched,
        scope,
        expected: request.expected.unwrap_or(default),
        request: request.clone(),
    });
    Ok(installed.collect())
}

impl Installed {
    /// The function that is replaced.
    pub fn group(&self) -> &'static Group {
        self.patched.id.group
    }

    /// Takes the patch away. What there is to say of that.
    pub fn remove(&self) -> Removed {
        for watched in &self.patched.watched {
            drop(engine::remove(watched.id));
        }
        engine::remove(self.patched.id)
    }

    /// What a guard says whose patch has hidden a circle.
    pub fn cycle(&self) -> String {
        let Request { target_name, location, .. } = &self.request;
        format!(
            "without this guard's replacement of `{target_name}`, the one before it would count again, which is replaced in \
             turn, and in the end by `{target_name}` itself; so it was taken away as well\n  at {location}\n  \
             help: drop guards in the reverse order of their making"
        )
    }

    /// Whether anything is to be told: a count that is wrong, or a call that went past.
    fn is_suspicious(&self, calls: u64) -> bool {
        !self.expected.allows(calls)
            || self.closed().is_some_and(|closed| closed.again)
            || self.patched.watched.iter().any(|watched| calls_of(watched.id).is_some_and(|calls| calls != 0))
    }

    /// What is known of its calls; `None` if they are as expected.
    fn evidence(&self) -> Option<Evidence> {
        let calls = calls_of(self.patched.id)?;
        self.is_suspicious(calls).then(|| self.collect(calls))
    }

    /// What is known of a replacement that was not called, where nothing was expected of it; for who wants to know.
    fn uncalled(&self) -> Option<Evidence> {
        let uncalled = self.request.expected.is_none() && calls_of(self.patched.id) == Some(0);
        uncalled.then(|| self.collect(0))
    }

    /// Whether the target's library was closed. While no more files were loaded than were looked at, nothing was missed.
    fn closed(&self) -> Option<Closed> {
        let group = self.group();
        if !group.hooks().any(Hook::is_in_library) || group.is_current(image::loads()) {
            return None;
        }
        let path = group.hooks().find_map(Hook::closed_library)?;
        Some(Closed { library: String::from_utf8_lossy(path).into_owned(), again: image::is_loaded(path) })
    }

    fn collect(&self, calls: u64) -> Evidence {
        let Request { target, target_name, target_type, replacement_name, location, optimised, .. } =
            self.request;
        let group = self.group();
        let outside = group.hooks().flat_map(Hook::outside_calls).map(|call| caller(&call));
        Evidence {
            target,
            target_name,
            target_type,
            replacement_name,
            location,
            optimised,
            calls,
            expected: self.expected,
            outside: outside.collect(),
            doubt: group.doubt().map(str::to_owned),
            return_addresses: self.return_addresses(group, calls),
            past: self.past(),
            closed: self.closed(),
        }
    }

    /// Where the last calls return to.
    fn return_addresses(&self, group: &'static Group, calls: u64) -> Vec<usize> {
        let slots = [Visibility::Scope, Visibility::Process];
        let slots = slots.into_iter().flat_map(|visibility| group.slots_of(self.scope, visibility));
        let addresses = slots.flat_map(|slot| slot.returns(calls)).filter(|address| *address != 0);
        addresses.take(stub::RETURNS as usize).collect()
    }

    /// Calls of functions that contain a copy of the target. The standard library's own are nobody's concern.
    fn past(&self) -> Vec<Past> {
        let calls = self.patched.watched.iter().filter_map(|watched| {
            let calls = calls_of(watched.id).filter(|calls| *calls != 0)?;
            let mut return_addresses = self.return_addresses(watched.id.group, calls);
            return_addresses.retain(|address| !image::is_std_code(*address));
            let container = watched.container;
            (!return_addresses.is_empty()).then(|| Past {
                container: container.name.clone(),
                file: container.file.clone(),
                line: container.line,
                return_addresses,
            })
        });
        calls.collect()
    }
}

/// The calls that a patch has had so far; `None` if it is not there any more.
fn calls_of(id: Id) -> Option<u64> {
    ENGINE.hold().layers.calls(id)
}

/// Who made a call that did not see the replacement.
fn caller(call: &OutsideCall) -> OutsideCaller {
    let thread = match thread::id_of(call.thread) {
        Some(id) => format!("`{}` ({id})", code::thread_name(id)),
        None => "one that has ended".to_owned(),
    };
    OutsideCaller { thread, test: test_of(call.scope).map(|who| who.name.to_string()) }
}

/// Whose scope has, or had, this word.
fn test_of(scope: u64) -> Option<Arc<Who>> {
    if scope == thread::NONE {
        return None;
    }
    ENGINE.hold().scopes.name(scope)
}

/// What to say of patches that were called too often or not often enough, or that a call went past.
pub fn verdict(installed: &[Installed]) -> Option<String> {
    let _quiet = Quiet::begin();
    let evidence = installed.iter().filter_map(Installed::evidence);
    let told: Vec<String> = evidence.filter_map(|evidence| evidence.complaint()).collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

/// Leaves to the frame around a guard, or says if there is none and the thread panics, which replacements were not called.
pub fn leave_notes(installed: &[Installed]) {
    if notes::has_frame() {
        let wanted =
            |installed: &&Installed| notes::wants(installed.request.location, installed.request.target);
        installed.iter().filter(wanted).filter_map(Installed::uncalled).for_each(notes::keep);
    } else if std::thread::panicking() {
        let uncalled: Vec<_> = installed.iter().filter_map(Installed::uncalled).collect();
        notes::tell(&uncalled);
    }
}

/// A test that fails anyway keeps its own failure; that a replacement was missed may be the reason for it.
pub fn note(installed: &[Installed]) {
    let verdict = verdict(installed);
    let _quiet = Quiet::begin();
    if let Some(verdict) = verdict {
        eprintln!("note: {verdict}");
        return;
    }
    for installed in installed.iter().filter(|installed| installed.request.optimised) {
        let calls = calls_of(installed.patched.id).unwrap_or_default();
        if let Some(perhaps) = installed.collect(calls).perhaps_partial() {
            eprintln!("note: {perhaps}");
        }
    }
}
