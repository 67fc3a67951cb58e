//! The end of a test whose threads all wait for good: each says where, then all end, the test's own thread last.
use super::slot::{DOOMED, Kind, QUIET, RELEASED, Slot};
use super::stack::{self, frames};
use super::wake::wake;
use super::{State, real_now, service};
use crate::place::Frames;
use crate::system_call;
use crate::world::{self, World};
use libc::c_void;
use monkey_core::border::{self, Bypass};
use std::fmt::Write as _;
use std::panic::resume_unwind;
use std::ptr;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

/// Why it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// All wait, and no wait has an end.
    Stuck,
    /// The clock was turned too often.
    Turns,
}

/// How long threads are given to say where they wait, or to end.
const LIMIT: i64 = 300_000_000;
const PAUSE: Duration = Duration::from_millis(1);
/// How often it is tried to end a test.
const TRIES: u32 = 3;

/// Ends a world's test, on a thread of its own: it takes a while. Called where replacements are bypassed or not there.
pub fn begin(world: &'static World, reason: Reason) {
    let run = match reason {
        Reason::Stuck => run_stuck,
        Reason::Turns => run_turns,
    };
    let _ = service::start(run, ptr::from_ref(world).cast_mut().cast());
}

extern "C" fn run_stuck(world: *mut c_void) -> *mut c_void {
    run(world, Reason::Stuck)
}

extern "C" fn run_turns(world: *mut c_void) -> *mut c_void {
    run(world, Reason::Turns)
}

fn run(world: *mut c_void, reason: Reason) -> *mut c_void {
    service::name(c"monkey deadlock");
    // SAFETY: a world, which is never freed.
    let world = unsafe { &*world.cast::<World>() };
    end(&world.clock, reason);
    ptr::null_mut()
}

fn end(clock: &'static State, reason: Reason) {
    let _bypass = Bypass::begin();
    let all: Vec<&'static Slot> = clock.slots.all().filter(|slot| slot.waits()).collect();
    ask_where(&all);
    let owner = clock.owner.load(SeqCst);
    let (own, others): (Vec<&Slot>, Vec<&Slot>) = all.iter().partition(|slot| slot.thread() == owner);
    let (idle, busy): (Vec<&Slot>, Vec<&Slot>) = others.into_iter().partition(|slot| stack::is_idle(slot));
    tell_all(&idle, QUIET);
    if own.is_empty() && busy.is_empty() {
        // Nobody is left of the test.
        return;
    }
    let text = text(clock, reason, &all);
    clock.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
    let tries = clock.ends.fetch_add(1, SeqCst);
    let is_lent = own.iter().any(|slot| stack::is_lent(slot));
    let is_first = tries == 0 && !is_lent;
    if tries == TRIES || own.iter().any(|slot| slot.kind() == Kind::Sealed) {
        clock.print_failure();
        eprintln!("a test that waits for good cannot be ended, so the process is");
        std::process::abort();
    } else if !own.is_empty() && (is_first || busy.is_empty()) {
        end_own(clock, &own, &busy);
    } else {
        end_others(clock, &own, &busy);
    }
    clock.watch.clear();
}

/// Ends the test's own thread, which has lent its stack to nobody.
fn end_own(clock: &State, own: &[&Slot], others: &[&Slot]) {
    if own.iter().any(|slot| stack::blocks_on_tokio(slot)) {
        // What is thrown there poisons a lock that the runtime's end wants if it has to wait. `let_others_end` sees to it that
        // it has not. Where that fails the process aborts, and what the harness has kept of the test's output is lost.
        clock.print_failure();
        tell_all(others, RELEASED);
    } else {
        if own.iter().any(|slot| stack::is_on_a_list(slot)) {
            clock.print_failure();
        }
        tell_all(others, QUIET);
    }
    tell_all(own, RELEASED);
}

/// Ends the other threads, one after the other.
fn end_others(clock: &State, own: &[&Slot], others: &[&Slot]) {
    clock.print_failure();
    for slot in others {
        let wait = slot.order.load(SeqCst);
        tell(slot, RELEASED);
        wait_until(|| !border::thread_exists(slot.thread()) || slot.order.load(SeqCst) != wait);
    }
    tell_all(own, QUIET);
}

/// Lets all say where they wait.
fn ask_where(all: &[&Slot]) {
    for slot in all.iter().filter(|slot| slot.kind() != Kind::Sealed) {
        *slot.frames.lock().unwrap_or_else(PoisonError::into_inner) = None;
        slot.signal.store(DOOMED, SeqCst);
    }
    wait_until(|| {
        let silent = all.iter().filter(|slot| frames(slot).is_none());
        silent.map(|slot| wake(slot)).count() == 0
    });
}

fn wait_until(done: impl Fn() -> bool) {
    let begun = real_now();
    while !done() && real_now() - begun < LIMIT {
        thread::sleep(PAUSE);
    }
}

