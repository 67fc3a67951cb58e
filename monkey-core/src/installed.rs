//! Patches that a frame or a guard has made, and what is found of them at its end.
use crate::captured::{self, Environment, Published};
use crate::code;
use crate::count::Count;
use crate::dispatch;
use crate::engine::{self, Addition, ENGINE};
use crate::error::PatchError;
use crate::few::Few;
use crate::group::Group;
use crate::hook::{Hook, OutsideCall};
use crate::image;
use crate::install;
use crate::notes::{self, Complaint};
use crate::order;
use crate::patch::{Id, Removed};
use crate::record;
use crate::recorder::{self, Call, Recorder};
use crate::request::{Request, Visibility};
use crate::scope::Who;
use crate::stub;
use crate::target_kind;
use crate::thread::{self, BypassAll};
use crate::turn;
use crate::verdict::{Closed, Disorder, Evidence, NotedCall, OutsideCaller, Past};

/// One `T = R` of a list, from the wish to the verdict: made once, and not moved.
#[derive(Debug)]
pub struct Listed {
    addition: Addition,
    /// What the replacement captures, until calls may find it.
    environment: Option<Environment>,
    published: Option<Published>,
    scope: u64,
    expected: Count,
    /// There is something to judge in the end.
    demands: bool,
}

impl Listed {
    /// What a list says of it is still to come. For use while the engine is at work.
    pub fn new(request: Request) -> Box<Self> {
        let addition = Addition::new(request);
        Box::new(Self {
            addition,
            environment: None,
            published: None,
            scope: thread::NONE,
            expected: Count::ANY,
            demands: false,
        })
    }

    pub fn request(&mut self) -> &mut Request {
        &mut self.addition.request
    }

    /// What its replacement captures, if it does.
    pub fn environment(&mut self) -> &mut Option<Environment> {
        &mut self.environment
    }
}

impl AsRef<Addition> for Box<Listed> {
    fn as_ref(&self) -> &Addition {
        &self.addition
    }
}

impl AsMut<Addition> for Box<Listed> {
    fn as_mut(&mut self) -> &mut Addition {
        &mut self.addition
    }
}

/// The patches of one list.
#[derive(Debug, Default)]
pub struct List {
    patches: Few<Box<Listed>>,
    /// The calls of those of which more is asked for than a number.
    recorder: Option<Recorder>,
}

/// Makes all patches of a list, or none, while the engine is at work. `default` is what is expected of replacements where the list
/// does not say.
pub fn install(
    scope: u64,
    visibility: Visibility,
    wanted: Few<Box<Listed>>,
    default: Count,
) -> Result<List, PatchError> {
    let mut list = List { patches: wanted, recorder: None };
    list.begin(scope, default)?;
    let for_all = visibility == Visibility::Process;
    // Not by an iterator: where this is not optimised, one costs more than all that is done with it.
    let mut index = 0;
    while index < list.patches.len() {
        let (before, others) = list.patches.split_at_mut(index);
        let listed = &mut others[0];
        // Calls may come as soon as something is patched. Where that fails, all of these go.
        if let Some(environment) = listed.environment.take() {
            listed.published = Some(environment.publish(scope, for_all));
        }
        install::hook_listed(&mut listed.addition, before, list.recorder.as_ref())?;
        index += 1;
    }
    engine::patch(scope, visibility, &mut list.patches)?;
    let mut index = 0;
    while index < list.patches.len() {
        let listed = &mut list.patches[index];
        listed.demands |= !listed.addition.watched.is_empty();
        if let (Some(published), Some(group)) = (&listed.published, listed.addition.group) {
            published.is_for(group);
            listed.demands |= published.head().steps().is_some();
        }
        index += 1;
    }
    Ok(list)
}

