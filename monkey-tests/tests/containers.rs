//! What the debug information tells of calls: who made one, which functions contain a copy of another, whose code it is.
#![cfg(target_os = "linux")]
use monkey_core::image::{self, Caller, DebugInfo, Origin};
use std::any::type_name_of_val;
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// Whether the standard library came without debug information, as Debian's for `AArch64`.
fn std_is_incomplete() -> bool {
    let now: fn() -> Instant = Instant::now;
    let incomplete = image::debug_info(now as usize) != DebugInfo::Full;
    if incomplete {
        println!("skipped: the standard library has no debug information");
    }
    incomplete
}

/// Whether this program has none.
fn is_incomplete() -> bool {
    let own: fn() -> bool = is_incomplete;
    let incomplete = image::debug_info(own as usize) != DebugInfo::Full;
    if incomplete {
        println!("skipped: this program has no debug information");
    }
    incomplete
}

/// How long this thread has run: other tests and programs do not count.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a `timespec` that the call fills in.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn containers(target: usize, type_name: &str) -> Vec<String> {
    let before = processor_time();
    let found = image::containers(target, Some(type_name));
    println!(
        "{type_name}: {} containers in {:?} of the processor",
        found.len(),
        processor_time().saturating_sub(before)
    );
    for container in &found {
        let begin = image::find(container.address).unwrap().address;
        assert_eq!(begin, container.address, "{container:?}");
        assert!(container.line > 0 && container.file.contains('/'), "{container:?}");
    }
    found.into_iter().map(|container| container.name).collect()
}

/// Whether one of these is what a call of the standard library goes to.
fn has(names: &[String], wanted: &str) -> bool {
    names.iter().any(|name| name.starts_with(wanted))
}

#[test]
fn functions_of_std_that_contain_a_copy_are_found() {
    if std_is_incomplete() {
        return;
    }
    // What is called here is in the program.
    black_box((Instant::now().elapsed(), SystemTime::now().elapsed().is_ok()));
    let now: fn() -> Instant = Instant::now;
    let names = containers(now as usize, type_name_of_val(&Instant::now));
    let before = processor_time();
    containers(now as usize, type_name_of_val(&Instant::now));
    let took = processor_time().saturating_sub(before);
    assert!(took < Duration::from_millis(60), "{took:?}, usually 5 ms");
    assert!(has(&names, "std::time::Instant::elapsed"), "{names:?}");
    assert!(!has(&names, "std::time::SystemTime"), "{names:?}");
    let now: fn() -> SystemTime = SystemTime::now;
    let names = containers(now as usize, type_name_of_val(&SystemTime::now));
    assert!(has(&names, "std::time::SystemTime::elapsed"), "{names:?}");
    assert!(!has(&names, "std::time::Instant"), "{names:?}");
}

