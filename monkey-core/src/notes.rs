//! What guards leave to the frame around them: a test that fails tells it, one that passes does not.
//!
//! Kept by thread, as guards are. Of threads that are in no frame what was wrong is kept, for the run that has opened their scope.
pub mod elsewhere;

use crate::thread::{self, BypassAll};
use crate::verdict::Evidence;
use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::panic::Location;

/// How many notes a frame keeps: a test may make guards in a loop.
const MOST: usize = 16;

/// What was wrong where a panic was on its way: it must not pass for a panic that the test is to have.
#[derive(Debug)]
pub struct Complaint {
    pub text: String,
    /// It is what the panic says itself.
    pub told: bool,
}

/// What is left to a frame.
#[derive(Debug, Default)]
pub struct Kept {
    uncalled: Vec<Evidence>,
    pub complaints: Vec<Complaint>,
    /// Errors that the test was given, as they are shown in either way.
    refused: Vec<[String; 2]>,
}

impl Complaint {
    fn tell(self) {
        if !self.told {
            eprintln!("note: {}", self.text);
        }
    }
}

impl Kept {
    /// Tells it on standard error.
    pub fn tell(self) {
        self.uncalled.iter().for_each(tell);
        self.complaints.into_iter().for_each(Complaint::tell);
    }

    pub fn extend(&mut self, other: Self) {
        self.uncalled.extend(other.uncalled);
        self.complaints.extend(other.complaints);
        self.refused.extend(other.refused);
    }

    /// The error of which a panic speaks, if it speaks of one.
    pub fn refused_in(&self, panic: &str) -> Option<&str> {
        let spoken_of = |shown: &&[String; 2]| shown.iter().any(|text| panic.contains(text.as_str()));
        self.refused.iter().find(spoken_of).map(|[text, _]| text.as_str())
    }
}

thread_local! {
    /// `None`: this thread is in no frame.
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// Replaces what the thread keeps. A thread that ends keeps nothing.
fn exchange(new: Option<Kept>) -> Option<Kept> {
    KEPT.try_with(|kept| mem::replace(&mut *kept.borrow_mut(), new)).ok().flatten()
}

/// Whether there is a frame that wants to know of a replacement; it wants each place's once.
pub fn wants(location: &'static Location<'static>, target: usize) -> bool {
    let is_new = |Kept { uncalled, .. }: &Kept| {
        uncalled.len() < MOST
            && !uncalled.iter().any(|note| (note.location, note.target) == (location, target))
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
        let _ = KEPT.try_with(|kept| kept.borrow_mut().as_mut().map(|kept| kept.uncalled.push(note)));
    }
}

/// Tells a note on standard error.
pub fn tell(note: &Evidence) {
    eprintln!("note: {}", note.uncalled());
}

/// Leaves to the frame what is wrong while a panic is on its way; without a frame it is told, and left to the scope's run.
pub fn complain(complaint: Complaint) {
    let mut complaint = Some(complaint);
    let _ = KEPT.try_with(|kept| {
        if let Some(kept) = kept.borrow_mut().as_mut() {
            kept.complaints.extend(complaint.take());
        }
    });
    let Some(complaint) = complaint else { return };
    let scope = thread::scope();
    if scope != 0 {
        elsewhere::leave(scope, complaint.text.clone());
    }
    complaint.tell();
}

/// The same where a panic says it next. Somebody may catch that, or wait for one.
pub fn complain_by_panic(text: &str) {
    let _bypass = BypassAll::begin();
    complain(Complaint { text: text.to_owned(), told: true });
}

/// Leaves an error to the frame that its test is given: a panic that speaks of it is not the one that a test is to have.
pub fn refuse(error: &(impl fmt::Display + fmt::Debug)) {
    if has_frame() {
        let shown = [error.to_string(), format!("{error:?}")];
        let _ = KEPT.try_with(|kept| kept.borrow_mut().as_mut().map(|kept| kept.refused.push(shown)));
    }
}

/// While it lives, guards of this thread leave their notes to one frame; what is left then goes to the frame around it.
#[derive(Debug)]
pub struct Keeping {
    outer: Option<Kept>,
}

impl Keeping {
    /// `own`: what the frame has already.
    pub fn begin(own: Kept) -> Self {
        Self { outer: exchange(Some(own)) }
    }

    /// Whether there is a frame around it.
    pub fn is_inner(&self) -> bool {
        self.outer.is_some()
    }

    /// Gives back to the frame what was taken of it.
    pub fn put(kept: Kept) {
        exchange(Some(kept));
    }

    /// What the frame has.
    pub fn take() -> Kept {
        exchange(Some(Kept::default())).unwrap_or_default()
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        let left = exchange(self.outer.take()).unwrap_or_default();
        if has_frame() {
            left.uncalled.into_iter().for_each(keep);
            left.complaints.into_iter().for_each(complain);
            let _ = KEPT
                .try_with(|kept| kept.borrow_mut().as_mut().map(|kept| kept.refused.extend(left.refused)));
        } else if std::thread::panicking() {
            left.tell();
        }
    }
}
