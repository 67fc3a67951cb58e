//! What the program's own file says, compared with what the program does: the calls that a library makes must end in
//! one of the copies found for the pointer that a test would have.
//!
//! `MONKEY_MATRIX=1` tries every way of building.
#![cfg(target_os = "linux")]
#[path = "image/calls.rs"]
mod calls;
#[path = "image/subject.rs"]
mod subject;

use monkey_core::image::{self, Copies, DebugInfo};
use monkey_tests::child;
use std::collections::BTreeMap;
use subject::{Build, Seen};

/// What was found for one function.
struct Case {
    seen: Seen,
    copies: Copies,
    /// Whether the library's call ends in a copy.
    called: bool,
}

impl Case {
    fn new(seen: Seen) -> Self {
        let copies = image::copies_of(seen.address, &seen.type_name, false);
        let called = calls(seen.caller).iter().any(|callee| copies.addresses.contains(callee));
        Self { seen, copies, called }
    }

    fn doubts(&self) -> bool {
        self.copies.doubt.is_some()
    }

    fn is_inlined(&self) -> bool {
        let calls = image::inlined(self.seen.address);
        calls.iter().any(|call| call.into.contains("c_"))
    }
}

/// Everything in the function at `address` that could be what it calls: directly, or through a place in memory.
fn calls(address: usize) -> Vec<usize> {
    let size = image::find(address).and_then(|function| function.size).expect("the caller has a size");
    // SAFETY: the function lies in a loaded library's code, which is readable, and has this size.
    let code = unsafe { std::slice::from_raw_parts(address as *const u8, size) };
    calls::of(code, address)
}

