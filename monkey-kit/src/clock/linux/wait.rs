//! Waiting for a paused clock: the thread says until when, looks whether it was the last one that still ran, and sleeps.
use super::slot::{DOOMED, FIRED, GONE, Kind, NEVER, QUIET, Slot};
use super::{State, deadlock, watcher};
use monkey_core::border::Bypass;
use std::sync::atomic::Ordering::SeqCst;

/// How a wait has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As it would without us; with what the sleep gave.
    Woken(i32),
    TimedOut,
    /// There is no such clock any more.
    Gone,
    /// It would never end, and no panic can leave it.
    Deadlocked,
}

/// What a sleep in the kernel gave.
pub enum Slept {
    /// The wait is over.
    Over(i32),
    /// Nothing has come of it: look, and sleep again.
    Again,
}

impl State {
    /// Waits. `sleep` sleeps in the kernel until the program's own reason comes or the slot's signal does; `is_over` says
    /// whether it came already.
    pub fn wait(
        &self,
        kind: Kind,
        address: usize,
        deadline: Option<u64>,
        is_over: &mut dyn FnMut() -> bool,
        sleep: &mut dyn FnMut(&Slot) -> Slept,
    ) -> End {
        let deadline = deadline.unwrap_or(NEVER);
        let slot = self.slots.own();
        if deadline <= self.time.elapsed() {
            self.is_over(slot, kind, address);
            return End::TimedOut;
        }
        if kind == Kind::Sealed {
            deadlock::say_where(slot);
        }
        slot.begin(kind, address, deadline, self.next_order());
        {
            let _bypass = Bypass::begin();
            self.look(slot.thread(), is_over);
            watcher::notice();
        }
        let end = loop {
            match slot.signal.load(SeqCst) {
                QUIET => {}
                FIRED if deadline <= self.time.elapsed() => break End::TimedOut,
                // Somebody out of the scope has woken it from the wait that this was for, and now it is in another one.
                FIRED => slot.begin(kind, address, deadline, self.next_order()),
                GONE => break End::Gone,
                DOOMED => {
                    deadlock::report_and_wait(slot);
                    continue;
                }
                _ => break End::Deadlocked,
            }
            if !self.time.is_paused() {
                break End::Gone;
            }
            if let Slept::Over(result) = sleep(slot)
                && slot.signal.load(SeqCst) < DOOMED
            {
                // Who is told that his time is over has slept through it, whatever came in that moment.
                let is_over = slot.signal.load(SeqCst) == FIRED && deadline <= self.time.elapsed();
                break if is_over { End::TimedOut } else { End::Woken(result) };
            }
        };
        slot.end();
        slot.signal.store(QUIET, SeqCst);
        if end == End::Deadlocked {
            deadlock::unwind(slot, self);
        }
        end
    }

    /// Time is over for a wait that has just begun. Who begins it again, as `Condvar::wait_timeout_while` does, goes on until more time has
    /// gone by than was left, and would do so for ever: the clock goes on by a nanosecond.
    fn is_over(&self, slot: &Slot, kind: Kind, address: usize) {
        let now = self.time.elapsed();
        if kind == Kind::Word || !slot.is_over_again(now, address) {
            return;
        }
        let _bypass = Bypass::begin();
        let _seen = self.lock();
        if !self.turn(now + 1) {
            self.count_turn();
        }
        self.time.turn_to(now + 1);
    }
}