impl List {
    /// What can be said before anything is hooked.
    fn begin(&mut self, scope: u64, default: Count) -> Result<(), PatchError> {
        let (mut noted, mut index) = (false, 0);
        while index < self.patches.len() {
            let listed = &mut self.patches[index];
            let request = &listed.addition.request;
            target_kind::check(request)?;
            noted |= request.is_noted();
            listed.scope = scope;
            listed.expected = match request.expected {
                Some(expected) => expected,
                None => request.unless_told(default),
            };
            listed.demands = request.is_noted() || request.expected.is_some_and(|count| count != Count::ANY);
            index += 1;
        }
        if noted {
            self.recorder = Some(Recorder::new());
        }
        Ok(())
    }

    fn listed(&self) -> impl Iterator<Item = &Listed> {
        self.patches.iter().map(|listed| &**listed)
    }

    /// Whether something may be wrong in the end without a panic: a count that somebody asks for, values in turn, a call that went past.
    pub fn demands(&self) -> bool {
        self.patches.iter().any(|listed| listed.demands)
    }

    /// The functions, in the list's order.
    pub fn groups(&self) -> impl Iterator<Item = &'static Group> + '_ {
        self.patches.iter().filter_map(|listed| listed.addition.group)
    }

    /// Judges the patches of a guard, takes them away, and gives a hold of their scope back. What is wrong.
    pub fn end(&mut self, scope: u64) -> Option<String> {
        self.leave_notes();
        let verdict = if std::thread::panicking() {
            self.note();
            None
        } else {
            self.verdict()
        };
        let told = self.remove_and_leave(scope);
        if verdict.is_none() && told.is_empty() {
            return None;
        }
        let wrong: Vec<String> = verdict.into_iter().chain(told).collect();
        Some(wrong.join("\n"))
    }

    /// Takes the patches away, and gives a hold of their scope back. What there is to say of that.
    fn remove_and_leave(&mut self, scope: u64) -> Vec<String> {
        let only = match self.patches.only() {
            Some(listed) if listed.addition.watched.is_empty() => listed.addition.id,
            _ => None,
        };
        let Some(id) = only else {
            let told = self.remove();
            turn::leave(scope);
            return told;
        };
        let removed = turn::leave_with(scope, id);
        let mut told = Vec::new();
        self.patches[0].tell_end(&removed, &mut told);
        told
    }

    /// Takes the patches away. What there is to say of that.
    pub fn remove(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for listed in &mut *self.patches {
            let removed = listed.remove();
            listed.tell_end(&removed, &mut told);
        }
        told
    }

    /// What to say of functions that were called too often, not often enough or in another order, or that a call went past.
    pub fn verdict(&self) -> Option<String> {
        let _bypass = BypassAll::begin();
        let (mut told, mut index) = (Vec::new(), 0);
        while index < self.patches.len() {
            if let Some(evidence) = self.evidence(&self.patches[index]) {
                told.extend(evidence.complaint());
            }
            index += 1;
        }
        if let Some(complaint) = self.out_of_order() {
            told.push(complaint);
        }
        if told.is_empty() { None } else { Some(told.join("\n")) }
    }

    /// Leaves to the frame around a guard, or says if there is none and the thread panics, which replacements were not called.
    pub fn leave_notes(&self) {
        let uncalled = |listed: &Listed| self.uncalled(listed);
        if notes::has_frame() {
            let wanted = |listed: &&Listed| {
                notes::wants(listed.addition.request.location, listed.addition.request.target)
            };
            self.listed().filter(wanted).filter_map(uncalled).for_each(notes::keep);
        } else if std::thread::panicking() {
            self.listed().filter_map(uncalled).for_each(|note| notes::tell(&note));
        }
    }

