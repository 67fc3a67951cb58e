//! One `T = R` of a list, as the user wrote it.
use crate::count::Count;
use crate::error::{Cause, PatchError};
use crate::given::Given;
use crate::image;
use crate::order::Step;
use std::panic::Location;

/// Who sees a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visibility {
    /// The scope's threads.
    Scope,
    /// Every thread.
    Process,
}

/// What is to be replaced, by what, and what is expected of that.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub struct Request {
    pub target: usize,
    pub replacement: usize,
    pub target_name: &'static str,
    pub replacement_name: &'static str,
    pub location: &'static Location<'static>,
    /// What `std::any::type_name` calls the target's own type; with it there is less to doubt about copies.
    pub target_type: Option<&'static str>,
    /// What it calls the fn pointer type of both.
    pub shape: Option<&'static str>,
    /// What it calls the type that target and replacement have in common, where no table knows that type.
    pub common_type: Option<&'static str>,
    /// Whether the code that replaces, and so perhaps the code that calls, is optimised.
    pub optimised: bool,
    /// `None`: what the frame demands of all its replacements.
    pub expected: Option<Count>,
    /// Whether calls that go past the replacement, inlined into others, are fine.
    pub partly: bool,
    /// Nothing stands in: calls of the target itself are counted.
    pub watched: bool,
    /// The order in which the list's targets are to be called, if this one has a place in it.
    pub order: Option<&'static [Step]>,
    /// For an `async fn` that asks when it is polled: what is given to it.
    pub given: Option<Given>,
    /// It is the body of an `async fn` that asks nobody.
    pub is_body: bool,
    /// Its value is what a boxed future is to give, and nobody asks for that.
    pub is_in_a_box: bool,
}

impl Request {
    /// Of which nothing is known but addresses and names.
    pub fn new(
        (target, target_name): (usize, &'static str),
        (replacement, replacement_name): (usize, &'static str),
        location: &'static Location<'static>,
    ) -> Self {
        Self {
            target,
            replacement,
            target_name,
            replacement_name,
            location,
            target_type: None,
            shape: None,
            common_type: None,
            optimised: false,
            expected: None,
            partly: false,
            watched: false,
            order: None,
            given: None,
            is_body: false,
            is_in_a_box: false,
        }
    }

    /// What is expected of its calls where the list does not say. An order says how often; what is only watched need not be called.
    pub fn unless_told(&self, default: Count) -> Count {
        if self.watched || self.order.is_some() { Count::ANY } else { default }
    }

    /// Whether a complaint would name its calls one by one.
    pub fn is_noted(&self) -> bool {
        self.order.is_some() || self.expected.is_some_and(Count::is_particular)
    }
}

impl Request {
    pub fn fails(&self, cause: Cause) -> PatchError {
        let own = image::can_be_marked(self.target);
        let replacement = if self.watched { "" } else { self.replacement_name };
        PatchError::new(self.target_name, self.target, replacement, self.location, cause, own)
    }
}
