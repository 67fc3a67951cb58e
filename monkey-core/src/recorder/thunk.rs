//! What notes the calls of one patch, for each copy of its function: in code, or, where calls are dispatched in source, there.
use super::{Recorder, in_code};
use crate::error::Cause;
use crate::group::Group;
use crate::hook::Hook;
use crate::record::{Note, Way};

/// Notes calls in a record, and goes on.
#[derive(Debug, Clone, Copy)]
pub enum Thunk {
    InCode(in_code::Thunk),
    InSource(&'static Note),
}

impl Thunk {
    /// A new one. Where it leads has to be said before its first call.
    fn new(recorder: &Recorder, hook: &Hook) -> Result<Self, Cause> {
        if hook.is_in_source() {
            Ok(Self::InSource(Note::new(recorder.record)))
        } else {
            in_code::Thunk::new(recorder).map(Self::InCode)
        }
    }

    /// Where calls go in.
    pub fn way(self) -> Way {
        match self {
            Self::InCode(thunk) => thunk.way(),
            Self::InSource(note) => Way::by(note),
        }
    }

    /// Where calls go on to.
    pub fn lead_to(self, target: Way) {
        match self {
            Self::InCode(thunk) => thunk.lead_to(target),
            Self::InSource(note) => note.lead_to(target),
        }
    }

    fn id(self) -> usize {
        match self {
            Self::InCode(thunk) => thunk.id(),
            Self::InSource(note) => note.id(),
        }
    }
}

/// Those of one patch: one for each copy of its function.
#[derive(Debug, Clone, Default)]
pub struct Thunks {
    /// Each with the trampoline of its copy, which tells the copies apart.
    of_copies: Vec<(usize, Thunk)>,
}

impl Thunks {
    pub fn new(recorder: &Recorder, group: &'static Group) -> Result<Self, Cause> {
        let of_copies = group.hooks().map(|hook| Ok((hook.original, Thunk::new(recorder, hook)?)));
        Ok(Self { of_copies: of_copies.collect::<Result<_, Cause>>()? })
    }

    /// Whether nobody notes its calls.
    pub fn is_empty(&self) -> bool {
        self.of_copies.is_empty()
    }

    /// The one of the copy with this trampoline.
    pub fn of_copy(&self, original: usize) -> Option<Thunk> {
        self.of_copies.iter().find(|(own, _)| *own == original).map(|(_, thunk)| *thunk)
    }

    /// Whether it was one of these that has noted a call.
    pub fn noted(&self, id: usize) -> bool {
        self.of_copies.iter().any(|(_, thunk)| thunk.id() == id)
    }
}
