//! How often a replacement is to be called.
use std::fmt;
use std::ops::{Bound, RangeBounds};

/// How many calls are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    least: u64,
    most: Option<u64>,
}

impl Count {
    /// One call or more.
    pub const SOME: Self = Self { least: 1, most: None };
    /// Any number of calls.
    pub const ANY: Self = Self { least: 0, most: None };

    pub fn exactly(count: usize) -> Self {
        Self { least: count as u64, most: Some(count as u64) }
    }

    pub fn within(range: &impl RangeBounds<usize>) -> Self {
        let least = match range.start_bound() {
            Bound::Included(least) => *least as u64,
            Bound::Excluded(below) => *below as u64 + 1,
            Bound::Unbounded => 0,
        };
        let most = match range.end_bound() {
            Bound::Included(most) => Some(*most as u64),
            // No number is below zero: no count is right.
            Bound::Excluded(0) => return Self { least: 1, most: Some(0) },
            Bound::Excluded(above) => Some(*above as u64 - 1),
            Bound::Unbounded => None,
        };
        Self { least, most }
    }

    /// Whether more is asked for than whether there were calls.
    pub fn is_particular(self) -> bool {
        self.least > 1 || self.most.is_some()
    }

    /// Whether so many calls are too many.
    pub fn is_below(self, calls: u64) -> bool {
        self.most.is_some_and(|most| most < calls)
    }

    pub fn allows(self, calls: u64) -> bool {
        self.least <= calls && self.most.is_none_or(|most| calls <= most)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, Some(most)) if least == most => write!(f, "exactly {least}"),
            (least, Some(most)) if least > most => write!(f, "no count at all"),
            (0, Some(most)) => write!(f, "at most {most}"),
            (least, Some(most)) => write!(f, "{least} to {most}"),
            (least, None) => write!(f, "at least {least}"),
        }
    }
}
