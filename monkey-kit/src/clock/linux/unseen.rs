//! Waits that the clock knows nothing of, such as those that pass the C library by: who waits so computes, and it stands still. That is
//! said once.
use super::descriptors::read_small;
use super::judge::is_asleep;
use super::{State, real_now};
use monkey_core::{border, image};
use std::ffi::{CStr, c_void};
use std::io::Write as _;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};

/// How long the clock has to stand before that is looked for, in real nanoseconds.
const STANDS: i64 = 2_000_000_000;
/// And until who computes may as well wait by looking again and again, which nobody can tell from computing.
const STANDS_LONG: i64 = 5_000_000_000;

/// What is remembered of a clock.
#[derive(Debug, Default)]
pub struct Unseen {
    /// How far the clock was turned, and since when it stands there.
    elapsed: AtomicI64,
    since: AtomicI64,
    told: AtomicBool,
    is_busy_told: AtomicBool,
}

impl Unseen {
    pub fn clear(&self) {
        self.since.store(0, SeqCst);
        self.told.store(false, SeqCst);
        self.is_busy_told.store(false, SeqCst);
    }
}

impl State {
    /// Somebody seems to compute. Called where replacements are bypassed or not there.
    pub fn look_for_unseen(&self, unseen: &Unseen) {
        let elapsed = self.time.elapsed() as i64;
        if unseen.elapsed.swap(elapsed, SeqCst) != elapsed || unseen.since.load(SeqCst) == 0 {
            unseen.since.store(real_now(), SeqCst);
            return;
        }
        let stands = real_now() - unseen.since.load(SeqCst);
        if stands < STANDS || unseen.is_busy_told.load(SeqCst) {
            return;
        }
        for thread in self.others() {
            match wait_of(thread) {
                Some(wait) if self.somebody_waits() && !unseen.told.load(SeqCst) => {
                    say(thread, "two", &wait.text());
                    unseen.told.store(true, SeqCst);
                }
                None if stands >= STANDS_LONG && !unseen.told.load(SeqCst) && !is_asleep(thread) => {
                    unseen.is_busy_told.store(true, SeqCst);
                    say(thread, "five", BUSY);
                }
                _ => {}
            }
        }
    }

    fn somebody_waits(&self) -> bool {
        self.slots.all().any(super::slot::Slot::waits)
    }

    /// The threads that are in none of the clock's waits.
    fn others(&self) -> Vec<i32> {
        let waits = |thread: &i32| self.slots.of_thread(*thread).is_some_and(super::slot::Slot::waits);
        let members = border::members(self.scope.load(SeqCst));
        members.filter_map(|member| member.thread).filter(|thread| !waits(thread)).collect()
    }
}

const BUSY: &str = "computes, or waits by looking again and again, for which it does not go on\n  help: let who looks sleep                     in between (`thread::sleep`), or turn the clock from another thread: `clock.advance(d)`";

fn say(thread: i32, seconds: &str, what: &str) {
    let name = border::thread_name(thread);
    let text =
        format!("note: the paused clock stands since {seconds} seconds: thread `{name}` ({thread}) {what}\n");
    // Not by `eprintln`, of which the harness would keep what it says of a test that does not end.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A wait that the clock knows nothing of.
struct Wait {
    /// The system call.
    call: &'static str,
    /// The function that makes it, past the C library.
    past: Option<String>,
}

impl Wait {
    fn text(&self) -> String {
        let call = self.call;
        match &self.past {
            Some(from) => format!(
                "waits by a system call of its own, `{call}` in `{from}`, which `monkey::clock` cannot see\n  help: let it call the C \
                 library (the crate rustix: feature `use-libc`), or turn the clock by hand"
            ),
            None => format!(
                "is in `{call}`, for which it does not go on: a program, a lock of C's, input from elsewhere\n  help: \
                 let that end, or turn the clock by hand; the book's limits say for what it does not wait"
            ),
        }
    }
}

/// The system calls that wait, those first that wait until a time.
const WAITS: &[(libc::c_long, &str)] = &[
    (libc::SYS_epoll_pwait, "epoll_pwait"),
    (libc::SYS_epoll_pwait2, "epoll_pwait2"),
    (libc::SYS_ppoll, "ppoll"),
    (libc::SYS_pselect6, "pselect6"),
    (libc::SYS_nanosleep, "nanosleep"),
    (libc::SYS_clock_nanosleep, "clock_nanosleep"),
    (libc::SYS_futex, "futex"),
    (libc::SYS_futex_waitv, "futex_waitv"),
    (libc::SYS_mq_timedreceive, "mq_timedreceive"),
    (libc::SYS_mq_timedsend, "mq_timedsend"),
    (libc::SYS_semtimedop, "semtimedop"),
    (libc::SYS_rt_sigtimedwait, "sigtimedwait"),
    (libc::SYS_rt_sigsuspend, "sigsuspend"),
    (libc::SYS_io_uring_enter, "io_uring_enter"),
    (libc::SYS_recvmmsg, "recvmmsg"),
    (libc::SYS_recvfrom, "recvfrom"),
    (libc::SYS_recvmsg, "recvmsg"),
    (libc::SYS_accept, "accept"),
    (libc::SYS_accept4, "accept4"),
    (libc::SYS_connect, "connect"),
    (libc::SYS_sendto, "sendto"),
    (libc::SYS_sendmsg, "sendmsg"),
    (libc::SYS_read, "read"),
    (libc::SYS_write, "write"),
    (libc::SYS_wait4, "wait4"),
    (libc::SYS_waitid, "waitid"),
    (libc::SYS_flock, "flock"),
    (libc::SYS_fcntl, "fcntl"),
    (libc::SYS_msgrcv, "msgrcv"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_poll, "poll"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_select, "select"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_epoll_wait, "epoll_wait"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_pause, "pause"),
];

/// In which call a thread sleeps.
fn wait_of(thread: i32) -> Option<Wait> {
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
    let (_, call) = *WAITS.iter().find(|(wait, _)| *wait == number)?;
    if is_in_library(at) {
        return Some(Wait { call, past: None });
    }
    let function = image::find(at).map_or_else(|| format!("{at:#x}"), |function| function.name);
    Some(Wait { call, past: Some(function) })
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
