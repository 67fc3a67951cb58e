//! Targets with somebody's breakpoints on their first bytes, and processes that somebody traces.
#![cfg(target_arch = "x86_64")]
use monkey_tests::child;
use monkey_tests::prologues::{self, Function};
use std::ffi::{CString, c_int};
use std::fs::OpenOptions;
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use std::{env, ptr, thread};

extern "C-unwind" fn replacement(x: u64) -> u64 {
    x + 1_000_000
}

/// `push rbp; mov rbp, rsp; ..`: what compilers make, and a debugger's `break` stops behind.
fn target() -> (Function, fn(u64) -> u64) {
    let mut all = prologues::all().into_iter();
    let prologue = all.find(|prologue| prologue.name == "frame pointer").unwrap();
    (prologue.function, prologue.model)
}

fn set_breakpoint(address: usize) {
    let memory = OpenOptions::new().write(true).open("/proc/self/mem").unwrap();
    memory.write_all_at(&[0xCC], address as u64).unwrap();
}

fn byte(address: usize) -> u8 {
    // SAFETY: readable code.
    unsafe { (address as *const u8).read_volatile() }
}

/// Patches the target while other threads call it, and calls the original, all that as often as said.
fn patch_while_others_call(function: Function, model: fn(u64) -> u64, times: u64) {
    static STOP: AtomicBool = AtomicBool::new(false);
    let callers: Vec<_> = (0..2)
        .map(|_| {
            thread::spawn(move || {
                while !STOP.load(SeqCst) {
                    assert_eq!(black_box(function)(5), model(5));
                    thread::sleep(Duration::from_micros(100));
                }
            })
        })
        .collect();
    for x in 0..times {
        // SAFETY: both have the type `Function`.
        let guard = unsafe { monkey::patch_at(function as *const (), replacement as *const ()) }.unwrap();
        // SAFETY: the way to a function of this type.
        let original = unsafe { std::mem::transmute::<*const (), Function>(guard.original()) };
        assert_eq!((black_box(function)(x), original(x)), (x + 1_000_000, model(x)));
        drop(guard);
        assert_eq!(black_box(function)(x), model(x));
    }
    STOP.store(true, SeqCst);
    for caller in callers {
        caller.join().unwrap();
    }
}

#[test]
fn what_a_breakpoint_covers_is_displaced() {
    const TEST: &str = "what_a_breakpoint_covers_is_displaced";
    let Some(case) = child::case() else {
        for case in ["0", "1", "4", "0 1 4", "0 1 4 8 12"] {
            for form in ["near", "far"] {
                let output = child::command(TEST, case).env("MONKEY_JUMP", form).output().unwrap();
                assert!(child::passed(&output), "{case} {form}: {}", child::describe(output.status, &output));
            }
        }
        return;
    };
    let (function, model) = target();
    let start = function as *const () as usize;
    let before: Vec<_> = (0..16).map(|offset| byte(start + offset)).collect();
    for offset in case.split(' ') {
        set_breakpoint(start + offset.parse::<usize>().unwrap());
    }
    // SAFETY: both have the type `Function`.
    let guard = unsafe { monkey::patch_at(function as *const (), replacement as *const ()) }.unwrap();
    assert_eq!(function(3), 1_000_003);
    // With one on the first byte the jump is that byte, and the four behind it are the function's own again.
    let far = env::var("MONKEY_JUMP").unwrap() == "far" && !case.starts_with('0');
    let jump = if far { 14 } else { 5 };
    for (offset, byte_before) in before.iter().enumerate().skip(jump) {
        // What the jump does not cover is somebody else's: as it was.
        let set = case.split(' ').any(|set| set == offset.to_string());
        assert_eq!(byte(start + offset), if set { 0xCC } else { *byte_before }, "{offset}");
        if set {
            let memory = OpenOptions::new().write(true).open("/proc/self/mem").unwrap();
            memory.write_all_at(&[*byte_before], (start + offset) as u64).unwrap();
        }
    }
    // SAFETY: the way to a function of this type.
    let original = unsafe { std::mem::transmute::<*const (), Function>(guard.original()) };
    assert_eq!(original(3), model(3));
    drop(guard);
    assert_eq!(function(3), model(3));
}

/// The function's own `int3` stays one, and is reached through the trampoline.
#[test]
fn a_trap_of_the_functions_own_is_left_as_it_is() {
    static TRAPS: AtomicU64 = AtomicU64::new(0);
    #[unsafe(naked)]
    extern "C-unwind" fn traps(_: u64) -> u64 {
        std::arch::naked_asm!("int3", "lea rax, [rdi + 4]", "nop", "nop", "ret")
    }
    extern "C" fn on_trap(_: c_int) {
        TRAPS.fetch_add(1, SeqCst);
    }
    child::alone("a_trap_of_the_functions_own_is_left_as_it_is", || {
        // SAFETY: the handler does what a handler may.
        unsafe { libc::signal(libc::SIGTRAP, on_trap as *const () as usize) };
        assert_eq!((traps(1), TRAPS.load(SeqCst)), (5, 1));
        // SAFETY: both have the type `Function`.
        let guard = unsafe { monkey::patch_at(traps as *const (), replacement as *const ()) }.unwrap();
        assert_eq!((traps(1), TRAPS.load(SeqCst)), (1_000_001, 1));
        drop(guard);
        assert_eq!((traps(1), TRAPS.load(SeqCst)), (5, 2));
    });
}

