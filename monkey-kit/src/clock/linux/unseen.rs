//! Waits that pass the C library by: to the clock who waits so computes, and it stands still. That is said once.
use super::descriptors::read_small;
use super::{State, real_now};
use monkey_core::{border, image};
use std::ffi::{CStr, c_void};
use std::io::Write as _;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};

/// How long the clock has to stand before that is looked for, in real nanoseconds.
const STANDS: i64 = 2_000_000_000;

/// What is remembered of a clock.
#[derive(Debug, Default)]
pub struct Unseen {
    /// How far the clock was turned, and since when it stands there.
    elapsed: AtomicI64,
    since: AtomicI64,
    told: AtomicBool,
}

impl Unseen {
    pub fn clear(&self) {
        self.since.store(0, SeqCst);
        self.told.store(false, SeqCst);
    }
}

impl State {
    /// Somebody waits for the clock, and somebody else seems to compute. Called where replacements are bypassed or not there.
    pub fn look_for_unseen(&self, unseen: &Unseen) {
        let elapsed = self.time.elapsed() as i64;
        if unseen.elapsed.swap(elapsed, SeqCst) != elapsed || unseen.since.load(SeqCst) == 0 {
            unseen.since.store(real_now(), SeqCst);
            return;
        }
        if real_now() - unseen.since.load(SeqCst) < STANDS || unseen.told.load(SeqCst) {
            return;
        }
        let members = border::members(self.scope.load(SeqCst));
        let waits = |thread: &i32| self.slots.of_thread(*thread).is_some_and(super::slot::Slot::waits);
        let others = members.filter_map(|member| member.thread).filter(|thread| !waits(thread));
        for (thread, name, from) in others.filter_map(|thread| Some((thread, wait_of(thread)?))).map(flat) {
            unseen.told.store(true, SeqCst);
            let text = format!(
                "note: the paused clock stands since two seconds: thread `{}` ({thread}) waits by a system call of its own, `{name}` in \
                 `{from}`, which `monkey::clock` cannot see\n  help: let it call the C library (the crate rustix: feature `use-libc`), or \
                 turn the clock by hand\n",
                border::thread_name(thread)
            );
            // Not by `eprintln`, of which the harness would keep what it says of a test that does not end.
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

fn flat<A, B, C>((a, (b, c)): (A, (B, C))) -> (A, B, C) {
    (a, b, c)
}

/// The system calls that wait until a time.
const WAITS: [(libc::c_long, &str); 8] = [
    (libc::SYS_epoll_pwait, "epoll_pwait"),
    (libc::SYS_epoll_pwait2, "epoll_pwait2"),
    (libc::SYS_ppoll, "ppoll"),
    (libc::SYS_pselect6, "pselect6"),
    (libc::SYS_nanosleep, "nanosleep"),
    (libc::SYS_clock_nanosleep, "clock_nanosleep"),
    (libc::SYS_futex, "futex"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_epoll_wait, "epoll_wait"),
    // There is no other there.
    #[cfg(target_arch = "aarch64")]
    (libc::SYS_epoll_pwait, "epoll_pwait"),
];

/// In which call of them a thread is, if it was made past the C library, and in which function.
fn wait_of(thread: i32) -> Option<(&'static str, String)> {
    let mut found = None;
    read_small(&format!("/proc/self/task/{thread}/syscall\0"), |text| {
        let text = String::from_utf8_lossy(text).into_owned();
        let mut words = text.split_whitespace();
        let number: Option<libc::c_long> = words.next().and_then(|word| word.parse().ok());
        let at = words.last().and_then(|word| usize::from_str_radix(word.trim_start_matches("0x"), 16).ok());
        found = number.zip(at);
        true
    });
    let (number, at) = found?;
    let (_, name) = WAITS.iter().find(|(wait, _)| *wait == number)?;
    if is_in_library(at) {
        return None;
    }
    Some((name, image::find(at).map_or_else(|| format!("{at:#x}"), |function| function.name)))
}

/// Whether that is code of the C library's.
fn is_in_library(at: usize) -> bool {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: any address may be asked for; there is room for what is found.
    if unsafe { libc::dladdr(at as *const c_void, found.as_mut_ptr()) } == 0 {
        return false;
    }
    // SAFETY: written, or zeroed.
    let found = unsafe { found.assume_init() };
    if found.dli_fname.is_null() {
        return false;
    }
    // SAFETY: the loader's name of a file.
    let file = unsafe { CStr::from_ptr(found.dli_fname) }.to_string_lossy();
    ["/libc.so", "/libpthread", "/ld-", "/libc.musl", "/libc-"].iter().any(|part| file.contains(part))
}
