//! Programs that a test starts.
use crate::border::{Entry, fail, functions};
use crate::env;
use crate::guard::Guard;
#[cfg(target_os = "linux")]
use crate::system_call;
use crate::violation::{By, Rule, owing};
use crate::world;
use libc::{c_char, c_int, c_void, pid_t};
use monkey_core::border::{Bypass, Owing};
use std::ffi::CStr;
#[cfg(target_os = "linux")]
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

type Strings = *const *const c_char;

functions! {
    POSIX_SPAWN = posix_spawn(pid: *mut pid_t, path: *const c_char, actions: *const c_void, attributes: *const c_void, argv: Strings, envp: Strings) -> c_int => posix_spawn;
    POSIX_SPAWNP = posix_spawnp(pid: *mut pid_t, file: *const c_char, actions: *const c_void, attributes: *const c_void, argv: Strings, envp: Strings) -> c_int => posix_spawnp;
    EXECVE = execve(path: *const c_char, argv: Strings, envp: Strings) -> c_int => execve;
    EXECVPE = execvpe(file: *const c_char, argv: Strings, envp: Strings) -> c_int => execvpe;
    FEXECVE = fexecve(file: c_int, argv: Strings, envp: Strings) -> c_int => fexecve;
    EXECVEAT = execveat(folder: c_int, path: *const c_char, argv: Strings, envp: Strings, flags: c_int) -> c_int => execveat;
    FORK = fork() -> pid_t => fork;
    VFORK = vfork() -> pid_t => vfork;
    SYSTEM = system(command: *const c_char) -> c_int => system;
    POPEN = popen(command: *const c_char, mode: *const c_char) -> *mut c_void => popen;
}

static ENTRIES: &[&Entry] = &[
    &POSIX_SPAWN,
    &POSIX_SPAWNP,
    &EXECVE,
    &EXECVPE,
    &FEXECVE,
    &EXECVEAT,
    &FORK,
    &VFORK,
    &SYSTEM,
    &POPEN,
    #[cfg(target_os = "linux")]
    &system_call::SYSCALL,
];

/// Whether a world forbids programs.
#[derive(Debug, Default)]
pub(crate) struct State(AtomicUsize);

/// Lets the scope start programs again when it is dropped.
///
/// # Panics
/// When it is dropped, and the scope tried to start one: with what was to be started, from where, on which thread.
#[must_use = "programs may be started again when the guard is dropped"]
#[derive(Debug)]
pub struct Forbidden {
    // First: the scope may end with the guard.
    #[allow(dead_code, reason = "held for its drop")]
    owing: Owing,
    guard: Guard,
    by: By,
}

/// Lets the caller's scope start no program: who tries gets an error, and the test fails, even if nobody looks at that error.
///
/// ```should_panic
/// let _guard = monkey_kit::process::forbid();
/// let _ = std::process::Command::new("git").arg("status").status();
/// ```
///
/// # Panics
/// When a function cannot be replaced.
#[track_caller]
pub fn forbid() -> Forbidden {
    let guard = Guard::new(ENTRIES);
    guard.process.0.fetch_add(1, SeqCst);
    let by = By::guard(guard.location);
    let owing = owing(&guard, Rule::Process, by);
    Forbidden { owing, guard, by }
}

impl Forbidden {
    #[cfg(target_os = "linux")]
    pub(crate) fn for_hermetic(mut self, location: &'static Location<'static>) -> Self {
        self.by = By::hermetic(location);
        self.owing = owing(&self.guard, Rule::Process, self.by);
        self
    }
}

impl Drop for Forbidden {
    fn drop(&mut self) {
        self.guard.process.0.fetch_sub(1, SeqCst);
        self.guard.violations.tell(Rule::Process, self.by);
    }
}

/// Whether the caller's world forbids to start this; if so, that is noted.
fn forbids(function: &'static str, what: &dyn Fn() -> String) -> bool {
    let Some(world) = world::enter() else { return false };
    if world.process.0.load(SeqCst) == 0 {
        return false;
    }
    let _bypass = Bypass::begin();
    world.violations.add(Rule::Process, function, what());
    true
}

/// "start `git status`".
///
/// # Safety
/// The arguments are null, or an array of strings whose last is null.
unsafe fn command(file: *const c_char, argv: Strings) -> String {
    const MOST: usize = 16;
    let mut words = Vec::new();
    for index in 0..MOST {
        if argv.is_null() {
            break;
        }
        // SAFETY: within the array, whose end was not seen yet.
        let word = unsafe { argv.wrapping_add(index).read() };
        if word.is_null() {
            break;
        }
        // SAFETY: a string of the caller's.
        words.push(unsafe { text(word) });
    }
    if words.is_empty() {
        // SAFETY: as above.
        words.push(unsafe { text(file) });
    }
    format!("start `{}`", words.join(" "))
}

/// # Safety
/// It is null or ends with a zero.
unsafe fn text(string: *const c_char) -> String {
    if string.is_null() {
        return "nothing".to_owned();
    }
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}

