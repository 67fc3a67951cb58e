//! Values that are given in turn: `sequence[A, B, C]`.
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Which value is the next.
#[derive(Debug)]
pub struct Steps {
    length: usize,
    then_original: bool,
    taken: AtomicUsize,
}

impl Steps {
    /// So many values, and behind them the original or nothing.
    pub const fn new(length: usize, then_original: bool) -> Self {
        Self { length, then_original, taken: AtomicUsize::new(0) }
    }

    /// The next value's number; `None`: the original's turn. Each is one call's, on whichever thread.
    pub fn next(&self, target_name: &str, location: &Location<'_>) -> Option<usize> {
        let number = self.taken.fetch_add(1, SeqCst);
        if number < self.length {
            return Some(number);
        }
        assert!(
            self.then_original,
            "`{target_name}` was called once more than its sequence has values, of which there are {}\n  at {location}\n  \
             help: add a value, or `..` at the end for the original",
            self.length
        );
        None
    }

    /// How many values there are, and how many calls came when all were taken.
    pub fn past_the_end(&self) -> Option<(usize, usize)> {
        let past = self.taken.load(SeqCst).saturating_sub(self.length);
        (past != 0 && !self.then_original).then_some((self.length, past))
    }
}
