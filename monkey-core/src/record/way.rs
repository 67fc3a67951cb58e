//! Where a hook's calls go: on to a function, or first to what notes them.
use super::note::Note;
use std::ptr;

/// What a slot has as its replacement.
///
/// | bit 63 | the others |
/// | --- | --- |
/// | 0 | a function's address, or a thunk's; 0: on in the target's body, where calls are dispatched in source |
/// | 1 | the address of a [`Note`]: for calls that are dispatched in source |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way(pub u64);

/// No address of a program has it.
const NOTE: u64 = 1 << 63;

impl Way {
    /// On to a function.
    pub const fn to(address: usize) -> Self {
        Self(address as u64)
    }

    /// First to a note.
    pub fn by(note: &'static Note) -> Self {
        Self(ptr::from_ref(note) as u64 | NOTE)
    }

    fn note(self) -> Option<&'static Note> {
        let address = (self.0 & !NOTE) as *const Note;
        // SAFETY: what has this bit was made from a reference that is valid for ever.
        (self.0 & NOTE != 0).then(|| unsafe { &*address })
    }

    /// Where it leads in the end.
    pub fn end(self) -> usize {
        let mut way = self;
        while let Some(note) = way.note() {
            way = note.target();
        }
        way.0 as usize
    }

    /// The same, for a call, which is noted wherever somebody wants to know of it, with what it returns to, or 0.
    pub fn go(self, return_address: u64) -> usize {
        let mut way = self;
        while let Some(note) = way.note() {
            note.take(return_address);
            way = note.target();
        }
        way.0 as usize
    }
}
