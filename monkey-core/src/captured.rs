//! Environments: what replacements own that capture something, and who is using it.
//!
//! The code of such a replacement is a function as any other. It finds its environment at each call, in the scope of the thread that calls,
//! without a lock and without memory: it may stand in for what locks and memory are made of. What it searches is never freed.
mod alone;
pub mod closure;
mod marks;
mod slot;
pub mod steps;

use crate::address;
use crate::append_only::AppendOnly;
use crate::group::Group;
use crate::hook::Hook;
use crate::thread;
use slot::Slot;
use std::iter;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::SeqCst};

use alone::Alone;
use alone::Refused;
pub use slot::{InFlight, Published, text};

/// A function that replaces others and needs an environment, by its address. There are as many as there are places in the program that
/// make one, so they stay.
#[derive(Debug)]
pub struct Function {
    address: usize,
    /// What it was the last to replace.
    group: AtomicPtr<Group>,
    slots: AtomicPtr<Slot>,
}

const BUCKETS: usize = 256;

static FUNCTIONS: [AppendOnly<Function>; BUCKETS] = [const { AppendOnly::new() }; BUCKETS];

/// How often a call that came too late looks whether another environment is there by now.
const LOOKS: usize = 100;

impl Function {
    /// The function at an address, if it ever had an environment.
    pub fn find(address: usize) -> Option<&'static Self> {
        bucket(address).find(|function| function.address == address)
    }

    fn find_or_add(address: usize) -> &'static Self {
        let new = || Self {
            address,
            group: AtomicPtr::new(ptr::null_mut()),
            slots: AtomicPtr::new(ptr::null_mut()),
        };
        bucket(address).find_or_add(|function| function.address == address, new)
    }

    fn slots(&self) -> impl Iterator<Item = &'static Slot> {
        iter::successors(linked(&self.slots), |slot| linked(&slot.next))
    }

    /// Adds a slot to those that calls look at.
    fn add(&self, slot: &'static Slot) {
        let mut first = self.slots.load(SeqCst);
        loop {
            slot.next.store(first, SeqCst);
            match self.slots.compare_exchange(first, ptr::from_ref(slot).cast_mut(), SeqCst, SeqCst) {
                Ok(_) => return,
                Err(other) => first = other,
            }
        }
    }

    /// Begins a call in the caller's scope: nobody drops the environment until it ends. `None`: there is none any more.
    pub fn enter(&self) -> Option<InFlight> {
        let scope = thread::scope();
        loop {
            let (slot, tenure) = self.newest(scope)?;
            if let Some(call) = slot.enter(tenure) {
                return Some(call);
            }
        }
    }

    /// The environment that was the last to be made for a scope. Its own come before those that every thread sees.
    fn newest(&self, scope: u64) -> Option<(&'static Slot, u64)> {
        let seen =
            self.slots().filter_map(|slot| slot.seen_from(scope).map(|(rank, tenure)| (rank, slot, tenure)));
        seen.max_by_key(|(rank, ..)| *rank).map(|(_, slot, tenure)| (slot, tenure))
    }

    /// What a call is to go to that came when its environment had gone: what stands in for the target in the caller's scope by
    /// now, or the original. 0: there is an environment again.
    pub fn instead(&self) -> Option<usize> {
        let group = self.group()?;
        let scope = thread::scope();
        let shown = |hook: &'static Hook| hook.shown_to(scope);
        for _ in 0..LOOKS {
            match group.hooks().find_map(shown) {
                Some(address) if address == self.address && self.newest(scope).is_some() => return Some(0),
                Some(address) if address == self.address => std::hint::spin_loop(),
                // In source, what only watches has none.
                Some(0) | None => break,
                Some(address) => return Some(address),
            }
        }
        group.original_for_one_call()
    }

    /// The original of what it replaces.
    pub fn original(&self) -> Option<usize> {
        self.group()?.original_for_one_call()
    }

    fn group(&self) -> Option<&'static Group> {
        // SAFETY: null, or a group, which lives as long as the process.
        unsafe { self.group.load(SeqCst).as_ref() }
    }
}

fn bucket(address: usize) -> &'static AppendOnly<Function> {
    &FUNCTIONS[(address::hash(address) >> 24) as usize % BUCKETS]
}

fn linked(pointer: &AtomicPtr<Slot>) -> Option<&'static Slot> {
    // SAFETY: null, or a slot that was leaked.
    unsafe { pointer.load(SeqCst).as_ref() }
}

/// An environment that no call can find yet. Dropped as it is, it takes what is in it along.
#[derive(Debug)]
pub struct Environment {
    function: usize,
    content: slot::Content,
    lent: bool,
}

impl Environment {
    /// For the function at this address.
    ///
    /// # Safety
    /// The content may be sent to other threads, and begins with a [`Head`](closure::Head) if anybody is to ask for it.
    pub unsafe fn new<C>(function: usize, content: C) -> Self {
        Self { function, content: slot::Content::new(content), lent: false }
    }

    /// What is in it is gone when it is taken away: that waits until no call uses it any more.
    pub fn is_lent(&mut self) {
        self.lent = true;
    }

    /// Lets calls in a scope find it, or all calls; behind those that are there already.
    pub fn publish(self, scope: u64, for_all: bool) -> Published {
        let Self { function, content, lent } = self;
        marks::prepare();
        let function = Function::find_or_add(function);
        let slot = function.slots().find(|slot| slot.take()).unwrap_or_else(|| {
            let slot = Box::leak(Box::new(Slot::taken()));
            function.add(slot);
            slot
        });
        Published { slot, tenure: slot.begin(content, scope, for_all), function, lent }
    }
}

impl Published {
    /// It is the newest of its function from now on.
    pub fn is_for(&self, group: &'static Group) {
        self.function.group.store(ptr::from_ref(group).cast_mut(), SeqCst);
        self.slot.rise();
    }
}

#[cfg(test)]
mod tests;
