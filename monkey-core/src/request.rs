//! One `T = R` of a list, as the user wrote it.
use crate::count::Count;
use crate::error::{Cause, PatchError};
use crate::image;
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
pub struct Request {
    pub target: usize,
    pub replacement: usize,
    pub target_name: &'static str,
    pub replacement_name: &'static str,
    pub location: &'static Location<'static>,
    /// What `std::any::type_name` calls the target's own type; with it there is less to doubt about copies.
    pub target_type: Option<&'static str>,
    /// What it calls the type that target and replacement have in common, where no table knows that type.
    pub common_type: Option<&'static str>,
    /// Whether the code that replaces, and so perhaps the code that calls, is optimised.
    pub optimised: bool,
    /// `None`: what the frame demands of all its replacements.
    pub expected: Option<Count>,
    /// Whether calls that go past the replacement, inlined into others, are fine.
    pub partly: bool,
}

impl Request {
    pub fn fails(&self, cause: Cause) -> PatchError {
        let own = image::can_be_marked(self.target);
        PatchError::new(self.target_name, self.target, self.replacement_name, self.location, cause, own)
    }
}
