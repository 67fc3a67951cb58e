//! From what a stub leaves of a caller to the thread's id.
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Where the slots lie in a `pthread_t`, in bytes. Found out on the calling thread: the first slot has the address of the
/// structure itself, `_PTHREAD_TSD_SLOT_PTHREAD_SELF`, and lies within it.
pub fn slots_in_thread() -> usize {
    static DISTANCE: AtomicUsize = AtomicUsize::new(0);
    /// No structure has its slots further in.
    const FAR: usize = 4096;
    let known = DISTANCE.load(SeqCst);
    if known != 0 {
        return known;
    }
    // SAFETY: takes nothing, changes nothing.
    let own = unsafe { libc::pthread_self() };
    let found = (8..FAR).step_by(8).find(|distance| {
        // SAFETY: the structure is larger than that: it has hundreds of slots.
        unsafe { ((own + distance) as *const usize).read_volatile() == own }
    });
    let found = found.expect("a thread's first slot has its own address");
    DISTANCE.store(found, SeqCst);
    found
}

/// The id of the thread with this `pthread_t`, or with slots there; `None` if there is none any more.
pub fn id_of(pointer: usize) -> Option<i32> {
    // x86-64 stubs leave the first slot's value, those of AArch64 its address.
    let thread = if cfg!(target_arch = "x86_64") { pointer } else { pointer.wrapping_sub(slots_in_thread()) };
    let mut id = 0;
    // SAFETY: the C library looks for the thread in its list, and refuses one that is not in it.
    let told = unsafe { libc::pthread_threadid_np(thread, &raw mut id) };
    (pointer != 0 && told == 0).then_some(id as i32)
}

/// The id lies in the structure at a place that changes from one version to the next: stubs leave it out.
pub fn id_offset() -> Option<isize> {
    None
}
