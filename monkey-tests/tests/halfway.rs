//! A fork while another thread of the program does for the first time what is done once: the child must not wait for it.
//!
//! This program's own `getenv` stands in for a slow one. The engine asks the environment in the middle of several such
//! things, and holds no lock meanwhile, or the fork would wait.
use std::ffi::{CStr, c_char, c_int};
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// Whether who asks for the variable is to wait; who waits; who may go on.
static ARMED: AtomicBool = AtomicBool::new(false);
static WAITING: AtomicBool = AtomicBool::new(false);
static FORKED: AtomicBool = AtomicBool::new(false);
static VARIABLE: [(&CStr, AtomicBool); 3] = [
    (c"MONKEY_CRASH_REPORT", AtomicBool::new(false)),
    (c"MONKEY_CODE_WRITE", AtomicBool::new(false)),
    (c"MONKEY_JUMP", AtomicBool::new(false)),
];

unsafe extern "C" {
    static environ: *const *const c_char;
}

#[monkey::patchable]
fn number() -> u32 {
    1
}

fn patch_and_call() {
    let _guard = monkey::patch!(number = || 5);
    assert_eq!(number(), 5);
}

fn wait_for(flag: &AtomicBool) {
    while !flag.load(SeqCst) {
        thread::sleep(Duration::from_millis(1));
    }
}

fn is_asked_for(name: &CStr) -> bool {
    VARIABLE.iter().any(|(variable, wanted)| *variable == name && wanted.load(SeqCst))
}

/// # Safety
/// As that of the C library, whose place it takes.
#[unsafe(no_mangle)]
unsafe extern "C" fn getenv(name: *const c_char) -> *const c_char {
    // SAFETY: the caller's: a string.
    let name = unsafe { CStr::from_ptr(name) };
    if is_asked_for(name) && ARMED.swap(false, SeqCst) {
        WAITING.store(true, SeqCst);
        wait_for(&FORKED);
    }
    // SAFETY: nothing in this program changes its environment.
    let mut entry = unsafe { environ };
    loop {
        // SAFETY: the list goes on until its null.
        let text = unsafe { *entry };
        if text.is_null() {
            return ptr::null();
        }
        // SAFETY: an entry is a string.
        let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
        let value = bytes.strip_prefix(name.to_bytes()).and_then(|rest| rest.strip_prefix(b"="));
        if let Some(value) = value {
            return value.as_ptr().cast();
        }
        // SAFETY: not the null at the end.
        entry = unsafe { entry.add(1) };
    }
}

/// Does something in a child, which has ten seconds.
fn in_a_child(what: fn(), title: &str) {
    // SAFETY: the child does what it needs and ends without returning.
    let process = unsafe { libc::fork() };
    if process == 0 {
        // SAFETY: a child that hangs dies of it.
        unsafe { libc::alarm(10) };
        what();
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    assert_eq!(status_of(process), 0, "{title}");
}

fn status_of(process: c_int) -> c_int {
    let mut status = 0;
    // SAFETY: waits for the child; `status` is writable.
    assert_eq!(unsafe { libc::waitpid(process, &raw mut status, 0) }, process);
    status
}

/// This process has patched nothing yet.
fn fork_while_another_thread_patches() {
    ARMED.store(true, SeqCst);
    let worker = thread::spawn(patch_and_call);
    wait_for(&WAITING);
    in_a_child(patch_and_call, "the child of the fork patches");
    FORKED.store(true, SeqCst);
    worker.join().unwrap();
    black_box(number());
}

#[test]
fn a_fork_halfway_through_the_first_patch_leaves_a_child_that_can_patch() {
    for (name, wanted) in &VARIABLE {
        wanted.store(true, SeqCst);
        // Each in a process of its own, to which its first patch is the first.
        in_a_child(fork_while_another_thread_patches, &format!("forked while asking for {name:?}"));
        wanted.store(false, SeqCst);
    }
}
