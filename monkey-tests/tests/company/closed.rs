//! Libraries that are closed, and opened again, while their functions are replaced.
use super::path_of;
use monkey_tests::child;
use std::ffi::{CString, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, mem, process};

type Function = extern "C" fn() -> c_int;

extern "C" fn seven() -> c_int {
    7
}

/// A library whose function `given` gives this number.
fn built(number: u8) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("company-{}", process::id()));
    fs::create_dir_all(&root).unwrap();
    let (source, library) = (root.join(format!("{number}.c")), root.join(format!("lib{number}.so")));
    let text = format!(
        "static volatile int number = {number};\nint given(void) {{ int sum = 0; for (int i = 0; i < number; i++) sum += i - \
         i + 1; return sum; }}\n"
    );
    fs::write(&source, text).unwrap();
    let mut compiler = Command::new(if cfg!(target_arch = "aarch64") && child::emulated() {
        "aarch64-linux-gnu-gcc"
    } else {
        "cc"
    });
    let status = compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
    assert!(status.unwrap().success());
    library
}

struct Library(*mut c_void);

impl Library {
    fn open(path: &Path) -> Self {
        let path = CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: the library was just built from the lines above, and does nothing when it is loaded.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{path:?}");
        Self(handle)
    }

    fn given(&self) -> Function {
        // SAFETY: the handle is open, and the name ends with a zero byte.
        let given = unsafe { libc::dlsym(self.0, c"given".as_ptr()) };
        assert!(!given.is_null());
        // SAFETY: the library defines it with this signature.
        unsafe { mem::transmute::<*mut c_void, Function>(given) }
    }

    fn close(self) {
        // SAFETY: nobody is in its code, and nobody calls it from here on.
        assert_eq!(unsafe { libc::dlclose(self.0) }, 0);
    }
}

fn patch(target: Function) -> monkey::PatchGuard {
    // SAFETY: both have the same signature.
    unsafe { monkey::patch_at(target as *const (), seven as *const ()) }.unwrap()
}

fn alone(test: &str, body: impl FnOnce()) {
    child::within(Duration::from_mins(1), &path_of(module_path!(), test), body);
}

/// What a guard says at its end whose library was opened again without the replacement.
fn check_is_told(guard: monkey::PatchGuard) {
    let thrown = catch_unwind(AssertUnwindSafe(|| drop(guard))).expect_err("calls were missed");
    let said = thrown.downcast_ref::<String>().unwrap();
    for part in ["its library was closed and opened again while it was replaced", "lib3.so", "closed.rs:"] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[test]
fn a_library_may_be_closed_for_good() {
    alone("a_library_may_be_closed_for_good", || {
        let library = Library::open(&built(3));
        let guard = patch(library.given());
        assert_eq!(library.given()(), 7);
        library.close();
        drop(guard);
    });
}

#[test]
fn one_that_was_opened_again_is_told_and_can_be_patched_anew() {
    alone("one_that_was_opened_again_is_told_and_can_be_patched_anew", || {
        let path = built(3);
        let library = Library::open(&path);
        let before = library.given() as usize;
        let guard = patch(library.given());
        assert_eq!(library.given()(), 7);
        library.close();
        let library = Library::open(&path);
        println!("at the same place: {}", library.given() as usize == before);
        assert_eq!(library.given()(), 3, "the replacement has gone with the code");
        check_is_told(guard);
        let guard = patch(library.given());
        assert_eq!(library.given()(), 7);
        drop(guard);
        assert_eq!(library.given()(), 3);
    });
}

#[test]
fn one_that_was_opened_elsewhere_is_told() {
    alone("one_that_was_opened_elsewhere_is_told", || {
        let (path, other) = (built(3), built(5));
        let library = Library::open(&path);
        let guard = patch(library.given());
        library.close();
        let other = Library::open(&other);
        let library = Library::open(&path);
        assert_eq!((other.given()(), library.given()()), (5, 3));
        let newer = patch(library.given());
        assert_eq!((other.given()(), library.given()()), (5, 7));
        check_is_told(guard);
        assert_eq!((other.given()(), library.given()()), (5, 7), "the newer one stays");
        drop(newer);
        assert_eq!((other.given()(), library.given()()), (5, 3));
    });
}

#[test]
fn another_library_at_its_place_is_left_alone() {
    alone("another_library_at_its_place_is_left_alone", || {
        let (path, other) = (built(3), built(5));
        let library = Library::open(&path);
        let before = library.given() as usize;
        let guard = patch(library.given());
        library.close();
        let other = Library::open(&other);
        println!("at the same place: {}", other.given() as usize == before);
        assert_eq!(other.given()(), 5);
        let newer = patch(other.given());
        assert_eq!(other.given()(), 7);
        drop(guard);
        assert_eq!(other.given()(), 7);
        drop(newer);
        assert_eq!(other.given()(), 5);
    });
}

#[test]
fn calls_are_counted_after_many_times() {
    alone("calls_are_counted_after_many_times", || {
        let path = built(3);
        for round in 0..20 {
            let library = Library::open(&path);
            assert_eq!(library.given()(), 3);
            let guard = patch(library.given());
            assert_eq!((library.given()(), library.given()()), (7, 7), "round {round}");
            drop(guard);
            library.close();
        }
    });
}
