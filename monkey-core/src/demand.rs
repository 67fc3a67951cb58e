//! What guards demand, in the keeping of their scopes: one that is never dropped would demand it of nobody.
use std::any::Any;
use std::{fmt, mem};

/// What a guard demands of its scope.
pub trait Demand: Any + Send + fmt::Debug {
    /// What there is to say in its place, as it was never dropped.
    fn judge(self: Box<Self>) -> Vec<String>;
}

/// One guard's.
#[derive(Debug)]
pub struct Owed {
    pub scope: u64,
    pub number: u64,
    pub demand: Box<dyn Demand>,
    pub older: Option<Box<Self>>,
}

/// That of all guards, the newest first. Nothing is allocated or freed here.
#[derive(Debug)]
pub struct AllOwed(Option<Box<Owed>>);

impl AllOwed {
    pub const fn new() -> Self {
        Self(None)
    }

    pub fn add(&mut self, mut owed: Box<Owed>) {
        owed.older = self.0.take();
        self.0 = Some(owed);
    }

    /// Takes the newest one that `is_it` knows.
    pub fn take(&mut self, is_it: impl Fn(&Owed) -> bool) -> Option<Box<Owed>> {
        let mut at = &mut self.0;
        while at.as_ref().is_some_and(|owed| !is_it(owed)) {
            at = &mut at.as_mut()?.older;
        }
        let mut owed = at.take()?;
        *at = owed.older.take();
        Some(owed)
    }

    /// Lets go of a scope's, of guards that nobody will ask for: to drop what they captured is not for a thread that is told of another's end.
    #[inline]
    pub fn forget(&mut self, scope: u64) {
        if self.0.is_some() {
            self.forget_slow(scope);
        }
    }

    #[cold]
    fn forget_slow(&mut self, scope: u64) {
        while let Some(owed) = self.take(|owed| owed.scope == scope) {
            mem::forget(owed);
        }
    }
}
