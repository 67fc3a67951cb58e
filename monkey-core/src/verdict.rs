//! What a test is told of a replacement that was not called as expected, and why.
use crate::count::Count;
use crate::image::{self, DebugInfo, Inlined};
use crate::request::Request;
use std::fmt::Write as _;

/// Places of inlined calls that are worth a line each.
const PLACES: usize = 5;

/// What is known of a replacement that was not called as expected.
#[derive(Debug)]
pub struct Evidence {
    pub request: Request,
    pub calls: u64,
    pub expected: Count,
    /// Calls of the target while it was replaced, but not for the caller.
    pub outside: Vec<OutsideCaller>,
    /// Bodies that may be copies and were left alone.
    pub doubt: Option<String>,
}

/// Who made such a call.
#[derive(Debug)]
pub struct OutsideCaller {
    /// The thread's name, and its id.
    pub thread: Option<String>,
    /// The test whose thread it was.
    pub test: Option<String>,
}

impl Evidence {
    /// The complaint with its reason and what to do about it.
    pub fn tell(&self) -> String {
        let Self { request, calls, expected, .. } = self;
        let Request { target_name, replacement_name, location, .. } = request;
        let calls = if *calls == 0 { "never called".into() } else { format!("called {}", times(*calls)) };
        let mut text = format!(
            "`{target_name}` was replaced by `{replacement_name}`, which was {calls}; expected: {expected}\n  \
             at {location}\n  target: {}",
            image::describe(request.target)
        );
        if !expected.is_below(self.calls) {
            self.reasons(&mut text);
        }
        text
    }

    /// In the order of their worth; the first that is found out decides what to do.
    fn reasons(&self, text: &mut String) {
        let inlined = inlined(&self.request);
        let surely = inlined.iter().any(|call| call.certain && !is_foreign(call));
        if surely {
            tell_inlined(&inlined, self.request.optimised, text);
        }
        if !self.outside.is_empty() {
            self.tell_outside(text);
        }
        if !surely && self.outside.is_empty() {
            if self.request.optimised && !tells(&inlined) {
                tell_optimised(self.request.target, text);
            } else if !inlined.is_empty() {
                tell_inlined(&inlined, self.request.optimised, text);
            }
        }
        if let Some(doubt) = &self.doubt {
            let _ = write!(text, "\n  note: there may be more copies of it, which were left alone: {doubt}");
        }
        let explained = !inlined.is_empty() || !self.outside.is_empty() || self.doubt.is_some();
        if !explained && self.calls == 0 && !self.request.optimised {
            self.tell_uncalled(text);
        }
    }

    fn tell_uncalled(&self, text: &mut String) {
        let known = match image::debug_info(self.request.target) {
            DebugInfo::Full => "",
            _ => ", which is without the debug information that names inlined calls",
        };
        let _ = write!(
            text,
            "\n  note: as far as can be told, nobody called it{known}\n  help: if that is right, say so: `expect({} = 0..)`",
            self.request.target_name
        );
    }

    fn tell_outside(&self, text: &mut String) {
        let _ = write!(
            text,
            "\n  note: it was called by threads outside the test's scope: {}\n  help: start these threads within the \
             test, hand them the scope (`monkey::Scope::current()`, `scope.run(|| ..)`), or write `scope = process` \
             on the test",
            self.outside
                .iter()
                .map(|call| call.thread.clone().unwrap_or("one that has ended".into()))
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
}

/// For a test that fails of its own although the replacement was called: calls that were inlined did not see it.
pub fn partial(request: &Request) -> Option<String> {
    if !request.optimised {
        return None;
    }
    let mut text = format!("`{}` was replaced by `{}`", request.target_name, request.replacement_name);
    let _ = write!(text, ", but perhaps not for all of its calls\n  at {}", request.location);
    let mut inlined = inlined(request);
    inlined.retain(|call| !is_foreign(call));
    if !inlined.is_empty() {
        tell_inlined(&inlined, request.optimised, &mut text);
    } else if image::debug_info(request.target) != DebugInfo::Full {
        tell_optimised(request.target, &mut text);
    } else {
        return None;
    }
    Some(text)
}

fn inlined(request: &Request) -> Vec<Inlined> {
    let calls = image::inlined(request.target);
    match request.target_type {
        Some(name) if calls.is_empty() => {
            let one_of_many = image::is_instance(request.target);
            let mut calls = image::inlined_named(name);
            for call in &mut calls {
                call.certain &= !one_of_many;
            }
            calls
        }
        _ => calls,
    }
}

fn times(calls: u64) -> String {
    if calls == 1 { "once".into() } else { format!("{calls} times") }
}

/// A call within somebody else's code, which the test need not come through.
fn is_foreign(call: &Inlined) -> bool {
    // The last is this crate itself, which the test's program contains.
    ["library/", "/rustc/", "/rust/deps/", concat!(env!("CARGO_MANIFEST_DIR"), "/src/")]
        .iter()
        .any(|start| call.file.starts_with(start))
        || call.file.contains("/.cargo/registry/")
}

/// Whether inlined calls are worth telling where there may be others that left no trace. In somebody else's code they may
/// be of another instance, and where they are many, none is likely to be the one.
fn tells(calls: &[Inlined]) -> bool {
    let few = calls.len() <= PLACES;
    calls.iter().any(|call| !is_foreign(call) || call.certain && few)
}

fn tell_inlined(calls: &[Inlined], optimised: bool, text: &mut String) {
    let own: Vec<_> = calls.iter().filter(|call| !is_foreign(call)).collect();
    let shown = if own.is_empty() { calls.iter().collect() } else { own };
    for call in shown.iter().take(PLACES) {
        let Inlined { file, line, into, certain } = call;
        let surely = if *certain { "was" } else { "may have been" };
        let _ = write!(text, "\n  note: the call at {file}:{line} {surely} inlined into `{into}`");
    }
    if shown.len() > PLACES {
        let _ = write!(text, "\n  note: and {} further calls", shown.len() - PLACES);
    }
    text.push_str(if optimised {
        "\n  help: mark the target #[monkey::patchable], or replace a function that calls it, or test without \
         optimisation"
    } else {
        // Not optimised, and inlined all the same: `#[inline(always)]`.
        "\n  help: replace a function that calls it"
    });
}

fn tell_optimised(target: usize, text: &mut String) {
    let known = match image::debug_info(target) {
        DebugInfo::Full => "",
        DebugInfo::Lines => " (there are line tables only, which do not say which calls were inlined)",
        DebugInfo::Compressed => " (its debug information is compressed, and was not read)",
        DebugInfo::None => " (there is no debug information that would say so)",
    };
    let _ = write!(
        text,
        "\n  note: the program is optimised, and the call may have been inlined or removed{known}\n  help: unless it is \
         so already, mark the target #[monkey::patchable]"
    );
}
