//! One per target: the jump at its first bytes, its stub, its trampoline and its table of patches.
//!
//! A hook is made once and stays for the life of the process. From then on patching is data: a slot gets an owner and
//! a replacement, or loses them.
mod in_source;

use crate::code;
use crate::image;
use crate::record::Way;
use crate::stub::{self, cell, slot};
use crate::thread::{EMPTY, NONE, PROCESS, RETIRED};
pub use in_source::CallerFrame;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst,
};

/// What a counter goes up by when its slot gets or loses an owner; the calls are what lies below. A stub counts a call only if
/// the counter has not changed since it read the owner and the replacement, so nobody counts, or jumps, for an owner that
/// has gone.
const TENURE: u64 = 1 << stub::CALL_BITS;

/// A scope's patch of a target. Slots are never freed: a stub may be looking at any of them at any time.
///
/// [`slot`] says which word is whose.
#[repr(C)]
#[derive(Debug)]
pub struct Slot {
    owner: AtomicU64,
    replacement: AtomicU64,
    calls: AtomicU64,
    next: AtomicPtr<Slot>,
    returns: [AtomicU64; stub::RETURNS as usize],
}

impl Slot {
    pub const fn new() -> Self {
        Self {
            owner: AtomicU64::new(EMPTY),
            replacement: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
            returns: [const { AtomicU64::new(0) }; stub::RETURNS as usize],
        }
    }

    fn is_free(&self) -> bool {
        self.owner.load(SeqCst) == EMPTY
    }

    /// Calls since a scope got this slot.
    pub fn calls(&self) -> u64 {
        self.calls.load(SeqCst) % TENURE
    }

    /// Where the last calls will return to, at most `count`, in no order.
    pub fn returns(&self, count: u64) -> impl Iterator<Item = usize> + '_ {
        let calls = self.calls();
        let kept = count.min(calls).min(stub::RETURNS);
        (calls - kept..calls).map(|call| self.returns[(call % stub::RETURNS) as usize].load(SeqCst) as usize)
    }

    /// Stores become visible in their order; only the last one is waited for, with all before it.
    fn begin_tenure(&self, way: Way, owner: u64) {
        self.replacement.store(way.0, Release);
        self.calls.store((self.calls.load(SeqCst) / TENURE + 1).wrapping_mul(TENURE), Release);
        self.owner.store(owner, SeqCst);
    }

    /// The same, with the calls that there were before.
    fn resume_tenure(&self, way: Way, owner: u64) {
        self.replacement.store(way.0, Release);
        self.calls.fetch_add(TENURE, SeqCst);
        self.owner.store(owner, SeqCst);
    }

    /// Nobody's from now on. The replacement stays, for threads that have looked at the owner and are about to jump there.
    fn end_tenure(&self, owner: u64) {
        self.owner.store(owner, Release);
        self.calls.fetch_add(TENURE, SeqCst);
    }
}

/// What the stub reads. The order of the fields is that of [`stub::cell`].
#[repr(C, align(64))]
#[derive(Debug)]
pub struct HookTable {
    first: Slot,
    active: AtomicU32,
    unused: AtomicU32,
    more: AtomicU32,
    armed: AtomicU32,
    group: AtomicU64,
    outside_calls: AtomicU64,
    outside: [[AtomicU64; 2]; stub::OUTSIDE as usize],
    process: Slot,
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Slot, owner) as u64 == slot::OWNER);
    assert!(offset_of!(Slot, replacement) as u64 == slot::REPLACEMENT);
    assert!(offset_of!(Slot, calls) as u64 == slot::CALLS);
    assert!(offset_of!(Slot, next) as u64 == slot::NEXT);
    assert!(offset_of!(Slot, returns) as u64 == slot::RETURNS);
    assert!(size_of::<Slot>() as u64 == slot::SIZE);
    assert!(offset_of!(HookTable, first) as u64 == cell::FIRST);
    assert!(offset_of!(HookTable, active) as u64 == cell::ACTIVE);
    assert!(offset_of!(HookTable, more) as u64 == cell::MORE);
    assert!(offset_of!(HookTable, armed) as u64 == cell::ARMED);
    assert!(offset_of!(HookTable, group) as u64 == cell::GROUP);
    assert!(offset_of!(HookTable, outside_calls) as u64 == cell::OUTSIDE_CALLS);
    assert!(offset_of!(HookTable, outside) as u64 == cell::OUTSIDE_RECORDS);
    assert!(offset_of!(HookTable, process) as u64 == cell::PROCESS);
    assert!(size_of::<HookTable>() as u64 == cell::SIZE);
};

impl HookTable {
    /// Makes memory of a block a cell that no patch is in.
    pub fn prepare(&self, group: u64) {
        self.first.owner.store(EMPTY, SeqCst);
        self.process.owner.store(EMPTY, SeqCst);
        self.group.store(group, SeqCst);
    }
}

