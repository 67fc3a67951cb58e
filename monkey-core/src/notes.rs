//! What guards leave to the frame around them: a test that fails tells it, one that passes does not.
//!
//! Kept by thread, as guards are. Without a frame nothing is kept.
use crate::verdict::Evidence;
use std::cell::RefCell;
use std::mem;
use std::panic::Location;

/// How many notes a frame keeps: a test may make guards in a loop.
const MOST: usize = 16;

thread_local! {
    /// `None`: this thread is in no frame.
    static KEPT: RefCell<Option<Vec<Evidence>>> = const { RefCell::new(None) };
}

/// Replaces what the thread keeps. A thread that ends keeps nothing.
fn exchange(new: Option<Vec<Evidence>>) -> Option<Vec<Evidence>> {
    KEPT.try_with(|kept| mem::replace(&mut *kept.borrow_mut(), new)).ok().flatten()
}

/// Whether there is a frame that wants to know of a replacement; it wants each place's once.
pub fn wants(location: &'static Location<'static>, target: usize) -> bool {
    let is_new = |kept: &Vec<Evidence>| {
        kept.len() < MOST && !kept.iter().any(|note| (note.location, note.target) == (location, target))
    };
    KEPT.try_with(|kept| kept.borrow().as_ref().is_some_and(is_new)).unwrap_or(false)
}

/// Whether this thread is in a frame.
pub fn has_frame() -> bool {
    KEPT.try_with(|kept| kept.borrow().is_some()).unwrap_or(false)
}

/// Leaves a note to the frame.
pub fn keep(note: Evidence) {
    if wants(note.location, note.target) {
        let _ = KEPT.try_with(|kept| kept.borrow_mut().as_mut().map(|kept| kept.push(note)));
    }
}

/// Tells notes on standard error.
pub fn tell(notes: &[Evidence]) {
    for note in notes {
        eprintln!("note: {}", note.uncalled());
    }
}

/// While it lives, guards of this thread leave their notes to one frame; what is left then goes to the frame around it.
#[derive(Debug)]
pub struct Keeping {
    outer: Option<Vec<Evidence>>,
}

impl Keeping {
    /// `own`: what the frame has already.
    pub fn begin(own: Vec<Evidence>) -> Self {
        Self { outer: exchange(Some(own)) }
    }

    /// What the frame has.
    pub fn take() -> Vec<Evidence> {
        exchange(Some(Vec::new())).unwrap_or_default()
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        let left = exchange(self.outer.take()).unwrap_or_default();
        if has_frame() {
            left.into_iter().for_each(keep);
        } else if std::thread::panicking() {
            tell(&left);
        }
    }
}
