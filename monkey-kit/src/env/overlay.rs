//! What a scope's environment differs in from the process's.
use libc::c_char;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The id of changes that the program itself has made.
pub const BY_THE_PROGRAM: u64 = 0;

/// A variable that is set or, without a value, taken away.
#[derive(Debug)]
pub struct Change {
    id: u64,
    name: Vec<u8>,
    value: Option<CString>,
}

impl Change {
    pub fn new(id: u64, name: Vec<u8>, value: Option<CString>) -> Self {
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
    given: Vec<CString>,
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
            changes.retire(|old| old.id == BY_THE_PROGRAM && old.name == change.name);
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

    /// What `getenv` gives: null for a variable that is taken away; `None` for one that is the process's.
    pub fn find(&self, name: &[u8]) -> Option<*mut c_char> {
        if self.is_empty() {
            return None;
        }
        let changes = self.changes();
        let change = changes.live.iter().rev().find(|change| change.name == name)?;
        Some(change.value.as_ref().map_or(ptr::null_mut(), |value| value.as_ptr().cast_mut()))
    }

    /// The variables that the scope sees, given the process's.
    pub fn merge(&self, process: impl Iterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
        let changes = self.changes();
        let mut merged: Vec<_> =
            process.filter(|(name, _)| changes.newest(name.as_bytes()).is_none()).collect();
        for (index, change) in changes.live.iter().enumerate() {
            let is_newest = !changes.live[index + 1..].iter().any(|later| later.name == change.name);
            if let Some(value) = change.value.as_ref().filter(|_| is_newest) {
                let name = OsString::from_vec(change.name.clone());
                merged.push((name, OsString::from_vec(value.to_bytes().to_vec())));
            }
        }
        merged
    }
}

impl Changes {
    fn newest(&self, name: &[u8]) -> Option<&Change> {
        self.live.iter().rev().find(|change| change.name == name)
    }

    fn retire(&mut self, mut which: impl FnMut(&Change) -> bool) {
        let retired = self.live.extract_if(.., |change| which(change));
        self.given.extend(retired.filter_map(|change| change.value));
    }
}

/// An environment as a program is given it.
#[derive(Debug)]
pub struct Block {
    _strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

impl Block {
    pub fn new(variables: Vec<(OsString, OsString)>) -> Self {
        let line = |(mut name, value): (OsString, OsString)| {
            name.push("=");
            name.push(value);
            CString::new(name.into_vec()).ok()
        };
        let strings: Vec<CString> = variables.into_iter().filter_map(line).collect();
        let ends = std::iter::once(ptr::null());
        let pointers = strings.iter().map(|string| string.as_ptr()).chain(ends).collect();
        Self { _strings: strings, pointers }
    }

    pub fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(id: u64, value: Option<&str>) -> Change {
        Change::new(id, b"K".to_vec(), value.map(|value| CString::new(value).unwrap()))
    }

    fn seen(state: &State) -> Vec<(OsString, OsString)> {
        state.merge([("K".into(), "real".into()), ("L".into(), "other".into())].into_iter())
    }

    #[test]
    fn the_newest_that_is_left_counts() {
        let state = State::default();
        state.add(change(1, Some("one")));
        state.add(change(2, None));
        assert_eq!(state.find(b"K"), Some(ptr::null_mut()));
        assert_eq!(seen(&state), [("L".into(), "other".into())]);
        state.add(change(BY_THE_PROGRAM, Some("own")));
        assert_eq!(seen(&state)[1], ("K".into(), "own".into()));
        state.remove(2);
        assert_eq!(seen(&state).len(), 2);
        state.remove(1);
        assert!(state.is_empty());
        assert_eq!(state.find(b"K"), None);
        assert_eq!(seen(&state)[0], ("K".into(), "real".into()));
    }
}