/// The jump that was written, and what stays in front of it.
#[derive(Debug, Clone, Copy)]
pub struct Jump {
    pub skipped: usize,
    pub length: usize,
    pub bytes: [u8; Self::LONGEST],
}

impl Jump {
    pub const LONGEST: usize = 16;

    pub fn new(skipped: usize, bytes: &[u8]) -> Self {
        let mut jump = Self { skipped, length: bytes.len(), bytes: [0; Self::LONGEST] };
        jump.bytes[..bytes.len()].copy_from_slice(bytes);
        jump
    }

    /// Whether the jump is still there. A library that was closed and opened again may lie where it lay before.
    pub fn stands_in(&self, body: &[u8]) -> bool {
        body.get(self.skipped..).is_some_and(|body| body.starts_with(&self.bytes[..self.length]))
    }
}

/// A call of a target for which somebody else had it patched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutsideCall {
    /// The caller's scope, or [`crate::thread::NONE`].
    pub scope: u64,
    /// The caller's thread, by its thread pointer.
    pub thread: usize,
}

/// Where a hooked function is.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub target: usize,
    /// Its file; empty for the program itself, which is never closed.
    pub path: &'static [u8],
}

/// A hooked target.
#[derive(Debug)]
pub struct Hook {
    /// The trampoline, a detour in front of it included.
    pub original: usize,
    pub jump: Jump,
    /// The function's first byte, and the path of the file that it was loaded from.
    place: Place,
    /// The function is somewhere else by now, and hooked there.
    abandoned: AtomicBool,
    cell: &'static HookTable,
    /// The first slot behind the table's. Tools that look for leaks do not read mapped pages, where the table is.
    further: AtomicPtr<Slot>,
    /// Whose the replacement that every thread sees is, or was last.
    process_scope: AtomicU64,
    /// The next copy of the same function.
    pub next: AtomicPtr<Hook>,
}

impl Hook {
    pub fn new(original: usize, cell: &'static HookTable, jump: Jump, place: Place) -> Self {
        Self {
            original,
            jump,
            place,
            abandoned: AtomicBool::new(false),
            cell,
            further: AtomicPtr::new(ptr::null_mut()),
            process_scope: AtomicU64::new(NONE),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Whether what was hooked is there no more: its library was closed, and nothing lies there, or what a file has.
    fn is_gone(&self) -> bool {
        let Jump { skipped, length, bytes } = self.jump;
        let address = self.place.target + skipped;
        let mut found = [0; Jump::LONGEST];
        let found = &mut found[..length];
        let jump = &bytes[..length];
        // Something else there, such as a debugger's breakpoint, covers the jump.
        let is_there = code::read_memory(address, found) == length;
        !is_there || (found != jump && image::code_in_file(address, length) == Some(&*found))
    }

    /// The path of its library, if that was closed and took the jump along.
    pub fn closed_library(&self) -> Option<&'static [u8]> {
        let may_close = !self.place.path.is_empty() && !self.abandoned.load(SeqCst);
        (may_close && self.is_gone()).then_some(self.place.path)
    }

    /// Whether the function is in a library, which may be closed.
    pub fn is_in_library(&self) -> bool {
        !self.place.path.is_empty()
    }

    /// Forgets what lies in a library that was closed. For when its functions were looked for anew.
    pub fn abandon_if_gone(&self) {
        if self.closed_library().is_some() {
            self.abandoned.store(true, SeqCst);
        }
    }

    fn slots(&self) -> Slots {
        Slots(Some(&self.cell.first))
    }

    /// The slot that a scope has here, with a patch or after it.
    pub fn slot_of(&self, scope: u64) -> Option<&'static Slot> {
        for slot in self.slots() {
            if slot.owner.load(SeqCst) & !RETIRED == scope {
                return Some(slot);
            }
        }
        None
    }

