//! What guards demand that are never dropped: a forgotten one, one in a `static`, or in a thread that goes on. Their scope keeps it for them,
//! and whoever ends the scope has it judged.
use crate::demand::{Demand, Owed};
use crate::engine::ENGINE;
use crate::installed::List;
use crate::thread::BypassAll;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Gives what a guard demands into its scope's keeping; the number that it is taken back by.
pub fn keep(scope: u64, demand: impl Demand) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Relaxed);
    let owed = Box::new(Owed { scope, number, demand: Box::new(demand), older: None });
    ENGINE.hold().owed.add(owed);
    number
}

/// Takes it back; `None` if it was judged.
pub fn take<D: Demand>(number: u64) -> Option<D> {
    let owed = ENGINE.hold().owed.take(|owed| owed.number == number)?;
    let demand: Box<dyn Any> = owed.demand;
    demand.downcast().ok().map(|demand| *demand)
}

/// What there is to say of the guards of a scope that ends.
pub fn judge(scope: u64) -> Vec<String> {
    let _bypass = BypassAll::begin();
    let next = || ENGINE.hold().owed.take(|owed| owed.scope == scope);
    let mut told = Vec::new();
    while let Some(owed) = next() {
        told.extend(owed.demand.judge().into_iter().map(|wrong| format!("{wrong}{NEVER_DROPPED}")));
    }
    told.reverse();
    told
}

impl Demand for List {
    /// The replacements are taken away with it.
    fn judge(mut self: Box<Self>) -> Vec<String> {
        let complaint = self.verdict();
        complaint.into_iter().chain(self.remove()).collect()
    }
}

const NEVER_DROPPED: &str = "\n  note: its guard was never dropped, so it is judged at the end of its scope\n  \
                             help: keep a guard in a variable, as in `let _guard = ..`, that ends with its block";

/// Says it where nothing is left that could fail.
pub fn tell(scope: u64) {
    // The thread ends, and must not by a panic.
    let told = catch_unwind(AssertUnwindSafe(|| judge(scope)));
    told.into_iter().flatten().for_each(|wrong| eprintln!("note: {wrong}"));
}
