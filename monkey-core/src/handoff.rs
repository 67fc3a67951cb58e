//! What a starting thread is handed. Not allocated by `malloc`, which a test may count, and never waited for.
use crate::code;
use crate::members::Member;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering::SeqCst};

/// What a thread begins with.
pub type Start = extern "C-unwind" fn(*mut libc::c_void) -> *mut libc::c_void;

/// The start routine that the program gave and its argument.
#[derive(Debug, Clone, Copy)]
pub struct Routine {
    pub start: Start,
    pub argument: *mut libc::c_void,
}

/// What a thread is of.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    pub scope: u64,
    pub lineage: u64,
    /// Its place among the scope's members.
    pub member: Option<&'static Member>,
}

/// A routine, and where its thread comes from. Taken until that runs.
#[derive(Debug)]
pub struct Handoff {
    taken: AtomicBool,
    start: AtomicUsize,
    argument: AtomicPtr<libc::c_void>,
    scope: AtomicU64,
    lineage: AtomicU64,
    member: AtomicPtr<Member>,
}

impl Handoff {
    const fn new() -> Self {
        Self {
            taken: AtomicBool::new(false),
            start: AtomicUsize::new(0),
            argument: AtomicPtr::new(ptr::null_mut()),
            scope: AtomicU64::new(0),
            lineage: AtomicU64::new(0),
            member: AtomicPtr::new(ptr::null_mut()),
        }
    }

    pub fn routine(&self) -> Routine {
        // SAFETY: `take` stored a start routine here before anybody got this.
        let start = unsafe { std::mem::transmute::<usize, Start>(self.start.load(SeqCst)) };
        Routine { start, argument: self.argument.load(SeqCst) }
    }

    pub fn origin(&self) -> Origin {
        let member = self.member.load(SeqCst);
        // SAFETY: null, or what `take` stored, which lives for ever.
        let member = unsafe { member.as_ref() };
        Origin { scope: self.scope.load(SeqCst), lineage: self.lineage.load(SeqCst), member }
    }

    pub fn give_back(&self) {
        self.taken.store(false, SeqCst);
    }

    fn try_take(&self, routine: Routine, origin: Origin) -> bool {
        let free = self.taken.compare_exchange(false, true, SeqCst, SeqCst).is_ok();
        if free {
            self.start.store(routine.start as usize, SeqCst);
            self.argument.store(routine.argument, SeqCst);
            self.scope.store(origin.scope, SeqCst);
            self.lineage.store(origin.lineage, SeqCst);
            self.member.store(pointer(origin.member), SeqCst);
        }
        free
    }
}

fn pointer(member: Option<&'static Member>) -> *mut Member {
    member.map_or(ptr::null_mut(), |member| ptr::from_ref(member).cast_mut())
}

/// As many as fit in two pages, and the next ones.
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
pub fn take(routine: Routine, origin: Origin) -> Option<&'static Handoff> {
    let mut page = &FIRST;
    loop {
        if let Some(handoff) = page.handoffs.iter().find(|handoff| handoff.try_take(routine, origin)) {
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

    extern "C-unwind" fn start(argument: *mut libc::c_void) -> *mut libc::c_void {
        argument
    }

    #[test]
    fn there_are_always_more() {
        let argument = ptr::without_provenance_mut(7);
        let take = |scope| {
            take(Routine { start, argument }, Origin { scope, lineage: scope + 1, member: None }).unwrap()
        };
        let all: Vec<_> = (0..1000).map(take).collect();
        for (scope, handoff) in all.iter().enumerate() {
            assert_eq!(handoff.routine().argument, argument);
            assert_eq!(handoff.origin().scope, scope as u64);
            assert_eq!(handoff.origin().lineage, scope as u64 + 1);
        }
        let last = ptr::from_ref(all[999]);
        for handoff in &all {
            handoff.give_back();
        }
        let again: Vec<_> = (0..1000).map(|scope| ptr::from_ref(take(scope))).collect();
        assert!(again.contains(&last));
        for handoff in &all {
            handoff.give_back();
        }
    }
}