    /// The slot that a scope has here, or one that it could have.
    fn slot_for(&self, scope: u64) -> Option<&'static Slot> {
        let mut free = None;
        for slot in self.slots() {
            let owner = slot.owner.load(SeqCst);
            if owner & !RETIRED == scope {
                return Some(slot);
            }
            if owner == EMPTY && free.is_none() {
                free = Some(slot);
            }
        }
        free
    }

    /// The slot of the patch that every thread sees, if the scope had one here.
    pub fn process_slot_of(&self, scope: u64) -> Option<&'static Slot> {
        (self.process_scope.load(SeqCst) == scope).then_some(&self.cell.process)
    }

    /// What stands in for the target in a scope at the moment.
    pub fn shown_to(&self, scope: u64) -> Option<usize> {
        let own = self.slots().find(|slot| slot.owner.load(SeqCst) == scope);
        let for_all = || Some(&self.cell.process).filter(|slot| slot.owner.load(SeqCst) == PROCESS);
        own.or_else(for_all).map(|slot| Way(slot.replacement.load(SeqCst)).end())
    }

    /// Whether its first slot is nobody's: mostly it is.
    pub fn has_free_slot(&self) -> bool {
        self.cell.first.owner.load(SeqCst) == EMPTY
    }

    /// Whether a scope that has no slot here needs a new one.
    pub fn lacks_slot_for(&self, scope: u64) -> bool {
        self.slot_for(scope).is_none()
    }

    /// Adds a slot to those that the stub searches.
    pub fn add_slot(&self, slot: &'static Slot) {
        let new = ptr::from_ref(slot).cast_mut();
        if let Some(last) = self.slots().last() {
            last.next.store(new, SeqCst);
        }
        if self.further.load(SeqCst).is_null() {
            self.further.store(new, SeqCst);
        }
    }

    /// Shows a scope's threads a replacement. There has to be a slot for it.
    pub fn show(&self, scope: u64, way: Way) {
        let Some(slot) = self.slot_for(scope) else { return };
        let owner = slot.owner.load(SeqCst);
        if owner == scope {
            slot.replacement.store(way.0, SeqCst);
            return;
        }
        self.begin(slot);
        if owner == EMPTY {
            slot.begin_tenure(way, scope);
        } else {
            slot.resume_tenure(way, scope);
        }
    }

    /// Takes a scope's replacement away; the slot stays the scope's, with its calls.
    pub fn retire(&self, scope: u64) {
        if let Some(slot) = self.slot_of(scope) {
            self.retire_slot(slot, scope);
        }
    }

    fn retire_slot(&self, slot: &Slot, scope: u64) {
        if slot.owner.load(SeqCst) == scope {
            slot.end_tenure(scope | RETIRED);
            self.end(slot);
        }
    }

    /// Gives a scope's slot back.
    pub fn release(&self, scope: u64) {
        if let Some(slot) = self.slot_of(scope) {
            self.retire_slot(slot, scope);
            slot.owner.store(EMPTY, Release);
        }
    }

    /// Shows every thread a replacement that a scope has made.
    pub fn show_process(&self, scope: u64, way: Way) {
        let slot = &self.cell.process;
        let free = slot.is_free();
        if free {
            self.begin(slot);
        }
        if self.process_scope.swap(scope, SeqCst) == scope {
            slot.resume_tenure(way, PROCESS);
        } else {
            slot.begin_tenure(way, PROCESS);
        }
    }

    /// Takes the replacement away that every thread sees.
    pub fn retire_process(&self) {
        let slot = &self.cell.process;
        if !slot.is_free() {
            slot.end_tenure(EMPTY);
            self.end(slot);
        }
    }

    /// The same when the scope that has made it ends.
    pub fn release_process(&self) {
        self.retire_process();
        self.process_scope.store(NONE, SeqCst);
    }

    /// Before a slot gets an owner. Before the first: what was recorded for earlier ones is nobody's concern any more.
    fn begin(&self, slot: &Slot) {
        let cell = self.cell;
        if cell.active.load(SeqCst) == 0 {
            if cell.outside_calls.load(SeqCst) != 0 {
                for word in cell.outside.iter().flatten() {
                    word.store(0, Relaxed);
                }
                cell.outside_calls.store(0, Relaxed);
            }
            // What is before it is seen by those who see it.
            cell.armed.store(1, Release);
        }
        // Nobody else changes these two meanwhile: the engine's lock is held.
        if self.is_further(slot) {
            cell.more.store(cell.more.load(Relaxed) + 1, Release);
        }
        cell.active.store(cell.active.load(Relaxed) + 1, Release);
    }

    /// After a slot has lost its owner. After the last: calls take the short way to the trampoline again.
    fn end(&self, slot: &Slot) {
        let cell = self.cell;
        if self.is_further(slot) {
            cell.more.store(cell.more.load(Relaxed) - 1, Release);
        }
        let left = cell.active.load(Relaxed) - 1;
        cell.active.store(left, Release);
        if left == 0 {
            cell.armed.store(0, Release);
        }
    }

    fn is_further(&self, slot: &Slot) -> bool {
        !ptr::eq(slot, &raw const self.cell.first)
    }

    /// Calls of the target while it was patched, but not for the caller.
    pub fn outside_calls(&self) -> impl Iterator<Item = OutsideCall> + '_ {
        let recorded = self.cell.outside_calls.load(SeqCst).min(stub::OUTSIDE) as usize;
        let records = self.cell.outside[..recorded].iter();
        let calls = records.map(|[scope, thread]| OutsideCall {
            scope: scope.load(SeqCst),
            thread: thread.load(SeqCst) as usize,
        });
        // One that has been counted may not have been written yet.
        calls.filter(|call| call.thread != 0)
    }
}

/// A hook's slots: the first, and those that hang on it.
struct Slots(Option<&'static Slot>);

impl Iterator for Slots {
    type Item = &'static Slot;

    fn next(&mut self) -> Option<&'static Slot> {
        let slot = self.0?;
        // SAFETY: null, or one of the slots that `add_slot` was given, which live for ever.
        self.0 = unsafe { slot.next.load(SeqCst).as_ref() };
        Some(slot)
    }
}
