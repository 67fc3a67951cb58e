//! A program and a library that it opens, each with an engine of its own.
use super::path_of;
use monkey_tests::child;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fs;
use std::mem;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// Long enough for a machine that does other things as well.
const BUILD: Duration = Duration::from_mins(15);
const RUN: Duration = Duration::from_mins(1);
/// Where the child finds the library.
const LIBRARY: &str = "MONKEY_TEST_GUEST";

#[inline(never)]
#[monkey::patchable]
extern "C" fn first() -> c_int {
    1
}

#[inline(never)]
#[monkey::patchable]
extern "C" fn second() -> c_int {
    2
}

extern "C" fn seven() -> c_int {
    7
}

extern "C" fn nine() -> c_int {
    9
}

/// The library, built once for all tests: another build would take the file away from under their children.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build)
}

fn build() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest");
    fs::create_dir_all(root.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"guest\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
         [dependencies]\nmonkey = {{ package = \"monkey-mock\", path = \"{}\" }}\n[workspace]\n",
        here.parent().unwrap().display()
    );
    fs::write(root.join("Cargo.toml"), manifest).unwrap();
    fs::write(root.join("Cargo.lock"), fs::read_to_string(here.join("../Cargo.lock")).unwrap()).unwrap();
    fs::write(root.join("src/lib.rs"), include_str!("guest.rs")).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "--target-dir"]).arg(child::shared_target());
    // What this program's own build was told is not for that one.
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").current_dir(&root);
    let (output, late) = child::limited(&mut cargo, BUILD);
    assert!(!late && output.status.success(), "{}", child::describe(output.status, &output));
    child::built(&child::shared_target()).join("debug/libguest.so")
}

type Patch = unsafe extern "C" fn(*const (), *const (), *mut c_char, usize) -> *mut c_void;
type Drop = unsafe extern "C" fn(*mut c_void);
type Thread = extern "C" fn(extern "C" fn() -> c_int) -> c_int;
type Own = extern "C" fn() -> c_int;

struct Guest {
    patch: Patch,
    drop: Drop,
    thread: Thread,
    own: Own,
}

impl Guest {
    fn load() -> Self {
        let file = CString::new(std::env::var(LIBRARY).unwrap()).unwrap();
        // SAFETY: the library was built from `guest.rs`, and does nothing when it is loaded.
        let library = unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!library.is_null(), "{file:?}");
        let find = |name: &CStr| {
            // SAFETY: the handle is open, and the name ends with a zero byte.
            let found = unsafe { libc::dlsym(library, name.as_ptr()) };
            assert!(!found.is_null(), "{name:?}");
            found
        };
        // SAFETY: its signature in `guest.rs`, as far as the machine goes.
        let patch = unsafe { mem::transmute::<*mut c_void, Patch>(find(c"guest_patch")) };
        // SAFETY: the same.
        let drop = unsafe { mem::transmute::<*mut c_void, Drop>(find(c"guest_drop")) };
        // SAFETY: the same.
        let thread = unsafe { mem::transmute::<*mut c_void, Thread>(find(c"guest_thread")) };
        // SAFETY: the same.
        let own = unsafe { mem::transmute::<*mut c_void, Own>(find(c"guest_own")) };
        Self { patch, drop, thread, own }
    }

    fn patch(&self, target: *const (), replacement: extern "C" fn() -> c_int) -> Result<*mut c_void, String> {
        let mut text = [0; 2000];
        // SAFETY: the targets here have the replacements' signature, and the text has this length but for its last byte.
        let guard =
            unsafe { (self.patch)(target, replacement as *const (), text.as_mut_ptr(), text.len() - 1) };
        // SAFETY: zeros, of which all but the last byte may have been written.
        let said = unsafe { CStr::from_ptr(text.as_ptr()) };
        if guard.is_null() { Err(said.to_string_lossy().into_owned()) } else { Ok(guard) }
    }

    fn drop(&self, guard: *mut c_void) {
        // SAFETY: the guard is one of `patch`, dropped once.
        unsafe { (self.drop)(guard) };
    }
}

/// Builds the library, and runs the body in a child process.
fn with_guest(test: &str, body: impl FnOnce(&Guest)) {
    if child::case().is_some() {
        return body(&Guest::load());
    }
    if child::emulated() {
        return println!("skipped: emulated");
    }
    let library = built();
    let mut command = child::command(&path_of(module_path!(), test), "alone");
    let (output, late) = child::limited(command.env(LIBRARY, library), RUN);
    assert!(!late && child::passed(&output), "{}", child::describe(output.status, &output));
}

