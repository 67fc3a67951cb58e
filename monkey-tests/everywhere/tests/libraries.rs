//! Every function that the system's own libraries export gets its hook, by a thread in whose scope nobody is. Then the program goes
//! on through the hooks. These are thousands, of which one in twenty is hooked; `EVERYWHERE_LIBRARIES=1` says one in how many.
#![cfg(all(windows, target_arch = "x86_64"))]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::CStr;
use std::panic::catch_unwind;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetModuleHandleA(name: *const i8) -> *const u8;
    fn GetProcAddress(library: *const u8, name: *const i8) -> *const ();
}

#[link(name = "ucrtbase")]
unsafe extern "C" {
    safe fn abs(x: i32) -> i32;
}

const LIBRARIES: [&CStr; 4] = [c"kernel32", c"kernelbase", c"ntdll", c"ucrtbase"];
/// What the compiler has called, also between a patch and its end.
const OWN: [&CStr; 3] = [c"memcpy", c"memmove", c"memset"];
const CHILD: &str = "EVERYWHERE_CHILD";

/// A library as it is loaded.
struct Loaded(*const u8);

impl Loaded {
    fn find(name: &CStr) -> Self {
        // SAFETY: a text that ends with a zero.
        let start = unsafe { GetModuleHandleA(name.as_ptr()) };
        assert!(!start.is_null(), "{name:?} is not loaded");
        Self(start)
    }

    /// The number at a distance from its start.
    fn number(&self, at: u32) -> u32 {
        // SAFETY: its headers and the table of what it exports lie within it, readable, and it stays loaded.
        unsafe { self.0.add(at as usize).cast::<u32>().read_unaligned() }
    }

    /// Where a function of it lies.
    fn function(&self, name: &CStr) -> usize {
        // SAFETY: the library is loaded, and the text ends with a zero.
        unsafe { GetProcAddress(self.0, name.as_ptr()) as usize }
    }

    /// Where what it exports lies. Some of it is data, which is no target.
    fn exported(&self) -> BTreeSet<usize> {
        let headers = self.number(0x3C);
        // The first of the data directories.
        let (table, size) = (self.number(headers + 24 + 112), self.number(headers + 24 + 116));
        let (count, places) = (self.number(table + 0x14), self.number(table + 0x1C));
        let exported = (0..count).map(|index| self.number(places + 4 * index));
        // What lies in the table itself is the name of a function of another library.
        let own = exported.filter(|place| *place != 0 && !(table..table + size).contains(place));
        own.map(|place| self.0 as usize + place as usize).collect()
    }
}

/// Stands for whatever is replaced: nobody calls it.
extern "system" fn never() {
    std::process::abort();
}

/// Hooks a function, and lets go of it at once: in this thread, too, nothing is replaced for longer.
fn hook(address: usize) -> Result<(), String> {
    // SAFETY: nobody calls the replacement.
    let patched = unsafe { monkey::patch_at(address as *const (), never as *const ()) };
    patched.map(drop).map_err(|error| {
        let cause = format!("{:?}", error.cause());
        cause.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '(').collect()
    })
}

/// How many functions there are, and how many were refused for which cause.
fn hook_all() -> (usize, BTreeMap<String, usize>) {
    let one_in = env::var("EVERYWHERE_LIBRARIES").map_or(20, |number| number.parse().unwrap());
    let functions: BTreeSet<usize> =
        LIBRARIES.into_iter().flat_map(|name| Loaded::find(name).exported()).collect();
    let mut refused = BTreeMap::new();
    let own = OWN.map(|name| Loaded::find(c"ucrtbase").function(name));
    let chosen: Vec<usize> =
        functions.into_iter().filter(|address| !own.contains(address)).step_by(one_in).collect();
    for cause in chosen.iter().filter_map(|address| hook(*address).err()) {
        *refused.entry(cause).or_default() += 1;
    }
    (chosen.len(), refused)
}

/// Much of what a program asks of these libraries.
fn go_on() {
    let file = env::temp_dir().join(format!("everywhere-{}", std::process::id()));
    fs::write(&file, "through the hooks").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "through the hooks");
    fs::remove_file(&file).unwrap();
    let begun = Instant::now();
    thread::sleep(Duration::from_millis(20));
    assert!(begun.elapsed() >= Duration::from_millis(10));
    let threads: Vec<_> =
        (0..8).map(|x| thread::spawn(move || vec![x; 1 << x].iter().sum::<usize>())).collect();
    let sums: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(sums, [0, 2, 8, 24, 64, 160, 384, 896]);
    let numbers: HashMap<_, _> = (0..100).map(|x| (x.to_string(), abs(-x))).collect();
    assert_eq!(numbers["42"], 42);
    catch_unwind(|| panic!("on purpose")).unwrap_err();
    assert!(env::var("PATH").is_ok() && env::current_exe().is_ok());
}

#[test]
fn all_that_they_export_is_hooked_and_goes_on() {
    if env::var_os(CHILD).is_none() {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["all_that_they_export_is_hooked_and_goes_on", "--exact", "--nocapture"]).env(CHILD, "1");
        let output = child.output().unwrap();
        let [said, also] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        assert!(output.status.success() && said.contains("1 passed"), "{}\n{said}\n{also}", output.status);
        println!("{said}");
        return;
    }
    go_on();
    let (functions, refused) = thread::spawn(hook_all).join().unwrap();
    println!("{functions} functions, refused: {refused:?}");
    for _ in 0..10 {
        go_on();
    }
    // Data, and what is shorter than a jump.
    assert!(refused.values().sum::<usize>() * 10 < functions, "{refused:?}");
}
