//! All copies of one function: what is patched together.
use crate::hook::{Hook, Slot};
use crate::image::Container;
use crate::kept::Keeper;
use crate::request::Visibility;
use crate::thread;
use once_cell::race::OnceBox;
use std::iter;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering::SeqCst};

/// The copies of one function. A group lives as long as the process, as its hooks do.
#[derive(Debug)]
pub struct Group {
    /// What [`crate::thread`]'s bypass word names it by.
    pub id: u64,
    first: AtomicPtr<Hook>,
    /// Whether one of the copies is in a library.
    in_library: AtomicBool,
    /// How many files had been loaded when the copies were looked for.
    loads: AtomicU64,
    doubt: AtomicPtr<Doubt>,
    keeper: OnceBox<Option<Keeper>>,
    containing: OnceBox<Vec<Containing>>,
    /// How lists have named it.
    names: AtomicPtr<Name>,
    /// The first of its patches' layers; only looked at under the engine's lock, which orders what is done to it.
    pub layers: AtomicU32,
}

/// A function whose calls go past the replacement of another, or may do so.
#[derive(Debug)]
pub struct Containing {
    pub way: WayPast,
    pub group: &'static Group,
}

/// How calls of a function go past the replacement of another.
#[derive(Debug)]
pub enum WayPast {
    /// It contains an inlined copy.
    Inlined(Container),
    /// It may be a copy.
    PerhapsCopy,
}

/// A name of a function.
#[derive(Debug)]
struct Name {
    /// As a list has it.
    listed: &'static str,
    /// What `std::any::type_name` calls the function's own type.
    full: Option<&'static str>,
    next: *mut Name,
}

// SAFETY: a name never changes once it is linked.
unsafe impl Sync for Name {}
// SAFETY: as above.
unsafe impl Send for Name {}

/// Bodies that may be copies as well, and were left alone.
#[derive(Debug)]
struct Doubt {
    reason: String,
    /// What was said before more files were loaded. Somebody may still be reading it.
    _before: *mut Doubt,
}

/// One that has no hook, because its function was refused.
static UNUSED: AtomicPtr<Group> = AtomicPtr::new(ptr::null_mut());

