//! Patches that a frame or a guard has made, and what is found of them at its end.
use crate::captured::{self, Environment, Published};
use crate::code;
use crate::count::Count;
use crate::engine::{self, ENGINE};
use crate::error::PatchError;
use crate::few::Few;
use crate::group::Group;
use crate::hook::{Hook, OutsideCall};
use crate::image;
use crate::install::{self, Patched};
use crate::notes::{self, Complaint};
use crate::order;
use crate::patch::{Id, Removed};
use crate::recorder::{self, Call, Recorder};
use crate::request::{Request, Visibility};
use crate::scope::Who;
use crate::stub;
use crate::target_kind;
use crate::thread::{self, Quiet};
use crate::verdict::{Closed, Disorder, Evidence, NotedCall, OutsideCaller, Past};

/// What is to be patched, with what the replacement captures.
#[derive(Debug)]
pub struct Wanted {
    pub request: Request,
    pub environment: Option<Environment>,
}

/// A patch and what is expected of it.
#[derive(Debug)]
struct Installed {
    patched: Patched,
    environment: Option<Published>,
    scope: u64,
    request: Request,
    expected: Count,
}

/// The patches of one list.
#[derive(Debug, Default)]
pub struct List {
    patches: Few<Installed>,
    /// The calls of those of which more is asked for than a number.
    recorder: Option<Recorder>,
}

/// Makes all patches of a list, or none. `default` is what is expected of replacements where the list does not say.
pub fn install(
    scope: u64,
    visibility: Option<Visibility>,
    wanted: Few<Wanted>,
    default: Count,
) -> Result<List, PatchError> {
    wanted.iter().try_for_each(|wanted| target_kind::check(&wanted.request))?;
    let recorder = wanted.iter().any(|wanted| wanted.request.is_noted()).then(Recorder::new);
    // Calls may come as soon as something is patched. Where that fails, all of these go.
    let published = publish(scope, visibility, wanted);
    let requests = published.iter().map(|(request, _)| request);
    let made = install::patch(scope, visibility, requests, recorder.as_ref())?;
    let patches = made.into_iter().zip(published).map(|(patched, (request, environment))| {
        let expected = request.expected.unwrap_or_else(|| request.unless_told(default));
        if let Some(environment) = &environment {
            environment.is_for(patched.id.group);
        }
        Installed { patched, environment, scope, request, expected }
    });
    Ok(List { patches: patches.collect(), recorder })
}

impl List {
    /// The functions, in the list's order.
    pub fn groups(&self) -> impl Iterator<Item = &'static Group> + '_ {
        self.patches.iter().map(Installed::group)
    }

    /// The only patch, if taking it away is all that there is to do at its end.
    pub fn only(&self) -> Option<Id> {
        let only = self.patches.only()?;
        (only.environment.is_none() && only.patched.watched.is_empty()).then_some(only.patched.id)
    }

    /// What there is to say of that patch, taken away.
    pub fn told_of(&self, removed: &Removed) -> Option<String> {
        removed.cycle.as_ref().and_then(|_| self.patches.only()).map(Installed::cycle)
    }

    /// Takes the patches away. What there is to say of that.
    pub fn remove(self) -> Vec<String> {
        let mut told = Vec::new();
        for installed in self.patches {
            let removal = installed.remove();
            told.extend(removal.cycle.is_some().then(|| installed.cycle()));
            told.extend(installed.discard());
        }
        told
    }

    /// What to say of functions that were called too often, not often enough or in another order, or that a call went past.
    pub fn verdict(&self) -> Option<String> {
        let _quiet = Quiet::begin();
        let evidence = self.patches.iter().filter_map(|installed| self.evidence(installed));
        let mut told: Vec<String> = evidence.filter_map(|evidence| evidence.complaint()).collect();
        told.extend(self.out_of_order());
        (!told.is_empty()).then(|| told.join("\n"))
    }

    /// Leaves to the frame around a guard, or says if there is none and the thread panics, which replacements were not called.
    pub fn leave_notes(&self) {
        let uncalled = |installed: &Installed| self.uncalled(installed);
        if notes::has_frame() {
            let wanted =
                |installed: &&Installed| notes::wants(installed.request.location, installed.request.target);
            self.patches.iter().filter(wanted).filter_map(uncalled).for_each(notes::keep);
        } else if std::thread::panicking() {
            self.patches.iter().filter_map(uncalled).for_each(|note| notes::tell(&note));
        }
    }

    /// A test that fails anyway keeps its own failure; that a replacement was missed may be the reason for it.
    pub fn note(&self) {
        let verdict = self.verdict();
        let _quiet = Quiet::begin();
        if let Some(verdict) = verdict {
            return notes::complain(Complaint { text: verdict, told: false });
        }
        for installed in self.patches.iter().filter(|installed| installed.request.optimised) {
            let calls = calls_of(installed.patched.id).unwrap_or_default();
            if let Some(perhaps) = self.collect(installed, calls).perhaps_partial() {
                eprintln!("note: {perhaps}");
            }
        }
    }

    /// What is known of a patch's calls; `None` if they are as expected.
    fn evidence(&self, installed: &Installed) -> Option<Evidence> {
        if installed.is_fine_anyway() {
            return None;
        }
        let calls = calls_of(installed.patched.id)?;
        installed.is_suspicious(calls).then(|| self.collect(installed, calls))
    }

    /// What is known of a replacement that was not called, where nothing was expected of it; for who wants to know.
    fn uncalled(&self, installed: &Installed) -> Option<Evidence> {
        let Request { expected, watched, .. } = installed.request;
        let uncalled = expected.is_none() && !watched && calls_of(installed.patched.id) == Some(0);
        uncalled.then(|| self.collect(installed, 0))
    }

