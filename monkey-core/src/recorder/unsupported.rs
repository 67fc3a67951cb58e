//! Where there are no hooks, none has a thunk.
use super::Recorder;
use crate::code;
use crate::error::Cause;
use crate::record::Way;

/// Nothing that could be called.
#[derive(Debug, Clone, Copy)]
pub enum Thunk {}

impl Thunk {
    /// Refuses.
    pub fn new(_recorder: &Recorder) -> Result<Self, Cause> {
        Err(code::refusal())
    }

    pub fn way(self) -> Way {
        match self {}
    }

    pub fn id(self) -> usize {
        match self {}
    }

    pub fn lead_to(self, _target: Way) {
        match self {}
    }
}
