//! Calls in flight that their threads have noted for themselves: a plain store each way, where a counter takes two locked additions.
//!
//! | word | written by | read by |
//! | --- | --- | --- |
//! | [`Marks::thread`] | the first thread with this thread pointer, once | every thread, to find its own |
//! | [`Marks::slots`] | the thread, when a call begins; whoever ends that call | who takes an environment away |
//! | [`Markers`], one in each slot | a thread, before its first mark for an environment; who fills the slot | who takes an environment away |
//!
//! A thread notes a call, and then looks whether the slot is still open. Who takes the environment away closes the slot, and then looks for
//! marks. One of the two has to see the other, for which both would need a fence; this is the asymmetric one: the thread that calls has none,
//! and who closes has the system make every core pass one ([`code::barrier`]), if other threads than its own have ever noted a call there.
//!
//! Sources: Maged M. Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects", 2004; membarrier(2).
use super::slot::Slot;
use crate::address;
use crate::code;
use crate::thread;
use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, compiler_fence, fence};

/// How many threads have a place: threads that come later often have the thread pointer of one that has ended. Further ones count.
const THREADS: usize = 512;
/// Places with the same rest have a bit together.
const BITS: usize = u64::BITS as usize;
/// Calls of one thread within one another. Further ones count.
const NESTED: usize = 4;
/// How many places a thread looks at for its own.
const PROBES: usize = 4;

/// The calls of one thread. A later thread with the same thread pointer goes on with them: the former one has ended.
#[repr(align(64))]
struct Marks {
    thread: AtomicUsize,
    slots: [AtomicPtr<Slot>; NESTED],
}

static MARKS: [Marks; THREADS] = [const {
    Marks { thread: AtomicUsize::new(0), slots: [const { AtomicPtr::new(ptr::null_mut()) }; NESTED] }
}; THREADS];

/// Whether there is a barrier.
static BARRIER: AtomicU8 = AtomicU8::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const MISSING: u8 = 1;
const THERE: u8 = 2;

/// Finds out whether calls can be noted. A call has no time to.
pub fn prepare() {
    if BARRIER.load(Relaxed) == UNKNOWN {
        BARRIER.store(if code::has_barrier() { THERE } else { MISSING }, Relaxed);
    }
}

/// Which threads have noted calls with an environment, by bits.
#[derive(Debug)]
pub struct Markers(AtomicU64);

impl Markers {
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// For another environment.
    pub fn clear(&self) {
        self.0.store(0, SeqCst);
    }

    /// Whether a barrier is due before anybody looks for marks.
    pub fn has_others(&self) -> bool {
        let own = own(|_| None).map_or(0, bit);
        self.0.load(SeqCst) & !own != 0
    }

    /// Whether a call with this slot is noted.
    pub fn any(&self, slot: &Slot) -> bool {
        let mut left = self.0.load(SeqCst);
        while left != 0 {
            let first = left.trailing_zeros() as usize;
            let mut noted = MARKS.iter().skip(first).step_by(BITS).flat_map(|marks| &marks.slots);
            if noted.any(|noted| ptr::eq(noted.load(SeqCst), slot)) {
                return true;
            }
            left &= left - 1;
        }
        false
    }

    /// Notes a call of this thread with the slot, which has to be looked at afterwards. `None`: it has to be counted.
    #[inline]
    pub fn begin(&self, slot: &'static Slot) -> Option<Mark> {
        let own = own(claim)?;
        let bit = bit(own);
        if self.0.load(SeqCst) & bit == 0 {
            self.0.fetch_or(bit, SeqCst);
        }
        // A signal handler that comes in between has given the place back when it returns.
        let place = MARKS[own].slots.iter().find(|noted| noted.load(Relaxed).is_null())?;
        place.store(ptr::from_ref(slot).cast_mut(), Relaxed);
        compiler_fence(SeqCst);
        Some(Mark(place))
    }
}

fn bit(place: usize) -> u64 {
    1 << (place % BITS)
}

/// The calling thread's place in [`MARKS`]; where it has none, what `claim` makes of the first that is nobody's.
#[inline]
fn own(claim: impl FnOnce(usize) -> Option<usize>) -> Option<usize> {
    let pointer = thread::pointer();
    let first = address::hash(pointer) as usize >> 16;
    for probe in first..first + PROBES {
        let place = probe % THREADS;
        match MARKS[place].thread.load(Acquire) {
            0 => return claim(place),
            thread if thread == pointer => return Some(place),
            _ => {}
        }
    }
    None
}

#[cold]
fn claim(place: usize) -> Option<usize> {
    let free = &MARKS[place].thread;
    let is_there = BARRIER.load(Relaxed) == THERE;
    (is_there && free.compare_exchange(0, thread::pointer(), SeqCst, SeqCst).is_ok()).then_some(place)
}

/// A call that is noted. It may end on another thread than it has begun on.
#[derive(Debug)]
pub struct Mark(&'static AtomicPtr<Slot>);

impl Mark {
    /// The call has ended; the slot has to be looked at afterwards.
    #[inline]
    pub fn end(&self) {
        self.0.store(ptr::null_mut(), Release);
        compiler_fence(SeqCst);
    }
}

/// Between what ends a call in a slot that is closed and a look at who else is there.
pub fn settle() {
    fence(SeqCst);
}
