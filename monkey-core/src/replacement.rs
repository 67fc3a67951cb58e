//! What a list says of each of its replacements.
use crate::captured::closure::{self, Head, Takes, Way, WayOf};
use crate::captured::steps::Steps;
use crate::count::Count;
use crate::dispatch::polled::Begin;
use crate::given::Given;
use crate::installed::Listed;
use crate::order::Step;
use crate::request::Request;
use crate::thread::BypassAll;
use std::marker::PhantomData;
use std::panic::Location;

/// One `T = R` of a list. What it captures lives for `'env`.
#[derive(Debug)]
pub struct Replacement<'env> {
    pub(crate) listed: Box<Listed>,
    _borrows: PhantomData<&'env ()>,
}

impl<'env> Replacement<'env> {
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
        let request = Request::new(target, replacement, Location::caller());
        let _bypass = BypassAll::begin();
        Self { listed: Listed::new(request), _borrows: PhantomData }
    }

    /// What is only watched: `watch(T)`.
    #[track_caller]
    #[must_use]
    pub fn watch(target: *const (), target_name: &'static str) -> Self {
        let mut watch = Self::new(target, target, target_name, target_name);
        watch.listed.request().watched = true;
        watch
    }

    /// The closure that the replacement finds at each call. `own` is the replacement.
    #[must_use]
    pub fn capturing<W: Way + Takes<F>, F: Send + 'env, P: Copy>(
        self,
        _way: &WayOf<W>,
        function: F,
        own: P,
    ) -> Self {
        self.keeping::<W, F, P>(function, own, None)
    }

    /// The same, of a closure that gives so many values in turn.
    #[must_use]
    pub fn in_turn<W: Way + Takes<F>, F: Send + 'env, P: Copy>(
        self,
        _way: &WayOf<W>,
        function: F,
        own: P,
        length: usize,
        then_original: bool,
    ) -> Self {
        self.keeping::<W, F, P>(function, own, Some(Steps::new(length, then_original)))
    }

    /// What is known of it by types.
    #[must_use]
    pub fn standing(self, stand: impl FnOnce(Self) -> Self) -> Self {
        stand(self)
    }

    /// What an `async fn` asks for.
    pub(crate) fn given(mut self, given: Given, own: Begin) -> Self {
        self.listed.request().given = Some(given);
        self.listed.request().replacement = own as *const () as usize;
        self
    }

    /// What is replaced is the `poll` of the target's future. `is_body`: of an `async fn`'s.
    pub(crate) fn by_poll(mut self, target: *const (), replacement: *const (), is_body: bool) -> Self {
        let request = self.listed.request();
        request.is_body = is_body;
        (request.target, request.replacement) = (target as usize, replacement as usize);
        // It is that of the function that makes the future.
        (request.target_type, request.common_type) = (None, None);
        self
    }

    /// What a boxed future gives, of a function that does not ask for it.
    pub(crate) fn by_what_is_boxed(mut self) -> Self {
        self.listed.request().is_in_a_box = true;
        self
    }

    /// An environment even for what captures nothing.
    pub(crate) fn always_keeping<W: Way, F: Send + 'env, P: Copy>(
        mut self,
        function: F,
        own: P,
        steps: Option<Steps>,
    ) -> Self {
        let Request { target_name, location, .. } = *self.listed.request();
        let head = Head::new(target_name, location, steps);
        *self.listed.environment() = Some(closure::environment_always::<W, F, P>(head, function, own));
        self
    }

    fn keeping<W: Way, F: Send, P: Copy>(mut self, function: F, own: P, steps: Option<Steps>) -> Self {
        let Request { target_name, location, .. } = *self.listed.request();
        let head = Head::new(target_name, location, steps);
        *self.listed.environment() = closure::environment::<W, F, P>(head, function, own);
        self
    }

    /// Whether the crate that the list is in is optimised.
    #[must_use]
    pub fn optimised(mut self, optimised: bool) -> Self {
        self.listed.request().optimised = optimised;
        self
    }

    /// What `std::any::type_name` calls the target's own type.
    #[must_use]
    pub fn of_type(mut self, name: &'static str) -> Self {
        self.listed.request().target_type = Some(name);
        self
    }

    /// What `std::any::type_name` calls the fn pointer type of target and replacement.
    #[must_use]
    pub fn shaped(mut self, name: &'static str) -> Self {
        self.listed.request().shape = Some(name);
        self
    }

    /// What `std::any::type_name` calls the type that target and replacement have in common, and whether it is an unsafe pointer of
    /// which the type check knows all.
    #[must_use]
    pub fn in_common(mut self, name: &'static str, recognised: bool) -> Self {
        self.listed.request().common_type = (!recognised).then_some(name);
        self
    }

    /// Calls that go past the replacement, inlined into others, are fine: `partly(T)`.
    #[must_use]
    pub fn partly(mut self) -> Self {
        self.listed.request().partly = true;
        self
    }

    /// It stands in the list's `expect(order[..])`, which all that do so are given, and which says how often it is called.
    #[must_use]
    pub fn ordered(mut self, order: &'static [Step]) -> Self {
        self.listed.request().order = Some(order);
        self
    }

    /// How many calls `expect(T = COUNT)` allows.
    #[must_use]
    pub fn expect(mut self, count: impl IntoCount) -> Self {
        self.listed.request().expected = Some(count.into_count());
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
