//! Where there are no hooks, no thunk notes calls.
use super::Recorder;
use crate::code;
use crate::error::Cause;
use crate::group::Group;

/// Nothing that could be called.
#[derive(Debug, Clone, Copy)]
pub enum Thunk {}

impl Thunk {
    /// Refuses.
    pub fn new(_recorder: &Recorder) -> Result<Self, Cause> {
        Err(code::refusal())
    }

    pub fn code(self) -> usize {
        match self {}
    }

    pub fn id(self) -> usize {
        match self {}
    }

    pub fn lead_to(self, _target: usize) {
        match self {}
    }
}

/// None.
#[derive(Debug, Clone, Default)]
pub struct Thunks;

impl Thunks {
    /// Refuses.
    pub fn new(recorder: &Recorder, _group: &'static Group) -> Result<Self, Cause> {
        Thunk::new(recorder).map(|_| Self)
    }

    pub fn is_empty(&self) -> bool {
        true
    }

    pub fn of_copy(&self, _original: usize) -> Option<Thunk> {
        None
    }

    pub fn noted(&self, _id: usize) -> bool {
        false
    }
}
