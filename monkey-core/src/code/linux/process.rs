//! Which process this is, without asking the kernel each time.
//!
//! A raw `clone` runs no handlers of the C library, and its child has copies of all that the parent has noted of itself. What
//! the kernel wipes in a child, of whatever kind of fork, tells the two apart: `MADV_WIPEONFORK`, see madvise(2).
use once_cell::race::OnceBox;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// The next process's number. A child's is larger than its parent's: it finds this as the parent left it.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A number that no process before this one in its line has; `None` where the kernel cannot wipe.
pub fn number() -> Option<u32> {
    static WORD: OnceBox<Option<&'static AtomicU32>> = OnceBox::new();
    // Of two threads that are here at once, one leaves a page behind.
    let word = (*WORD.get_or_init(|| Box::new(wiped_word())))?;
    match word.load(SeqCst) {
        0 => {
            let new = NEXT.fetch_add(1, SeqCst);
            Some(word.compare_exchange(0, new, SeqCst, SeqCst).map_or_else(|other| other, |_| new))
        }
        number => Some(number),
    }
}

/// A word that is zero in a new process.
fn wiped_word() -> Option<&'static AtomicU32> {
    let size = super::page_size();
    let page = super::memory(size)?;
    // SAFETY: the page is ours and private; nothing was written there that could be lost.
    let marked = unsafe { libc::madvise(page as *mut libc::c_void, size, libc::MADV_WIPEONFORK) } == 0;
    // SAFETY: the page is mapped for the life of the process, all zeros, aligned, and given to nobody else.
    marked.then(|| unsafe { &*(page as *const AtomicU32) })
}

#[cfg(test)]
mod tests {
    use super::super::threads::{own_id, own_kept};
    use super::number;

    /// The child of a `clone` that no handler of the C library hears of.
    #[test]
    fn a_raw_clone_has_a_number_and_a_thread_of_its_own() {
        let (parent, thread) = (number(), own_kept());
        assert_eq!((number(), own_kept()), (parent, own_id()));
        // SAFETY: a fork: a copy of this thread alone, on a copy of its stack; it only asks and ends.
        let child = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) } as libc::pid_t;
        if child == 0 {
            let own = own_kept() == own_id() && own_kept() != thread;
            let other = parent.is_none() || number() != parent;
            // SAFETY: ends the child, which has nothing to clean up.
            unsafe { libc::_exit(i32::from(!(own && other))) };
        }
        let mut status = 0;
        // SAFETY: room for the status of our own child.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
    }
}