fn parent() -> c_int {
    // SAFETY: asks for a number.
    unsafe { libc::getppid() }
}

extern "C" fn both() -> c_int {
    first() * 10 + c_int::from(parent() == 9)
}

#[test]
fn the_second_engine_refuses_what_the_first_has_hooked() {
    with_guest("the_second_engine_refuses_what_the_first_has_hooked", |guest| {
        let guard = monkey::patch!(first = seven);
        let error = guest.patch(first as *const (), nine).unwrap_err();
        assert!(error.contains("OtherCopy") && error.contains("another copy of this crate"), "{error}");
        assert_eq!(first(), 7);
        drop(guard);
        assert_eq!(first(), 1);

        let guard = guest.patch(second as *const (), nine).unwrap();
        let error = monkey::try_patch!(second = seven).unwrap_err();
        assert_eq!(*error.cause(), monkey::Cause::OtherCopy);
        assert_eq!(second(), 9);
        guest.drop(guard);
        assert_eq!(second(), 2);

        // The C library's, whichever comes first.
        let guard = guest.patch(libc::getppid as *const (), nine).unwrap();
        // SAFETY: both have the same signature.
        let refused =
            unsafe { monkey::patch_at(libc::getppid as *const (), seven as *const ()) }.unwrap_err();
        assert_eq!(*refused.cause(), monkey::Cause::OtherCopy);
        assert_eq!(parent(), 9);
        guest.drop(guard);
        // SAFETY: both have the same signature.
        let guard = unsafe { monkey::patch_at(libc::getpgrp as *const (), seven as *const ()) }.unwrap();
        let error = guest.patch(libc::getpgrp as *const (), nine).unwrap_err();
        assert!(error.contains("OtherCopy"), "{error}");
        drop(guard);
    });
}

#[test]
fn what_one_of_them_replaces_is_seen_by_threads_of_both() {
    with_guest("what_one_of_them_replaces_is_seen_by_threads_of_both", |guest| {
        let real = parent();
        let own = monkey::patch!(first = seven);
        let others = guest.patch(libc::getppid as *const (), nine).unwrap();
        assert_eq!(both(), 71);
        assert_eq!(thread::spawn(|| both()).join().unwrap(), 71, "a thread of the program");
        assert_eq!((guest.thread)(both), 71, "a thread of the library");
        assert_eq!((guest.own)(), 551, "its own function, in two threads, and after that");
        drop(own);
        assert_eq!((both(), thread::spawn(|| both()).join().unwrap(), (guest.thread)(both)), (11, 11, 11));
        guest.drop(others);
        assert_eq!((both(), parent()), (10, real));
        assert_eq!((thread::spawn(|| both()).join().unwrap(), (guest.thread)(both)), (10, 10));
    });
}

#[test]
fn the_library_may_come_first() {
    with_guest("the_library_may_come_first", |guest| {
        let others = guest.patch(libc::getppid as *const (), nine).unwrap();
        let own = monkey::patch!(first = seven);
        assert_eq!(thread::spawn(|| both()).join().unwrap(), 71);
        assert_eq!((guest.thread)(both), 71);
        guest.drop(others);
        assert_eq!((both(), (guest.thread)(both)), (70, 70));
        drop(own);
        assert_eq!(both(), 10);
    });
}

#[test]
fn forks_have_what_both_have() {
    with_guest("forks_have_what_both_have", |guest| {
        for _ in 0..20 {
            let own = monkey::patch!(first = seven);
            let others = guest.patch(libc::getppid as *const (), nine).unwrap();
            // SAFETY: the harness's other threads hold no lock that the child needs.
            let child = unsafe { libc::fork() };
            if child == 0 {
                let right = both() == 71 && thread::spawn(|| both()).join().is_ok_and(|seen| seen == 71);
                let right = right && (guest.own)() == 551;
                // SAFETY: ends the child without running the harness's own ending.
                unsafe { libc::_exit(c_int::from(!right)) };
            }
            let mut status = 0;
            // SAFETY: waits for the child just started.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!((libc::WIFEXITED(status), libc::WEXITSTATUS(status)), (true, 0));
            guest.drop(others);
            drop(own);
        }
    });
}