    /// A test that fails anyway keeps its own failure; that a replacement was missed may be the reason for it.
    pub fn note(&self) {
        let verdict = self.verdict();
        let _bypass = BypassAll::begin();
        if let Some(verdict) = verdict {
            return notes::complain(Complaint { text: verdict, told: false });
        }
        for listed in self.patches.iter().filter(|listed| listed.addition.request.optimised) {
            let calls = listed.calls().unwrap_or_default();
            // That a guard's was never called is told already.
            if calls == 0 && listed.addition.request.expected.is_none() {
                continue;
            }
            if let Some(perhaps) = self.collect(listed, calls).perhaps_partial() {
                eprintln!("note: {perhaps}");
            }
        }
    }

    /// What is known of a patch's calls; `None` if they are as expected.
    fn evidence(&self, listed: &Listed) -> Option<Evidence> {
        if listed.is_fine_anyway() {
            return None;
        }
        let calls = listed.calls()?;
        listed.is_suspicious(calls).then(|| self.collect(listed, calls))
    }

    /// What is known of a replacement that was not called, where nothing was expected of it; for who wants to know.
    fn uncalled(&self, listed: &Listed) -> Option<Evidence> {
        let Request { expected, watched, .. } = listed.addition.request;
        let uncalled = expected.is_none() && !watched && listed.calls() == Some(0);
        uncalled.then(|| self.collect(listed, 0))
    }

    fn collect(&self, listed: &Listed, calls: u64) -> Evidence {
        let calls_noted = self.recorder.iter().flat_map(Recorder::calls);
        let noted = calls_noted.filter(|call| listed.addition.thunks.noted(call.thunk));
        Evidence { noted: noted.map(noted_call).collect(), ..listed.collect(calls) }
    }

