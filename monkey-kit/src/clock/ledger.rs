//! A clock where the kernel is not asked who sleeps: every wait of the scope that is known is written down, and every waking of one. A
//! thread whose wait is not known computes, for all that is known of it.
mod deadlock;
mod judge;

use super::system;
use super::time::{Shown, Time};
use crate::place::Frames;
use crate::world::World;
use monkey_core::border;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// No end.
const NEVER: u64 = u64::MAX;
/// The least that a reading shows, in nanoseconds: Windows counts in steps of a hundred.
const RESOLUTION: u64 = if cfg!(windows) { 100 } else { 1 };
/// How long a waiting thread sleeps, in real time, before it looks again: a thread may have ended, or one outside the scope have woken it.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(16);

/// What a thread waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Time alone.
    Time,
    /// That somebody wakes who waits at this address.
    Address(usize),
    /// What the kernel has to be asked for; woken early by this, if it is not 0.
    #[cfg(windows)]
    Kernel(usize),
    /// The same, and what is on its way may take a moment.
    Port,
}

/// How a wait has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As it would without us.
    Woken,
    TimedOut,
    /// There is no such clock any more.
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waits,
    Woken,
    Fired,
    Gone,
}

/// A wait of a thread's.
#[derive(Debug)]
struct Wait {
    thread: i32,
    reason: Reason,
    deadline: u64,
    order: u64,
    stage: Stage,
    /// Up to which look it has asked the kernel in vain.
    asked: u64,
    /// Where it is, once somebody wants to know.
    frames: Option<Frames>,
}

/// What is written down.
#[derive(Debug, Default)]
pub struct Ledger {
    scope: u64,
    waits: Vec<Wait>,
    /// For what each thread has last begun a wait whose time was over, and when.
    over: Vec<(i32, Reason, u64)>,
    order: u64,
    seen: judge::Seen,
    manual: bool,
    /// Somebody turns the clock.
    advancing: bool,
    turns: u64,
    turn_limit: u64,
    /// Since when threads are to say where they wait, in real nanoseconds.
    asked_since: Option<i64>,
    /// Threads are to say where they wait.
    wants_places: bool,
}

impl Ledger {
    fn of_thread(&mut self, thread: i32) -> Option<&mut Wait> {
        self.waits.iter_mut().find(|wait| wait.thread == thread)
    }

    /// Whether a wait whose time is over at this moment is the second one that the thread begins.
    fn is_over_again(&mut self, thread: i32, reason: Reason, moment: u64) -> bool {
        let again = self.over.contains(&(thread, reason, moment));
        self.over.retain(|(other, ..)| *other != thread);
        self.over.push((thread, reason, moment));
        again
    }

    fn remove(&mut self, thread: i32) {
        self.waits.retain(|wait| wait.thread != thread);
    }
}

/// What stands in a world for its clock.
#[derive(Debug, Default)]
pub struct State {
    time: Time,
    scope: AtomicU64,
    ledger: Mutex<Ledger>,
    changed: Condvar,
    pub timers: system::Timers,
}

