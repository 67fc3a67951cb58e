//! The environment where it is kernel32's: by name, as a whole, and what programs are started with.
use super::overlay::{BY_THE_PROGRAM, Change};
use crate::border::{Entry, fail, functions};
use crate::windows::ERROR_ENVVAR_NOT_FOUND;
use crate::world;
use monkey_core::border::Bypass;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString, c_char, c_void};
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

functions! {
    GET_VARIABLE = GetEnvironmentVariableW(name: *const u16, buffer: *mut u16, size: u32) -> u32 => get_variable;
    GET_VARIABLE_A = GetEnvironmentVariableA(name: *const c_char, buffer: *mut c_char, size: u32) -> u32 => get_variable_a;
    SET_VARIABLE = SetEnvironmentVariableW(name: *const u16, value: *const u16) -> i32 => set_variable;
    GET_STRINGS = GetEnvironmentStringsW() -> *mut u16 => get_strings;
    FREE_STRINGS = FreeEnvironmentStringsW(strings: *mut u16) -> i32 => free_strings;
    CREATE_PROCESS = CreateProcessW(application: *const u16, command: *mut u16, process: *const c_void, thread: *const c_void, inherit: i32, flags: u32, environment: *const c_void, folder: *const u16, startup: *const c_void, information: *mut c_void) -> i32 => create_process;
}

pub static ENTRIES: [&Entry; 6] =
    [&GET_VARIABLE, &GET_VARIABLE_A, &SET_VARIABLE, &GET_STRINGS, &FREE_STRINGS, &CREATE_PROCESS];

/// A value, without the zero at its end.
pub type Value = Vec<u16>;

/// `None`: with a zero in it.
pub fn value(value: &OsStr) -> Option<Value> {
    let value: Vec<u16> = value.encode_wide().collect();
    (!value.contains(&0)).then_some(value)
}

pub fn read(value: &Value) -> OsString {
    OsString::from_wide(value)
}

/// Whether two names are one variable's: small and capital letters are the same. (The system's own table is of more letters than that of
/// Unicode here and there; names of variables are hardly ever of those.)
pub fn is_same(one: &OsStr, other: &OsStr) -> bool {
    one == other || one.to_string_lossy().to_uppercase() == other.to_string_lossy().to_uppercase()
}

/// A caller's string, up to its zero.
///
/// # Safety
/// It is such a string.
unsafe fn string(from: *const u16) -> Vec<u16> {
    let mut found = Vec::new();
    loop {
        // SAFETY: the end was not seen yet.
        match unsafe { from.wrapping_add(found.len()).read() } {
            0 => return found,
            unit => found.push(unit),
        }
    }
}

/// Writes what the system would: the value and its zero, if there is room; otherwise how much it takes.
///
/// # Safety
/// The buffer is null or has room for `size`.
unsafe fn give<T: Copy + Default>(value: &[T], buffer: *mut T, size: u32) -> u32 {
    if buffer.is_null() || size as usize <= value.len() {
        return value.len() as u32 + 1;
    }
    // SAFETY: room for all of it.
    unsafe { buffer.copy_from_nonoverlapping(value.as_ptr(), value.len()) };
    // SAFETY: and for the zero.
    unsafe { buffer.add(value.len()).write(T::default()) };
    value.len() as u32
}

/// What a world says of a variable; `None`: nothing.
fn find(name: &OsStr) -> Option<Option<Value>> {
    let world = world::enter()?;
    let _bypass = Bypass::begin();
    world.env.find(name, |value| value.cloned())
}

unsafe extern "C-unwind" fn get_variable(name: *const u16, buffer: *mut u16, size: u32) -> u32 {
    // SAFETY: the caller's name.
    let wanted = (!name.is_null()).then(|| unsafe { string(name) });
    match wanted.and_then(|name| find(&OsString::from_wide(&name))) {
        // SAFETY: the caller's arguments.
        None => unsafe { original::GetEnvironmentVariableW(name, buffer, size) },
        Some(None) => fail(ERROR_ENVVAR_NOT_FOUND) as u32,
        Some(Some(value)) => {
            fail(0);
            // SAFETY: the caller's buffer.
            unsafe { give(&value, buffer, size) }
        }
    }
}

