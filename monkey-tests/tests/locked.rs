//! Nothing foreign runs under the engine's lock: this program's own allocator and its own definitions of what the engine
//! and the standard library call of the C library look whether the lock is held.
use monkey_core::lock::patches_are_locked;
use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{c_char, c_int, c_long, c_void};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread;

/// What may not run under the lock.
const FOREIGN: [&str; 12] = [
    "the allocator",
    "getenv",
    "dl_iterate_phdr",
    "write",
    "mprotect",
    "mmap",
    "munmap",
    "sigaction",
    "sched_yield",
    "clock_gettime",
    "open64",
    "pthread_sigmask",
];

static CALLS: [AtomicU64; FOREIGN.len()] = [const { AtomicU64::new(0) }; FOREIGN.len()];
static UNDER_THE_LOCK: [AtomicU64; FOREIGN.len()] = [const { AtomicU64::new(0) }; FOREIGN.len()];

fn note(index: usize) {
    CALLS[index].fetch_add(1, SeqCst);
    UNDER_THE_LOCK[index].fetch_add(u64::from(patches_are_locked()), SeqCst);
}

struct Watching;

// SAFETY: the system's allocator, with a look at a thread's own word before each call.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(0);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note(0);
        // SAFETY: the caller's.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static WATCHING: Watching = Watching;

/// The C library's own function of a name.
fn next(index: usize, name: &std::ffi::CStr) -> usize {
    static FOUND: [AtomicUsize; FOREIGN.len()] = [const { AtomicUsize::new(0) }; FOREIGN.len()];
    note(index);
    if FOUND[index].load(SeqCst) == 0 {
        // SAFETY: the name ends with a zero byte.
        FOUND[index].store(unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) } as usize, SeqCst);
    }
    FOUND[index].load(SeqCst)
}

/// Defines functions of the C library for this program, each of which looks and goes on to the library's own.
macro_rules! define {
    ($($index:literal $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        // SAFETY: this program's definition comes before the library's, has its type, and does what it does.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            type Own = unsafe extern "C" fn($($type),*) -> $result;
            let name = concat!(stringify!($name), "\0");
            let own = next($index, std::ffi::CStr::from_bytes_with_nul(name.as_bytes()).unwrap());
            // SAFETY: the library's function of this name, which is of this type.
            let own = unsafe { std::mem::transmute::<usize, Own>(own) };
            // SAFETY: the caller's arguments.
            unsafe { own($($argument),*) }
        }
    )*};
}

type Visit = Option<unsafe extern "C" fn(*mut libc::dl_phdr_info, usize, *mut c_void) -> c_int>;

define! {
    1 getenv(name: *const c_char) -> *mut c_char;
    2 dl_iterate_phdr(visit: Visit, data: *mut c_void) -> c_int;
    3 write(file: c_int, from: *const c_void, size: usize) -> isize;
    4 mprotect(address: *mut c_void, size: usize, protection: c_int) -> c_int;
    5 mmap(address: *mut c_void, size: usize, protection: c_int, flags: c_int, file: c_int, at: c_long) -> *mut c_void;
    6 munmap(address: *mut c_void, size: usize) -> c_int;
    7 sigaction(signal: c_int, new: *const libc::sigaction, old: *mut libc::sigaction) -> c_int;
    8 sched_yield() -> c_int;
    9 clock_gettime(clock: c_int, time: *mut libc::timespec) -> c_int;
    10 open64(path: *const c_char, flags: c_int, mode: c_int) -> c_int;
    11 pthread_sigmask(how: c_int, new: *const libc::sigset_t, old: *mut libc::sigset_t) -> c_int;
}

#[monkey::patchable]
fn number() -> u64 {
    1
}

#[monkey::patchable]
fn other() -> u64 {
    2
}

#[inline(never)]
fn hooked_late(x: u64) -> u64 {
    black_box(x) + 3
}

#[monkey::with(replace(number = || 7, other = || monkey::original!(other()) + 1), expect(number = 1..))]
fn framed() {
    let guard = monkey::patch!(number = || 8);
    assert_eq!((number(), other()), (8, 3));
    let threads: Vec<_> = (0..3).map(|_| thread::spawn(number)).collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 8));
    drop(guard);
    assert_eq!((number(), monkey::calls!(number)), (7, 5));
}

#[monkey::with(replace(number = || 9), scope = process)]
fn alone() {
    assert_eq!(number(), 9);
}

#[monkey::with(replace(number = || 9), expect(number = 1))]
fn missed() {}

#[test]
fn nothing_foreign_runs_under_it() {
    // What is missed on purpose, on threads without a name, is not said.
    let plain = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().name().is_some() {
            plain(info);
        }
    }));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..50 {
                    framed();
                    if round % 10 == 0 {
                        alone();
                        std::panic::catch_unwind(missed).unwrap_err();
                    }
                    // It ends with its thread.
                    thread::spawn(|| std::mem::forget(monkey::patch!(other = || 5))).join().unwrap();
                }
            });
        }
    });
    let guard = monkey::patch!(hooked_late = |x| x, i32::abs = |x: i32| x);
    assert_eq!(hooked_late(1), 1);
    // SAFETY: the child ends at once.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    drop(guard);
    for (index, name) in FOREIGN.iter().enumerate() {
        assert_eq!(UNDER_THE_LOCK[index].load(SeqCst), 0, "{name} was called under the lock");
    }
    let seen = |name| CALLS[FOREIGN.iter().position(|own| *own == name).unwrap()].load(SeqCst) != 0;
    assert!(
        ["the allocator", "getenv", "dl_iterate_phdr", "mmap", "sched_yield"].into_iter().all(seen),
        "{CALLS:?}"
    );
}
