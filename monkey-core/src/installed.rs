//! Patches that a frame or a guard has made, and what is found of them at its end.
use crate::code;
use crate::count::Count;
use crate::engine::{self, ENGINE};
use crate::error::PatchError;
use crate::group::Group;
use crate::hook::Hook;
use crate::install;
use crate::patch::{Id, Removed};
use crate::request::{Request, Visibility};
use crate::thread::{self, Quiet};
use crate::verdict::{self, Evidence, OutsideCaller};

/// A patch and what is expected of it.
#[derive(Debug)]
pub struct Installed {
    id: Id,
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
    let ids = install::patch(scope, visibility, requests)?;
    let installed = ids.into_iter().zip(requests).map(|(id, request)| Installed {
        id,
        expected: request.expected.unwrap_or(default),
        request: request.clone(),
    });
    Ok(installed.collect())
}

impl Installed {
    pub fn group(&self) -> &'static Group {
        self.id.group
    }

    /// Takes the patch away. What there is to say of that.
    pub fn remove(&self) -> Removed {
        engine::remove(self.id)
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

    /// What is wrong with its calls, if anything is.
    fn evidence(&self) -> Option<Evidence> {
        let calls = ENGINE.hold().layers.calls(self.id)?;
        if self.expected.allows(calls) {
            return None;
        }
        let outside = self.id.group.hooks().flat_map(Hook::outside_calls).map(|call| OutsideCaller {
            thread: thread::id_of(call.thread)
                .map(|thread| format!("`{}` ({thread})", code::thread_name(thread))),
            test: test_of(call.scope),
        });
        Some(Evidence {
            request: self.request.clone(),
            calls,
            expected: self.expected,
            outside: outside.collect(),
            doubt: self.id.group.doubt().map(str::to_owned),
        })
    }
}

/// Whose scope has, or had, this word.
fn test_of(scope: u64) -> Option<String> {
    if scope == thread::NONE {
        return None;
    }
    let who = ENGINE.hold().scopes.name(scope);
    who.map(|who| who.to_string())
}

/// What to say of patches that were called too often or not often enough.
pub fn verdict(installed: &[Installed]) -> Option<String> {
    let _quiet = Quiet::begin();
    let told: Vec<String> =
        installed.iter().filter_map(Installed::evidence).map(|evidence| evidence.tell()).collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

/// A test that fails anyway keeps its own failure; that a replacement was missed may be the reason for it.
pub fn note(installed: &[Installed]) {
    let verdict = verdict(installed);
    let _quiet = Quiet::begin();
    if let Some(verdict) = verdict {
        eprintln!("note: {verdict}");
        return;
    }
    for partial in installed.iter().filter_map(|installed| verdict::partial(&installed.request)) {
        eprintln!("note: {partial}");
    }
}
