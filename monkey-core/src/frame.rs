//! One run of an annotated function: its scope, its patches, and what is said of them at the end.
use crate::expansion::target;
use crate::lock::{self, Held, Who};
use crate::patch::{Count, Id, Order, Visibility};
use crate::scope::Visit;
use crate::thread::Quiet;
use crate::verdict::{Complaint, partial};
use std::cell::OnceCell;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::thread;

/// One run of a function annotated with `test` or `with`.
#[derive(Debug)]
pub struct Frame {
    name: &'static str,
    location: &'static Location<'static>,
    visibility: Option<Visibility>,
    /// What is expected of a replacement that `expect` does not name.
    default: Count,
}

impl Frame {
    /// A `#[monkey::test]`: every replacement must be called unless `expect` says otherwise.
    #[track_caller]
    #[must_use]
    pub fn test(name: &'static str, visibility: Visibility) -> Self {
        Self { name, location: Location::caller(), visibility: Some(visibility), default: Count::SOME }
    }

    /// A `#[monkey::with]`: demands no call. `None`: patches are seen by whoever sees those of the caller's frame.
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
        replacements: impl FnOnce() -> [Replacement; N],
        failed: fn(&R) -> bool,
        body: impl FnOnce() -> R,
    ) -> R {
        let entered = Entered::enter(&self);
        let complaint = match entered.install(&self, replacements()) {
            Ok(()) => {
                let result = body();
                match entered.judge(failed(&result)) {
                    None => return result,
                    Some(complaint) => complaint,
                }
            }
            Err(complaint) => complaint,
        };
        drop(entered);
        panic!("{complaint}")
    }

    /// The same for a test that is to panic. What is wrong with its replacements must not pass for that panic: it is
    /// said, and the test returns, which the harness takes for a failure.
    pub fn run_to_panic<const N: usize>(
        self,
        replacements: impl FnOnce() -> [Replacement; N],
        body: impl FnOnce(),
    ) {
        let entered = Entered::enter(&self);
        match entered.install(&self, replacements()) {
            Ok(()) => {
                body();
                entered.note();
            }
            Err(complaint) => eprintln!("{complaint}"),
        }
    }

    /// Allocates: for use while the engine is at work.
    fn who(&self) -> Who {
        Who { name: self.name.to_owned(), location: self.location }
    }

    /// The same for a body that is a future: it is in the scope whenever it is polled, on whichever thread.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub async fn run_async<R, const N: usize>(
        self,
        replacements: impl FnOnce() -> [Replacement; N],
        failed: fn(&R) -> bool,
        body: impl Future<Output = R>,
    ) -> R {
        let (entered, word, installed) = self.begin_async(replacements);
        let complaint = match installed {
            Ok(()) => {
                let result = polled(word, body).await;
                match entered.judge(failed(&result)) {
                    None => return result,
                    Some(complaint) => complaint,
                }
            }
            Err(complaint) => complaint,
        };
        drop(entered);
        panic!("{complaint}")
    }

    /// Both in one: for a body that is a future and is to panic.
    pub async fn run_async_to_panic<const N: usize>(
        self,
        replacements: impl FnOnce() -> [Replacement; N],
        body: impl Future<Output = ()>,
    ) {
        let (entered, word, installed) = self.begin_async(replacements);
        match installed {
            Ok(()) => {
                polled(word, body).await;
                entered.note();
            }
            Err(complaint) => eprintln!("{complaint}"),
        }
    }

    /// The scope, the word of who is in it, and whether the patches are there.
    fn begin_async<const N: usize>(
        &self,
        replacements: impl FnOnce() -> [Replacement; N],
    ) -> (Entered, u64, Result<(), String>) {
        // Between polls the thread belongs to whoever had it before. Shared first: what the visit gives back is the
        // word that the scope has then.
        let before = lock::hold().share();
        let _visit = Visit::begin(before);
        let entered = Entered::enter(self);
        let word = lock::hold().share();
        let installed = entered.install(self, replacements());
        (entered, word, installed)
    }
}

/// The body in the scope, whenever it is polled.
async fn polled<R>(word: u64, body: impl Future<Output = R>) -> R {
    let mut body = pin!(body);
    poll_fn(|context| {
        let _visit = Visit::begin(word);
        body.as_mut().poll(context)
    })
    .await
}

/// A scope entered; left, with its patches taken away, when dropped.
#[derive(Debug)]
struct Entered {
    scope: u64,
    /// It is this frame's scope, and ends with it, whatever guards were forgotten or are held by threads.
    opened: bool,
    patches: OnceCell<Vec<Installed>>,
}

/// A patch of a frame and what is expected of it.
#[derive(Debug)]
pub struct Installed {
    pub id: Id,
    pub order: Order,
    pub expected: Count,
}

impl Entered {
    fn enter(frame: &Frame) -> Self {
        let (scope, opened) = lock::hold().enter(frame.visibility, &frame.who());
        Self { scope, opened, patches: OnceCell::new() }
    }