    fn collect(&self, installed: &Installed, calls: u64) -> Evidence {
        let calls_noted = self.recorder.iter().flat_map(Recorder::calls);
        let noted = calls_noted.filter(|call| installed.patched.thunks.noted(call.thunk));
        Evidence { noted: noted.map(noted_call).collect(), ..installed.collect(calls) }
    }

    /// What to say of an order that was not kept.
    fn out_of_order(&self) -> Option<String> {
        let recorder = self.recorder.as_ref()?;
        let request =
            self.patches.iter().find_map(|installed| installed.request.order.map(|_| &installed.request))?;
        let order = request.order?;
        let number = |call: &Call| {
            let noted = |installed: &Installed| {
                installed.request.order.is_some() && installed.patched.thunks.noted(call.thunk)
            };
            self.patches.iter().position(noted)
        };
        let calls: Vec<(usize, Call)> =
            recorder.calls().filter_map(|call| Some((number(&call)?, call))).collect();
        let numbers: Vec<usize> = calls.iter().map(|(number, _)| *number).collect();
        let lost = recorder.count() > recorder::MOST;
        let mismatch = match order::compare(order, &numbers) {
            Ok(()) if !lost => return None,
            Err(mismatch) if !lost || mismatch.call.is_some() => Some(mismatch),
            _ => None,
        };
        let disorder = Disorder {
            location: request.location,
            names: self.patches.iter().map(|installed| installed.request.target_name).collect(),
            order,
            calls: calls.into_iter().map(|(number, call)| (number, noted_call(call))).collect(),
            mismatch,
            made: recorder.count(),
        };
        Some(disorder.complaint())
    }
}

fn noted_call(call: Call) -> NotedCall {
    NotedCall { return_address: call.return_address, thread: thread_of(call.thread) }
}

/// A thread for a message.
fn thread_of(id: Option<i32>) -> String {
    let named = |name: &str| format!("on thread `{name}`");
    match id {
        None => "on a thread that is not known".to_owned(),
        Some(id) if id == code::own_thread() => match std::thread::current().name() {
            Some(name) => named(name),
            None => named(&code::thread_name(id)),
        },
        Some(id) if code::thread_exists(id) => format!("{} ({id})", named(&code::thread_name(id))),
        Some(id) => match recorder::name_of(id) {
            Some(name) => format!("{} ({id}), which has ended", named(&name)),
            None => format!("on a thread that has ended ({id})"),
        },
    }
}

fn publish(
    scope: u64,
    visibility: Option<Visibility>,
    wanted: Few<Wanted>,
) -> Few<(Request, Option<Published>)> {
    let own = || ENGINE.hold().scopes.get(scope).map(|live| live.visibility);
    let captures = wanted.iter().any(|wanted| wanted.environment.is_some());
    let for_all = captures && visibility.or_else(own) == Some(Visibility::Process);
    let publish = |Wanted { request, environment }| {
        (request, environment.map(|environment| environment.publish(scope, for_all)))
    };
    wanted.into_iter().map(publish).collect()
}

impl Installed {
    /// The function that is replaced.
    fn group(&self) -> &'static Group {
        self.patched.id.group
    }

    /// Takes the patch away. What there is to say of that.
    fn remove(&self) -> Removed {
        for watched in &self.patched.watched {
            drop(engine::remove(watched.id));
        }
        engine::remove(self.patched.id)
    }

    /// Lets go of what the replacement captured, when it was taken away. What there is to say of that.
    pub fn discard(self) -> Option<String> {
        let Request { target_name, location, .. } = self.request;
        let thrown = self.environment?.close().err()?;
        let text = captured::text(&*thrown);
        Some(format!(
            "what the replacement of `{target_name}` had captured panicked when it was dropped: {text}\n  at {location}"
        ))
    }

    /// What a guard says whose patch has hidden a circle.
    fn cycle(&self) -> String {
        let Request { target_name, location, .. } = &self.request;
        format!(
            "without this guard's replacement of `{target_name}`, the one before it would count again, which is replaced in \
             turn, and in the end by `{target_name}` itself; so it was taken away as well\n  at {location}\n  \
             help: drop guards in the reverse order of their making"
        )
    }

    /// Whether nothing is to be told, however many calls there were.
    fn is_fine_anyway(&self) -> bool {
        self.expected == Count::ANY && self.patched.watched.is_empty() && !self.is_past_or_elsewhere()
    }

    /// Whether there were calls behind its sequence's end, or its library was loaded anew.
    fn is_past_or_elsewhere(&self) -> bool {
        self.past_the_end().is_some() || self.closed().is_some_and(|closed| closed.again)
    }

    /// Whether anything is to be told: a count that is wrong, or a call that went past.
    fn is_suspicious(&self, calls: u64) -> bool {
        !self.expected.allows(calls)
            || self.is_past_or_elsewhere()
            || self.patched.watched.iter().any(|watched| calls_of(watched.id).is_some_and(|calls| calls != 0))
    }

    /// How many values its sequence has, and how many calls came behind the last.
    fn past_the_end(&self) -> Option<(usize, usize)> {
        self.environment.as_ref()?.head().steps()?.past_the_end()
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
            past_the_end: self.past_the_end(),
            closed: self.closed(),
            watched: self.request.watched,
            noted: Vec::new(),
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
fn test_of(scope: u64) -> Option<Who> {
    if scope == thread::NONE {
        return None;
    }
    ENGINE.hold().scopes.name(scope)
}
