//! One run of an annotated function: its scope, its patches, and what is said of them at the end.
use crate::count::Count;
use crate::engine::ENGINE;
use crate::few::Few;
use crate::guard::Fail;
use crate::installed::{self, List};
use crate::notes::{self, Complaint, Keeping, Kept};
use crate::owed;
use crate::request::Visibility;
use crate::scope::{Name, Visit, Who};
use crate::thread::{self, BypassAll};
use crate::turn::{self, Turn};
use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::future::{Future, poll_fn};
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::replacement::Replacement;

/// One run of a function annotated with `test` or `with`.
#[derive(Debug)]
pub struct TestRun {
    name: &'static str,
    location: &'static Location<'static>,
    visibility: Option<Visibility>,
    /// What is expected of a replacement that `expect` does not name.
    default: Count,
}

/// What a body that panicked has thrown.
type Thrown = Box<dyn Any + Send>;

impl TestRun {
    /// A `#[monkey::test]`: every replacement must be called unless `expect` says otherwise.
    #[track_caller]
    #[must_use]
    pub fn test(name: &'static str, visibility: Visibility) -> Self {
        Self { name, location: Location::caller(), visibility: Some(visibility), default: Count::SOME }
    }

    /// A `#[monkey::with]`: demands no call. `None`: patches are seen by whoever sees those of the caller's run.
    #[track_caller]
    #[must_use]
    pub fn with(name: &'static str, visibility: Option<Visibility>) -> Self {
        Self { name, location: Location::caller(), visibility, default: Count::ANY }
    }

