//! What unmodified crates call at the border between Rust and the system is seen, at every optimisation level: nothing
//! inlines the C library.
#![cfg(target_env = "gnu")]
use std::ffi::CStr;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// As many arguments as any of them takes; who takes fewer does not look at the rest.
type Function = unsafe extern "C" fn(i64, i64, i64, i64, i64, i64, i64) -> i64;

const NAMES: [&CStr; 10] = [
    c"syscall",
    c"getrandom",
    c"clock_nanosleep",
    c"nanosleep",
    c"open64",
    c"getenv",
    c"statx",
    c"posix_spawnp",
    c"connect",
    c"epoll_wait",
];

static CALLS: [AtomicUsize; 10] = [const { AtomicUsize::new(0) }; 10];
static ORIGINALS: [AtomicUsize; 10] = [const { AtomicUsize::new(0) }; 10];

#[allow(clippy::many_single_char_names, reason = "they have no meaning here")]
unsafe extern "C" fn counted<const N: usize>(a: i64, b: i64, c: i64, d: i64, e: i64, f: i64, g: i64) -> i64 {
    CALLS[N].fetch_add(1, SeqCst);
    // SAFETY: the way to the original, which is there before the first call; it is called as its caller wanted.
    let original = unsafe { std::mem::transmute::<usize, Function>(ORIGINALS[N].load(SeqCst)) };
    // SAFETY: as above.
    unsafe { original(a, b, c, d, e, f, g) }
}

fn hook<const N: usize>() -> monkey::PatchGuard {
    // SAFETY: a name that ends with a zero.
    let target = unsafe { libc::dlsym(libc::RTLD_DEFAULT, NAMES[N].as_ptr()) };
    // SAFETY: it takes and gives integers and pointers, as the replacement does.
    let guard = unsafe { monkey::patch_at(target.cast(), counted::<N> as *const ()) }.unwrap();
    ORIGINALS[N].store(guard.original() as usize, SeqCst);
    guard
}

fn hook_all() -> impl Sized {
    let first = (hook::<0>(), hook::<1>(), hook::<2>(), hook::<3>(), hook::<4>());
    (first, hook::<5>(), hook::<6>(), hook::<7>(), hook::<8>(), hook::<9>())
}

/// How often `what` made any of the functions be called.
fn calls(names: &[&CStr], what: impl FnOnce()) -> usize {
    let sum = || {
        let all = NAMES.iter().zip(&CALLS).filter(|(name, _)| names.contains(name));
        all.map(|(_, calls)| calls.load(SeqCst)).sum::<usize>()
    };
    let before = sum();
    what();
    sum() - before
}

fn sleep_in_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::sleep(Duration::from_millis(20)).await });
}

#[monkey::test]
fn everything_comes_by() {
    let _guards = hook_all();
    let sleeps = [c"clock_nanosleep", c"nanosleep"];
    assert!(calls(&[c"syscall"], || std::thread::park_timeout(Duration::from_millis(5))) > 0, "a futex");
    assert!(calls(&sleeps, || std::thread::sleep(Duration::from_millis(5))) > 0);
    let keys = || drop(std::thread::spawn(std::collections::HashMap::<u8, u8>::new).join().unwrap());
    assert!(calls(&[c"getrandom"], keys) > 0, "the keys of a thread's first HashMap");
    assert!(calls(&[c"getrandom"], || drop(uuid::Uuid::new_v4().to_string())) > 0);
    assert!(calls(&[c"open64"], || drop(std::fs::read_to_string("Cargo.toml"))) > 0);
    assert!(calls(&[c"statx"], || drop(std::fs::metadata("Cargo.toml"))) > 0);
    assert!(calls(&[c"getenv"], || drop(std::env::var("HOME"))) > 0);
    assert!(calls(&[c"posix_spawnp"], || drop(std::process::Command::new("true").status())) > 0);
    assert!(calls(&[c"connect"], || drop(std::net::TcpStream::connect("127.0.0.1:1"))) > 0);
    assert!(calls(&[c"epoll_wait"], sleep_in_tokio) > 0, "tokio");
}

static NOW: AtomicI64 = AtomicI64::new(42);

unsafe extern "C" fn gettime(_: libc::clockid_t, to: *mut libc::timespec) -> i32 {
    // SAFETY: the caller's place for the time.
    unsafe { *to = libc::timespec { tv_sec: NOW.load(SeqCst), tv_nsec: 0 } };
    0
}

#[monkey::test(replace(libc::clock_gettime = gettime))]
fn one_replacement_moves_every_clock() {
    assert_eq!(UNIX_EPOCH.elapsed().unwrap().as_secs(), 42);
    let start = (Instant::now(), SystemTime::now());
    NOW.store(142, SeqCst);
    assert_eq!((start.0.elapsed().as_secs(), start.1.elapsed().unwrap().as_secs()), (100, 100));
    assert_eq!(std::thread::spawn(move || start.0.elapsed().as_secs()).join().unwrap(), 100);
}
