//! Which threads are in which scope, for who has to know all of them: a clock that goes on when the last one waits.
//!
//! A thread is a member from before it is started until the system knows it no more. Not allocated by `malloc`, and
//! never waited for, as what a starting thread is handed.
use crate::code;
use crate::thread::BypassAll;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering::SeqCst};

/// Nobody's place.
const FREE: i32 = 0;
/// The place of a thread that was not there yet when its parent last looked.
const STARTING: i32 = -1;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// The number of the next member.
pub fn next_number() -> u64 {
    NEXT.load(SeqCst)
}

/// A thread's place among the members.
#[derive(Debug)]
pub struct Member {
    thread: AtomicI32,
    scope: AtomicU64,
    /// Members are numbered in the order in which they come.
    number: AtomicU64,
}

impl Member {
    const fn new() -> Self {
        Self { thread: AtomicI32::new(FREE), scope: AtomicU64::new(0), number: AtomicU64::new(0) }
    }

    fn try_take(&self, thread: i32, scope: u64) -> bool {
        let looks_free = self.thread.load(SeqCst) == FREE;
        let free = looks_free && self.thread.compare_exchange(FREE, STARTING, SeqCst, SeqCst).is_ok();
        if free {
            self.number.store(NEXT.fetch_add(1, SeqCst), SeqCst);
            self.scope.store(scope, SeqCst);
            self.thread.store(thread, SeqCst);
        }
        free
    }

    /// The thread that was started is the calling one.
    pub fn arrive(&self) {
        let own = code::own_thread();
        let stale = |member: &&'static Self| !ptr::eq(*member, self) && member.thread.load(SeqCst) == own;
        members().filter(stale).for_each(|member| member.free_of(own));
        self.thread.store(own, SeqCst);
    }

    pub fn give_back(&self) {
        self.scope.store(0, SeqCst);
        self.thread.store(FREE, SeqCst);
    }

    /// Frees the place of a thread that has ended.
    fn sweep(&self) {
        let thread = self.thread.load(SeqCst);
        if thread > 0 && !code::thread_exists(thread) {
            self.free_of(thread);
        }
    }

    /// Frees the place if it is that thread's, which has ended. Taken first: somebody else may free it at the same time, and a third
    /// one have it by then.
    fn free_of(&self, ended: i32) {
        if self.thread.compare_exchange(ended, STARTING, SeqCst, SeqCst).is_ok() {
            self.give_back();
        }
    }
}

/// As many as fit in a page, and the next page.
#[derive(Debug)]
struct Page {
    members: [Member; Self::SIZE],
    next: AtomicPtr<Page>,
}

impl Page {
    const SIZE: usize = 170;
}

static FIRST: Page =
    Page { members: [const { Member::new() }; Page::SIZE], next: AtomicPtr::new(ptr::null_mut()) };

fn pages() -> impl Iterator<Item = &'static Page> {
    // SAFETY: null, or a page that lives for ever.
    std::iter::successors(Some(&FIRST), |page| unsafe { page.next.load(SeqCst).as_ref() })
}

fn members() -> impl Iterator<Item = &'static Member> {
    pages().flat_map(|page| &page.members)
}

/// A place for a thread that a member of the scope is about to start; `None` where the system has no more memory.
pub fn expect(scope: u64) -> Option<&'static Member> {
    add(STARTING, scope)
}

/// How many want to know of visitors.
static COUNTING: AtomicUsize = AtomicUsize::new(0);

/// Lets visitors be members from now on, or no more.
pub fn count_visitors(count: bool) {
    if count {
        COUNTING.fetch_add(1, SeqCst);
    } else {
        COUNTING.fetch_sub(1, SeqCst);
    }
}

/// A place for the calling thread, until it is given back.
pub fn join(scope: u64) -> Option<&'static Member> {
    let _bypass = BypassAll::begin();
    add(code::own_thread(), scope)
}

/// A place for the calling thread, which visits the scope, until it is given back; if somebody wants to know.
pub fn visit(scope: u64) -> Option<&'static Member> {
    if COUNTING.load(SeqCst) == 0 {
        return None;
    }
    join(scope)
}

fn add(thread: i32, scope: u64) -> Option<&'static Member> {
    if let Some(member) = members().find(|member| member.try_take(thread, scope)) {
        return Some(member);
    }
    members().for_each(Member::sweep);
    if let Some(member) = members().find(|member| member.try_take(thread, scope)) {
        return Some(member);
    }
    // SAFETY: zeroed memory of its size, which is never unmapped: nobody has a place in it, and there is no next page.
    let page = unsafe { (code::memory(size_of::<Page>())? as *const Page).as_ref() }?;
    let member = page.members.iter().find(|member| member.try_take(thread, scope));
    append(page);
    member
}

/// Hangs a page behind the last one.
fn append(new: &'static Page) {
    for page in pages() {
        let new = ptr::from_ref(new).cast_mut();
        if page.next.compare_exchange(ptr::null_mut(), new, SeqCst, SeqCst).is_ok() {
            return;
        }
    }
}

/// A thread of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// `None` while it is being started.
    pub thread: Option<i32>,
    /// Its number among all members of all scopes.
    pub number: u64,
}

/// The members of a scope. Some of them may have ended.
pub fn of_scope(scope: u64) -> impl Iterator<Item = Seen> {
    let members = members().filter(move |member| member.scope.load(SeqCst) == scope);
    members.filter_map(|member| {
        let thread = member.thread.load(SeqCst);
        let seen = Seen { thread: (thread > 0).then_some(thread), number: member.number.load(SeqCst) };
        (thread != FREE).then_some(seen)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threads(scope: u64) -> Vec<Option<i32>> {
        of_scope(scope).map(|seen| seen.thread).collect()
    }

    #[test]
    fn members_come_and_go() {
        let scope = 1 << 40;
        let starting = expect(scope).unwrap();
        count_visitors(true);
        let own = visit(scope).unwrap();
        assert_eq!(threads(scope), [None, Some(code::own_thread())]);
        own.give_back();
        count_visitors(false);
        starting.arrive();
        assert_eq!(threads(scope), [Some(code::own_thread())]);
        starting.give_back();
        assert_eq!(of_scope(scope).count(), 0);
    }

    #[test]
    fn who_has_ended_is_no_member_and_leaves_its_place() {
        let scope = 2 << 40;
        for _ in 0..600 {
            std::thread::spawn(move || expect(scope).unwrap().arrive()).join().unwrap();
        }
        // Who joins a thread is told a moment before the system forgets it.
        let begun = std::time::Instant::now();
        while of_scope(scope).count() != 0 && begun.elapsed() < std::time::Duration::from_secs(10) {
            members().for_each(Member::sweep);
            std::thread::yield_now();
        }
        assert_eq!(of_scope(scope).count(), 0);
        assert!(pages().count() <= 3, "{}", pages().count());
    }
}
