//! A target that asks in its own source where its calls go. What a stub decides in machine code is decided here, by the same
//! cell and slots.
use super::{Hook, HookTable, Jump, Place, Slot};
use crate::record::Way;
use crate::stub;
use crate::thread::{self, PROCESS};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

/// What is known of a call that is asked about in the source of what it calls; 0: not known.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallerFrame {
    /// The caller's stack pointer, without the return address.
    pub stack_pointer: u64,
    pub return_address: u64,
}

impl CallerFrame {
    /// Whether a bypass is for this call that is to be made with that stack pointer. What is not known is no reason against it.
    fn is_made_by(self, stack_pointer: u64) -> bool {
        let below = stack_pointer.wrapping_sub(self.stack_pointer);
        stack_pointer == 0 || self.stack_pointer == 0 || below <= stub::BYPASS_WINDOW
    }
}

impl HookTable {
    const fn new() -> Self {
        Self {
            first: Slot::new(),
            active: AtomicU32::new(0),
            unused: AtomicU32::new(0),
            more: AtomicU32::new(0),
            armed: AtomicU32::new(0),
            group: AtomicU64::new(0),
            outside_calls: AtomicU64::new(0),
            outside: [const { [const { AtomicU64::new(0) }; 2] }; stub::OUTSIDE as usize],
            process: Slot::new(),
        }
    }
}

impl Slot {
    /// Counts a call for the owner, and says where it goes; `None` if the slot has changed hands meanwhile.
    fn call(&self, owner: u64, return_address: u64) -> Option<Way> {
        let (calls, replacement) = (self.calls.load(SeqCst), self.replacement.load(SeqCst));
        if self.owner.load(SeqCst) != owner {
            return None;
        }
        self.calls.compare_exchange(calls, calls + 1, SeqCst, SeqCst).ok()?;
        self.returns[(calls % stub::RETURNS) as usize].store(return_address, SeqCst);
        Some(Way(replacement))
    }
}

impl Hook {
    /// A target whose code stays as it is. Lives for ever, as every hook does. `original`: what a replacement goes on with, where that is
    /// not the target itself.
    pub fn in_source(target: usize, group: u64, original: usize) -> &'static Self {
        let cell: &'static HookTable = Box::leak(Box::new(HookTable::new()));
        cell.prepare(group);
        let place = Place { target, path: &[] };
        Box::leak(Box::new(Self::new(original, cell, Jump::new(0, &[]), place)))
    }

    /// Whether the target asks in its source, and its code is as it was.
    pub fn is_in_source(&self) -> bool {
        self.jump.length == 0
    }

    /// The function's address.
    pub fn target(&self) -> usize {
        self.place.target
    }

    /// Where the call goes that the calling thread is making, with what is known of it; `None`: on in the target's body. For hooks in
    /// source.
    #[inline]
    pub fn chosen(&self, caller: &dyn Fn() -> CallerFrame) -> Option<usize> {
        // A bypass that is for this call is used up by it, whether or not there is something to pass by.
        let group = self.cell.group.load(SeqCst);
        let original = thread::takes_original(group, |stack_pointer| caller().is_made_by(stack_pointer));
        if original || self.cell.active.load(SeqCst) == 0 { None } else { self.chosen_while_patched(caller) }
    }

    fn chosen_while_patched(&self, caller: &dyn Fn() -> CallerFrame) -> Option<usize> {
        let scope = thread::scope();
        loop {
            let owned_by = |owner: u64| move |slot: &&'static Slot| slot.owner.load(SeqCst) == owner;
            let own = self.slots().find(owned_by(scope)).map(|slot| (slot, scope));
            let process = || Some(&self.cell.process).filter(owned_by(PROCESS)).map(|slot| (slot, PROCESS));
            let Some((slot, owner)) = own.or_else(process) else {
                self.record_outside(scope);
                return None;
            };
            let return_address = caller().return_address;
            if let Some(way) = slot.call(owner, return_address) {
                // A call that is only counted has no replacement.
                return Some(way.go(return_address)).filter(|replacement| *replacement != 0);
            }
        }
    }

    /// Somebody has the target patched, but not for this thread.
    fn record_outside(&self, scope: u64) {
        let cell = self.cell;
        if cell.armed.load(SeqCst) == 0 {
            return;
        }
        match cell.outside.get(cell.outside_calls.fetch_add(1, SeqCst) as usize) {
            Some([caller, thread]) => {
                caller.store(scope, SeqCst);
                thread.store(thread::pointer() as u64, SeqCst);
            }
            None => cell.armed.store(0, SeqCst),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::BypassOnce;

    #[test]
    fn a_call_is_decided_as_a_stub_would() {
        let hook = Hook::in_source(0x1000, 77, 0);
        let chosen = || hook.chosen(&CallerFrame::default);
        assert_eq!(chosen(), None);
        let before = thread::scope();
        thread::set_scope(4_000_000);
        hook.show(4_000_000, Way::to(0x1234));
        assert_eq!(chosen(), Some(0x1234));
        {
            let _once = BypassOnce::begin(77, 0);
            assert_eq!((chosen(), chosen()), (None, Some(0x1234)), "a bypass is for one call");
        }
        {
            let _other = BypassOnce::begin(78, 0);
            assert_eq!(chosen(), Some(0x1234), "another group's bypass");
        }
        assert_eq!(hook.slot_of(4_000_000).map(Slot::calls), Some(3));
        thread::set_scope(4_000_004);
        assert_eq!(chosen(), None);
        let outside: Vec<_> = hook.outside_calls().collect();
        assert_eq!(outside.len(), 1);
        assert_eq!((outside[0].scope, outside[0].thread), (4_000_004, thread::pointer()));
        hook.show_process(4_000_000, Way::to(0x5678));
        assert_eq!(chosen(), Some(0x5678));
        hook.release_process();
        hook.release(4_000_000);
        assert_eq!(chosen(), None);
        thread::set_scope(before);
    }
}