unsafe extern "C-unwind" fn posix_spawn(
    pid: *mut pid_t,
    path: *const c_char,
    actions: *const c_void,
    attributes: *const c_void,
    argv: Strings,
    envp: Strings,
) -> c_int {
    // SAFETY: the caller's strings.
    if forbids("posix_spawn", &|| unsafe { command(path, argv) }) {
        return libc::EPERM;
    }
    let block = env::for_program(envp);
    // The child shares this thread's words until it is another program.
    let _bypass = Bypass::begin();
    let envp = block.as_ref().map_or(envp, env::Block::as_ptr);
    // SAFETY: the caller's arguments, or an environment of our own.
    unsafe { original::posix_spawn(pid, path, actions, attributes, argv, envp) }
}

unsafe extern "C-unwind" fn posix_spawnp(
    pid: *mut pid_t,
    file: *const c_char,
    actions: *const c_void,
    attributes: *const c_void,
    argv: Strings,
    envp: Strings,
) -> c_int {
    // SAFETY: the caller's strings.
    if forbids("posix_spawnp", &|| unsafe { command(file, argv) }) {
        return libc::EPERM;
    }
    // SAFETY: the caller's string.
    let found = unsafe { env::program(file) };
    let file = found.as_ref().map_or(file, |found| found.as_ptr());
    let block = env::for_program(envp);
    // The child shares this thread's words until it is another program.
    let _bypass = Bypass::begin();
    let envp = block.as_ref().map_or(envp, env::Block::as_ptr);
    // SAFETY: the caller's arguments, or an environment and a path of our own.
    unsafe { original::posix_spawnp(pid, file, actions, attributes, argv, envp) }
}

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn execve(path: *const c_char, argv: Strings, envp: Strings) -> c_int {
    // SAFETY: the caller's strings.
    if forbids("execve", &|| unsafe { command(path, argv) }) {
        return fail(libc::EPERM);
    }
    let block = env::for_program(envp);
    let envp = block.as_ref().map_or(envp, env::Block::as_ptr);
    // SAFETY: the caller's arguments, or an environment of our own.
    unsafe { original::execve(path, argv, envp) }
}

unsafe extern "C-unwind" fn execvpe(file: *const c_char, argv: Strings, envp: Strings) -> c_int {
    // SAFETY: the caller's strings.
    if forbids("execvpe", &|| unsafe { command(file, argv) }) {
        return fail(libc::EPERM);
    }
    let block = env::for_program(envp);
    let envp = block.as_ref().map_or(envp, env::Block::as_ptr);
    // SAFETY: the caller's arguments, or an environment of our own.
    unsafe { original::execvpe(file, argv, envp) }
}

unsafe extern "C-unwind" fn fexecve(file: c_int, argv: Strings, envp: Strings) -> c_int {
    // SAFETY: the caller's strings.
    if forbids("fexecve", &|| unsafe { command(std::ptr::null(), argv) }) {
        return fail(libc::EPERM);
    }
    let block = env::for_program(envp);
    let envp = block.as_ref().map_or(envp, env::Block::as_ptr);
    // SAFETY: the caller's arguments, or an environment of our own.
    unsafe { original::fexecve(file, argv, envp) }
}

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn execveat(
    folder: c_int,
    path: *const c_char,
    argv: Strings,
    envp: Strings,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's strings.
    if forbids("execveat", &|| unsafe { command(path, argv) }) {
        return fail(libc::EPERM);
    }
    let block = env::for_program(envp);
    let envp = block.as_ref().map_or(envp, env::Block::as_ptr);
    // SAFETY: the caller's arguments, or an environment of our own.
    unsafe { original::execveat(folder, path, argv, envp, flags) }
}

/// Whether the caller's world forbids another process of this program; if so, that is noted.
pub(crate) fn forbids_fork(function: &'static str) -> bool {
    forbids(function, &|| "start a process".to_owned())
}

unsafe extern "C-unwind" fn fork() -> pid_t {
    if forbids_fork("fork") {
        return fail(libc::EPERM);
    }
    // SAFETY: takes nothing.
    let process = unsafe { original::fork() };
    if process == 0 {
        env::note_fork();
    }
    process
}

/// Nobody can return twice from a function that stands in between: where it is not forbidden, it is `fork`.
unsafe extern "C-unwind" fn vfork() -> pid_t {
    if forbids_fork("vfork") {
        return fail(libc::EPERM);
    }
    // SAFETY: takes nothing.
    unsafe { fork() }
}

unsafe extern "C-unwind" fn system(command: *const c_char) -> c_int {
    // SAFETY: the caller's string.
    if !command.is_null() && forbids("system", &|| format!("start `{}`", unsafe { text(command) })) {
        return fail(libc::EPERM);
    }
    // SAFETY: the caller's argument.
    unsafe { original::system(command) }
}

unsafe extern "C-unwind" fn popen(command: *const c_char, mode: *const c_char) -> *mut c_void {
    // SAFETY: the caller's string.
    if forbids("popen", &|| format!("start `{}`", unsafe { text(command) })) {
        fail(libc::EPERM);
        return std::ptr::null_mut();
    }
    // SAFETY: the caller's arguments.
    unsafe { original::popen(command, mode) }
}
