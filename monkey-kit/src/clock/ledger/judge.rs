//! Whether every thread of a scope waits for good, and what comes of that: the earliest of them has waited long enough.
use super::{Ledger, NEVER, Reason, Stage, State, Wait, deadlock};
use crate::clock::system;
use crate::clock::time::Shown;
use monkey_core::border;

/// What was seen when all waited last.
#[derive(Debug, Default)]
pub struct Seen {
    /// Of all who waited, and of who was there.
    signature: u64,
    /// How often that has changed: who asks the kernel has to have asked since.
    number: u64,
    /// Since when, in real nanoseconds.
    since: i64,
}

impl Seen {
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// How long a port has to be silent: what was sent may not have come yet.
const SILENCE: i64 = 2_000_000;
/// How long all have to wait, without an end, until that is a deadlock. Who wakes them may be outside.
const GRACE: i64 = 400_000_000;
/// How long one waits for what a thread of another test may hold before time goes on.
const PATIENCE: i64 = 5_000_000_000;

impl State {
    /// Turns the clock if everybody waits.
    pub fn look(&self, ledger: &mut Ledger) {
        if !self.time.is_paused() || ledger.advancing || !self.all_wait(ledger, 0) {
            return;
        }
        if ledger.turns > ledger.turn_limit {
            return self.end(ledger, deadlock::Reason::Turns);
        }
        if (ledger.manual || !self.turn(ledger, NEVER - 1)) && ledger.seen.age() >= GRACE {
            self.end(ledger, deadlock::Reason::Stuck);
        }
    }

    /// Whether all of the scope's threads wait, `me` apart, and nothing may be on its way to one of them.
    pub fn all_wait(&self, ledger: &mut Ledger, me: i32) -> bool {
        let Some(signature) = signature(ledger, me) else {
            ledger.seen.signature = 0;
            return false;
        };
        if ledger.seen.signature != signature {
            let number = ledger.seen.number + 1;
            ledger.seen = Seen { signature, number, since: system::real(Shown::Monotonic) };
            ledger.waits.iter().for_each(Wait::nudge);
        }
        let (number, age) = (ledger.seen.number, ledger.seen.age());
        ledger.waits.iter().all(|wait| match wait.reason {
            Reason::Time => true,
            Reason::Address(address) => {
                wait.deadline != NEVER || age >= PATIENCE || !system::is_static(address)
            }
            #[cfg(windows)]
            Reason::Kernel(_) => wait.asked >= number,
            Reason::Port => wait.asked >= number && age >= SILENCE,
        })
    }

    /// Lets the earliest wait that ends by `limit` end; whether there is one.
    pub fn turn(&self, ledger: &mut Ledger, limit: u64) -> bool {
        let waits =
            ledger.waits.iter_mut().filter(|wait| wait.stage == Stage::Waits && wait.deadline <= limit);
        let Some(next) = waits.min_by_key(|wait| (wait.deadline, wait.order)) else { return false };
        self.time.turn_to(next.deadline);
        next.stage = Stage::Fired;
        next.nudge();
        ledger.turns += 1;
        self.changed.notify_all();
        true
    }
}

impl Seen {
    fn age(&self) -> i64 {
        system::real(Shown::Monotonic) - self.since
    }
}

/// Of these waits, and of who was there; `None`: somebody runs. Never 0.
fn signature(ledger: &mut Ledger, me: i32) -> Option<u64> {
    let mut signature = 1_u64;
    for member in border::members(ledger.scope) {
        let thread = member.thread?;
        let number = match ledger.of_thread(thread) {
            Some(wait) if wait.stage == Stage::Waits => wait.order,
            _ if thread == me || !border::thread_exists(thread) => continue,
            _ => return None,
        };
        signature = signature.wrapping_add((number << 20) ^ member.number).rotate_left(7) | 1;
    }
    Some(signature)
}
