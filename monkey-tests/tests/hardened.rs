//! Under the policies of hardened systems a patch works, or the error names what was refused; no call of the target dies
//! either way. A patchable function is replaced under all of them: it asks in its source. Each case in a process of its own, by each
//! way of writing code.
//!
//! A policy that cannot be had here (an emulator, no right to a mount) is skipped, and that is printed.
#![cfg(target_os = "linux")]
use monkey_tests::child;
use std::fs::{File, OpenOptions};
use std::io;
use std::panic;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

const TEST: &str = "a_patch_works_or_says_what_was_refused";
const POLICIES: [&str; 9] =
    ["none", "mdwe", "write-execute", "execute", "proc", "undumpable", "unreadable", "io-error", "unshare"];
const WAYS: [&str; 3] = ["either", "mem", "mprotect"];
/// Who else is there: nobody (a forked process), a thread that calls the target all the time; and the policy may come
/// after the first patch.
const COMPANIES: [&str; 3] = ["alone", "caller", "late"];

#[monkey::patchable]
fn early() -> u64 {
    10
}

#[monkey::patchable]
fn number() -> u64 {
    1
}

/// Not one that asks in its source.
#[inline(never)]
fn letter() -> char {
    std::hint::black_box('a')
}

#[monkey::with]
fn in_a_scope_without_replacements() -> u64 {
    number() + thread::spawn(number).join().unwrap()
}

/// What the error must say; nothing where the patch must work.
fn refusal(policy: &str, way: &str, company: &str) -> &'static [&'static str] {
    match (policy, way, company) {
        ("mdwe" | "write-execute", "mprotect", _) => &["mprotect", "Permission denied", "PR_SET_MDWE"],
        // What there is of memory for hooks may go on being written.
        ("execute", "either" | "mem", "late") => &[],
        ("execute", "mprotect", "late") => &["mprotect", "Operation not permitted", "seccomp"],
        ("execute", ..) => &["mmap", "Operation not permitted", "seccomp"],
        ("proc", "mem", _) => &["/proc/self/mem", "No such file or directory", "mount"],
        // Elsewhere the jump is one store, whoever runs the target.
        ("proc", _, "caller" | "late") if cfg!(target_arch = "x86_64") => {
            &["threads", "/proc/self/task", "No such file or directory", "mount"]
        }
        ("undumpable" | "unreadable", "mem", _) => &["/proc/self/mem", "Permission denied", "dumpable"],
        ("io-error", "mem", _) => &["/proc/self/mem", "Input/output error", "proc_mem.force_override"],
        _ => &[],
    }
}

