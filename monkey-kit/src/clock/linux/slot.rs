//! A thread that waits for the clock, or for something else: what for, until when, and how it is woken.
use crate::place::Frames;
use monkey_core::border::{self, Bypass};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst,
};
use std::sync::{Mutex, PoisonError};

/// No end.
pub const NEVER: u64 = u64::MAX;

/// Nobody has said anything to the waiting thread.
pub const QUIET: u32 = 0;
/// Its time is over.
pub const FIRED: u32 = 1;
/// It waits for good: it is to say where, and to wait for what comes of that.
pub const DOOMED: u32 = 2;
/// It is to end.
pub const RELEASED: u32 = 3;
/// The clock that it waits for is no more.
pub const GONE: u32 = 4;

/// What a thread waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// On its slot's own word.
    Word,
    /// On a futex of the program's.
    Futex,
    /// In `ppoll`, with an event of its slot's beside the program's descriptors.
    Poll,
    /// On a condition of the C library's, in slices.
    Condition,
    /// In slices of real time, after each of which it looks.
    Slices,
    /// In a call that nothing can end but its own reason. It says before where it is.
    Sealed,
}

const KINDS: [Kind; 6] = [Kind::Word, Kind::Futex, Kind::Poll, Kind::Condition, Kind::Slices, Kind::Sealed];

/// A thread's.
#[derive(Debug)]
pub struct Slot {
    thread: AtomicI32,
    waits: AtomicBool,
    kind: AtomicU32,
    pub address: AtomicUsize,
    pub deadline: AtomicU64,
    /// Each wait of a clock has a number, the earlier the lower.
    pub order: AtomicU64,
    /// What the thread is told.
    pub signal: AtomicU32,
    /// The bit that tells it from most others on the same futex.
    pub bit: u32,
    /// An event's descriptor; -1 for none yet.
    pub event: AtomicI32,
    /// What it polls.
    pub descriptors: Mutex<Vec<i32>>,
    /// Where it waits, once it was asked.
    pub frames: Mutex<Option<Frames>>,
    /// When, and for what, it has last begun a wait whose time was over.
    over: (AtomicU64, AtomicUsize),
    next: AtomicPtr<Slot>,
}

impl Slot {
    fn new(index: usize) -> Self {
        Self {
            thread: AtomicI32::new(0),
            waits: AtomicBool::new(false),
            kind: AtomicU32::new(0),
            address: AtomicUsize::new(0),
            deadline: AtomicU64::new(NEVER),
            order: AtomicU64::new(0),
            signal: AtomicU32::new(QUIET),
            bit: 1 << (index % 32),
            event: AtomicI32::new(-1),
            descriptors: Mutex::default(),
            frames: Mutex::default(),
            over: (AtomicU64::new(NEVER), AtomicUsize::new(0)),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    pub fn thread(&self) -> i32 {
        self.thread.load(SeqCst)
    }

    pub fn waits(&self) -> bool {
        self.waits.load(SeqCst)
    }

    pub fn kind(&self) -> Kind {
        KINDS[self.kind.load(SeqCst) as usize]
    }

    pub fn begin(&self, kind: Kind, address: usize, deadline: u64, order: u64) {
        self.signal.store(QUIET, SeqCst);
        self.kind.store(kind as u32, SeqCst);
        self.address.store(address, SeqCst);
        self.deadline.store(deadline, SeqCst);
        self.order.store(order, SeqCst);
        self.waits.store(true, SeqCst);
    }

    /// Whether a wait whose time is over at this moment is the second one that the thread begins.
    pub fn is_over_again(&self, moment: u64, address: usize) -> bool {
        let (last, on) = (self.over.0.swap(moment, SeqCst), self.over.1.swap(address, SeqCst));
        (last, on) == (moment, address)
    }

    /// Not waiting any more: said by the thread itself, or by who wakes it.
    pub fn end(&self) {
        self.waits.store(false, SeqCst);
    }

    /// The event's descriptor, made when it is first wanted.
    pub fn event(&self) -> i32 {
        let known = self.event.load(SeqCst);
        if known >= 0 {
            return known;
        }
        // SAFETY: takes numbers.
        let made = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        self.event.store(made, SeqCst);
        made
    }
}

/// The slots of a scope's threads. They stay for the threads of later scopes.
#[derive(Debug, Default)]
pub struct Slots {
    /// Whose they are: of one clock, from when it was paused until it is paused anew.
    generation: AtomicU64,
    first: AtomicPtr<Slot>,
    adding: Mutex<usize>,
}

thread_local! {
    /// The calling thread's slot, and the generation that it is of.
    static OWN: Cell<(u64, *const Slot)> = const { Cell::new((0, ptr::null())) };
}

impl Slots {
    pub fn all(&self) -> impl Iterator<Item = &'static Slot> {
        // SAFETY: null, or one that is never freed.
        let get = |pointer: &AtomicPtr<Slot>| unsafe { pointer.load(SeqCst).as_ref::<'static>() };
        std::iter::successors(get(&self.first), move |slot| get(&slot.next))
    }

    pub fn of_thread(&self, thread: i32) -> Option<&'static Slot> {
        self.all().find(|slot| slot.thread() == thread)
    }

    /// Forgets all threads: another clock begins.
    pub fn clear(&self) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        self.generation.store(NEXT.fetch_add(1, SeqCst), SeqCst);
        for slot in self.all() {
            slot.end();
            slot.thread.store(0, SeqCst);
        }
    }

    /// The calling thread's.
    pub fn own(&self) -> &'static Slot {
        let (of, slot) = OWN.get();
        let generation = self.generation.load(SeqCst);
        // SAFETY: null, or one that is never freed.
        if let Some(slot) = unsafe { slot.as_ref::<'static>() }.filter(|_| of == generation) {
            return slot;
        }
        let slot = self.take();
        OWN.set((generation, ptr::from_ref(slot)));
        slot
    }

    fn take(&self) -> &'static Slot {
        let _bypass = Bypass::begin();
        // SAFETY: takes nothing, changes nothing.
        let thread = unsafe { libc::gettid() };
        let mut count = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = |slot: &&Slot| match slot.thread() {
            0 => true,
            known => known == thread || !border::thread_exists(known),
        };
        if let Some(slot) = self.all().find(is_free) {
            slot.end();
            slot.thread.store(thread, SeqCst);
            return slot;
        }
        let slot = Box::leak(Box::new(Slot::new(*count)));
        *count += 1;
        slot.thread.store(thread, SeqCst);
        slot.next.store(self.first.load(SeqCst), SeqCst);
        self.first.store(slot, SeqCst);
        slot
    }
}