fn tell_all(slots: &[&Slot], signal: u32) {
    for slot in slots {
        tell(slot, signal);
    }
}

fn tell(slot: &Slot, signal: u32) {
    slot.signal.store(signal, SeqCst);
    let wake = (libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG) as usize;
    // SAFETY: a word that is never freed.
    unsafe {
        system_call::original::syscall(
            libc::SYS_futex,
            slot.signal.as_ptr() as usize,
            wake,
            i32::MAX as usize,
            0,
            0,
            0,
        )
    };
}

/// Where the calling thread is.
pub fn say_where(slot: &Slot) {
    let _bypass = Bypass::begin();
    *slot.frames.lock().unwrap_or_else(PoisonError::into_inner) = Some(Frames::here());
}

/// A thread that is told that it waits for good says where, and waits for what comes of it.
pub fn report_and_wait(slot: &Slot) {
    say_where(slot);
    let _bypass = Bypass::begin();
    while slot.signal.load(SeqCst) == DOOMED {
        let wait = (libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG) as usize;
        // SAFETY: a word that is never freed.
        unsafe {
            system_call::original::syscall(
                libc::SYS_futex,
                slot.signal.as_ptr() as usize,
                wait,
                DOOMED as usize,
                0,
                0,
                0,
            )
        };
    }
}

fn text(clock: &State, reason: Reason, all: &[&Slot]) -> String {
    let mut text = match reason {
        Reason::Stuck if clock.manual.load(SeqCst) => {
            "deadlock: every thread of this test waits, and its clock is turned by hand".to_owned()
        }
        Reason::Stuck => "deadlock: every thread of this test waits, and no wait has an end".to_owned(),
        Reason::Turns => format!(
            "the clock was turned {} times, as if this test went on for ever; it stands {:?} after its beginning",
            clock.turns.load(SeqCst),
            Duration::from_nanos(clock.time.elapsed())
        ),
    };
    for slot in all.iter().rev() {
        let name =
            std::fs::read_to_string(format!("/proc/self/task/{}/comm", slot.thread())).unwrap_or_default();
        let place =
            frames(slot).map_or_else(|| "a place that it did not say".to_owned(), |frames| frames.place());
        let _ = write!(text, "\n  thread `{}` ({}) waits at {place}", name.trim_end(), slot.thread());
    }
    text.push_str(match reason {
        Reason::Stuck => {
            "\n  help: somebody has to unlock, send, or end; threads outside this test's scope are not waited for, unless they \
             take it along (`monkey::Scope::run`)"
        }
        Reason::Turns => "\n  help: end what repeats, or raise the limit: `clock.turn_limit(n)`",
    });
    text
}

/// Ends the calling thread, which waits for good, by a panic; returns where that cannot be.
///
/// The test's own thread panics with the text; the others throw it, and nothing is printed.
pub fn unwind(slot: &Slot, clock: &State) {
    let is_owner = slot.thread() == clock.owner.load(SeqCst);
    if !border::may_leave_c() {
        if is_owner {
            clock.print_failure();
        }
        return;
    }
    let text = clock.failure.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
    if is_owner {
        clock.is_thrown.store(true, SeqCst);
        border::complain(text.clone(), true);
    }
    // Also where it was told before: that was beside the test's own output.
    assert!(!is_owner, "{text}");
    resume_unwind(Box::new(text));
}

/// The test's own thread, which ends because all waited for good, has made a futex's system call while it unwinds: if it has woken
/// others, they get the time to end. What waits for them next then finds them gone: tokio's runtime, when it is dropped, would wait on a
/// lock that the unwinding has poisoned, and the process would abort.
pub fn let_others_end(operation: i32) {
    const TIME: i64 = 100_000_000;
    let command = operation & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME);
    if !matches!(command, libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET) {
        return;
    }
    let Some(world) = world::enter().filter(|world| world.clock.was_ended()) else { return };
    let clock = &world.clock;
    // SAFETY: takes nothing, changes nothing.
    let own = unsafe { libc::gettid() };
    if own != clock.owner.load(SeqCst) {
        return;
    }
    let _bypass = Bypass::begin();
    let is_there = |thread: i32| thread != own && border::thread_exists(thread);
    let are_gone = || {
        let mut members = border::members(clock.scope.load(SeqCst));
        !members.any(|member| member.thread.is_none_or(is_there))
    };
    let begun = real_now();
    while !are_gone() && real_now() - begun < TIME {
        thread::sleep(PAUSE);
    }
}

impl State {
    /// Says on standard error why the test ends, unless that was said.
    fn print_failure(&self) {
        let _bypass = Bypass::begin();
        if !self.is_printed.swap(true, SeqCst) {
            let text = self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
            eprintln!("{}", text.unwrap_or_default());
        }
    }
}
