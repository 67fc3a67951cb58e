//! Environment variables of a scope alone.
mod overlay;
#[cfg(unix)]
mod posix;
#[cfg(unix)]
mod std_vars;
#[cfg(windows)]
mod windows;

use crate::guard::Guard;
use monkey_core::border::Bypass;
use overlay::{BY_THE_PROGRAM, Change};
#[cfg(unix)]
use posix as system;
use std::ffi::OsStr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
#[cfg(windows)]
use windows as system;

pub(crate) use overlay::State;
#[cfg(unix)]
pub(crate) use system::{Block, for_program, note_fork, program};

/// Takes its change of the environment away when it is dropped.
///
/// Guards of the same variable may be dropped in any order: the newest one that is left counts.
#[must_use = "the variable is the process's again when the guard is dropped"]
#[derive(Debug)]
pub struct Variable {
    guard: Guard,
    id: u64,
}

/// Gives a variable a value in the caller's scope.
///
/// It is seen by `std::env::var`, `vars`, C's `getenv`, and by programs that are started. What the scope itself sets or removes
/// while it has such a guard (`std::env::set_var`) is the scope's alone too.
///
/// ```
/// let guard = monkey_kit::env::set("LANG", "tlh");
/// assert_eq!(std::env::var("LANG").unwrap(), "tlh");
/// assert!(std::env::vars().any(|(name, value)| name == "LANG" && value == "tlh"));
/// drop(guard);
/// assert_ne!(std::env::var("LANG").ok().as_deref(), Some("tlh"));
/// ```
///
/// # Panics
/// When the name is empty, or has a `=` or a zero byte, or the value has a zero byte, or a function cannot be replaced.
#[track_caller]
pub fn set(name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Variable {
    let value = value.as_ref();
    let Some(kept) = system::value(value) else {
        panic!("`monkey::env::set`: the value `{}` has a zero byte", value.display())
    };
    change(name.as_ref(), Some(kept))
}

/// Takes a variable away in the caller's scope.
///
/// ```
/// let _guard = monkey_kit::env::remove("PATH");
/// assert_eq!(std::env::var_os("PATH"), None);
/// assert_eq!(std::env::vars_os().find(|(name, _)| name == "PATH"), None);
/// ```
///
/// # Panics
/// As [`set`].
#[track_caller]
pub fn remove(name: impl AsRef<OsStr>) -> Variable {
    change(name.as_ref(), None)
}

#[track_caller]
fn change(name: &OsStr, value: Option<system::Value>) -> Variable {
    static NEXT: AtomicU64 = AtomicU64::new(BY_THE_PROGRAM + 1);
    let bytes = name.as_encoded_bytes();
    assert!(
        !bytes.is_empty() && !bytes.contains(&b'=') && !bytes.contains(&0),
        "`monkey::env`: `{}` cannot be the name of a variable",
        name.display()
    );
    let guard = Guard::new(&system::ENTRIES);
    let id = NEXT.fetch_add(1, SeqCst);
    let _bypass = Bypass::begin();
    guard.env.add(Change::new(id, name.to_owned(), value));
    Variable { guard, id }
}

impl Drop for Variable {
    fn drop(&mut self) {
        let _bypass = Bypass::begin();
        self.guard.env.remove(self.id);
    }
}