    /// What to say of an order that was not kept.
    fn out_of_order(&self) -> Option<String> {
        let recorder = self.recorder.as_ref()?;
        let request = self
            .patches
            .iter()
            .find_map(|listed| listed.addition.request.order.map(|_| &listed.addition.request))?;
        let order = request.order?;
        let number = |call: &Call| {
            let noted = |listed: &Listed| {
                listed.addition.request.order.is_some() && listed.addition.thunks.noted(call.thunk)
            };
            self.listed().position(noted)
        };
        let calls: Vec<(usize, Call)> =
            recorder.calls().filter_map(|call| Some((number(&call)?, call))).collect();
        let numbers: Vec<usize> = calls.iter().map(|(number, _)| *number).collect();
        let lost = recorder.count() > record::MOST;
        let mismatch = match order::compare(order, &numbers) {
            Ok(()) if !lost => return None,
            Err(mismatch) if !lost || mismatch.call.is_some() => Some(mismatch),
            _ => None,
        };
        let disorder = Disorder {
            location: request.location,
            names: self.patches.iter().map(|listed| listed.addition.request.target_name).collect(),
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

impl Listed {
    /// Takes the patch away. What there is to say of that.
    fn remove(&self) -> Removed {
        self.addition.watched.iter().filter_map(|watched| watched.id).for_each(|id| drop(engine::remove(id)));
        self.addition.id.map(engine::remove).unwrap_or_default()
    }

    /// What there is to say of a patch that was taken away. Lets go of what the replacement captured.
    fn tell_end(&mut self, removed: &Removed, told: &mut Vec<String>) {
        if removed.cycle {
            told.push(self.cycle());
        }
        if let Some(published) = self.published.take()
            && let Some(complaint) = self.discard(published)
        {
            told.push(complaint);
        }
    }

    /// Lets go of what the replacement captured, when it was taken away. What there is to say of that.
    fn discard(&self, published: Published) -> Option<String> {
        let thrown = published.close().err()?;
        let Request { target_name, location, .. } = self.addition.request;
        let text = captured::text(&*thrown);
        Some(format!(
            "what the replacement of `{target_name}` had captured panicked when it was dropped: {text}\n  at {location}"
        ))
    }

    /// What a guard says whose patch has hidden a circle.
    fn cycle(&self) -> String {
        let Request { target_name, location, .. } = &self.addition.request;
        format!(
            "without this guard's replacement of `{target_name}`, the one before it would count again, which is replaced in \
             turn, and in the end by `{target_name}` itself; so it was taken away as well\n  at {location}\n  \
             help: drop guards in the reverse order of their making"
        )
    }

    /// The calls that it has had so far; `None` if it is not there any more.
    fn calls(&self) -> Option<u64> {
        calls_of(self.addition.id)
    }

    /// Whether nothing is to be told, however many calls there were.
    fn is_fine_anyway(&self) -> bool {
        self.expected == Count::ANY && self.addition.watched.is_empty() && !self.is_past_or_elsewhere()
    }

    /// Whether there were calls behind its sequence's end, or its library was loaded anew.
    fn is_past_or_elsewhere(&self) -> bool {
        self.past_the_end().is_some()
            || (self.is_in_library() && self.closed().is_some_and(|closed| closed.again))
    }

    fn is_in_library(&self) -> bool {
        match self.addition.group {
            Some(group) => group.is_in_library(),
            None => false,
        }
    }

    /// Whether anything is to be told: a count that is wrong, or a call that went past.
    fn is_suspicious(&self, calls: u64) -> bool {
        !self.expected.allows(calls)
            || self.is_past_or_elsewhere()
            || self
                .addition
                .watched
                .iter()
                .any(|watched| calls_of(watched.id).is_some_and(|calls| calls != 0))
    }

    /// How many values its sequence has, and how many calls came behind the last.
    fn past_the_end(&self) -> Option<(usize, usize)> {
        let Some(published) = &self.published else { return None };
        published.head().steps()?.past_the_end()
    }

    /// Whether the target's library was closed. While no more files were loaded than were looked at, nothing was missed.
    fn closed(&self) -> Option<Closed> {
        let group = self.addition.group?;
        if !self.is_in_library() || group.is_current(image::loads()) {
            return None;
        }
        let path = group.hooks().find_map(Hook::closed_library)?;
        Some(Closed { library: String::from_utf8_lossy(path).into_owned(), again: image::is_loaded(path) })
    }

    /// Why there may be more copies. In its own file those of a patchable function have not been looked for yet: it has none there, but
    /// another build of its crate may have a function of this path.
    fn doubt(&self) -> Option<String> {
        let Request { target, target_type, .. } = self.addition.request;
        match self.addition.group.and_then(Group::doubt) {
            Some(doubt) => Some(doubt.to_owned()),
            None if !dispatch::is_asked_at(target) => None,
            None => image::copies_of(target, target_type?, false).doubt.map(|doubt| doubt.reason),
        }
    }

    fn collect(&self, calls: u64) -> Evidence {
        let Request { target, target_name, target_type, replacement_name, location, optimised, .. } =
            self.addition.request;
        let group = self.addition.group;
        let hooks = group.into_iter().flat_map(Group::hooks);
        let outside = hooks.flat_map(Hook::outside_calls).map(|call| caller(&call));
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
            doubt: self.doubt(),
            return_addresses: group.map_or_else(Vec::new, |group| self.return_addresses(group, calls)),
            past: self.past(),
            past_the_end: self.past_the_end(),
            closed: self.closed(),
            watched: self.addition.request.watched,
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

    /// Calls of functions that contain a copy of the target, or may be one. The standard library's own are nobody's concern.
    fn past(&self) -> Vec<Past> {
        let calls = self.addition.watched.iter().filter_map(|watched| {
            let calls = calls_of(watched.id).filter(|calls| *calls != 0)?;
            let mut return_addresses = self.return_addresses(watched.group, calls);
            return_addresses.retain(|address| !image::is_std_code(*address));
            (!return_addresses.is_empty()).then_some(Past { way: watched.way, return_addresses })
        });
        calls.collect()
    }
}

/// The calls that a patch has had so far; `None` if it is not there any more.
fn calls_of(id: Option<Id>) -> Option<u64> {
    let id = id?;
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