/// A tracer as `cargo tarpaulin` is one: breakpoints, each for one hit; it keeps every SIGTRAP for itself, and takes
/// SIGSEGV and SIGILL for the end.
mod tracer {
    use super::*;
    use std::collections::BTreeMap;

    fn ptrace(request: libc::c_uint, process: i32, address: usize, data: usize) -> i64 {
        // SAFETY: the kernel looks at the tracee's memory, not at ours; where it writes to ours, `data` says to what.
        unsafe { libc::ptrace(request, process, address, data) }
    }

    fn registers(process: i32) -> libc::user_regs_struct {
        // SAFETY: numbers only.
        let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
        ptrace(libc::PTRACE_GETREGS, process, 0, &raw mut registers as usize);
        registers
    }

    fn poke(process: i32, address: usize, byte: u8) -> u8 {
        let word = ptrace(libc::PTRACE_PEEKTEXT, process, address & !7, 0).cast_unsigned();
        let shift = address % 8 * 8;
        let new = word & !(0xFF << shift) | u64::from(byte) << shift;
        ptrace(libc::PTRACE_POKETEXT, process, address & !7, new as usize);
        (word >> shift) as u8
    }

    /// Runs the program until it ends; its status, and how many breakpoints were hit.
    pub fn run(program: &[CString], environment: &[CString], breakpoints: &[usize]) -> (c_int, usize) {
        let pointers = |texts: &[CString]| -> Vec<_> {
            texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
        };
        let (arguments, environment) = (pointers(program), pointers(environment));
        // SAFETY: the child calls what may be called after a fork, and becomes another program.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // Addresses are then those of this process, if it was started likewise.
            // SAFETY: changes a flag of this process.
            unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) };
            ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
            // SAFETY: three lists that end with null.
            unsafe { libc::execve(arguments[0], arguments.as_ptr(), environment.as_ptr()) };
            // SAFETY: ends this process.
            unsafe { libc::_exit(127) };
        }
        let mut status = 0;
        // SAFETY: waits for the child to have become the program.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        ptrace(
            libc::PTRACE_SETOPTIONS,
            child,
            0,
            libc::PTRACE_O_TRACECLONE as usize | libc::PTRACE_O_EXITKILL as usize,
        );
        let mut set: BTreeMap<_, _> =
            breakpoints.iter().map(|address| (*address, poke(child, *address, 0xCC))).collect();
        let total = set.len();
        ptrace(libc::PTRACE_CONT, child, 0, 0);
        loop {
            // SAFETY: waits for any thread of the child.
            let thread = unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL | libc::__WNOTHREAD) };
            if thread == child && !libc::WIFSTOPPED(status) {
                return (status, total - set.len());
            }
            if !libc::WIFSTOPPED(status) {
                continue;
            }
            let mut pass = 0;
            match libc::WSTOPSIG(status) {
                libc::SIGTRAP => {
                    let mut registers = registers(thread);
                    let at = registers.rip as usize - 1;
                    if let Some(byte) = set.remove(&at) {
                        poke(thread, at, byte);
                    }
                    // Two threads may have reached it before it was gone.
                    if breakpoints.contains(&at) {
                        registers.rip -= 1;
                        ptrace(libc::PTRACE_SETREGS, thread, 0, &raw const registers as usize);
                    }
                }
                libc::SIGSTOP => {}
                signal @ (libc::SIGSEGV | libc::SIGILL) => {
                    ptrace(libc::PTRACE_KILL, child, 0, 0);
                    return (signal, total - set.len());
                }
                signal => pass = signal as usize,
            }
            ptrace(libc::PTRACE_CONT, thread, 0, pass);
        }
    }
}

/// Where the targets lie in a process without randomization of addresses.
fn ask_for_addresses(test: &str) -> Vec<usize> {
    let mut command = child::command(test, "addresses");
    let unrandomized = || {
        // SAFETY: changes a flag of this process.
        unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) };
        Ok(())
    };
    // SAFETY: one system call.
    let output =
        unsafe { std::os::unix::process::CommandExt::pre_exec(&mut command, unrandomized) }.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = said.lines().find_map(|line| line.strip_prefix("addresses ")).expect("addresses");
    line.split(' ').map(|address| address.parse().unwrap()).collect()
}

