//! What a scope's environment differs in from the process's.
use super::system::{self, Value, is_same};
use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The id of changes that the program itself has made.
pub const BY_THE_PROGRAM: u64 = 0;

/// A variable that is set or, without a value, taken away.
#[derive(Debug)]
pub struct Change {
    id: u64,
    name: OsString,
    value: Option<Value>,
}

impl Change {
    pub fn new(id: u64, name: OsString, value: Option<Value>) -> Self {
        Self { id, name, value }
    }
}

/// The changes of a scope, the newest last.
#[derive(Debug, Default)]
pub struct State {
    count: AtomicUsize,
    changes: Mutex<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    live: Vec<Change>,
    /// Values that somebody may still have a pointer to: `getenv` promises no end.
    given: Vec<Value>,
}

impl State {
    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_empty(&self) -> bool {
        self.count.load(SeqCst) == 0
    }

    pub fn add(&self, change: Change) {
        let mut changes = self.changes();
        if change.id == BY_THE_PROGRAM {
            changes.retire(|old| old.id == BY_THE_PROGRAM && is_same(&old.name, &change.name));
        }
        changes.live.push(change);
        self.count.store(changes.live.len(), SeqCst);
    }

    /// Takes a guard's change away; with the last of them go those that the program has made.
    pub fn remove(&self, id: u64) {
        let mut changes = self.changes();
        changes.retire(|change| change.id == id);
        if changes.live.iter().all(|change| change.id == BY_THE_PROGRAM) {
            changes.retire(|_| true);
        }
        self.count.store(changes.live.len(), SeqCst);
    }

    /// What `look` makes of the variable's value, which is none for one that is taken away; `None` for one that is the process's.
    pub fn find<R>(&self, name: &OsStr, look: impl FnOnce(Option<&Value>) -> R) -> Option<R> {
        if self.is_empty() {
            return None;
        }
        let changes = self.changes();
        changes.newest(name).map(|change| look(change.value.as_ref()))
    }

    /// The variables that the scope sees, given the process's.
    pub fn merge(&self, process: impl Iterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
        let changes = self.changes();
        let mut merged: Vec<_> = process.filter(|(name, _)| changes.newest(name).is_none()).collect();
        for (index, change) in changes.live.iter().enumerate() {
            let is_newest = !changes.live[index + 1..].iter().any(|later| is_same(&later.name, &change.name));
            if let Some(value) = change.value.as_ref().filter(|_| is_newest) {
                merged.push((change.name.clone(), system::read(value)));
            }
        }
        merged
    }
}

impl Changes {
    fn newest(&self, name: &OsStr) -> Option<&Change> {
        self.live.iter().rev().find(|change| is_same(&change.name, name))
    }

    fn retire(&mut self, mut which: impl FnMut(&Change) -> bool) {
        let retired = self.live.extract_if(.., |change| which(change));
        self.given.extend(retired.filter_map(|change| change.value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(id: u64, value: Option<&str>) -> Change {
        Change::new(id, "K".into(), value.map(|value| system::value(OsStr::new(value)).unwrap()))
    }

    fn seen(state: &State) -> Vec<(OsString, OsString)> {
        state.merge([("K".into(), "real".into()), ("L".into(), "other".into())].into_iter())
    }

    #[test]
    fn the_newest_that_is_left_counts() {
        let state = State::default();
        state.add(change(1, Some("one")));
        state.add(change(2, None));
        assert_eq!(state.find(OsStr::new("K"), |value| value.is_none()), Some(true));
        assert_eq!(seen(&state), [("L".into(), "other".into())]);
        state.add(change(BY_THE_PROGRAM, Some("own")));
        assert_eq!(seen(&state)[1], ("K".into(), "own".into()));
        state.remove(2);
        assert_eq!(seen(&state).len(), 2);
        state.remove(1);
        assert!(state.is_empty());
        assert_eq!(state.find(OsStr::new("K"), |_| ()), None);
        assert_eq!(seen(&state)[0], ("K".into(), "real".into()));
    }
}
