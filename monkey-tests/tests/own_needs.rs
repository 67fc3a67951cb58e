//! What the engine itself calls, as targets: each is patched, called through, counted, restored, and something else is
//! patched meanwhile. Each in a process of its own: it would be the whole process that crashes or hangs.
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    clippy::undocumented_unsafe_blocks,
    reason = "each call is one expression, argued for above it, within a macro"
)]
use monkey_tests::child;
use std::collections::HashMap;
use std::ffi::{c_int, c_long, c_uint, c_void};
use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

#[monkey::patchable]
fn other() -> u32 {
    1
}

/// While something is patched that the engine needs.
fn patch_something_else() {
    let guard = monkey::patch!(other = || 2);
    assert_eq!(other(), 2);
    assert_eq!(monkey::calls!(other), 1);
    drop(guard);
    assert_eq!(other(), 1);
    std::thread::spawn(|| assert_eq!(other(), 1)).join().unwrap();
}

macro_rules! through {
    ($(fn $name:ident = $target:path, ($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            // SAFETY: the caller's arguments, to the function that he meant.
            unsafe { monkey::original!($target($($argument),*)) }
        }
    )*};
}

through! {
    fn memcpy = libc::memcpy, (to: *mut c_void, from: *const c_void, size: usize) -> *mut c_void;
    fn malloc = libc::malloc, (size: usize) -> *mut c_void;
    fn free = libc::free, (memory: *mut c_void) -> ();
    fn mprotect = libc::mprotect, (at: *mut c_void, size: usize, protection: c_int) -> c_int;
    fn mmap = libc::mmap,
        (at: *mut c_void, size: usize, protection: c_int, flags: c_int, file: c_int, offset: c_long) -> *mut c_void;
    fn getrandom = libc::getrandom, (to: *mut c_void, size: usize, flags: c_uint) -> isize;
    fn clock_gettime = libc::clock_gettime, (clock: libc::clockid_t, time: *mut libc::timespec) -> c_int;
    fn pwrite = libc::pwrite, (file: c_int, from: *const c_void, size: usize, offset: c_long) -> isize;
    fn sigaction = libc::sigaction, (signal: c_int, new: *const libc::sigaction, old: *mut libc::sigaction) -> c_int;
}

/// Patches, calls once, patches something else, calls once more, counts.
macro_rules! run {
    ($target:path = $replacement:expr, $call:expr) => {{
        #[allow(unused_mut, reason = "some calls write into what they captured")]
        let mut call = || black_box($call);
        call();
        let guard = monkey::patch!($target = $replacement);
        let before = monkey::calls!($target);
        call();
        let calls = monkey::calls!($target) - before;
        assert!(calls >= 1, "{} was not called", stringify!($target));
        patch_something_else();
        let before = monkey::calls!($target);
        call();
        assert_eq!(monkey::calls!($target) - before, calls, "{} is counted", stringify!($target));
        drop(guard);
        call();
        patch_something_else();
    }};
}

fn map_a_page() -> *mut c_void {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: new memory, anywhere.
    unsafe { libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ, flags, -1, 0) }
}

fn run_case(case: &str) {
    match case {
        "memcpy" => {
            let (from, mut to) = (vec![7_u8; 5000], vec![0_u8; 5000]);
            run!(libc::memcpy = memcpy, {
                // SAFETY: both are 5000 bytes long.
                unsafe { libc::memcpy(to.as_mut_ptr().cast(), from.as_ptr().cast(), black_box(5000)) };
                assert_eq!(to, from);
            });
        }
        // SAFETY: what is allocated is freed.
        "malloc" => {
            run!(libc::malloc = malloc, unsafe { libc::free(black_box(libc::malloc(black_box(100)))) });
        }
        // SAFETY: what is allocated is freed.
        "free" => run!(libc::free = free, unsafe { libc::free(black_box(libc::malloc(black_box(100)))) }),
        "mprotect" => {
            let page = map_a_page();
            // SAFETY: the page is ours.
            run!(
                libc::mprotect = mprotect,
                assert_eq!(unsafe { libc::mprotect(page, 4096, libc::PROT_READ) }, 0)
            );
        }
        "mmap" => run!(libc::mmap = mmap, assert_ne!(map_a_page(), libc::MAP_FAILED)),
        "getrandom" => {
            let mut to = [0_u8; 8];
            // SAFETY: eight bytes.
            run!(
                libc::getrandom = getrandom,
                assert_eq!(unsafe { libc::getrandom(to.as_mut_ptr().cast(), 8, 0) }, 8)
            );
        }
        "clock_gettime" => run!(libc::clock_gettime = clock_gettime, Instant::now()),
        "pwrite" => {
            // SAFETY: nothing is written to a file that is not open.
            run!(libc::pwrite = pwrite, unsafe { libc::pwrite(-1, std::ptr::null(), 0, 0) });
        }
        "sigaction" => {
            // SAFETY: asks for nothing.
            run!(libc::sigaction = sigaction, unsafe {
                libc::sigaction(libc::SIGUSR1, std::ptr::null(), std::ptr::null_mut())
            });
        }
        // Through pointers: link-time optimisation would inline the calls.
        "Instant::now" => {
            run!(
                Instant::now = || monkey::original!(Instant::now()) + Duration::from_secs(5),
                black_box(Instant::now as fn() -> Instant)()
            );
        }
        "SystemTime::now" => {
            run!(
                SystemTime::now = || SystemTime::UNIX_EPOCH,
                black_box(SystemTime::now as fn() -> SystemTime)()
            );
        }
        "HashMap::contains_key" => {
            let map = HashMap::from([(1_u32, 2_u32)]);
            run!(HashMap::<u32, u32>::contains_key::<u32> = |_: &HashMap<u32, u32>, _: &u32| true, {
                // Through a pointer: an optimised build would inline the call.
                let contains: fn(&HashMap<u32, u32>, &u32) -> bool = HashMap::contains_key;
                black_box(contains)(&map, &1)
            });
        }
        _ => unreachable!("{case}"),
    }
}

#[test]
fn each_can_be_patched() {
    if let Some(case) = child::case() {
        return run_case(&case);
    }
    let cases = [
        "memcpy",
        "malloc",
        "free",
        "mprotect",
        "mmap",
        "getrandom",
        "clock_gettime",
        "pwrite",
        "sigaction",
        "Instant::now",
        "SystemTime::now",
        "HashMap::contains_key",
    ];
    let mut failed = Vec::new();
    let ways = child::ways();
    for case in cases {
        for way in ways {
            let output =
                child::command("each_can_be_patched", case).env("MONKEY_CODE_WRITE", way).output().unwrap();
            if !child::passed(&output) {
                failed.push(format!("{case} ({way}): {}", child::describe(output.status, &output)));
            }
        }
    }
    assert!(failed.is_empty(), "{} failed: {}", failed.len(), failed.join("\n"));
}
