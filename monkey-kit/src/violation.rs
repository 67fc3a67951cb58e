//! What a test did that it had forbidden itself: which function, what for, from where, on which thread.
use crate::guard::Guard;
use crate::place::Frames;
use monkey_core::border::{self, Bypass, Owing};
use std::fmt::Write as _;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Which guard forbids it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    #[cfg(target_os = "linux")]
    Net,
    Process,
}

impl Rule {
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Net => (
                "reached for the network",
                "monkey::net::forbid()",
                "replace what connects, lead it to a local server by `monkey::net::route(..)`, or let the test have the network",
            ),
            Self::Process => (
                "started a program",
                "monkey::process::forbid()",
                "replace what starts it, or let the test start programs",
            ),
        }
    }
}

/// Where it is forbidden, and whether by the attribute.
#[derive(Debug, Clone, Copy)]
pub struct By {
    pub location: &'static Location<'static>,
    pub hermetic: bool,
}

impl By {
    pub fn guard(location: &'static Location<'static>) -> Self {
        Self { location, hermetic: false }
    }

    #[cfg(target_os = "linux")]
    pub fn hermetic(location: &'static Location<'static>) -> Self {
        Self { location, hermetic: true }
    }
}

/// Has a scope that ends say what broke this rule, should the guard be forgotten.
pub fn owing(guard: &Guard, rule: Rule, by: By) -> Owing {
    let world = guard.world();
    Owing::begin(guard.scope(), move || world.violations.take_text(rule, by))
}

#[derive(Debug)]
struct Violation {
    rule: Rule,
    what: String,
    function: &'static str,
    frames: Frames,
    thread: String,
}

/// How many are told of one kind.
const MOST: usize = 16;

/// Those of a world that nobody was told of yet.
#[derive(Debug, Default)]
pub struct Violations(Mutex<Vec<Violation>>);

impl Violations {
    /// Notes one of the calling thread's, which called `function` to do `what`.
    pub fn add(&self, rule: Rule, function: &'static str, what: String) {
        let _bypass = Bypass::begin();
        let frames = Frames::here();
        let thread = thread::current();
        let name = thread.name().unwrap_or("without a name");
        let id = border::own_thread();
        let violation = Violation { rule, what, function, frames, thread: format!("`{name}` ({id})") };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(violation);
    }

    /// Fails the test if it broke this rule: by a panic, or, where it panics already, by a note on standard error.
    ///
    /// # Panics
    /// With all of them.
    pub fn tell(&self, rule: Rule, by: By) {
        let Some(text) = self.take_text(rule, by) else { return };
        assert!(!border::may_panic(), "{text}");
        border::complain(text, false);
    }

    /// What there is to say of this rule; nobody else is told of it then.
    pub fn take_text(&self, rule: Rule, by: By) -> Option<String> {
        let _bypass = Bypass::begin();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken: Vec<_> = all.extract_if(.., |violation| violation.rule == rule).collect();
        drop(all);
        (!taken.is_empty()).then(|| text(rule, &taken, by))
    }
}

fn text(rule: Rule, violations: &[Violation], by: By) -> String {
    let (did, guard, help) = rule.words();
    let guard = if by.hermetic { "#[monkey::test(hermetic)]" } else { guard };
    let (file, line) = (by.location.file(), by.location.line());
    let mut text = format!("this test {did}, which `{guard}` at {file}:{line} forbids");
    for violation in violations.iter().take(MOST) {
        let Violation { what, function, thread, frames, .. } = violation;
        let place = frames.place();
        let _ = write!(text, "\n  {what}, by `{function}`\n    from {place}, on thread {thread}");
    }
    if violations.len() > MOST {
        let _ = write!(text, "\n  and {} more", violations.len() - MOST);
    }
    let _ = write!(text, "\n  help: {help}");
    text
}