    fn install<const N: usize>(&self, frame: &Frame, replacements: [Replacement; N]) -> Result<(), String> {
        let orders = replacements.map(|replacement| replacement.0);
        target::check(&orders).map_err(|error| error.to_string())?;
        let mut held = lock::hold();
        held.check_alone(self.scope, frame)?;
        let ids = held.patch(self.scope, frame.visibility, &orders).map_err(|error| error.to_string())?;
        let installed = ids.into_iter().zip(orders);
        let installed = installed.map(|(id, order)| Installed {
            id,
            expected: order.expected.unwrap_or(frame.default),
            order,
        });
        let _ = self.patches.set(installed.collect());
        Ok(())
    }

    /// What to say of patches that were called too often or not often enough.
    fn verdict(&self) -> Option<String> {
        let held = lock::hold();
        let installed = self.patches.get().into_iter().flatten();
        let complaints: Vec<Complaint> =
            installed.filter_map(|installed| Complaint::of(&held, installed)).collect();
        drop(held);
        let _quiet = Quiet::begin();
        let told: Vec<String> = complaints.iter().map(Complaint::tell).collect();
        (!told.is_empty()).then(|| told.join("\n"))
    }
}

impl Entered {
    /// What a test fails with that has not failed yet.
    fn judge(&self, failed: bool) -> Option<String> {
        if failed {
            self.note();
            return None;
        }
        self.verdict()
    }

    /// A test that fails anyway keeps its own failure; that a replacement was missed may be the reason for it.
    fn note(&self) {
        if let Some(complaint) = self.verdict() {
            eprintln!("note: {complaint}");
            return;
        }
        let _quiet = Quiet::begin();
        for partial in
            self.patches.get().into_iter().flatten().filter_map(|installed| partial(&installed.order))
        {
            eprintln!("note: {partial}");
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if thread::panicking() {
            self.note();
        }
        let mut held = lock::hold();
        // Freed under the lock too: `free` may be replaced.
        for installed in self.patches.take().into_iter().flatten() {
            held.remove(self.scope, installed.id);
        }
        if self.opened {
            held.end(self.scope);
        } else {
            held.leave(self.scope);
        }
    }
}

impl Held {
    /// A frame that wants to be alone, within a scope that is not, is an error even if it replaces nothing.
    fn check_alone(&self, scope: u64, frame: &Frame) -> Result<(), String> {
        let wants = frame.visibility == Some(Visibility::Process);
        match self.scopes.get(scope) {
            Some(live) if wants && !live.alone => Err(format!(
                "{} asks for `scope = process`, which needs the lock to itself, within the scope of {}\n  \
                 help: write `scope = process` on the outer one",
                frame.who(),
                live.who
            )),
            _ => Ok(()),
        }
    }
}

/// One `T = R` of a list.
#[derive(Debug)]
pub struct Replacement(pub(crate) Order);

impl Replacement {
    /// Target and replacement are of one type; the names are what the user wrote.
    #[track_caller]
    #[must_use]
    pub fn new(
        target: *const (),
        replacement: *const (),
        target_name: &'static str,
        replacement_name: &'static str,
    ) -> Self {
        Self(Order {
            target: target as usize,
            replacement: replacement as usize,
            target_name,
            replacement_name,
            location: Location::caller(),
            target_type: None,
            optimised: false,
            expected: None,
            partly: false,
        })
    }

    /// Whether the crate that the list is in is optimised.
    #[must_use]
    pub fn optimised(mut self, optimised: bool) -> Self {
        self.0.optimised = optimised;
        self
    }

    /// `partly(T)`: calls that go past the replacement are fine.
    #[must_use]
    pub fn partly(mut self) -> Self {
        self.0.partly = true;
        self
    }

    /// What `std::any::type_name` calls the target's own type.
    #[must_use]
    pub fn of_type(mut self, name: &'static str) -> Self {
        self.0.target_type = Some(name);
        self
    }

    /// How many calls `expect(T = COUNT)` allows.
    #[must_use]
    pub fn expect(mut self, count: impl IntoCount) -> Self {
        self.0.expected = Some(count.into_count());
        self
    }
}

/// What may stand as COUNT in `expect(T = COUNT)`: a number or a range of `usize`.
#[diagnostic::on_unimplemented(
    message = "a count is a number or a range of numbers",
    label = "neither a `usize` nor a range of them",
    note = "write `expect(TARGET = 2)`, `1..`, `..=3` or `..`"
)]
pub trait IntoCount {
    /// The numbers of calls that are right.
    fn into_count(self) -> Count;
}

impl IntoCount for usize {
    fn into_count(self) -> Count {
        Count::exactly(self)
    }
}

macro_rules! ranges_are_counts {
    ($($range:ty),*) => {$(
        impl IntoCount for $range {
            fn into_count(self) -> Count {
                Count::within(&self)
            }
        }
    )*};
}
ranges_are_counts!(
    std::ops::Range<usize>,
    std::ops::RangeInclusive<usize>,
    std::ops::RangeFrom<usize>,
    std::ops::RangeTo<usize>,
    std::ops::RangeToInclusive<usize>,
    std::ops::RangeFull
);
