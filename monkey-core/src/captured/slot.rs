//! A place for one environment at a time, and the calls that are using it: noted by their threads, or counted.
use super::Function;
use super::closure::Head;
use super::marks::{self, Mark, Markers};
use crate::code;
use crate::thread::{BypassAll, Replaced};
use std::alloc::{Layout, dealloc};
use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// Nobody's, and free for the next environment.
const FREE: u64 = 1 << 63;
/// No further call comes in; the last one that goes takes the environment along.
const CLOSED: u64 = 1 << 62;
/// Somebody fills it, or looks whether it is used no more, and drops what is in it.
const BUSY: u64 = 1 << 61;
/// It is closed, and each call that came before is seen by all.
const SETTLED: u64 = 1 << 60;

/// How long somebody who waits for calls sleeps between two looks.
const PAUSE: Duration = Duration::from_micros(50);
/// After how many of them it is worth a look whether there is anybody to wait for.
const LOOK: u32 = 1000;

/// What an environment is made of: a value of a type that only its function knows.
#[derive(Debug)]
pub struct Content {
    value: NonNull<()>,
    discard: Discard,
}

/// Drops a value and gives its memory back.
type Discard = unsafe fn(NonNull<()>);

// SAFETY: `Environment::new` is told that the value may be sent.
unsafe impl Send for Content {}

impl Content {
    pub fn new<C>(content: C) -> Self {
        let value = NonNull::from(Box::leak(Box::new(content))).cast();
        Self { value, discard: discard::<C> }
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        // SAFETY: made by `new` of the same type; whoever takes the value forgets this one.
        unsafe { (self.discard)(self.value) }
    }
}

/// # Safety
/// The value is what `Content::new::<C>` has made, and nobody uses it any more.
unsafe fn discard<C>(value: NonNull<()>) {
    struct Memory<C>(NonNull<C>);
    impl<C> Drop for Memory<C> {
        fn drop(&mut self) {
            let layout = Layout::new::<C>();
            let _bypass = BypassAll::begin();
            if layout.size() != 0 {
                // SAFETY: the memory of a leaked box of this type, whose content was dropped.
                unsafe { dealloc(self.0.as_ptr().cast(), layout) }
            }
        }
    }
    let memory = Memory::<C>(value.cast());
    // What the user's values do when they are dropped is the user's.
    let _replaced = Replaced::begin();
    // SAFETY: by the contract; dropped once, as the memory goes next.
    unsafe { ptr::drop_in_place(memory.0.as_ptr()) }
}

/// What dropping an environment has thrown.
pub type Discarded = Result<(), Box<dyn Any + Send>>;