#[test]
fn a_suite_under_a_coverage_tool_passes() {
    const TEST: &str = "a_suite_under_a_coverage_tool_passes";
    let (function, model) = target();
    match child::case().as_deref() {
        Some("addresses") => {
            let start = function as *const () as usize;
            println!("\naddresses {} {} {}", start, start + 1, start + 4);
        }
        Some("far") => {
            // No way without the trap: where the jump of one byte would lead there is something already.
            let start = function as *const () as usize;
            let distance = [1, 2, 3, 4].map(|offset| byte(start + offset));
            let landing = (start + 5).wrapping_add_signed(i32::from_le_bytes(distance) as isize);
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
            let page = (landing & !0xFFF) as *mut libc::c_void;
            // SAFETY: takes no other mapping's place.
            assert_eq!(unsafe { libc::mmap(page, 4096, libc::PROT_NONE, flags, -1, 0) }, page);
            thread::spawn(|| thread::sleep(Duration::from_mins(1)));
            // SAFETY: both have the type `Function`.
            let error =
                unsafe { monkey::patch_at(function as *const (), replacement as *const ()) }.unwrap_err();
            assert!(error.to_string().contains("traces this process and keeps SIGTRAP"), "{error}");
        }
        Some(_) => {
            let pushes =
                prologues::all().into_iter().find(|prologue| prologue.name == "row of pushes").unwrap();
            patch_while_others_call(function, model, 20);
            patch_while_others_call(pushes.function, pushes.model, 20);
            println!("\nall was seen");
        }
        None => {
            let addresses = ask_for_addresses(TEST);
            let text = |text: &str| CString::new(text).unwrap();
            let program = env::current_exe().unwrap();
            let program = [program.to_str().unwrap(), TEST, "--exact", "--nocapture"].map(text);
            let environment = |case: &str, form: &str| -> Vec<_> {
                let more = [("MONKEY_TEST_CASE", case), ("MONKEY_JUMP", form)];
                let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
                env::vars().chain(more).map(|(name, value)| text(&format!("{name}={value}"))).collect()
            };
            // A breakpoint that is reached while the jump is written is put back over it, so more than once.
            for breakpoints in [&[][..], &addresses[..1], &addresses[1..], &addresses, &addresses, &addresses]
            {
                let (status, hits) = tracer::run(&program, &environment("traced", "near"), breakpoints);
                assert_eq!(status, 0, "{breakpoints:x?}: {hits} hits");
            }
            assert_eq!(tracer::run(&program, &environment("far", "far"), &[]).0, 0);
        }
    }
}

/// Runs this test program with a case in gdb; what that says. `None` where there is no gdb.
fn debug(test: &str, commands: &[&str]) -> Option<String> {
    let mut command = Command::new("gdb");
    command.args(["-batch", "-nx"]).env("MONKEY_TEST_CASE", "debugged");
    for said in
        ["set confirm off", "set debuginfod enabled off", "set breakpoint pending on"].iter().chain(commands)
    {
        command.args(["-ex", said]);
    }
    let program = env::current_exe().unwrap();
    command.arg("--args").arg(program).args([test, "--exact", "--nocapture", "--test-threads=1"]);
    let Ok(output) = command.output() else {
        println!("skipped: there is no gdb");
        return None;
    };
    let said = child::describe(output.status, &output);
    if said.contains("ptrace: Operation not permitted") {
        println!("skipped: gdb may not trace");
        return None;
    }
    Some(said)
}

#[test]
fn a_program_in_gdb_is_patched() {
    const TEST: &str = "a_program_in_gdb_is_patched";
    let (function, model) = target();
    if child::case().is_some() {
        return patch_while_others_call(function, model, 20);
    }
    // `break` stops behind the frame's set-up: on a byte that the jump would cover.
    let breakpoint = ["break subject_frame", "run", "continue", "continue", "delete", "continue"];
    for commands in [&["run"][..], &breakpoint] {
        let Some(said) = debug(TEST, commands) else { return };
        assert!(said.contains("1 passed") && said.contains("exited normally"), "{said}");
    }
}

#[test]
fn a_breakpoint_of_gdb_on_the_first_byte_is_an_error_that_names_it() {
    const TEST: &str = "a_breakpoint_of_gdb_on_the_first_byte_is_an_error_that_names_it";
    if child::case().is_some() {
        let (function, _) = target();
        // SAFETY: both have the type `Function`.
        let error = unsafe { monkey::patch_at(function as *const (), replacement as *const ()) }.unwrap_err();
        println!("refused: {error}");
        return;
    }
    let Some(said) = debug(TEST, &["set language c", "starti", "break *(char *) &subject_frame", "continue"])
    else {
        return;
    };
    assert!(said.contains("the debugger `gdb` (process "), "{said}");
    assert!(said.contains("delete that breakpoint"), "{said}");
}
