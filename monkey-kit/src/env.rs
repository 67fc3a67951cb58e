//! Environment variables of a scope alone.
mod overlay;
mod std_vars;

use crate::border::{Entry, fail, functions};
use crate::guard::Guard;
use crate::process;
use crate::world;
use libc::{c_char, c_int};
use monkey_core::border::Bypass;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use overlay::{BY_THE_PROGRAM, Change};
pub(crate) use overlay::{Block, State};

functions! {
    GETENV = getenv(name: *const c_char) -> *mut c_char => getenv;
    SECURE_GETENV = secure_getenv(name: *const c_char) -> *mut c_char => secure_getenv;
    SETENV = setenv(name: *const c_char, value: *const c_char, overwrite: c_int) -> c_int => setenv;
    UNSETENV = unsetenv(name: *const c_char) -> c_int => unsetenv;
    PUTENV = putenv(string: *mut c_char) -> c_int => putenv;
    CLEARENV = clearenv() -> c_int => clearenv;
}

static ENTRIES: [&Entry; 12] = [
    &GETENV,
    &SECURE_GETENV,
    &SETENV,
    &UNSETENV,
    &PUTENV,
    &CLEARENV,
    &std_vars::VARS,
    &std_vars::VARS_OS,
    &process::POSIX_SPAWN,
    &process::POSIX_SPAWNP,
    &process::EXECVE,
    &process::EXECVPE,
];

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
    let Ok(value) = CString::new(value.as_bytes()) else {
        panic!("`monkey::env::set`: the value `{}` has a zero byte", value.display())
    };
    change(name.as_ref(), Some(value))
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
fn change(name: &OsStr, value: Option<CString>) -> Variable {
    static NEXT: AtomicU64 = AtomicU64::new(BY_THE_PROGRAM + 1);
    let bytes = name.as_bytes();
    assert!(
        !bytes.is_empty() && !bytes.contains(&b'=') && !bytes.contains(&0),
        "`monkey::env`: `{}` cannot be the name of a variable",
        name.display()
    );
    let guard = Guard::new(&ENTRIES);
    let id = NEXT.fetch_add(1, SeqCst);
    let _bypass = Bypass::begin();
    guard.env.add(Change::new(id, bytes.to_vec(), value));
    Variable { guard, id }
}

impl Drop for Variable {
    fn drop(&mut self) {
        let _bypass = Bypass::begin();
        self.guard.env.remove(self.id);
    }
}

/// What a world says of a variable: `None`: nothing.
///
/// # Safety
/// The name is null or ends with a zero.
unsafe fn ask(name: *const c_char) -> Option<*mut c_char> {
    let world = world::enter()?;
    if name.is_null() {
        return None;
    }
    let _bypass = Bypass::begin();
    // SAFETY: the caller's name.
    world.env.find(unsafe { CStr::from_ptr(name) }.to_bytes())
}

unsafe fn getenv(name: *const c_char) -> *mut c_char {
    // SAFETY: the caller's name.
    let found = unsafe { ask(name) };
    // SAFETY: the caller's argument.
    found.unwrap_or_else(|| unsafe { original::getenv(name) })
}

unsafe fn secure_getenv(name: *const c_char) -> *mut c_char {
    // SAFETY: the caller's name.
    let found = unsafe { ask(name) };
    // SAFETY: the caller's argument.
    found.unwrap_or_else(|| unsafe { original::secure_getenv(name) })
}

unsafe fn setenv(name: *const c_char, value: *const c_char, overwrite: c_int) -> c_int {
    let Some(world) = world::enter() else {
        // SAFETY: the caller's arguments.
        return unsafe { original::setenv(name, value, overwrite) };
    };
    if name.is_null() || value.is_null() {
        return fail(libc::EINVAL);
    }
    // SAFETY: the caller's name.
    if overwrite == 0 && !unsafe { getenv(name) }.is_null() {
        return 0;
    }
    // SAFETY: as above.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    // SAFETY: the caller's value.
    let value = unsafe { CStr::from_ptr(value) };
    change_by_the_program(&world, name, Some(value))
}

unsafe fn unsetenv(name: *const c_char) -> c_int {
    let Some(world) = world::enter() else {
        // SAFETY: the caller's argument.
        return unsafe { original::unsetenv(name) };
    };
    if name.is_null() {
        return fail(libc::EINVAL);
    }
    // SAFETY: the caller's name.
    change_by_the_program(&world, unsafe { CStr::from_ptr(name) }.to_bytes(), None)
}

unsafe fn putenv(string: *mut c_char) -> c_int {
    let Some(world) = world::enter().filter(|_| !string.is_null()) else {
        // SAFETY: the caller's argument.
        return unsafe { original::putenv(string) };
    };
    // SAFETY: the caller's string.
    let string = unsafe { CStr::from_ptr(string) };
    let Some(equals) = string.to_bytes().iter().position(|byte| *byte == b'=') else {
        return change_by_the_program(&world, string.to_bytes(), None);
    };
    let value = CStr::from_bytes_with_nul(&string.to_bytes_with_nul()[equals + 1..]).ok();
    change_by_the_program(&world, &string.to_bytes()[..equals], value)
}

unsafe fn clearenv() -> c_int {
    let Some(world) = world::enter() else {
        // SAFETY: takes nothing.
        return unsafe { original::clearenv() };
    };
    let _bypass = Bypass::begin();
    for (name, _) in merged(&world) {
        world.env.add(Change::new(BY_THE_PROGRAM, name.as_bytes().to_vec(), None));
    }
    0
}

fn change_by_the_program(world: &world::World, name: &[u8], value: Option<&CStr>) -> c_int {
    if name.is_empty() || name.contains(&b'=') {
        return fail(libc::EINVAL);
    }
    let _bypass = Bypass::begin();
    world.env.add(Change::new(BY_THE_PROGRAM, name.to_vec(), value.map(CStr::to_owned)));
    0
}

/// All variables that the world's scope has. Asked for while replacements are bypassed.
fn merged(world: &world::World) -> Vec<(OsString, OsString)> {
    world.env.merge(std::env::vars_os())
}

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// The environment for a program that the calling thread starts: `None` where it is what was given.
///
/// Only that of the process itself is changed: any other was made for the program, of what the scope sees.
pub(crate) fn for_program(given: *const *const c_char) -> Option<Block> {
    let world = world::enter()?;
    // SAFETY: reads a pointer.
    let own = unsafe { environ };
    if !ptr::eq(given, own) || world.env.is_empty() {
        return None;
    }
    let _bypass = Bypass::begin();
    Some(Block::new(merged(&world)))
}
