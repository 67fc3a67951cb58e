//! A workspace that is made, built in several ways, and loaded: a library, two versions of another, and a plugin that
//! uses all of them. The plugin hands out the functions it sees and the callers in the library.
use monkey_tests::child;
use std::ffi::{CStr, CString, c_char, c_void};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How to build the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build {
    pub v0: bool,
    pub opt: u8,
    /// Cargo's `debug`: `0`, `"line-tables-only"`, `2`.
    pub debug: &'static str,
}

/// A function that the plugin sees.
#[derive(Debug, Clone)]
pub struct Seen {
    pub label: String,
    pub type_name: String,
    /// Its pointer, as a test would take it.
    pub address: usize,
    /// The library's function that calls it.
    pub caller: usize,
}

#[repr(C)]
struct Row {
    label: *const c_char,
    type_name: *const u8,
    type_name_length: usize,
    address: usize,
    caller: usize,
}

const DUP: &str = include_str!("workspace/dup.rs");
const LIB: &str = include_str!("workspace/lib.rs");
const PLUGIN: &str = include_str!("workspace/plugin.rs");
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // Unchanged files keep their time, so that nothing is built twice.
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap();
    }
}

fn manifest(name: &str, version: u8, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"{version}.0.0\"\nedition = \"2024\"\n{rest}")
}

fn lay_out(root: &Path) {
    let both =
        "[dependencies]\ndup = { path = \"../dup1\" }\ndup2 = { path = \"../dup2\", package = \"dup\" }\n";
    write(
        &root.join("Cargo.toml"),
        "[workspace]\nmembers = [\"lib\", \"plugin\"]\nexclude = [\"dup1\", \"dup2\"]\nresolver = \"3\"\n",
    );
    for version in [1, 2] {
        write(&root.join(format!("dup{version}/Cargo.toml")), &manifest("dup", version, ""));
        write(&root.join(format!("dup{version}/src/lib.rs")), &DUP.replace("NUMBER", &version.to_string()));
    }
    write(&root.join("lib/Cargo.toml"), &manifest("lib", 1, both));
    write(&root.join("lib/src/lib.rs"), LIB);
    let plugin = format!("{both}lib = {{ path = \"../lib\" }}\n[lib]\ncrate-type = [\"cdylib\"]\n");
    write(&root.join("plugin/Cargo.toml"), &manifest("plugin", 1, &plugin));
    write(&root.join("plugin/src/lib.rs"), PLUGIN);
}

/// Builds the plugin; gives a file of its own for each way of building.
fn build(build: Build) -> PathBuf {
    // The programs of several workspaces share the directory of the tests' own target.
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("image");
    fs::create_dir_all(&root).unwrap();
    // Another test may build in the same directory, which gives the same file: it waits until the copy is made.
    let lock = fs::File::create(root.join("lock")).unwrap();
    lock.lock().unwrap();
    lay_out(&root);
    let mangling = if build.v0 { "-Csymbol-mangling-version=v0" } else { "" };
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "-p", "plugin"])
        .current_dir(&root)
        .env("CARGO_TARGET_DIR", root.join("target"))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", build.opt.to_string())
        .env("CARGO_PROFILE_DEV_DEBUG", build.debug)
        .env("RUSTFLAGS", mangling)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let to = root.join(format!("plugin-{}-{}-{}.so", build.v0, build.opt, build.debug));
    let _ = fs::remove_file(&to);
    fs::copy(child::built(&root.join("target")).join("debug/libplugin.so"), &to).unwrap();
    to
}

/// Builds and loads the plugin, and asks it what it sees.
pub fn load(how: Build) -> Vec<Seen> {
    let path = CString::new(build(how).to_str().unwrap()).unwrap();
    // SAFETY: the plugin was just built from the sources above; loading it runs nothing but the standard library's start.
    let plugin: *mut c_void = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!plugin.is_null(), "{path:?}");
    // SAFETY: the handle was just opened and the name ends with a zero byte.
    let subjects = unsafe { libc::dlsym(plugin, c"subjects".as_ptr()) };
    assert!(!subjects.is_null());
    // SAFETY: this is the signature with which the plugin defines the function.
    let subjects: extern "C" fn(*mut usize) -> *const Row = unsafe { std::mem::transmute(subjects) };
    let mut count = 0;
    let rows = subjects(&raw mut count);
    // SAFETY: the plugin leaks a slice of `count` rows, which have the same layout there.
    unsafe { std::slice::from_raw_parts(rows, count) }.iter().map(seen).collect()
}

fn seen(row: &Row) -> Seen {
    // SAFETY: a literal with a zero byte behind it.
    let label = unsafe { CStr::from_ptr(row.label) }.to_str().unwrap().to_owned();
    // SAFETY: pointer and length of a `&'static str`.
    let type_name = unsafe { std::slice::from_raw_parts(row.type_name, row.type_name_length) };
    let type_name = String::from_utf8(type_name.to_vec()).unwrap();
    Seen { label, type_name, address: row.address, caller: row.caller }
}
