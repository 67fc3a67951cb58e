//! What guards demand that are never dropped: a forgotten one, one in a `static`, or in a thread that goes on. Their scope keeps it for them,
//! and whoever ends the scope has it judged.
use crate::engine::ENGINE;
use crate::installed::List;
use crate::scope::Owed;
use crate::thread::BypassAll;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Gives a guard's patches into its scope's keeping; the number that they are taken back by.
pub fn keep(scope: u64, patches: List) -> Option<u64> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Relaxed);
    let mut owed = Some(Box::new(Owed { number, demand: Box::new(patches), older: None }));
    let mut engine = ENGINE.hold();
    if let (Some(live), Some(new)) = (engine.scopes.get_mut(scope), &mut owed) {
        new.older = live.owed.take();
        live.owed = owed.take();
    }
    drop(engine);
    // Without a scope there is nobody who would see them.
    owed.is_none().then_some(number)
}

/// Takes a guard's patches back; `None` if they were judged.
pub fn take(scope: u64, number: u64) -> Option<List> {
    let owed = ENGINE.hold().scopes.get_mut(scope)?.take_owed(number)?;
    patches(owed.demand)
}

fn patches(demand: Box<dyn std::any::Any + Send>) -> Option<List> {
    demand.downcast().ok().map(|patches| *patches)
}

/// What there is to say of the guards of a scope that ends. Their replacements are taken away.
pub fn judge(scope: u64) -> Vec<String> {
    let _bypass = BypassAll::begin();
    let mut next = ENGINE.hold().scopes.get_mut(scope).and_then(|live| live.owed.take());
    let mut told = Vec::new();
    while let Some(mut owed) = next {
        next = owed.older.take();
        let Some(patches) = patches(owed.demand) else { continue };
        let complaint = patches.verdict();
        let removed = patches.remove();
        told.extend(
            complaint.map(|complaint| format!("{complaint}{NEVER_DROPPED}")).into_iter().chain(removed),
        );
    }
    told.reverse();
    told
}

const NEVER_DROPPED: &str = "\n  note: its guard was never dropped, so it is judged at the end of its scope\n  \
                             help: keep a guard in a variable, as in `let _guard = ..`, that ends with its block";

/// Says it where nothing is left that could fail.
pub fn tell(scope: u64) {
    // The thread ends, and must not by a panic.
    let told = catch_unwind(AssertUnwindSafe(|| judge(scope)));
    told.into_iter().flatten().for_each(|wrong| eprintln!("note: {wrong}"));
}