/// Slots are never freed: a call may be looking at any of them at any time.
#[derive(Debug)]
pub struct Slot {
    /// One of the flags or more, and the calls in flight that are counted. Calls that have come to the wrong slot are among them for a
    /// moment.
    state: AtomicU64,
    /// Who has noted calls in flight.
    markers: Markers,
    /// Which environment it is; no two have the same number.
    tenure: AtomicU64,
    /// The one with the highest counts. 0: not to be used where there is another one.
    rank: AtomicU64,
    scope: AtomicU64,
    for_all: AtomicBool,
    value: AtomicPtr<()>,
    discard: AtomicPtr<()>,
    pub(super) next: AtomicPtr<Self>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Slot {
    /// One that its maker fills.
    pub(super) const fn taken() -> Self {
        Self {
            state: AtomicU64::new(FREE | BUSY),
            markers: Markers::new(),
            tenure: AtomicU64::new(0),
            rank: AtomicU64::new(0),
            scope: AtomicU64::new(0),
            for_all: AtomicBool::new(false),
            value: AtomicPtr::new(ptr::null_mut()),
            discard: AtomicPtr::new(ptr::null_mut()),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Takes it for another environment, if it is free.
    pub(super) fn take(&self) -> bool {
        self.state.compare_exchange(FREE, FREE | BUSY, SeqCst, SeqCst).is_ok()
    }

    /// Fills one that was taken.
    pub(super) fn begin(&self, content: Content, scope: u64, for_all: bool) -> u64 {
        let tenure = NEXT.fetch_add(1, SeqCst);
        self.value.store(content.value.as_ptr(), SeqCst);
        self.discard.store(content.discard as *mut (), SeqCst);
        std::mem::forget(content);
        self.rank.store(0, SeqCst);
        self.scope.store(scope, SeqCst);
        self.for_all.store(for_all, SeqCst);
        // Before it can be found: who finds it says anew that it is here.
        self.markers.clear();
        self.tenure.store(tenure, SeqCst);
        self.state.fetch_xor(FREE | BUSY, SeqCst);
        tenure
    }

    /// Puts it before all that were there until now.
    pub(super) fn rise(&self) {
        self.rank.store(NEXT.fetch_add(1, SeqCst), SeqCst);
    }

    /// Its rank among those that a scope sees, and which environment it has.
    #[inline]
    pub(super) fn seen_from(&self, scope: u64) -> Option<((bool, u64), u64)> {
        let own = self.scope.load(SeqCst) == scope;
        if !own && !self.for_all.load(SeqCst) {
            return None;
        }
        let tenure = self.tenure.load(SeqCst);
        let open = self.state.load(SeqCst) & (FREE | CLOSED | BUSY) == 0;
        open.then(|| ((own, self.rank.load(SeqCst)), tenure))
    }

    /// Begins a call with an environment, if it is still there.
    #[inline]
    pub(super) fn enter(&'static self, tenure: u64) -> Option<InFlight> {
        let mark = self.markers.begin(self);
        if mark.is_none() {
            self.state.fetch_add(1, SeqCst);
        }
        // From here on the environment stays, if there is one.
        let call = InFlight { slot: self, mark };
        let open = self.state.load(SeqCst) & (FREE | CLOSED | BUSY) == 0;
        (open && self.tenure.load(SeqCst) == tenure).then_some(call)
    }

    fn close(&self) -> Discarded {
        self.state.fetch_or(CLOSED, SeqCst);
        if self.markers.has_others() {
            let _bypass = BypassAll::begin();
            code::barrier();
        }
        self.state.fetch_or(SETTLED, SeqCst);
        self.discard_if_unused()
    }

    /// One of those who find nobody in a closed slot takes the environment, and no other.
    fn discard_if_unused(&self) -> Discarded {
        const UNUSED: u64 = CLOSED | SETTLED;
        loop {
            if self.state.compare_exchange(UNUSED, UNUSED | BUSY, SeqCst, SeqCst).is_err() {
                return Ok(());
            }
            // Nobody else fills it now, so that the marks are for what is in it.
            if !self.markers.any(self) {
                return self.discard();
            }
            self.state.fetch_and(!BUSY, SeqCst);
            marks::settle();
            // Who has gone meanwhile has found it busy.
            if self.markers.any(self) {
                return Ok(());
            }
        }
    }

    /// Drops what is in it, and frees it. For who has made it busy.
    fn discard(&self) -> Discarded {
        let value = self.value.swap(ptr::null_mut(), SeqCst);
        let discard = self.discard.load(SeqCst);
        // SAFETY: `begin` stored a function of this type.
        let discard = unsafe { std::mem::transmute::<*mut (), Discard>(discard) };
        let thrown = match NonNull::new(value) {
            // SAFETY: value and function are of one `Content`, and no call uses it or will: the slot is closed, its counter was 0, and a
            // call that was noted before it was closed would have been seen since it is settled.
            Some(value) => catch_unwind(AssertUnwindSafe(|| unsafe { discard(value) })),
            None => Ok(()),
        };
        self.tenure.store(0, SeqCst);
        self.state.fetch_xor(CLOSED | SETTLED | BUSY | FREE, SeqCst);
        thrown
    }
}

/// A call with its environment, which stays until this is dropped.
#[derive(Debug)]
pub struct InFlight {
    slot: &'static Slot,
    /// `None`: it is counted.
    mark: Option<Mark>,
}

impl InFlight {
    /// What the environment was made of.
    ///
    /// # Safety
    /// It is a `C`.
    #[inline]
    pub unsafe fn content<C>(&self) -> &C {
        let value = self.slot.value.load(SeqCst).cast::<C>();
        // SAFETY: of this type by the contract, and kept by this call.
        unsafe { &*value }
    }

    #[cfg(test)]
    pub fn is_noted(&self) -> bool {
        self.mark.is_some()
    }
}

impl Drop for InFlight {
    #[inline]
    fn drop(&mut self) {
        let state = if let Some(mark) = &self.mark {
            mark.end();
            self.slot.state.load(SeqCst)
        } else {
            self.slot.state.fetch_sub(1, SeqCst)
        };
        if state & CLOSED != 0 {
            leave_closed(self.slot);
        }
    }
}

/// Nobody who called the target has to do with what the environment throws.
#[cold]
fn leave_closed(slot: &Slot) {
    marks::settle();
    // Before that, who closes it looks after this call has gone.
    if slot.state.load(SeqCst) & SETTLED == 0 {
        return;
    }
    if let Err(thrown) = slot.discard_if_unused() {
        let _bypass = BypassAll::begin();
        eprintln!("note: what a replacement had captured panicked when it was dropped: {}", text(&*thrown));
        // What was thrown may throw in turn. That much is left.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(thrown)));
        dropped.unwrap_or_else(std::mem::forget);
    }
}

/// What a panic said.
pub fn text(thrown: &(dyn Any + Send)) -> &str {
    let owned = thrown.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| thrown.downcast_ref::<&str>().copied()).unwrap_or("something that is no text")
}

/// An environment that calls find. It goes with the last of them when this is dropped.
#[derive(Debug)]
pub struct Published {
    pub(super) slot: &'static Slot,
    pub(super) tenure: u64,
    pub(super) function: &'static Function,
    pub(super) lent: bool,
}

impl Published {
    /// Lets no further call find it. What dropping it has thrown, if that happened here.
    pub fn close(self) -> Discarded {
        let this = ManuallyDrop::new(self);
        this.close_once()
    }

    fn close_once(&self) -> Discarded {
        let discarded = self.slot.close();
        if self.lent {
            self.wait();
        }
        discarded
    }

    /// Waits until no call uses it any more. In the child of a fork, calls of threads that it does not have never end.
    fn wait(&self) {
        let _bypass = BypassAll::begin();
        let mut pauses = 0_u32;
        while self.slot.tenure.load(SeqCst) == self.tenure {
            std::thread::sleep(PAUSE);
            pauses += 1;
            if pauses.is_multiple_of(LOOK) && code::is_only_thread() {
                return;
            }
        }
    }

    /// What the environment begins with.
    pub fn head(&self) -> &Head {
        let head = self.slot.value.load(SeqCst).cast::<Head>();
        // SAFETY: `Environment::new` is told that it begins with one, and it is there until this is closed.
        unsafe { &*head }
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        if let Err(thrown) = self.close_once() {
            let _bypass = BypassAll::begin();
            eprintln!(
                "note: what a replacement had captured panicked when it was dropped: {}",
                text(&*thrown)
            );
        }
    }
}
