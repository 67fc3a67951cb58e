//! The library that takes exceptions to their handlers, `ntdll`.
//!
//! A thread that comes to a trap runs some functions of it on the way to the trap's handler. If the trap stands in one of these, the
//! thread comes to it again and again, and never to the handler.
use super::{api, map};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Where it lies: the start of what the loader has mapped for it.
static START: AtomicUsize = AtomicUsize::new(0);

/// Finds it, before a lock is taken: asks the loader.
pub fn find() {
    if START.load(SeqCst) == 0 {
        // SAFETY: a text that ends with a zero byte. This library is there as long as the process is.
        START.store(unsafe { api::GetModuleHandleA(c"ntdll".as_ptr()) } as usize, SeqCst);
    }
}

/// Whether a trap at an address might never come to its handler.
#[must_use]
pub fn takes_exceptions(address: usize) -> bool {
    let start = START.load(SeqCst);
    start != 0 && map::query(address).is_some_and(|region| region.allocation == start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_a_lock_is_on_the_way_and_this_is_not() {
        find();
        assert!(takes_exceptions(api::function(c"ntdll", c"RtlEnterCriticalSection").unwrap()));
        assert!(!takes_exceptions(find as *const () as usize) && !takes_exceptions(8));
    }
}