#[test]
fn a_patch_works_or_says_what_was_refused() {
    if let Some(case) = child::case() {
        return run(&case);
    }
    let mut failed = Vec::new();
    let ways = child::ways();
    for policy in POLICIES {
        for company in COMPANIES {
            for way in WAYS.into_iter().filter(|way| *way == "either" || ways.contains(way)) {
                if let Err(said) = check(policy, way, company) {
                    failed.push(format!("{policy}, {way}, {company}: {said}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} failed: {}", failed.len(), failed.join("\n"));
}

fn check(policy: &str, way: &str, company: &str) -> Result<(), String> {
    let mut command = child::command(TEST, &format!("{policy} {company}"));
    command.env_remove("MONKEY_CODE_WRITE");
    if way != "either" {
        command.env("MONKEY_CODE_WRITE", way);
    }
    let output = command.output().unwrap();
    let said = child::describe(output.status, &output);
    if let Some(skipped) = said.lines().find(|line| line.starts_with("skipped: ")) {
        println!("{policy}, {way}, {company}: {skipped}");
        return Ok(());
    }
    let words = refusal(policy, way, company);
    let errors = said.matches("refused: ").count();
    // Where a target has padding in front of it, the jump is one store there, too.
    let expected = match (policy, company) {
        ("proc", "late") if cfg!(target_arch = "x86_64") && way != "mem" => 0..=1,
        _ if words.is_empty() => 0..=0,
        _ => 1..=1,
    };
    let well = child::passed(&output)
        && expected.contains(&errors)
        && (errors == 0 || words.iter().all(|word| said.contains(word)));
    let line = said.lines().find(|line| line.starts_with("refused: ")).unwrap_or("works");
    println!("{policy}, {way}, {company}: {line}");
    if well { Ok(()) } else { Err(said) }
}

fn run(case: &str) {
    // SAFETY: ends a process that hangs.
    unsafe { libc::alarm(60) };
    match case.split_once(' ').unwrap() {
        (policy, "alone") => in_a_fork(|| attempt(policy)),
        (policy, "late") => beside_a_caller(|| {
            drop(monkey::patch!(early = || 20));
            attempt(policy);
        }),
        (policy, _) => beside_a_caller(|| attempt(policy)),
    }
}

/// The child of a fork has one thread.
fn in_a_fork(work: impl FnOnce()) {
    // SAFETY: the other threads wait for this one, and hold nothing that the child needs.
    let process = unsafe { libc::fork() };
    if process == 0 {
        let result = panic::catch_unwind(panic::AssertUnwindSafe(work));
        // SAFETY: ends the process without the harness.
        unsafe { libc::_exit(i32::from(result.is_err())) };
    }
    let mut status = -1;
    // SAFETY: waits for the child; `status` is writable.
    assert_eq!(unsafe { libc::waitpid(process, &raw mut status, 0) }, process);
    assert_eq!(status, 0, "the fork's wait status");
}

/// Another thread calls the targets all the time, outside any scope.
fn beside_a_caller(work: impl FnOnce()) {
    static STOP: AtomicBool = AtomicBool::new(false);
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let caller = thread::spawn(|| {
        while !STOP.load(Relaxed) {
            assert_eq!((number(), letter(), early()), (1, 'a', 10));
            CALLS.fetch_add(1, Relaxed);
        }
    });
    while CALLS.load(Relaxed) < 1000 {
        thread::yield_now();
    }
    work();
    let calls = CALLS.load(Relaxed);
    while CALLS.load(Relaxed) == calls && !caller.is_finished() {
        thread::yield_now();
    }
    STOP.store(true, Relaxed);
    caller.join().unwrap();
}

fn attempt(policy: &str) {
    if let Err(reason) = apply(policy) {
        return eprintln!("skipped: {reason}");
    }
    assert_eq!((number(), letter()), (1, 'a'));
    let first = monkey::patch!(number = || 2);
    assert_eq!(number(), 2);
    assert_eq!((monkey::original!(number()), monkey::calls!(number)), (1, 1));
    let second = monkey::try_patch!(letter = || 'b');
    assert_eq!(letter(), if second.is_ok() { 'b' } else { 'a' });
    if let Err(error) = &second {
        eprintln!("refused: {}", error.to_string().replace('\n', ";"));
    }
    // Where `pthread_create` cannot be patched, threads are in the scope that they are handed.
    let scope = monkey::Scope::current();
    let seen = thread::spawn(move || scope.run(|| (number(), letter()))).join().unwrap();
    assert_eq!(seen, (2, if second.is_ok() { 'b' } else { 'a' }));
    drop((first, second));
    assert_eq!((number(), letter()), (1, 'a'));
    assert_eq!(in_a_scope_without_replacements(), 2);
}

/// Puts this thread, and as far as that goes this process, under a policy.
fn apply(policy: &str) -> Result<(), String> {
    let memory_calls = [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_pkey_mprotect];
    match policy {
        "none" => Ok(()),
        "mdwe" => {
            const SET_MDWE: libc::c_int = 65;
            const REFUSE_EXEC_GAIN: libc::c_ulong = 1;
            // SAFETY: takes numbers, and rights.
            done("PR_SET_MDWE", unsafe { libc::prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0_u64, 0_u64, 0_u64) })
        }
        "write-execute" => refuse(&memory_calls, libc::PROT_WRITE | libc::PROT_EXEC, libc::EACCES),
        "execute" => refuse(&memory_calls, libc::PROT_EXEC, libc::EPERM),
        // What a kernel with `proc_mem.force_override=never` says.
        "io-error" => refuse(&[libc::SYS_pwrite64], 0, libc::EIO),
        // What containers say to who may not administer them.
        "unshare" => refuse(&[libc::SYS_unshare], 0, libc::EPERM),
        "proc" => hide_proc(),
        "undumpable" => forbid_dumps(),
        // Neither of the two ways by which a process reads its own memory without a fault.
        "unreadable" => forbid_dumps().and_then(|()| refuse(&[libc::SYS_process_vm_readv], 0, libc::EPERM)),
        _ => unreachable!("{policy}"),
    }
}

fn done(what: &str, result: libc::c_int) -> Result<(), String> {
    if result == 0 { Ok(()) } else { Err(format!("{what}: {}", io::Error::last_os_error())) }
}

/// Refuses these system calls where all bits of `mask` are set in the third argument, for this thread and those it
/// starts.
fn refuse(calls: &[libc::c_long], mask: libc::c_int, error: libc::c_int) -> Result<(), String> {
    use libc::{
        BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW,
        SECCOMP_RET_ERRNO,
    };
    const THIRD_ARGUMENT: u32 = 32;
    let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let (load, jump, end) = (BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K);
    let mut filter = vec![step(load, 0, 0, 0)];
    for (index, call) in calls.iter().enumerate() {
        filter.push(step(jump, (calls.len() - index) as u8, 0, *call as u32));
    }
    filter.push(step(end, 0, 0, SECCOMP_RET_ALLOW));
    filter.push(step(load, 0, 0, THIRD_ARGUMENT));
    filter.push(step(BPF_ALU | BPF_AND | BPF_K, 0, 0, mask as u32));
    filter.push(step(jump, 0, 1, mask as u32));
    filter.push(step(end, 0, 0, SECCOMP_RET_ERRNO | error as u32));
    filter.push(step(end, 0, 0, SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: takes numbers, and rights.
    done("PR_SET_NO_NEW_PRIVS", unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    // SAFETY: the kernel copies the filter, which is as long as the program says.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    done("PR_SET_SECCOMP", result)
}

/// Gives this thread a view of the file system in which `/proc` is empty.
fn hide_proc() -> Result<(), String> {
    use libc::{CLONE_NEWNS, MS_PRIVATE, MS_REC};
    // SAFETY: changes what this thread sees of the file system.
    done("unshare of the mounts", unsafe { libc::unshare(CLONE_NEWNS) })?;
    let mount = |from: &std::ffi::CStr, to: &std::ffi::CStr, flags| {
        // SAFETY: the strings end with a zero byte, no data is passed.
        unsafe { libc::mount(from.as_ptr(), to.as_ptr(), from.as_ptr(), flags, std::ptr::null()) }
    };
    done("mounts made private", mount(c"none", c"/", MS_REC | MS_PRIVATE))?;
    done("mount over /proc", mount(c"tmpfs", c"/proc", 0))?;
    File::open("/proc/self/maps").map_or(Ok(()), |_| Err("/proc is still there (an emulator?)".into()))
}

/// Drops root if need be, and makes the process not dumpable: its `/proc/self/mem` is then root's.
fn forbid_dumps() -> Result<(), String> {
    const NOBODY: libc::uid_t = 65534;
    // SAFETY: only asks.
    if unsafe { libc::geteuid() } == 0 {
        // SAFETY: drops rights.
        done("setresuid", unsafe { libc::setresuid(NOBODY, NOBODY, NOBODY) })?;
    }
    // SAFETY: takes numbers, and rights.
    done("PR_SET_DUMPABLE", unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) })?;
    let memory = OpenOptions::new().write(true).open("/proc/self/mem");
    memory.map_or(Ok(()), |_| Err("/proc/self/mem can still be opened".into()))
}
