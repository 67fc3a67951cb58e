//! When the process dies of a signal while functions are replaced, it says which.
use monkey_tests::{child, prologues};
use std::os::unix::process::ExitStatusExt;

#[monkey::patchable]
fn number() -> u64 {
    1
}

fn two() -> u64 {
    2
}

fn behind_the_end_of_a_file() -> *const u8 {
    // SAFETY: makes an empty file without a name.
    let file = unsafe { libc::memfd_create(c"empty".as_ptr(), 0) };
    // SAFETY: a new mapping, anywhere.
    let map = unsafe { libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ, libc::MAP_SHARED, file, 0) };
    assert_ne!(map, libc::MAP_FAILED);
    map.cast()
}

/// Hooks a target whose jump covers several instructions.
fn hook_by_a_trap() {
    extern "C-unwind" fn replacement(x: u64) -> u64 {
        x
    }
    let name = if cfg!(target_arch = "x86_64") { "row of pushes" } else { "frame" };
    let target = prologues::all().into_iter().find(|prologue| prologue.name == name).unwrap();
    // SAFETY: both have the type `Function`.
    let guard = unsafe { monkey::patch_at(target.function as *const (), replacement as *const ()) }.unwrap();
    drop(guard);
}

fn crash(case: &str) {
    if case.contains("threads") {
        // Not alone, the engine hooks by a trap of its own.
        std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_mins(1)));
    }
    let guard = (!case.contains("unpatched")).then(|| monkey::patch!(number = two));
    drop((!case.contains("unpatched")).then(|| monkey::patch!(two = || 22)));
    if case.contains("threads") {
        hook_by_a_trap();
    }
    match case.split(' ').next().unwrap() {
        // SAFETY: not at all; that is the point.
        "read" => unsafe { std::ptr::null::<u8>().wrapping_add(8).read_volatile() }.to_string().clear(),
        // SAFETY: as above: the file that is mapped has no bytes.
        "map" => unsafe { behind_the_end_of_a_file().read_volatile() }.to_string().clear(),
        signal => {
            // SAFETY: ends the process, as wanted.
            unsafe { libc::raise(signal.parse().unwrap()) };
        }
    }
    drop(guard);
}

#[test]
fn a_crash_names_the_patches() {
    const TEST: &str = "a_crash_names_the_patches";
    if let Some(case) = child::case() {
        return crash(&case);
    }
    // Not raised where the standard library has a handler: it takes the signal for one that will repeat itself.
    let (ill, trap) = (libc::SIGILL.to_string(), libc::SIGTRAP.to_string());
    let cases =
        [("read", libc::SIGSEGV), ("map", libc::SIGBUS), (&ill, libc::SIGILL), (&trap, libc::SIGTRAP)];
    let threads = cases.map(|(case, signal)| (format!("{case} threads"), signal));
    for (case, signal) in cases.map(|(case, signal)| (case.to_owned(), signal)).into_iter().chain(threads) {
        let output = child::run(TEST, &case);
        let said = child::describe(output.status, &output);
        assert_eq!(output.status.signal(), Some(signal), "{case}: {said}");
        let lines: Vec<_> = said.lines().filter(|line| line.starts_with("monkey:   `")).collect();
        assert_eq!(lines.len(), 1, "{case}: {said}");
        assert!(lines[0].contains("`number`") && lines[0].contains("`two`"), "{case}: {said}");
        assert!(lines[0].contains("tests/crashes.rs:"), "{case}: {said}");
    }
}

#[test]
fn nothing_is_said_where_nothing_is_replaced_or_it_is_switched_off() {
    let mut off = child::command("a_crash_names_the_patches", "read");
    off.env("MONKEY_CRASH_REPORT", "off");
    for mut command in [child::command("a_crash_names_the_patches", "read unpatched"), off] {
        let output = command.output().unwrap();
        let said = child::describe(output.status, &output);
        assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{said}");
        assert!(!said.contains("monkey:"), "{said}");
    }
}

#[test]
fn a_handler_that_was_there_is_called() {
    extern "C" fn handler(_: libc::c_int) {
        // SAFETY: ends the process.
        unsafe { libc::_exit(55) };
    }
    if child::case().is_some() {
        // SAFETY: the handler does what a handler may.
        unsafe { libc::signal(libc::SIGSEGV, handler as *const () as usize) };
        return crash("read");
    }
    let output = child::run("a_handler_that_was_there_is_called", "handler");
    let said = child::describe(output.status, &output);
    assert_eq!(output.status.code(), Some(55), "{said}");
    assert!(said.contains("monkey:   `number`"), "{said}");
}