    /// Installs, runs, checks the calls (unless the body failed), takes away.
    ///
    /// # Panics
    /// When a target cannot be patched, when a replacement was not called as often as expected, and when the body does.
    #[track_caller]
    pub fn run<R, const N: usize>(
        self,
        replacements: impl FnOnce() -> [Replacement<'static>; N],
        failed: fn(&R) -> bool,
        body: impl FnOnce() -> R,
    ) -> R {
        let entered = Entered::enter(&self, true);
        let ended = entered.install(&self, replacements()).map(|()| body());
        match entered.end(ended, failed) {
            Ok(result) => result,
            Err(wrong) => {
                notes::complain_by_panic(&wrong);
                panic!("{wrong}")
            }
        }
    }

    /// The same for a test that is to panic. What is wrong with its replacements must not pass for that panic: it is
    /// said, and the test returns, which the harness takes for a failure.
    pub fn run_to_panic<const N: usize>(
        self,
        replacements: impl FnOnce() -> [Replacement<'static>; N],
        body: impl FnOnce(),
    ) {
        let entered = Entered::enter(&self, true);
        let ended =
            entered.install(&self, replacements()).map(|()| catch_unwind(AssertUnwindSafe(body)).err());
        entered.end_to_panic(ended);
    }

    /// Allocates: for use while the engine is at work.
    fn who(&self) -> Who {
        Who { name: Name::Test(self.name), location: self.location }
    }

    /// The same for a body that is a future: it is in the scope whenever it is polled, on whichever thread.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub async fn run_async<R, const N: usize>(
        self,
        replacements: impl FnOnce() -> [Replacement<'static>; N],
        failed: fn(&R) -> bool,
        fail: Fail,
        body: impl Future<Output = R>,
    ) -> R {
        let (entered, installed) = self.begin_async(replacements);
        let ended = match installed {
            Ok(()) => {
                let ended = polled(entered.scope, body).await;
                Ok(entered.keep_notes(ended))
            }
            Err(complaint) => Err(complaint),
        };
        // Between polls nobody knows the caller's place.
        entered.end(ended, failed).unwrap_or_else(|wrong| {
            notes::complain_by_panic(&wrong);
            fail(&wrong)
        })
    }

    /// Both in one: for a body that is a future and is to panic.
    pub async fn run_async_to_panic<const N: usize>(
        self,
        replacements: impl FnOnce() -> [Replacement<'static>; N],
        body: impl Future<Output = ()>,
    ) {
        let (entered, installed) = self.begin_async(replacements);
        let ended = match installed {
            Ok(()) => {
                let ended = polled(entered.scope, caught(body)).await;
                Ok(entered.keep_notes(ended))
            }
            Err(complaint) => Err(complaint),
        };
        entered.end_to_panic(ended);
    }

    /// The scope, and whether the patches are there.
    fn begin_async<const N: usize>(
        &self,
        replacements: impl FnOnce() -> [Replacement<'static>; N],
    ) -> (Entered, Result<(), String>) {
        // Between polls the thread belongs to whoever had it before.
        let _visit = Visit::begin(thread::scope());
        let entered = Entered::enter(self, false);
        let installed = entered.install(self, replacements());
        (entered, installed)
    }
}

/// The body in the scope, whenever it is polled; and what its guards have to say.
async fn polled<R>(scope: u64, body: impl Future<Output = R>) -> (R, Kept) {
    let mut body = pin!(body);
    let mut notes = BetweenPolls(Kept::default());
    let result = poll_fn(|context| {
        let _visit = Visit::begin(scope);
        let _keeping = Keeping::begin(mem::take(&mut notes.0));
        let poll = body.as_mut().poll(context);
        notes.0 = Keeping::take();
        poll
    })
    .await;
    (result, mem::take(&mut notes.0))
}

/// What guards of a future have left. If that is dropped before its end, what they complain of is the concern of whoever is around it.
#[derive(Debug)]
struct BetweenPolls(Kept);

impl Drop for BetweenPolls {
    fn drop(&mut self) {
        let _bypass = BypassAll::begin();
        mem::take(&mut self.0.complaints).into_iter().for_each(notes::complain);
    }
}

/// What the body throws, if it does.
async fn caught(body: impl Future<Output = ()>) -> Option<Thrown> {
    let mut body = pin!(body);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(context))) {
        Ok(poll) => poll.map(|()| None),
        Err(thrown) => Poll::Ready(Some(thrown)),
    })
    .await
}

/// A scope entered; left, with its patches taken away, when dropped.
#[derive(Debug)]
struct Entered {
    name: &'static str,
    scope: u64,
    /// It is this run's scope, and ends with it, whatever guards were forgotten or are held by threads.
    opened: bool,
    visibility: Visibility,
    patches: OnceCell<List>,
    /// What guards have left to a body that is a future. Others leave it with the thread.
    notes: RefCell<Kept>,
    keeping: Option<Keeping>,
    /// The body has come to an end. That of a future that is dropped has not.
    ended: Cell<bool>,
}

impl Entered {
    fn enter(run: &TestRun, bound: bool) -> Self {
        let _bypass = BypassAll::begin();
        let Turn { scope, opened, visibility } = turn::enter(run.visibility, &|| run.who(), bound);
        let keeping = bound.then(|| Keeping::begin(Kept::default()));
        let visibility = run.visibility.unwrap_or(visibility);
        Self {
            name: run.name,
            scope,
            opened,
            visibility,
            patches: OnceCell::new(),
            notes: RefCell::default(),
            keeping,
            ended: Cell::new(false),
        }
    }

