//! What the crate with a test's own world asks of the engine. Not for users; no promise of stability.
use crate::count::Count;
use crate::demand::Demand;
use crate::error::PatchError;
use crate::few::Few;
use crate::installed::{self, List, Listed};
use crate::members::{self, Member};
use crate::notes::{self, Complaint};
use crate::owed;
use crate::registry;
use crate::request::{Request, Visibility};
use crate::scope::Who;
use crate::thread::{self, BypassAll};
use crate::turn::{self, Turn};
use crate::unwind;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::panic::Location;

pub use crate::code::{own_thread, thread_exists, thread_name};
pub use crate::lineage;
pub use crate::members::{Seen, count_visitors, next_number, of_scope as members};

/// The word of the calling thread's scope; 0 outside any.
#[inline(always)]
#[must_use]
#[expect(
    clippy::inline_always,
    reason = "each look at a paused clock comes by, in builds that are not optimised too"
)]
pub fn scope() -> u64 {
    thread::scope()
}

/// While it lives, every replaced function that this thread calls is the original.
#[derive(Debug)]
pub struct Bypass(#[allow(dead_code, reason = "held for its drop")] BypassAll);

impl Bypass {
    /// Begins.
    #[must_use]
    pub fn begin() -> Self {
        Self(BypassAll::begin())
    }
}

/// The calling thread is counted as one of a scope's for as long as this lives.
#[derive(Debug)]
pub struct Membership(Option<&'static Member>);

impl Membership {
    /// Begins.
    #[must_use]
    pub fn begin(scope: u64) -> Self {
        Self(members::join(scope))
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.0.inspect(|member| member.give_back());
    }
}

/// A function of the C library and what stands in for it.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name, for errors.
    pub name: &'static str,
    /// Its address.
    pub target: usize,
    /// The address of what stands in for it.
    pub replacement: usize,
}

/// Replacements in the caller's scope, which nobody counts; taken away when this is dropped.
#[derive(Debug)]
pub struct Patches {
    scope: u64,
    process: bool,
    installed: List,
    /// The scope word is the thread's own.
    _thread: PhantomData<*const ()>,
}

impl Patches {
    /// All of them or none. Outside any scope it opens one, which ends with this.
    ///
    /// # Errors
    /// When one of them cannot be patched.
    pub fn new(functions: &[Function], location: &'static Location<'static>) -> Result<Self, PatchError> {
        let _bypass = BypassAll::begin();
        let Turn { scope, opened, visibility } = turn::enter(None, &|| Who::thread(location), true);
        if opened {
            turn::end_with_thread(scope, owed::tell);
        }
        let wanted = |function| Listed::new(request(function, location));
        let wanted = Few::Many(functions.iter().map(wanted).collect());
        let installed = installed::install(scope, visibility, wanted, Count::ANY);
        let patches = installed.inspect_err(|_| turn::leave(scope))?;
        let process = visibility == Visibility::Process;
        Ok(Self { scope, process, installed: patches, _thread: PhantomData })
    }

    /// The scope they are in.
    #[must_use]
    pub fn scope(&self) -> u64 {
        self.scope
    }

    /// Whether every thread sees them.
    #[must_use]
    pub fn everywhere(&self) -> bool {
        self.process
    }

    /// The way to each original, in the list's order.
    pub fn originals(&self) -> impl Iterator<Item = usize> + '_ {
        self.installed.groups().map(|group| group.original().unwrap_or(0))
    }
}

impl Drop for Patches {
    fn drop(&mut self) {
        let _bypass = BypassAll::begin();
        drop(mem::take(&mut self.installed).remove());
        turn::leave(self.scope);
    }
}

/// What a guard has to say, which its scope asks for when it ends: that one may never be dropped.
#[derive(Debug)]
pub struct Owing {
    number: u64,
}

impl Owing {
    /// Begins; dropping this ends it. `judge` says what is wrong.
    #[must_use]
    pub fn begin(scope: u64, judge: impl FnOnce() -> Option<String> + Send + 'static) -> Self {
        let _bypass = BypassAll::begin();
        Self { number: owed::keep(scope, Judge(Box::new(judge))) }
    }

    /// Ends it; false if its scope has asked before.
    #[must_use]
    pub fn end(self) -> bool {
        ManuallyDrop::new(self).take()
    }

    fn take(&self) -> bool {
        let _bypass = BypassAll::begin();
        owed::take::<Judge>(self.number).is_some()
    }
}

impl Drop for Owing {
    fn drop(&mut self) {
        self.take();
    }
}

struct Judge(Box<dyn FnOnce() -> Option<String> + Send>);

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").finish_non_exhaustive()
    }
}

impl Demand for Judge {
    fn judge(self: Box<Self>) -> Vec<String> {
        (self.0)().into_iter().collect()
    }
}

fn request(function: &Function, location: &'static Location<'static>) -> Request {
    let Function { name, target, replacement } = *function;
    Request::new((target, name), (replacement, "a test's own world"), location)
}

/// The way to a function's original; 0 if it is not hooked. Takes no lock.
#[must_use]
pub fn original(target: usize) -> usize {
    registry::function(target).and_then(|known| known.group.original()).unwrap_or(0)
}

/// Whether the calling thread may panic: it does not already, and the process would not end of it.
#[must_use]
pub fn may_panic() -> bool {
    !std::thread::panicking() && unwind::is_possible_in_rust()
}

/// The same in a function of C's, which unwinds where its caller, C or not, lets it.
#[must_use]
pub fn may_leave_c() -> bool {
    !std::thread::panicking() && unwind::is_possible()
}

/// Says what is wrong where a panic is on its way, or about to be: with the test's failure, or, where the test is to panic, so that it
/// fails. `told`: that panic says it itself.
pub fn complain(text: String, told: bool) {
    let _bypass = BypassAll::begin();
    notes::complain(Complaint { text, told });
}
