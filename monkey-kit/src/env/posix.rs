//! The environment where it is C's: `getenv` and its like, and what programs are started with.
use super::overlay::{BY_THE_PROGRAM, Change};
use super::std_vars;
use crate::border::{Entry, fail, functions};
use crate::{process, world};
use libc::{c_char, c_int};
use monkey_core::border::Bypass;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

functions! {
    GETENV = getenv(name: *const c_char) -> *mut c_char => getenv;
    SECURE_GETENV = secure_getenv(name: *const c_char) -> *mut c_char => secure_getenv;
    SETENV = setenv(name: *const c_char, value: *const c_char, overwrite: c_int) -> c_int => setenv;
    UNSETENV = unsetenv(name: *const c_char) -> c_int => unsetenv;
    PUTENV = putenv(string: *mut c_char) -> c_int => putenv;
    CLEARENV = clearenv() -> c_int => clearenv;
}

pub static ENTRIES: [&Entry; 15] = [
    &GETENV,
    &SECURE_GETENV,
    &SETENV,
    &UNSETENV,
    &PUTENV,
    &CLEARENV,
    &std_vars::VARS,
    &std_vars::VARS_OS,
    &process::FORK,
    &process::POSIX_SPAWN,
    &process::POSIX_SPAWNP,
    &process::EXECVE,
    &process::EXECVPE,
    &process::FEXECVE,
    &process::EXECVEAT,
];

/// A value, as `getenv` gives a pointer to it.
pub type Value = CString;

/// `None`: with a zero in it.
pub fn value(value: &OsStr) -> Option<Value> {
    CString::new(value.as_bytes()).ok()
}

pub fn read(value: &Value) -> OsString {
    OsString::from_vec(value.to_bytes().to_vec())
}

/// Whether two names are one variable's.
pub fn is_same(one: &OsStr, other: &OsStr) -> bool {
    one == other
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
    let name = OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes());
    world.env.find(name, |value| value.map_or(ptr::null_mut(), |value| value.as_ptr().cast_mut()))
}

unsafe extern "C-unwind" fn getenv(name: *const c_char) -> *mut c_char {
    // SAFETY: the caller's name.
    let found = unsafe { ask(name) };
    // SAFETY: the caller's argument.
    found.unwrap_or_else(|| unsafe { original::getenv(name) })
}

unsafe extern "C-unwind" fn secure_getenv(name: *const c_char) -> *mut c_char {
    // SAFETY: the caller's name.
    let found = unsafe { ask(name) };
    // SAFETY: the caller's argument.
    found.unwrap_or_else(|| unsafe { original::secure_getenv(name) })
}

unsafe extern "C-unwind" fn setenv(name: *const c_char, value: *const c_char, overwrite: c_int) -> c_int {
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

unsafe extern "C-unwind" fn unsetenv(name: *const c_char) -> c_int {
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

unsafe extern "C-unwind" fn putenv(string: *mut c_char) -> c_int {
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

unsafe extern "C-unwind" fn clearenv() -> c_int {
    let Some(world) = world::enter() else {
        // SAFETY: takes nothing.
        return unsafe { original::clearenv() };
    };
    let _bypass = Bypass::begin();
    for (name, _) in merged(&world) {
        world.env.add(Change::new(BY_THE_PROGRAM, name, None));
    }
    0
}

fn change_by_the_program(world: &world::World, name: &[u8], value: Option<&CStr>) -> c_int {
    if name.is_empty() || name.contains(&b'=') {
        return fail(libc::EINVAL);
    }
    let _bypass = Bypass::begin();
    world.env.add(Change::new(BY_THE_PROGRAM, OsStr::from_bytes(name).to_owned(), value.map(CStr::to_owned)));
    0
}

/// All variables that the world's scope has. Asked for while replacements are bypassed.
pub fn merged(world: &world::World) -> Vec<(OsString, OsString)> {
    world.env.merge(std::env::vars_os())
}

/// The process's environment.
#[cfg(target_os = "linux")]
fn process_environment() -> *const *const c_char {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    // SAFETY: reads a pointer.
    unsafe { environ }
}

/// The same: where a library cannot name it.
#[cfg(target_os = "macos")]
fn process_environment() -> *const *const c_char {
    unsafe extern "C" {
        fn _NSGetEnviron() -> *const *const *const c_char;
    }
    // SAFETY: takes nothing.
    let place = unsafe { _NSGetEnviron() };
    // SAFETY: where the pointer is.
    unsafe { *place }
}

/// In a process that was forked, the environment that it had then: one that it points `environ` at later it has put together for the
/// program that it becomes, as the standard library does.
static AT_FORK: AtomicPtr<*const c_char> = AtomicPtr::new(ptr::null_mut());

/// Called in a process that was just forked.
pub fn note_fork() {
    AT_FORK.store(process_environment().cast_mut(), Relaxed);
}

/// Where the scope's own `PATH` leads for a program's name: the C library looks at the process's.
///
/// # Safety
/// The name is null or ends with a zero.
pub unsafe fn program(name: *const c_char) -> Option<CString> {
    let world = world::enter().filter(|world| !name.is_null() && !world.env.is_empty())?;
    let _bypass = Bypass::begin();
    // SAFETY: the caller's name.
    let name = OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes());
    if name.is_empty() || name.as_bytes().contains(&b'/') {
        return None;
    }
    let path = world.env.find(OsStr::new("PATH"), |value| value.map(read))??;
    let candidates = std::env::split_paths(&path).map(|folder| folder.join(name));
    // What is found nowhere is looked for where there is nothing.
    let found = candidates.into_iter().find(|path| is_program(path));
    CString::new(found.unwrap_or_else(|| Path::new("/nonexistent").join(name)).into_os_string().into_vec())
        .ok()
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// The environment for a program that the calling thread starts: `None` where it is what was given.
///
/// Only that of the process itself is changed: any other was made for the program, of what the scope sees.
pub fn for_program(given: *const *const c_char) -> Option<Block> {
    let world = world::enter()?;
    let forked = AT_FORK.load(Relaxed).cast_const();
    let is_the_process =
        ptr::eq(given, process_environment()) && (forked.is_null() || ptr::eq(given, forked));
    if !is_the_process || world.env.is_empty() {
        return None;
    }
    let _bypass = Bypass::begin();
    Some(Block::new(merged(&world)))
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
