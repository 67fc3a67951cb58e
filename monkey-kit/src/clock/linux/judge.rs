//! Whether every thread of a scope waits for good, and what comes of that: the earliest of them has waited long enough.
use super::descriptors::{self, Reach, Watched};
use super::slot::{FIRED, Kind, NEVER, Slot};
use super::{State, static_data, wake};
use libc::c_int;
use monkey_core::border;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{MutexGuard, TryLockError};

/// What a look at all threads found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Somebody runs.
    Busy,
    /// All wait, but one was woken a moment ago, or falls asleep, or something may be on its way.
    Settling,
    /// Somebody waits for what comes from outside.
    Outside,
    /// All wait for good, until one of them has waited long enough.
    Turned,
    /// All wait for good, and nobody's wait has an end.
    Stuck,
}

/// What was seen before.
#[derive(Debug, Default)]
pub struct Seen {
    /// Of all who waited.
    signature: u64,
    /// Since when, in real nanoseconds.
    since: i64,
    /// Where something static lies that no thread outside the scope has.
    own: Vec<usize>,
    /// Descriptors that are waited for and reach outside: another program or machine may answer whenever it likes.
    outside: Vec<c_int>,
    /// Whether a program that was started may connect to somebody.
    has_sockets: bool,
    /// How often something was read or written, and since when neither this nor these have changed.
    input: u64,
    quiet_since: i64,
}

impl Seen {
    fn note(&mut self, Watched { outside, has_sockets }: Watched, input: u64) {
        self.has_sockets = has_sockets;
        if outside != self.outside || input != self.input {
            (self.outside, self.input, self.quiet_since) = (outside, input, super::real_now());
        }
    }
}

/// How long sockets have to be silent: what was sent may not have come yet.
const SILENCE: i64 = 2_000_000;
/// How long a thread that began before the clock stood has to sleep.
const SLEEP: i64 = 10_000_000;
/// How long nothing may come from outside before time goes on.
pub const PATIENCE: i64 = 5_000_000_000;

/// All that wait, if nobody runs.
struct Waiting {
    slots: Vec<&'static Slot>,
    /// Threads that were there before the clock stood still, and did nothing since.
    unseen: usize,
}

impl Waiting {
    /// Of these waits: another one has another number, and numbers only grow.
    fn signature(&self) -> u64 {
        self.slots.iter().map(|slot| slot.order.load(SeqCst)).fold(0, u64::wrapping_add)
    }
}