/// Runs `body` in a process of its own, because libraries that are loaded together have each other's functions.
fn alone(name: &str, body: impl FnOnce()) {
    if let Some(own) = std::env::var_os("MONKEY_IMAGE_ALONE") {
        // Such a process does the one thing that it was started for.
        if own == name {
            body();
        }
        return;
    }
    if child::emulated() && cfg!(debug_assertions) {
        return println!(
            "skipped: emulated, an unoptimised search takes a minute; the release build does it"
        );
    }
    let mut child = child::program(&std::env::current_exe().unwrap());
    let test = name.split(' ').next().unwrap();
    let output =
        child.args([test, "--exact", "--nocapture"]).env("MONKEY_IMAGE_ALONE", name).output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Whether some of the program is without debug information, so that not everything can be told: the standard library of
/// Debian's toolchain for `AArch64`, or in a release build this program, which has copies of its own.
fn incomplete() -> bool {
    let own = image::debug_info(incomplete as fn() -> bool as usize);
    let incomplete = child::emulated() || own != DebugInfo::Full;
    if incomplete {
        println!("skipped: the standard library or this program has no debug information");
    }
    incomplete
}

fn cases(build: Build) -> BTreeMap<String, Case> {
    let cases = subject::load(build).into_iter().map(|seen| (seen.label.clone(), Case::new(seen)));
    let cases: BTreeMap<String, Case> = cases.collect();
    println!("{build:?}");
    for (label, case) in &cases {
        let (copies, doubt) = (case.copies.addresses.len(), case.doubts());
        println!(
            "  {label:32} copies {copies} called {:5} doubt {doubt:5} inlined {}",
            case.called,
            case.is_inlined()
        );
    }
    never_another(&cases);
    cases
}

/// No address may be taken for two of these: they are instances and versions of their own.
fn never_another(cases: &BTreeMap<String, Case>) {
    for (one, other) in [
        ("str::parse::<u32>", "str::parse::<u64>"),
        ("Option::<u32>::unwrap", "Option::<u64>::unwrap"),
        ("String::from::<&str>", "String::from::<Box<str>>"),
        ("merged::<u32>", "merged::<i32>"),
        ("#[inline] fn, version 1", "#[inline] fn, version 2"),
        ("fn, version 1", "fn, version 2"),
        ("generic, version 1", "generic, version 2"),
    ] {
        if cases[one].seen.address == cases[other].seen.address {
            // Merged by the optimiser: then this is what has to be told.
            let copies = &cases[one].copies;
            assert!(copies.shared_with.len() == 1 || copies.doubt.is_some(), "{one} and {other}: {copies:?}");
            continue;
        }
        let shared = |address: &&usize| cases[other].copies.addresses.contains(address);
        assert_eq!(cases[one].copies.addresses.iter().find(shared), None, "{one} and {other}");
    }
}

/// Every call of the library is seen, or was inlined (and that is found out), or the doubt is told.
fn never_silent(cases: &BTreeMap<String, Case>, full: bool) {
    for (label, case) in cases {
        let told =
            case.called || case.doubts() || if full { case.is_inlined() } else { image_is_optimised(label) };
        assert!(told, "the call of {label} is missed silently: {:?}", case.copies);
        assert!(!full || !case.doubts(), "{label}: {:?}", case.copies.doubt);
    }
}

/// Without full debug information inlining cannot be told: these are always inlined, the others at opt-level 1 may be.
fn image_is_optimised(label: &str) -> bool {
    label.contains("unwrap")
}

#[test]
fn debug_build_with_debug_information() {
    if incomplete() {
        return;
    }
    alone("debug_build_with_debug_information", || {
        let cases = cases(Build { v0: false, opt: 0, debug: "2" });
        never_silent(&cases, true);
        for (label, case) in cases.iter().filter(|(label, _)| !label.contains("unwrap")) {
            assert!(case.called, "{label}");
            assert_eq!(image::debug_info(case.seen.address), DebugInfo::Full, "{label}");
        }
        for label in ["Path::exists", "String::len", "#[inline] fn"] {
            assert!(cases[label].copies.addresses.len() >= 2, "{label}");
        }
        let tracked = &cases["#[track_caller] fn"];
        assert_eq!(tracked.copies.thunks, [tracked.seen.address], "the pointer is a stand-in for the body");
        let half = cases["#[inline] fn"].seen.address;
        assert_eq!(image::optimised(half), Some(false));
        assert!(image::describe(half).starts_with("lib::half ("), "{}", image::describe(half));
        assert!(image::describe(half).ends_with("lib/src/lib.rs:5)"), "{}", image::describe(half));
        inlined_calls_are_found(&cases);
    });
}

/// `unwrap` is `#[inline(always)]`: no copy exists in the library, but where it went is known.
fn inlined_calls_are_found(cases: &BTreeMap<String, Case>) {
    let inlined = image::inlined(cases["Option::<u32>::unwrap"].seen.address);
    let own =
        inlined.iter().find(|call| call.into == "lib::c_unwrap32").expect("the library's call is found");
    let line = 1 + include_str!("image/workspace/lib.rs")
        .lines()
        .position(|line| line.trim() == "x.unwrap()")
        .unwrap();
    assert!(own.file.ends_with("lib/src/lib.rs") && own.line == line as u64, "{own:?}");
    assert!(inlined.iter().all(|call| call.into != "lib::c_unwrap64"), "another instance");
    let all = image::inlined_named("core::option::Option<u32>::unwrap");
    assert!(all.iter().any(|call| call.into == "lib::c_unwrap64"), "by name, all instances are found");
}

#[test]
fn legacy_names_without_debug_information() {
    alone("legacy_names_without_debug_information", || {
        let cases = cases(Build { v0: false, opt: 0, debug: "0" });
        never_silent(&cases, false);
        for label in ["Path::exists", "String::len", "str::trim", "<Chars<'_> as Iterator>::next"] {
            // The standard library exists once, and the type's name says that these have one instance.
            assert!(cases[label].called && !cases[label].doubts(), "{label}");
        }
        let half = &cases["#[inline] fn"];
        let doubt = half.copies.doubt.as_ref().expect("nothing says that the crate is there once");
        assert!(calls(half.seen.caller).iter().any(|callee| doubt.addresses.contains(callee)));
        assert!(doubt.reason.contains("v0"));
        assert_eq!(image::debug_info(half.seen.address), DebugInfo::None);
    });
}

#[test]
fn v0_names_without_debug_information() {
    alone("v0_names_without_debug_information", || {
        let cases = cases(Build { v0: true, opt: 0, debug: "0" });
        for (label, case) in cases.iter().filter(|(label, _)| !label.contains("unwrap")) {
            assert!(case.called && !case.doubts(), "{label}: v0 names leave nothing open");
        }
    });
}

#[test]
fn line_tables_prove_nothing() {
    alone("line_tables_prove_nothing", || {
        let cases = cases(Build { v0: false, opt: 0, debug: "line-tables-only" });
        never_silent(&cases, false);
        assert!(cases["Path::exists"].called && !cases["Path::exists"].doubts());
        for label in ["#[inline] fn", "#[inline] fn, version 1", "#[inline] fn, version 2"] {
            assert!(!cases[label].called && cases[label].doubts(), "{label}");
        }
    });
}

/// What a verdict may name when the call went to another instance.
#[test]
fn other_instances_are_named() {
    if incomplete() {
        return;
    }
    for v0 in [false, true] {
        alone(&format!("other_instances_are_named {v0}"), || {
            let cases = cases(Build { v0, opt: 0, debug: "2" });
            let instances =
                |label: &str| image::instances(cases[label].seen.address, &cases[label].seen.type_name);
            let merged = instances("merged::<u32>");
            assert!(merged.iter().any(|name| name == "lib::merged<i32>"), "{merged:?}");
            assert!(!merged.iter().any(|name| name == "lib::merged<u32>"), "{merged:?}");
            let parse = instances("str::parse::<u32>");
            assert!(parse.iter().any(|name| name.ends_with("parse<u64>")), "{parse:?}");
            assert_eq!(instances("fn, version 1"), [""; 0]);
        });
    }
}

#[test]
fn optimised_build_with_debug_information() {
    if incomplete() {
        return;
    }
    alone("optimised_build_with_debug_information", || {
        let cases = cases(Build { v0: false, opt: 1, debug: "2" });
        never_silent(&cases, true);
        assert_eq!(image::optimised(cases["#[inline] fn"].seen.address), Some(true));
        inlined_calls_are_found(&cases);
    });
}

/// One body for two instances, whose legacy names differ in the hash alone, and for a function of Rust and one of C.
#[test]
fn who_shares_a_body_is_told() {
    for v0 in [false, true] {
        alone(&format!("who_shares_a_body_is_told {v0}"), || {
            let cases = cases(Build { v0, opt: 3, debug: "0" });
            for (label, with) in [("merged::<u32>", "lib::merged::"), ("twin", "twin_of_c")] {
                let shared = &cases[label].copies.shared_with;
                assert!(shared.len() == 1 && shared[0].starts_with(with), "{label}: {shared:?}");
            }
            assert_eq!(cases["generic called from the library"].copies.shared_with, [""; 0]);
        });
    }
}

#[test]
fn every_way_of_building() {
    if std::env::var_os("MONKEY_MATRIX").is_none() {
        return;
    }
    for v0 in [false, true] {
        for opt in [0, 1, 3] {
            for debug in ["0", "line-tables-only", "2"] {
                alone(&format!("every_way_of_building {v0} {opt} {debug}"), || {
                    let cases = cases(Build { v0, opt, debug });
                    if debug == "2" && opt < 3 {
                        never_silent(&cases, true);
                    }
                    assert!(!v0 || cases.values().all(|case| !case.doubts()));
                });
            }
        }
    }
}

#[test]
fn functions_of_c_libraries_are_found() {
    let getpid = image::find(libc::getpid as *const () as usize).unwrap();
    assert_eq!((getpid.name.as_str(), getpid.address), ("getpid", libc::getpid as *const () as usize));
    assert!(getpid.available >= getpid.size.unwrap());
    assert_eq!(image::copies(getpid.address).addresses, [getpid.address]);
    // An IFUNC: its pointer leads to a function that has no exported name, so only its bounds are known.
    let memcpy = image::find(libc::memcpy as *const () as usize).unwrap();
    assert!(memcpy.size.is_some() && memcpy.available > 0, "{memcpy:?}");
    // SAFETY: asks the kernel's table for an address.
    let vdso = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) } as usize;
    if vdso != 0 {
        assert_eq!(image::find(vdso), None, "the header is no function");
    }
}

static DATA: u64 = 1;

#[test]
fn what_is_no_function_is_none() {
    let on_stack = 1_u64;
    let on_heap = Box::new(1_u64);
    for address in [
        0,
        8,
        usize::MAX,
        &raw const on_stack as usize,
        &raw const *on_heap as usize,
        &raw const DATA as usize,
    ] {
        assert_eq!(image::find(address), None, "{address:#x}");
        assert_eq!(image::copies(address).addresses, [address]);
        assert_eq!(image::describe(address), format!("{address:#x}"));
        assert!(image::inlined(address).is_empty());
    }
}

#[test]
fn inside_of_a_function_is_that_function() {
    let begin = what_is_no_function_is_none as *const () as usize;
    let whole = image::find(begin).unwrap();
    let inside = image::find(begin + 7).unwrap();
    assert_eq!((inside.address, &inside.name, inside.available), (begin, &whole.name, whole.available - 7));
    assert_eq!(whole.name, "image::what_is_no_function_is_none");
}