unsafe extern "C-unwind" fn get_variable_a(name: *const c_char, buffer: *mut c_char, size: u32) -> u32 {
    // SAFETY: the caller's name.
    let wanted = (!name.is_null()).then(|| unsafe { std::ffi::CStr::from_ptr(name) }.to_string_lossy());
    match wanted.and_then(|name| find(OsStr::new(&*name))) {
        // SAFETY: the caller's arguments.
        None => unsafe { original::GetEnvironmentVariableA(name, buffer, size) },
        Some(None) => fail(ERROR_ENVVAR_NOT_FOUND) as u32,
        Some(Some(value)) => {
            fail(0);
            let value: Vec<c_char> =
                String::from_utf16_lossy(&value).bytes().map(|byte| byte as c_char).collect();
            // SAFETY: the caller's buffer.
            unsafe { give(&value, buffer, size) }
        }
    }
}

unsafe extern "C-unwind" fn set_variable(name: *const u16, value: *const u16) -> i32 {
    let Some(world) = world::enter().filter(|world| !world.env.is_empty() && !name.is_null()) else {
        // SAFETY: the caller's arguments.
        return unsafe { original::SetEnvironmentVariableW(name, value) };
    };
    let _bypass = Bypass::begin();
    // SAFETY: the caller's name.
    let name = unsafe { string(name) };
    let name = OsString::from_wide(&name);
    // SAFETY: the caller's value.
    let value = (!value.is_null()).then(|| unsafe { string(value) });
    world.env.add(Change::new(BY_THE_PROGRAM, name, value));
    1
}

/// All variables that the world's scope has, as one block: each with a zero behind it, and one more. Asked for while replacements are
/// bypassed.
fn block(world: &world::World) -> Box<[u16]> {
    // Sorted by their names, as the system wants them.
    let merged: BTreeMap<String, (OsString, OsString)> = world
        .env
        .merge(std::env::vars_os())
        .into_iter()
        .map(|(name, value)| (name.to_string_lossy().to_uppercase(), (name, value)))
        .collect();
    let mut block = Vec::new();
    for (name, value) in merged.values() {
        block.extend(name.encode_wide().chain([u16::from(b'=')]).chain(value.encode_wide()).chain([0]));
    }
    if block.is_empty() {
        block.push(0);
    }
    block.push(0);
    block.into()
}

/// Blocks that somebody has been given, by their addresses.
static GIVEN: Mutex<BTreeMap<usize, Box<[u16]>>> = Mutex::new(BTreeMap::new());

fn given() -> MutexGuard<'static, BTreeMap<usize, Box<[u16]>>> {
    GIVEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn own_world() -> Option<world::Inside> {
    world::enter().filter(|world| !world.env.is_empty())
}

unsafe extern "C-unwind" fn get_strings() -> *mut u16 {
    let Some(world) = own_world() else {
        // SAFETY: takes nothing.
        return unsafe { original::GetEnvironmentStringsW() };
    };
    let _bypass = Bypass::begin();
    let mut block = block(&world);
    let address = block.as_mut_ptr();
    given().insert(address as usize, block);
    address
}

unsafe extern "C-unwind" fn free_strings(strings: *mut u16) -> i32 {
    let own = {
        let _bypass = Bypass::begin();
        given().remove(&(strings as usize))
    };
    if own.is_some() {
        return 1;
    }
    // SAFETY: the caller's argument.
    unsafe { original::FreeEnvironmentStringsW(strings) }
}

#[allow(clippy::too_many_arguments, reason = "the system's own")]
unsafe extern "C-unwind" fn create_process(
    application: *const u16,
    command: *mut u16,
    process: *const c_void,
    thread: *const c_void,
    inherit: i32,
    flags: u32,
    environment: *const c_void,
    folder: *const u16,
    startup: *const c_void,
    information: *mut c_void,
) -> i32 {
    /// `CREATE_UNICODE_ENVIRONMENT`
    const UNICODE: u32 = 0x400;
    // Any other environment than the process's own was made for the program, of what the scope sees.
    let world = environment.is_null().then(own_world).flatten();
    let block = world.map(|world| {
        let _bypass = Bypass::begin();
        block(&world)
    });
    let (flags, environment) = match &block {
        Some(block) => (flags | UNICODE, block.as_ptr().cast()),
        None => (flags, environment),
    };
    // SAFETY: the caller's arguments, or an environment of our own.
    unsafe {
        original::CreateProcessW(
            application,
            command,
            process,
            thread,
            inherit,
            flags,
            environment,
            folder,
            startup,
            information,
        )
    }
}
