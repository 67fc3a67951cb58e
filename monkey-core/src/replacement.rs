//! What a list says of each of its replacements.
use crate::count::Count;
use crate::order::Step;
use crate::request::Request;
use std::panic::Location;

/// One `T = R` of a list.
#[derive(Debug)]
pub struct Replacement(pub(crate) Request);

impl Replacement {
    /// Target and replacement are of one type; the names are what the user wrote.
    #[track_caller]
    #[must_use]
    pub fn new(
        target: *const (),
        replacement: *const (),
        target_name: &'static str,
        replacement_name: &'static str,
    ) -> Self {
        let target = (target as usize, target_name);
        let replacement = (replacement as usize, replacement_name);
        Self(Request::new(target, replacement, Location::caller()))
    }

    /// What is only watched: `watch(T)`.
    #[track_caller]
    #[must_use]
    pub fn watch(target: *const (), target_name: &'static str) -> Self {
        let mut watch = Self::new(target, target, target_name, target_name);
        watch.0.watched = true;
        watch
    }

    /// Whether the crate that the list is in is optimised.
    #[must_use]
    pub fn optimised(mut self, optimised: bool) -> Self {
        self.0.optimised = optimised;
        self
    }

    /// What `std::any::type_name` calls the target's own type.
    #[must_use]
    pub fn of_type(mut self, name: &'static str) -> Self {
        self.0.target_type = Some(name);
        self
    }

    /// What `std::any::type_name` calls the type that target and replacement have in common, and whether it is an unsafe pointer of
    /// which the type check knows all.
    #[must_use]
    pub fn in_common(mut self, name: &'static str, recognised: bool) -> Self {
        self.0.common_type = (!recognised).then_some(name);
        self
    }

    /// Calls that go past the replacement, inlined into others, are fine: `partly(T)`.
    #[must_use]
    pub fn partly(mut self) -> Self {
        self.0.partly = true;
        self
    }

    /// It stands in the list's `expect(order[..])`, which all that do so are given, and which says how often it is called.
    #[must_use]
    pub fn ordered(mut self, order: &'static [Step]) -> Self {
        self.0.order = Some(order);
        self
    }

    /// How many calls `expect(T = COUNT)` allows.
    #[must_use]
    pub fn expect(mut self, count: impl IntoCount) -> Self {
        self.0.expected = Some(count.into_count());
        self
    }
}

/// What may stand as COUNT in `expect(T = COUNT)`: a number or a range of `usize`.
#[diagnostic::on_unimplemented(
    message = "a count is a number or a range of numbers",
    label = "neither a `usize` nor a range of them",
    note = "write `expect(TARGET = 2)`, `1..`, `..=3` or `..`"
)]
pub trait IntoCount {
    /// The numbers of calls that are right.
    fn into_count(self) -> Count;
}

impl IntoCount for usize {
    fn into_count(self) -> Count {
        Count::exactly(self)
    }
}

macro_rules! ranges_are_counts {
    ($($range:ty),*) => {$(
        impl IntoCount for $range {
            fn into_count(self) -> Count {
                Count::within(&self)
            }
        }
    )*};
}
ranges_are_counts!(
    std::ops::Range<usize>,
    std::ops::RangeInclusive<usize>,
    std::ops::RangeFrom<usize>,
    std::ops::RangeTo<usize>,
    std::ops::RangeToInclusive<usize>,
    std::ops::RangeFull
);