impl Group {
    /// One without a hook: a new one, or one that got none.
    pub fn new() -> &'static Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let unused = UNUSED.swap(ptr::null_mut(), SeqCst);
        // SAFETY: null, or a group, which lives as long as the process.
        if let Some(group) = unsafe { unused.as_ref() } {
            return group;
        }
        Box::leak(Box::new(Self {
            id: NEXT.fetch_add(1, SeqCst),
            first: AtomicPtr::new(ptr::null_mut()),
            in_library: AtomicBool::new(false),
            loads: AtomicU64::new(u64::MAX),
            doubt: AtomicPtr::new(ptr::null_mut()),
            keeper: OnceBox::new(),
            containing: OnceBox::new(),
            names: AtomicPtr::new(ptr::null_mut()),
            layers: AtomicU32::new(0),
        }))
    }

    /// Leaves it to the next function, if nothing of this one's could be hooked. Nobody else knows of it.
    pub fn give_back(&'static self) {
        if self.hooks().next().is_none() {
            UNUSED.store(ptr::from_ref(self).cast_mut(), SeqCst);
        }
    }

    /// Adds the hook of a further copy. One thread at a time: the one that has the lock of the program's text.
    pub fn add(&self, hook: &'static Hook) {
        if hook.is_in_library() {
            self.in_library.store(true, SeqCst);
        }
        hook.next.store(self.first.load(SeqCst), SeqCst);
        self.first.store(ptr::from_ref(hook).cast_mut(), SeqCst);
    }

    /// The hooks of all copies.
    pub fn hooks(&self) -> Hooks {
        Hooks(linked(&self.first))
    }

    /// The trampoline of one of the copies: which one makes no difference to a caller.
    pub fn original(&self) -> Option<usize> {
        self.hooks().next().map(|hook| hook.original)
    }

    /// Where the calling thread may call the original, once. Where calls are dispatched in source that is the target itself, whose
    /// next call by this thread passes replacements by.
    pub fn original_for_one_call(&self) -> Option<usize> {
        let hook = self.hooks().next()?;
        if hook.original != 0 {
            return Some(hook.original);
        }
        thread::pass_next(self.id);
        Some(hook.target())
    }

    /// Whether the function asks in its source, and its code is as it was.
    pub fn is_in_source(&self) -> bool {
        match linked(&self.first) {
            Some(hook) => hook.is_in_source(),
            None => false,
        }
    }

    /// Whether one of its copies is in a library, which may be closed.
    pub fn is_in_library(&self) -> bool {
        self.in_library.load(SeqCst)
    }

    /// Whether its copies are known as of so many loaded files.
    pub fn is_current(&self, loads: u64) -> bool {
        self.loads.load(SeqCst) == loads
    }

    /// Says that its copies are known as of so many loaded files, but for a doubt.
    pub fn is_complete(&self, loads: u64, doubt: Option<&str>) {
        if self.doubt() != doubt {
            let before = self.doubt.load(SeqCst);
            let doubt = doubt.map_or(ptr::null_mut(), |reason| {
                Box::into_raw(Box::new(Doubt { reason: reason.to_owned(), _before: before }))
            });
            self.doubt.store(doubt, SeqCst);
        }
        self.loads.store(loads, SeqCst);
    }

    /// Why there may be more copies.
    pub fn doubt(&self) -> Option<&'static str> {
        // SAFETY: null, or what `is_complete` made, which is never freed.
        let doubt = unsafe { self.doubt.load(SeqCst).as_ref() };
        doubt.map(|doubt| doubt.reason.as_str())
    }

    /// Notes a caller that keeps a value in a register over its call.
    pub fn is_called_by(&self, keeper: Option<Keeper>) {
        // Known already where the copies are looked for again.
        let _ = self.keeper.set(Box::new(keeper));
    }

    /// A caller that keeps a value in a register over its call.
    pub fn keeper(&self) -> Option<&Keeper> {
        match self.keeper.get() {
            Some(keeper) => keeper.as_ref(),
            None => None,
        }
    }

    /// The functions that contain a copy of this one, which are looked for once.
    pub fn containing(&'static self, find: impl FnOnce() -> Vec<Containing>) -> &'static [Containing] {
        self.containing.get_or_init(|| Box::new(find()))
    }

    /// Notes how a list names it.
    pub fn add_name(&self, listed: &'static str, full: Option<&'static str>) {
        if self.is_listed_as(listed) {
            return;
        }
        let mut name = Box::new(Name { listed, full, next: ptr::null_mut() });
        let mut before = self.names.load(SeqCst);
        loop {
            name.next = before;
            let new = Box::into_raw(name);
            match self.names.compare_exchange(before, new, SeqCst, SeqCst) {
                Ok(_) => return,
                Err(other) => {
                    before = other;
                    // SAFETY: made above, and given to nobody.
                    name = unsafe { Box::from_raw(new) };
                }
            }
        }
    }

    fn names(&self) -> impl Iterator<Item = &Name> {
        let linked = |name: *mut Name| {
            // SAFETY: null, or what `add_name` made, which is never freed.
            unsafe { name.as_ref() }
        };
        iter::successors(linked(self.names.load(SeqCst)), move |name| linked(name.next))
    }

    /// Whether a list has named it so.
    pub fn is_listed_as(&self, name: &str) -> bool {
        let mut next = self.names.load(SeqCst);
        // SAFETY: null, or what `add_name` made, which is never freed.
        while let Some(own) = unsafe { next.as_ref() } {
            if own.listed == name {
                return true;
            }
            next = own.next;
        }
        false
    }

    /// Another function that a list has replaced at its addresses before.
    pub fn other_function(&self, full: &str) -> Option<&'static str> {
        let mut other = None;
        for own in self.names().filter_map(|name| name.full) {
            // Mostly the same text at the same place.
            if ptr::eq(own, full) || own == full {
                return None;
            }
            other = Some(own);
        }
        other
    }

    /// Whether its path ends so, generic arguments aside.
    pub fn is_called(&self, name: &str) -> bool {
        let wanted =
            name.trim_start_matches("self::").trim_start_matches("super::").trim_start_matches("crate::");
        let ends = |full: &str| {
            let path = full.split('<').next().unwrap_or(full);
            path.strip_suffix(wanted).is_some_and(|before| before.is_empty() || before.ends_with("::"))
        };
        self.names().any(|own| own.full.is_some_and(ends))
    }

    /// The slots that a scope has, or had, for its replacements of the function.
    pub fn slots_of(&self, scope: u64, visibility: Visibility) -> impl Iterator<Item = &'static Slot> {
        self.hooks().filter_map(move |hook| match visibility {
            Visibility::Scope => hook.slot_of(scope),
            Visibility::Process => hook.process_slot_of(scope),
        })
    }

    /// How often a scope's replacements of the function were called; `None` if it never had one.
    pub fn calls_in(&self, scope: u64) -> Option<u64> {
        let kinds = [Visibility::Scope, Visibility::Process];
        let slots = kinds.into_iter().flat_map(|visibility| self.slots_of(scope, visibility));
        slots.map(Slot::calls).reduce(u64::wrapping_add)
    }
}

/// The hooks of a group. Written out, as all that a patch of a known function comes through: not optimised, each closure costs.
#[derive(Debug)]
pub struct Hooks(Option<&'static Hook>);

impl Hooks {
    pub const NONE: Self = Self(None);
}

impl Iterator for Hooks {
    type Item = &'static Hook;

    fn next(&mut self) -> Option<&'static Hook> {
        let hook = self.0?;
        self.0 = linked(&hook.next);
        Some(hook)
    }
}

fn linked(pointer: &AtomicPtr<Hook>) -> Option<&'static Hook> {
    // SAFETY: null, or one of the hooks that `add` was given, which live for ever.
    unsafe { pointer.load(SeqCst).as_ref() }
}