impl State {
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "each look at a paused clock comes by, in builds that are not optimised too"
    )]
    pub fn time(&self) -> &Time {
        &self.time
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the caller's waits are this clock's concern.
    pub fn counts(&self) -> bool {
        self.time.is_paused() && self.scope.load(SeqCst) == border::scope()
    }

    /// One more guard wants the scope's time to stand still.
    pub fn pause(&self, _: &'static World, scope: u64) {
        if self.time.pause(system::real) {
            self.timers.clear();
            self.scope.store(scope, SeqCst);
            *self.lock() = Ledger { scope, turn_limit: super::TURNS, ..Ledger::default() };
        }
    }

    /// One guard less.
    pub fn resume(&self, _: &World) -> Option<String> {
        if self.time.resume() {
            let mut ledger = self.lock();
            ledger.waits.iter_mut().for_each(|wait| wait.stage = Stage::Gone);
            ledger.waits.iter().for_each(Wait::nudge);
            self.changed.notify_all();
        }
        None
    }

    pub fn turn_by_hand(&self) {
        self.lock().manual = true;
    }

    pub fn limit_turns(&self, turns: u64) {
        self.lock().turn_limit = turns;
    }

    /// Waits for what nobody has to ask the kernel for. `is_over` says whether it has come already. Called while replacements are bypassed.
    pub fn wait(&self, reason: Reason, deadline: Option<u64>, mut is_over: impl FnMut() -> bool) -> End {
        let mut ledger = self.lock();
        let Some(thread) = self.begin(&mut ledger, reason, deadline) else { return End::TimedOut };
        let mut slice = SHORTEST;
        loop {
            // Also in the end: who is outside the scope wakes nobody here.
            let over = is_over();
            if let Some(end) = self.look_as(&mut ledger, thread, over) {
                return end;
            }
            let slept = self.changed.wait_timeout(ledger, slice);
            ledger = slept.map_or_else(|poisoned| poisoned.into_inner().0, |(ledger, _)| ledger);
            slice = (slice * 2).min(LONGEST);
        }
    }

    /// The same for what the kernel knows: `ask` waits there for a moment, in milliseconds, and says whether it has come.
    pub fn wait_in_kernel(
        &self,
        reason: Reason,
        deadline: Option<u64>,
        mut ask: impl FnMut(u32) -> bool,
    ) -> End {
        let begun = self.begin(&mut self.lock(), reason, deadline);
        let Some(thread) = begun else { return End::TimedOut };
        let mut slice = 0;
        loop {
            let look = self.lock().seen.number();
            let over = ask(slice);
            let mut ledger = self.lock();
            if let Some(wait) = ledger.of_thread(thread) {
                wait.asked = look;
            }
            if let Some(end) = self.look_as(&mut ledger, thread, over) {
                return end;
            }
            slice = if reason == Reason::Port { 1 } else { (slice * 2).clamp(1, LONGEST.as_millis() as u32) };
        }
    }

    /// Writes a wait down, unless its time is over.
    fn begin(&self, ledger: &mut Ledger, reason: Reason, deadline: Option<u64>) -> Option<i32> {
        let deadline = deadline.unwrap_or(NEVER);
        let thread = border::own_thread();
        if deadline <= self.time.elapsed() {
            self.is_over(ledger, thread, reason);
            return None;
        }
        ledger.remove(thread);
        ledger.order += 1;
        let order = ledger.order;
        ledger.waits.push(Wait {
            thread,
            reason,
            deadline,
            order,
            stage: Stage::Waits,
            asked: 0,
            frames: None,
        });
        Some(thread)
    }

    /// Time is over for a wait that has just begun. Who begins it again goes on until more time has gone by than was left, and would do so
    /// for ever: the clock goes on by what can be read of it.
    fn is_over(&self, ledger: &mut Ledger, thread: i32, reason: Reason) {
        let now = self.time.elapsed();
        if !matches!(reason, Reason::Address(_)) || !ledger.is_over_again(thread, reason, now) {
            return;
        }
        if !self.turn(ledger, now + RESOLUTION) {
            ledger.turns += 1;
        }
        self.time.turn_to(now + RESOLUTION);
    }

    /// A waiting thread looks what has become of its wait, and whether all others wait too.
    fn look_as(&self, ledger: &mut Ledger, thread: i32, over: bool) -> Option<End> {
        let stage = ledger.of_thread(thread).map_or(Stage::Gone, |wait| wait.stage);
        let end = match stage {
            Stage::Fired => Some(End::TimedOut),
            Stage::Gone => Some(End::Gone),
            Stage::Woken => Some(End::Woken),
            Stage::Waits if over => Some(End::Woken),
            Stage::Waits => None,
        };
        if end.is_some() {
            ledger.remove(thread);
            return end;
        }
        if ledger.wants_places
            && let Some(wait) = ledger.of_thread(thread)
        {
            wait.frames.get_or_insert_with(Frames::here);
        }
        self.look(ledger);
        // It may have been its own.
        let turned = ledger.of_thread(thread).is_none_or(|wait| wait.stage == Stage::Fired);
        turned.then(|| {
            ledger.remove(thread);
            End::TimedOut
        })
    }

    /// Somebody of the scope wakes one, or all, who wait at an address. Called while replacements are bypassed.
    pub fn wake(&self, address: usize, all: bool) {
        let mut ledger = self.lock();
        let waits = ledger.waits.iter_mut();
        let there =
            waits.filter(|wait| wait.reason == Reason::Address(address) && wait.stage == Stage::Waits);
        // In the order in which they came.
        there.take(if all { usize::MAX } else { 1 }).for_each(|wait| wait.stage = Stage::Woken);
        self.changed.notify_all();
    }

    pub fn advance(&self, by: u64) {
        self.lock().advancing = true;
        let target = self.time.elapsed().saturating_add(by);
        loop {
            self.settle();
            if !self.turn(&mut self.lock(), target) {
                break;
            }
        }
        self.time.turn_to(target);
        self.lock().advancing = false;
        self.changed.notify_all();
    }

    /// Waits until all other threads of the scope wait, or one of them has not for long: it may compute.
    fn settle(&self) {
        const LIMIT: i64 = 1_000_000_000;
        let (begun, own) = (system::real(Shown::Monotonic), border::own_thread());
        while system::real(Shown::Monotonic) - begun < LIMIT {
            if self.all_wait(&mut self.lock(), own) {
                return;
            }
            std::thread::sleep(SHORTEST / 4);
        }
    }
}

impl Wait {
    /// Lets a thread that is in the kernel come back.
    fn nudge(&self) {
        #[cfg(windows)]
        if let Reason::Kernel(event) = self.reason
            && event != 0
        {
            system::nudge(event);
        }
        #[cfg(not(windows))]
        let Self { .. } = self;
    }
}
