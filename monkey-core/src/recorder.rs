//! Notes of calls, in their order over all threads: for lists that say how often, or in which order, functions are called.
//!
//! Between a hook's stub and where a call goes stands a thunk, which takes the next number of the list's record, notes who
//! calls, and jumps on. Other lists pay nothing for it. Thunks are never used again: a thread may be in one that was taken
//! away. Records are: what such a thread notes there names a thunk that is no longer the record's.
mod ended;
#[cfg_attr(system = "unsupported", path = "recorder/unsupported.rs")]
mod in_code;
mod thunk;

use crate::record::{MOST, Record};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::SeqCst};

pub use ended::name_of;
#[cfg(not(system = "unsupported"))]
pub use ended::note_end;
pub use thunk::{Thunk, Thunks};

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
    use crate::record::Way;

    #[inline(never)]
    extern "C" fn doubled(number: u64) -> u64 {
        std::hint::black_box(number) * 2
    }

    /// A thunk's id, and what goes through it to that function.
    fn noting(recorder: &Recorder) -> (usize, extern "C" fn(u64) -> u64) {
        let thunk = in_code::Thunk::new(recorder).unwrap();
        thunk.lead_to(Way::to(doubled as *const () as usize));
        // SAFETY: the thunk goes on to a function of this type.
        let call = unsafe { std::mem::transmute::<usize, extern "C" fn(u64) -> u64>(thunk.way().end()) };
        (thunk.id(), call)
    }

    #[cfg(not(system = "unsupported"))]
    #[test]
    fn calls_are_noted_in_their_order_and_go_on() {
        let recorder = Recorder::new();
        let [(_, first), (id, second)] = [noting(&recorder), noting(&recorder)];
        for (index, function) in [first, second, second, first].into_iter().enumerate() {
            assert_eq!(function(index as u64 + 20), 2 * (index as u64 + 20));
        }
        let seen: Vec<_> = recorder.calls().collect();
        let order: Vec<_> = seen.iter().map(|call| call.thunk == id).collect();
        assert_eq!(order, [false, true, true, false]);
        let own = crate::code::own_thread();
        let here = crate::image::caller(seen[0].return_address).unwrap();
        assert!(seen.iter().all(|call| call.thread == Some(own)));
        assert!(here.function.contains("calls_are_noted_in_their_order_and_go_on"), "{here:?}");
    }

    #[test]
    fn every_call_of_many_threads_has_a_place_and_no_further_ones_are_noted() {
        let recorder = Recorder::new();
        let call = noting(&recorder).1;
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
            let call = noting(&recorder).1;
            assert_eq!((call(3), recorder.count()), (6, 1));
        }
    }
}