impl State {
    /// The lock of who looks. Got without sleeping: who sleeps seems to wait for good.
    pub fn lock(&self) -> MutexGuard<'_, Seen> {
        loop {
            match self.seen.try_lock() {
                Ok(seen) => return seen,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
    }

    /// Turns the clock if everybody waits. `me` is about to wait, and so does not sleep yet; 0 for nobody. `is_over` says
    /// whether what it is to wait for has come already: nobody would wake it.
    pub fn look(&self, me: i32, is_over: &mut dyn FnMut() -> bool) -> Found {
        let mut seen = self.lock();
        if !self.time.is_paused() || self.advancing.load(SeqCst) || self.is_overturned() {
            return Found::Busy;
        }
        let found = self.settled(me, &mut seen);
        if found != Found::Stuck {
            return found;
        }
        // Asked when all others sleep: who has brought it about before has done so by now.
        if is_over() {
            return Found::Busy;
        }
        if !self.manual.load(SeqCst) && self.turn(NEVER - 1) {
            return Found::Turned;
        }
        let may_come = !seen.outside.is_empty() || seen.has_sockets && descriptors::has_program();
        if may_come { Found::Outside } else { Found::Stuck }
    }

    /// The same for who turns the clock himself: `Found::Stuck` if all others wait for good.
    pub fn look_at_others(&self, me: i32) -> Found {
        let mut seen = self.lock();
        self.settled(me, &mut seen)
    }

    /// Never `Turned`.
    fn settled(&self, me: i32, seen: &mut Seen) -> Found {
        let Some(waiting) = self.waiting(me) else { return Found::Busy };
        let signature = waiting.signature();
        if seen.signature != signature {
            (seen.signature, seen.since) = (signature, super::real_now());
        }
        let asleep = |slot: &&&Slot| slot.thread() == me || is_asleep(slot.thread());
        if waiting.slots.iter().filter(asleep).count() != waiting.slots.len() {
            return Found::Settling;
        }
        // One that was looked at later may have woken one that was looked at before, and wait anew.
        if waiting.slots.iter().any(|slot| !slot.waits()) || waiting.signature() != signature {
            return Found::Settling;
        }
        let polls = waiting.slots.iter().filter(|slot| slot.kind() == Kind::Poll);
        let mut watched = Watched::default();
        let mut reach = polls.map(|slot| self.reach(slot, &mut watched)).max().unwrap_or(Reach::Inside);
        seen.note(watched, self.input.load(SeqCst));
        let is_foreign = |slot: &&Slot| is_shared(slot) && !seen.own.contains(&slot.address.load(SeqCst));
        let foreign: Vec<_> = waiting.slots.iter().copied().filter(is_foreign).collect();
        if !foreign.is_empty() {
            reach = Reach::Outside;
        }
        let needed = match reach {
            Reach::Inside => 0,
            Reach::Sockets => SILENCE,
            Reach::Outside => PATIENCE,
        };
        let needed = if waiting.unseen == 0 { needed } else { needed.max(SLEEP) };
        // Who was silent for so long is not waited for anew at each turn.
        let since = if reach == Reach::Outside && foreign.is_empty() { seen.quiet_since } else { seen.since };
        let silent = needed == 0 || super::real_now() - since >= needed;
        if silent {
            // Waited for so long, it is a thread of the scope that has it, or nobody: the next time needs no patience.
            seen.own.extend(foreign.iter().map(|slot| slot.address.load(SeqCst)));
        }
        match reach {
            _ if silent => Found::Stuck,
            Reach::Outside => Found::Outside,
            _ => Found::Settling,
        }
    }

    /// `None`: somebody runs.
    fn waiting(&self, me: i32) -> Option<Waiting> {
        let mut waiting = Waiting { slots: Vec::new(), unseen: 0 };
        let since = self.since.load(SeqCst);
        for member in border::members(self.scope.load(SeqCst)) {
            let thread = member.thread?;
            match self.slots.of_thread(thread) {
                Some(slot) if slot.waits() => waiting.slots.push(slot),
                _ if thread == me || !border::thread_exists(thread) => {}
                None if member.number < since && is_asleep(thread) => waiting.unseen += 1,
                _ => return None,
            }
        }
        Some(waiting)
    }

    /// Lets the earliest wait that ends by `limit` end; whether there is one.
    pub fn turn(&self, limit: u64) -> bool {
        let scope_slots = self.slots.all().filter(|slot| slot.waits());
        let next = scope_slots.min_by_key(|slot| (slot.deadline.load(SeqCst), slot.order.load(SeqCst)));
        let slot_at = next.map_or(NEVER, |slot| slot.deadline.load(SeqCst));
        if self.timers.fire_before(slot_at.min(limit.saturating_add(1)), &self.time) {
            self.count_turn();
            return true;
        }
        let Some(slot) = next.filter(|_| slot_at <= limit) else { return false };
        self.time.turn_to(slot_at);
        self.count_turn();
        // In this order: told, the thread may go on at once, and wait anew.
        slot.end();
        slot.signal.store(FIRED, SeqCst);
        wake::wake(slot);
        true
    }
}

/// Whether a thread waits on something static, for as long as it takes: a lock of the whole process, which may be held by a thread
/// of another test.
fn is_shared(slot: &Slot) -> bool {
    let is_lock = matches!(slot.kind(), Kind::Futex | Kind::Slices | Kind::Sealed);
    is_lock && slot.deadline.load(SeqCst) == NEVER && static_data::contains(slot.address.load(SeqCst))
}

/// Whether the kernel has put a thread to sleep. Woken, it is not from that moment on.
pub fn is_asleep(thread: i32) -> bool {
    descriptors::read_small(&format!("/proc/self/task/{thread}/stat\0"), |text| {
        // The name, in parentheses, may have any letter in it.
        let end = text.iter().rposition(|byte| *byte == b')');
        end.is_some_and(|end| text.get(end + 2) == Some(&b'S'))
    })
}