    fn install<const N: usize>(
        &self,
        run: &TestRun,
        replacements: [Replacement<'static>; N],
    ) -> Result<(), String> {
        let _bypass = BypassAll::begin();
        self.check_alone(run)?;
        let wanted = Few::from_array(replacements, |replacement| replacement.listed);
        let patches = installed::install(self.scope, self.visibility, wanted, run.default);
        let _ = self.patches.set(patches.map_err(|error| error.to_string())?);
        Ok(())
    }

    /// A run that wants to be alone, within a scope that is not, is an error even if it replaces nothing.
    fn check_alone(&self, run: &TestRun) -> Result<(), String> {
        if run.visibility != Some(Visibility::Process) {
            return Ok(());
        }
        let outer =
            ENGINE.hold().scopes.get(self.scope).filter(|live| !live.alone).map(|live| live.who.clone());
        match outer {
            None => Ok(()),
            Some(outer) => Err(format!(
                "{} asks for `scope = process`, which needs the lock to itself, within the scope of {outer}\n  \
                 help: write `scope = process` on the outer one",
                run.who(),
            )),
        }
    }

    fn keep_notes<R>(&self, (result, notes): (R, Kept)) -> R {
        self.notes.replace(notes);
        result
    }

    /// Tells what guards have left, because the test fails. What they complain of is the concern of a run around this one, if there is
    /// one.
    fn tell_notes(&self) {
        let _bypass = BypassAll::begin();
        let mut kept = self.take_notes();
        if self.keeping.as_ref().is_some_and(Keeping::is_inner) {
            mem::take(&mut kept.complaints).into_iter().for_each(notes::complain);
        }
        kept.tell();
    }

    /// What guards have left.
    fn take_notes(&self) -> Kept {
        let mut kept = self.notes.take();
        if self.keeping.is_some() {
            kept.extend(Keeping::take());
        }
        kept
    }

    /// What there is to say in the end of a body that did not fail, or that has panicked with this text, as it is to: of the calls, and what
    /// guards had to say to somebody who did not listen.
    fn wrong(&self, panic: Option<&str>) -> Option<String> {
        let _bypass = BypassAll::begin();
        let mut kept = self.take_notes();
        let complaints = mem::take(&mut kept.complaints).into_iter().map(|complaint| complaint.text);
        // Threads that this run has started, or that were given its scope.
        let elsewhere = if self.opened { notes::elsewhere::take(self.scope) } else { Vec::new() };
        let own = self.verdict();
        let mut wrong: Vec<String> = own.into_iter().chain(complaints).chain(elsewhere).collect();
        wrong.extend(self.owed());
        if wrong.is_empty() {
            wrong.extend(panic.and_then(|text| kept.refused_in(text)).map(str::to_owned));
        }
        if wrong.is_empty() {
            // Whether it is told is up to the frame around this one.
            if self.keeping.is_some() {
                Keeping::put(kept);
            }
            return None;
        }
        kept.tell();
        Some(wrong.join("\n"))
    }

    /// What there is to say of the calls.
    fn verdict(&self) -> Option<String> {
        self.patches.get()?.verdict()
    }

    /// What guards of its scope would have said that were not dropped.
    fn owed(&self) -> Vec<String> {
        if self.opened { owed::judge(self.scope) } else { Vec::new() }
    }

    /// Says it beside a failure of the test's own.
    fn note(&self) {
        self.patches.get().into_iter().for_each(List::note);
        for text in self.owed() {
            notes::complain(Complaint { text, told: false });
        }
    }

    /// Judges the calls of a future that is dropped before its end, as the drop of a guard in it would. A panic is none of the caller's.
    fn cut_short(&self) {
        if let Some(wrong) = self.wrong(None) {
            let text = format!("{wrong}\n  note: the future of `{}` was dropped before its end", self.name);
            notes::complain(Complaint { text, told: false });
        }
    }

    /// The body's result, if it ran and nothing was missed. A body that failed has its own message: the calls are then a note.
    /// Otherwise what was wrong.
    fn end<R>(self, ended: Result<R, String>, failed: fn(&R) -> bool) -> Result<R, String> {
        self.ended.set(true);
        let complaint = match ended {
            Ok(result) if failed(&result) => {
                self.note();
                self.tell_notes();
                return Ok(result);
            }
            Ok(result) => match self.wrong(None) {
                None => return Ok(result),
                Some(wrong) => wrong,
            },
            Err(complaint) => complaint,
        };
        drop(self);
        Err(complaint)
    }

    /// The end of a test that is to panic. A replacement that was missed takes its panic away.
    fn end_to_panic(self, ended: Result<Option<Thrown>, String>) {
        self.ended.set(true);
        let thrown = match ended {
            Ok(Some(thrown)) => thrown,
            Ok(None) => {
                self.note();
                return self.tell_notes();
            }
            Err(complaint) => return eprintln!("{complaint}"),
        };
        let wrong = self.wrong(text(&*thrown));
        drop(self);
        match wrong {
            None => resume_unwind(thrown),
            Some(wrong) => eprintln!("the test panicked, as it is to, but:\n{wrong}"),
        }
    }
}

/// What a panic says.
fn text(thrown: &(dyn Any + Send)) -> Option<&str> {
    match thrown.downcast_ref::<String>() {
        Some(text) => Some(text),
        None => thrown.downcast_ref::<&str>().copied(),
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // `free` may be replaced, too.
        let _bypass = BypassAll::begin();
        if std::thread::panicking() {
            self.note();
            self.tell_notes();
        } else if !self.ended.get() {
            self.cut_short();
        }
        drop(self.patches.take().map(|mut patches| patches.remove()));
        if self.opened {
            drop(notes::elsewhere::take(self.scope));
            turn::end(self.scope);
        } else {
            turn::leave(self.scope);
        }
    }
}