#[test]
fn instances_are_told_apart() {
    if std_is_incomplete() || is_incomplete() {
        return;
    }
    black_box(std::fs::read_to_string("Cargo.toml").is_ok());
    let open: fn(&'static Path) -> std::io::Result<File> = File::open;
    let names = containers(open as usize, type_name_of_val(&File::open::<&Path>));
    assert!(has(&names, "std::fs::read_to_string::inner"), "{names:?}");
    // Nobody in the standard library opens by such a path.
    let open: fn([&'static str; 1]) -> std::io::Result<File> =
        |[path]| File::open::<String>(String::from(path));
    black_box(open(["Cargo.toml"]).is_ok());
    let open: fn(String) -> std::io::Result<File> = File::open;
    let names = containers(open as usize, type_name_of_val(&File::open::<String>));
    assert!(!has(&names, "std::fs::read_to_string::inner"), "{names:?}");
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "that is what is looked for")]
fn always_inlined(x: u32) -> u32 {
    black_box(x) + 1
}

#[inline(never)]
fn contains_it(x: u32) -> u32 {
    always_inlined(x)
}

#[test]
fn functions_of_a_user_that_contain_a_copy_are_found() {
    if is_incomplete() {
        return;
    }
    black_box(contains_it(1));
    let target: fn(u32) -> u32 = black_box(always_inlined);
    let names = containers(target as usize, type_name_of_val(&always_inlined));
    assert!(has(&names, "containers::contains_it"), "{names:?}");
}

/// The address to which its call returns.
#[inline(never)]
fn called() -> usize {
    // Without optimisation the frame's size is not known here: the unwinder tells where the call returns to.
    extern "C" fn note(context: *mut Context, frames: *mut Vec<usize>) -> i32 {
        // SAFETY: the unwinder passes the context of the frame that it is at.
        let address = unsafe { _Unwind_GetIP(context) };
        // SAFETY: `frames` is what `called` passed, borrowed by nobody else meanwhile.
        unsafe { &mut *frames }.push(address);
        0
    }
    let mut frames = Vec::new();
    // SAFETY: `note` has the type that the unwinder wants, and gets the pointer to `frames`, which lives as long.
    unsafe { _Unwind_Backtrace(note, &raw mut frames) };
    let own: fn() -> usize = called;
    let here = frames
        .iter()
        .position(|frame| image::find(frame - 1).is_some_and(|function| function.address == own as usize));
    frames[here.unwrap() + 1]
}

#[repr(C)]
struct Context {
    _private: [u8; 0],
}

#[expect(improper_ctypes, reason = "the unwinder hands the pointer on and does not look at it")]
unsafe extern "C" {
    fn _Unwind_Backtrace(
        trace: extern "C" fn(*mut Context, *mut Vec<usize>) -> i32,
        data: *mut Vec<usize>,
    ) -> i32;
    fn _Unwind_GetIP(context: *mut Context) -> usize;
}

#[inline(never)]
fn calls_it() -> (usize, u32) {
    let line = line!() + 1;
    let address = called();
    (black_box(address), line)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "that is what is looked for")]
fn calls_it_inlined() -> (usize, u32) {
    let line = line!() + 1;
    let address = called();
    (black_box(address), line)
}

fn names(function: &str, line: u32, caller: &Caller) {
    assert_eq!(caller.function, format!("containers::{function}"));
    if !is_incomplete() {
        assert!(
            caller.file.as_deref().is_some_and(|file| file.ends_with("tests/containers.rs")),
            "{caller:?}"
        );
        assert_eq!(caller.line, Some(line.into()));
    }
}

#[test]
fn a_return_address_leads_to_the_call() {
    let (address, line) = calls_it();
    names("calls_it", line, &image::caller(address).unwrap());
    assert_eq!(image::caller(0), None);
    assert_eq!(image::caller(usize::MAX), None);
}

#[test]
fn an_inlined_call_is_in_the_function_that_it_is_written_in() {
    let (address, line) = calls_it_inlined();
    if !is_incomplete() {
        names("calls_it_inlined", line, &image::caller(address).unwrap());
    }
}

#[test]
fn own_code_is_known_by_its_folder() {
    if is_incomplete() {
        return;
    }
    let own: fn() = own_code_is_known_by_its_folder;
    assert_eq!(image::origin(own as usize), Some(Origin::Own("monkey-tests".to_owned())));
    assert_eq!(image::home_optimised(own as usize), Some(!cfg!(debug_assertions)));
    let parse: fn(&'static str) -> Result<u32, _> = str::parse::<u32>;
    assert_eq!(image::origin(parse as usize), Some(Origin::Std));
    assert!(!image::is_std_code(parse as usize), "an instance that was made here");
}

#[test]
fn other_instances_are_named() {
    if is_incomplete() {
        return;
    }
    black_box(std::fs::read_to_string(black_box("Cargo.toml")).is_ok());
    let read: fn(&'static Path) -> std::io::Result<String> = std::fs::read_to_string;
    let others = image::instances(read as usize, type_name_of_val(&std::fs::read_to_string::<&Path>));
    assert!(others.contains(&"std::fs::read_to_string<&str>".to_owned()), "{others:?}");
    assert!(!others.iter().any(|other| other.contains("Path")), "{others:?}");
    assert_eq!(
        image::instances(is_incomplete as fn() -> bool as usize, "containers::is_incomplete"),
        [""; 0]
    );
}
