//! What is noted of calls, and by whom: by a thunk in machine code, or, where calls are dispatched in source, by a [`Note`].
mod note;
mod way;

use crate::stub::{noted, record};
use std::alloc::{self, Layout};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

pub use note::Note;
pub use way::Way;

/// How many calls it holds.
pub const MOST: u64 = record::CALLS;

/// One call, as a thunk has noted it.
#[repr(C)]
#[derive(Debug)]
pub struct Noted {
    /// Which thunk or note has noted it; 0 until it has. Written last.
    pub thunk: AtomicU64,
    /// 0: not known.
    pub return_address: AtomicU64,
    /// The caller's id; 0: not known.
    pub thread: AtomicU64,
    unused: u64,
}

/// What thunks write: the calls of one list, in their order.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct Record {
    /// How many calls there were, of which the first [`MOST`] are here.
    pub count: AtomicU64,
    unused: [u64; 7],
    pub calls: [Noted; record::CALLS as usize],
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Record, count) as u64 == record::COUNT);
    assert!(offset_of!(Record, calls) as u64 == record::FIRST);
    assert!(size_of::<Record>() as u64 == record::SIZE);
    assert!(offset_of!(Noted, thunk) as u64 == noted::THUNK);
    assert!(offset_of!(Noted, return_address) as u64 == noted::RETURN);
    assert!(offset_of!(Noted, thread) as u64 == noted::THREAD);
    assert!(size_of::<Noted>() as u64 == noted::SIZE);
};

impl Record {
    /// Memory of which the system gives no page before it is written to, as long as it need not be aligned more than usual.
    #[expect(clippy::cast_ptr_alignment, reason = "the memory is aligned as the layout says")]
    pub fn allocate() -> &'static Self {
        let layout = Layout::new::<Self>();
        // SAFETY: the layout has a size.
        let memory = unsafe { alloc::alloc_zeroed(layout) };
        let Some(record) = NonNull::new(memory.cast::<Self>()) else { alloc::handle_alloc_error(layout) };
        // SAFETY: zeros are a record without calls; it is never freed.
        unsafe { record.as_ref() }
    }

    /// Forgets the calls.
    pub fn clear(&self) {
        let used = self.count.load(SeqCst).min(MOST) as usize;
        self.calls[..used].iter().for_each(|call| call.thunk.store(0, SeqCst));
        self.count.store(0, SeqCst);
    }
}
