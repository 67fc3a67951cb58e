//! What a starting thread is handed. Not allocated by `malloc`, which a test may count, and never waited for.
use crate::code;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering::SeqCst};

/// What a thread begins with.
pub type Start = extern "C-unwind" fn(*mut c_void) -> *mut c_void;

/// The start routine that the program gave, its argument, and the parent's scope. Taken until its thread runs.
#[derive(Debug)]
pub struct Handoff {
    taken: AtomicBool,
    start: AtomicUsize,
    argument: AtomicPtr<c_void>,
    scope: AtomicU64,
}

impl Handoff {
    const fn new() -> Self {
        Self {
            taken: AtomicBool::new(false),
            start: AtomicUsize::new(0),
            argument: AtomicPtr::new(ptr::null_mut()),
            scope: AtomicU64::new(0),
        }
    }

    pub fn read(&self) -> (Start, *mut c_void, u64) {
        // SAFETY: `take` stored a start routine here before anybody got this.
        let start = unsafe { std::mem::transmute::<usize, Start>(self.start.load(SeqCst)) };
        (start, self.argument.load(SeqCst), self.scope.load(SeqCst))
    }

    pub fn give_back(&self) {
        self.taken.store(false, SeqCst);
    }

    fn try_take(&self, start: Start, argument: *mut c_void, scope: u64) -> bool {
        let free = self.taken.compare_exchange(false, true, SeqCst, SeqCst).is_ok();
        if free {
            self.start.store(start as usize, SeqCst);
            self.argument.store(argument, SeqCst);
            self.scope.store(scope, SeqCst);
        }
        free
    }
}

/// As many as fit in a page, and the next page.
#[derive(Debug)]
struct Page {
    handoffs: [Handoff; Self::SIZE],
    next: AtomicPtr<Page>,
}

impl Page {
    const SIZE: usize = 126;
}

static FIRST: Page =
    Page { handoffs: [const { Handoff::new() }; Page::SIZE], next: AtomicPtr::new(ptr::null_mut()) };

/// One that nobody has; `None` where the system has no more memory, and so no thread either.
pub fn take(start: Start, argument: *mut c_void, scope: u64) -> Option<&'static Handoff> {
    let mut page = &FIRST;
    loop {
        if let Some(handoff) = page.handoffs.iter().find(|handoff| handoff.try_take(start, argument, scope)) {
            return Some(handoff);
        }
        page = next(page)?;
    }
}

fn next(page: &'static Page) -> Option<&'static Page> {
    let known = page.next.load(SeqCst);
    let next = if known.is_null() {
        let new = code::memory(size_of::<Page>())? as *mut Page;
        match page.next.compare_exchange(ptr::null_mut(), new, SeqCst, SeqCst) {
            Ok(_) => new,
            // Another thread was first; its page may be full as well, and this one is the next.
            Err(other) => {
                give(other, new);
                other
            }
        }
    } else {
        known
    };
    // SAFETY: zeroed memory of its size, which is never unmapped: none is taken, and there is no next page.
    unsafe { next.as_ref() }
}

/// Hangs a page behind the last one.
fn give(first: *mut Page, new: *mut Page) {
    let mut at = first;
    // SAFETY: pages of the chain live for ever.
    while let Some(page) = unsafe { at.as_ref() } {
        match page.next.compare_exchange(ptr::null_mut(), new, SeqCst, SeqCst) {
            Ok(_) => return,
            Err(next) => at = next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    extern "C-unwind" fn start(argument: *mut c_void) -> *mut c_void {
        argument
    }

    #[test]
    fn there_are_always_more() {
        let argument = ptr::without_provenance_mut(7);
        let all: Vec<_> = (0..1000).map(|scope| take(start, argument, scope).unwrap()).collect();
        for (scope, handoff) in all.iter().enumerate() {
            assert_eq!(handoff.read().1, argument);
            assert_eq!(handoff.read().2, scope as u64);
        }
        let last = ptr::from_ref(all[999]);
        for handoff in &all {
            handoff.give_back();
        }
        let again: Vec<_> =
            (0..1000).map(|scope| ptr::from_ref(take(start, argument, scope).unwrap())).collect();
        assert!(again.contains(&last));
        for handoff in &all {
            handoff.give_back();
        }
    }
}
