//! The end of a test whose threads all wait for good. No panic leaves a function of the system's here, so the process ends, and says
//! who waits where.
use super::{Ledger, State};
use crate::clock::system;
use crate::clock::time::Shown;
use monkey_core::border;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

/// Why it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// All wait, and no wait has an end.
    Stuck,
    /// The clock was turned too often.
    Turns,
}

/// How long threads are given to say where they wait.
const LIMIT: i64 = 2_000_000_000;

impl State {
    /// Asks all where they wait, and ends the process when all have said so.
    pub fn end(&self, ledger: &mut Ledger, reason: Reason) {
        ledger.wants_places = true;
        ledger.waits.iter().for_each(super::Wait::nudge);
        self.changed.notify_all();
        let all_told = ledger.waits.iter().all(|wait| wait.frames.is_some());
        let age = system::real(Shown::Monotonic) - *ledger.asked_since.get_or_insert_with(now);
        if !all_told && age < LIMIT {
            return;
        }
        let text = self.text(ledger, reason);
        // Not by `eprintln`, of which the harness keeps what it will never show.
        let _ = writeln!(std::io::stderr(), "{text}");
        std::process::exit(101);
    }

    fn text(&self, ledger: &Ledger, reason: Reason) -> String {
        let mut text = match reason {
            Reason::Stuck if ledger.manual => {
                "deadlock: every thread of this test waits, and its clock is turned by hand".to_owned()
            }
            Reason::Stuck => "deadlock: every thread of this test waits, and no wait has an end".to_owned(),
            Reason::Turns => format!(
                "the clock was turned {} times, as if this test went on for ever; it stands {:?} after its beginning",
                ledger.turns,
                Duration::from_nanos(self.time.elapsed())
            ),
        };
        for wait in &ledger.waits {
            let name = border::thread_name(wait.thread);
            let place =
                wait.frames.map_or_else(|| "a place that it did not say".to_owned(), |frames| frames.place());
            let _ = write!(text, "\n  thread `{name}` ({}) waits at {place}", wait.thread);
        }
        text.push_str(match reason {
            Reason::Stuck => "\n  help: somebody has to unlock, send, or end",
            Reason::Turns => "\n  help: end what repeats, or raise the limit: `clock.turn_limit(n)`",
        });
        text
    }
}

fn now() -> i64 {
    system::real(Shown::Monotonic)
}
