//! Notes of calls, in their order over all threads: for lists that say how often, or in which order, functions are called.
//!
//! Between a hook's stub and where a call goes stands a thunk, which takes the next number of the list's record, notes who
//! calls, and jumps on. Other lists pay nothing for it. Thunks are never used again: a thread may be in one that was taken
//! away. Records are: what such a thread notes there names a thunk that is no longer the record's.
mod ended;
#[cfg_attr(system = "unsupported", path = "recorder/unsupported.rs")]
mod thunks;

use crate::stub::{noted, record};
use std::alloc::{self, Layout};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::SeqCst};

pub use ended::name_of;
#[cfg(not(system = "unsupported"))]
pub use ended::note_end;
pub use thunks::{Thunk, Thunks};

/// How many calls a record holds.
pub const MOST: u64 = record::CALLS;

/// One call, as a thunk has noted it.
#[repr(C)]
#[derive(Debug)]
struct Noted {
    thunk: AtomicU64,
    return_address: AtomicU64,
    thread: AtomicU64,
    unused: u64,
}

/// What thunks write.
#[repr(C, align(16))]
#[derive(Debug)]
struct Record {
    count: AtomicU64,
    unused: [u64; 7],
    calls: [Noted; record::CALLS as usize],
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
    fn allocate() -> &'static Self {
        let layout = Layout::new::<Self>();
        // SAFETY: the layout has a size.
        let memory = unsafe { alloc::alloc_zeroed(layout) };
        let Some(record) = NonNull::new(memory.cast::<Self>()) else { alloc::handle_alloc_error(layout) };
        // SAFETY: zeros are a record without calls; it is never freed.
        unsafe { record.as_ref() }
    }

    fn clear(&self) {
        let used = self.count.load(SeqCst).min(MOST) as usize;
        self.calls[..used].iter().for_each(|call| call.thunk.store(0, SeqCst));
        self.count.store(0, SeqCst);
    }
}

/// Records that nobody uses at the moment. What finds no place is lost, and stays.
static FREE: [AtomicPtr<Record>; 64] = [const { AtomicPtr::new(ptr::null_mut()) }; 64];

/// How many lists note calls at the moment.
static USED: AtomicUsize = AtomicUsize::new(0);

/// The record of a list's calls. Given back when dropped, by when no patch leads to it.
#[derive(Debug)]
pub struct Recorder {
    record: &'static Record,
}

/// A call of one of the list's functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Which thunk has noted it.
    pub thunk: usize,
    pub return_address: usize,
    /// The thread's id, where that is known.
    pub thread: Option<i32>,
}

impl Recorder {
    pub fn new() -> Self {
        USED.fetch_add(1, SeqCst);
        let free = FREE.iter().find_map(|place| {
            // SAFETY: null, or a record that its recorder has left there, and that is never freed.
            unsafe { place.swap(ptr::null_mut(), SeqCst).as_ref() }
        });
        Self { record: free.unwrap_or_else(Record::allocate) }
    }

    fn address(&self) -> usize {
        ptr::from_ref(self.record) as usize
    }

    /// How many calls there were, of which [`MOST`] are noted.
    pub fn count(&self) -> u64 {
        self.record.count.load(SeqCst)
    }

    /// The calls in their order. One that is being noted at the moment is left out.
    pub fn calls(&self) -> impl Iterator<Item = Call> + '_ {
        let noted = self.count().min(MOST) as usize;
        self.record.calls[..noted].iter().filter_map(|call| {
            let thunk = call.thunk.load(SeqCst) as usize;
            (thunk != 0).then(|| Call {
                thunk,
                return_address: call.return_address.load(SeqCst) as usize,
                thread: i32::try_from(call.thread.load(SeqCst)).ok().filter(|id| *id > 0),
            })
        })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        USED.fetch_sub(1, SeqCst);
        self.record.clear();
        let record = ptr::from_ref(self.record).cast_mut();
        let put = |place: &AtomicPtr<Record>| {
            place.compare_exchange(ptr::null_mut(), record, SeqCst, SeqCst).is_ok()
        };
        let _ = FREE.iter().any(put);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    extern "C" fn doubled(number: u64) -> u64 {
        std::hint::black_box(number) * 2
    }

    #[test]
    fn calls_are_noted_in_their_order_and_go_on() {
        let recorder = Recorder::new();
        let thunks = [Thunk::new(&recorder).unwrap(), Thunk::new(&recorder).unwrap()];
        let functions = thunks.map(|thunk| {
            thunk.lead_to(doubled as *const () as usize);
            // SAFETY: the thunk goes on to a function of this type.
            unsafe { std::mem::transmute::<usize, extern "C" fn(u64) -> u64>(thunk.code()) }
        });
        for index in [0, 1, 1, 0] {
            assert_eq!(functions[index](index as u64 + 20), 2 * (index as u64 + 20));
        }
        let seen: Vec<_> = recorder.calls().collect();
        let order: Vec<_> = seen.iter().map(|call| call.thunk == thunks[1].id()).collect();
        assert_eq!(order, [false, true, true, false]);
        let own = crate::code::own_thread();
        let here = crate::image::caller(seen[0].return_address).unwrap();
        assert!(seen.iter().all(|call| call.thread == Some(own)));
        assert!(here.function.contains("calls_are_noted_in_their_order_and_go_on"), "{here:?}");
    }

    #[test]
    fn every_call_of_many_threads_has_a_place_and_no_further_ones_are_noted() {
        let recorder = Recorder::new();
        let thunk = Thunk::new(&recorder).unwrap();
        thunk.lead_to(doubled as *const () as usize);
        // SAFETY: the thunk goes on to a function of this type.
        let call = unsafe { std::mem::transmute::<usize, extern "C" fn(u64) -> u64>(thunk.code()) };
        let many = |times: u64| {
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(move || (0..times).for_each(|number| assert_eq!(call(number), 2 * number)));
                }
            });
        };
        many(500);
        assert_eq!((recorder.count(), recorder.calls().count()), (2000, 2000));
        let by_thread = |id: Option<i32>| recorder.calls().filter(|call| call.thread == id).count();
        assert!(recorder.calls().all(|call| call.thread.is_some() && by_thread(call.thread) == 500));
        many(1000);
        assert_eq!((recorder.count(), recorder.calls().count()), (6000, MOST as usize));
    }

    #[test]
    fn a_record_begins_empty() {
        for _ in 0..3 {
            let recorder = Recorder::new();
            assert_eq!((recorder.count(), recorder.calls().count()), (0, 0));
            let thunk = Thunk::new(&recorder).unwrap();
            thunk.lead_to(doubled as *const () as usize);
            // SAFETY: the thunk goes on to a function of this type.
            let call = unsafe { std::mem::transmute::<usize, extern "C" fn(u64) -> u64>(thunk.code()) };
            assert_eq!((call(3), recorder.count()), (6, 1));
        }
    }
}
