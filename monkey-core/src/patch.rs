//! Patches: which replacement a target has in which scope, and how often it was called.
use crate::crash::Line;
use crate::error::{Cause, PatchError};
use crate::hook::{Hook, Hooks, Slot};
use crate::image;
use crate::inherit;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::Ordering::SeqCst;

/// Who sees the patches of a frame or a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visibility {
    /// The scope's threads.
    Scope,
    /// Every thread.
    Process,
}

pub use crate::count::Count;

/// One `T = R` of a list, as the user wrote it.
#[derive(Debug, Clone)]
pub struct Order {
    pub target: usize,
    pub replacement: usize,
    pub target_name: &'static str,
    pub replacement_name: &'static str,
    pub location: &'static Location<'static>,
    /// What `std::any::type_name` calls the target's own type; with it there is less to doubt about copies.
    pub target_type: Option<&'static str>,
    /// Whether the code that replaces, and so perhaps the code that calls, is optimised.
    pub optimised: bool,
    /// `None`: what the frame demands of all its replacements.
    pub expected: Option<Count>,
    /// Calls that go past the replacement are fine.
    pub partly: bool,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, replacement, target_name, replacement_name, location, .. } = self;
        write!(f, "`{target_name}` ({target:#x}) by `{replacement_name}` ({replacement:#x}) at {location}")
    }
}

impl Order {
    pub fn fails(&self, cause: Cause) -> PatchError {
        PatchError::new(self.target_name, self.target, self.replacement_name, self.location, cause)
    }
}

/// Names a patch for as long as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id {
    pub layer: Key,
    serial: u64,
}

/// One scope's patches of one target, or those that every thread sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub group: u64,
    pub visibility: Visibility,
    pub scope: u64,
}

#[derive(Debug)]
struct Patch {
    serial: u64,
    replacement: usize,
    /// Calls counted before `since`.
    calls: u64,
    /// What the layer's counter was when this patch became the newest.
    since: u64,
    _line: Line,
}

/// The newest patch is the one that counts; the others wait for it to go.
#[derive(Debug)]
struct Layer {
    stack: Vec<Patch>,
    /// For [`Visibility::Scope`]: the slot in each of the group's hooks.
    slots: Vec<(usize, &'static Slot)>,
}

/// All copies of one function.
#[derive(Debug)]
pub struct Group {
    pub hooked: Vec<usize>,
    /// Bodies that may be copies as well, and were left alone.
    pub doubt: Option<String>,
    /// How many files had been loaded when the copies were looked for.
    pub loads: u64,
}

/// All patches that are there.
#[derive(Debug)]
pub struct Patches {
    layers: BTreeMap<Key, Layer>,
    pub groups: BTreeMap<u64, Group>,
    /// The group of every address that stands for a target: its copies, and what only leads to them.
    pub known: BTreeMap<usize, u64>,
    pub next_group: u64,
    next_serial: u64,
}

impl Patches {
    pub const fn new() -> Self {
        Self {
            layers: BTreeMap::new(),
            groups: BTreeMap::new(),
            known: BTreeMap::new(),
            next_group: inherit::GROUP + 1,
            next_serial: 1,
        }
    }

    /// Calls that the newest patch of a layer, and those before it, have had.
    fn counter(&self, hooks: &Hooks, key: Key) -> u64 {
        match key.visibility {
            Visibility::Scope => {
                let slots = self.layers.get(&key).map_or(&[][..], |layer| &layer.slots);
                slots.iter().map(|(_, slot)| slot.calls.load(SeqCst)).fold(0, u64::wrapping_add)
            }
            Visibility::Process => {
                self.hooks_of(hooks, key.group).map(Hook::process_calls).fold(0, u64::wrapping_add)
            }
        }
    }

    fn hooks_of<'a>(&'a self, hooks: &'a Hooks, group: u64) -> impl Iterator<Item = &'a Hook> {
        let targets = self.groups.get(&group).map_or(&[][..], |group| &group.hooked);
        targets.iter().filter_map(|target| hooks.get(*target))
    }

    /// The calls of one patch so far.
    pub fn calls(&self, hooks: &Hooks, id: Id) -> u64 {
        let Some(layer) = self.layers.get(&id.layer) else { return 0 };
        let newest = layer.stack.last().map(|patch| patch.serial);
        layer.stack.iter().find(|patch| patch.serial == id.serial).map_or(0, |patch| {
            let running = if newest == Some(id.serial) {
                self.counter(hooks, id.layer).wrapping_sub(patch.since)
            } else {
                0
            };
            patch.calls + running
        })
    }

    /// The calls of all patches that a scope has of a group; `None` if it has none.
    pub fn calls_in_scope(&self, hooks: &Hooks, group: u64, scope: u64) -> Option<u64> {
        let layers =
            [Visibility::Scope, Visibility::Process].map(|visibility| Key { group, visibility, scope });
        let layers = layers.into_iter().filter_map(|key| Some((key, self.layers.get(&key)?)));
        let patches = layers.flat_map(|(layer, found)| {
            found.stack.iter().map(move |patch| self.calls(hooks, Id { layer, serial: patch.serial }))
        });
        patches.reduce(u64::wrapping_add)
    }

    /// Threads that called the target while it was patched, but not for them.
    pub fn outside_threads(&self, hooks: &Hooks, id: Id) -> Vec<i32> {
        let mut threads: Vec<i32> =
            self.hooks_of(hooks, id.layer.group).flat_map(Hook::outside_threads).collect();
        threads.sort_unstable();
        threads.dedup();
        threads
    }

    /// The way to the original of a target.
    pub fn original(&self, hooks: &Hooks, target: usize) -> usize {
        let hook = hooks.get(target).or_else(|| self.hooks_of(hooks, *self.known.get(&target)?).next());
        hook.map_or(target, |hook| hook.original)
    }

    /// What could not be told of a patch's target.
    pub fn doubt(&self, id: Id) -> Option<String> {
        self.groups.get(&id.layer.group)?.doubt.clone()
    }

    /// The group of an address, if it stands for a function that is hooked.
    pub fn group_of(&mut self, address: usize) -> Option<u64> {
        if self.groups.is_empty() || self.known.contains_key(&address) {
            return self.known.get(&address).copied();
        }
        // Another crate or another part of this one may have a copy, or a way to one, of its own.
        let copies = image::copies(address).addresses;
        let group = copies.iter().find_map(|copy| self.known.get(copy)).copied()?;
        self.known.insert(address, group);
        Some(group)
    }

    /// A new patch, which is the newest of its layer.
    pub fn push(&mut self, hooks: &mut Hooks, key: Key, owner: u64, order: &Order) -> Id {
        let serial = self.next_serial;
        self.next_serial += 1;
        let mut slots = Vec::new();
        let since = match key.visibility {
            Visibility::Scope if !self.layers.contains_key(&key) => {
                self.claim(hooks, key, owner, order.replacement, &mut slots)
            }
            _ => self.counter(hooks, key),
        };
        let layer = self.layers.entry(key).or_insert(Layer { stack: Vec::new(), slots });
        layer.retire_newest(since);
        let line = Line::new(&order.to_string());
        layer.stack.push(Patch { serial, replacement: order.replacement, calls: 0, since, _line: line });
        self.show_newest(hooks, key);
        Id { layer: key, serial }
    }

    /// Gives a scope a slot in each of the group's hooks; the counter before the first call.
    fn claim(
        &self,
        hooks: &mut Hooks,
        key: Key,
        owner: u64,
        replacement: usize,
        slots: &mut Vec<(usize, &'static Slot)>,
    ) -> u64 {
        let mut since = 0_u64;
        for target in self.groups.get(&key.group).map_or(&[][..], |group| &group.hooked) {
            if let Some(hook) = hooks.get_mut(*target) {
                let (slot, calls) = hook.claim(replacement, owner);
                slots.push((*target, slot));
                since = since.wrapping_add(calls);
            }
        }
        since
    }

    fn show_newest(&self, hooks: &Hooks, key: Key) {
        let Some(layer) = self.layers.get(&key) else { return };
        let Some(newest) = layer.stack.last() else { return };
        match key.visibility {
            Visibility::Scope => {
                for (_, slot) in &layer.slots {
                    slot.replacement.store(newest.replacement as u64, SeqCst);
                }
            }
            Visibility::Process => {
                for hook in self.hooks_of(hooks, key.group) {
                    hook.set_process(newest.replacement);
                }
            }
        }
    }

    /// Takes a patch away; the next newest of its layer counts from then on. Its calls, if it was still there.
    pub fn remove(&mut self, hooks: &Hooks, id: Id) -> Option<u64> {
        let layer = self.layers.get_mut(&id.layer)?;
        let index = layer.stack.iter().position(|patch| patch.serial == id.serial)?;
        let patch = layer.stack.remove(index);
        if index < layer.stack.len() {
            return Some(patch.calls);
        }
        // One reading for both: a call between two would be nobody's.
        let counter = if layer.stack.is_empty() {
            self.drop_layer(hooks, id.layer)
        } else {
            self.show_newest(hooks, id.layer);
            self.counter(hooks, id.layer)
        };
        if let Some(newest) = self.layers.get_mut(&id.layer).and_then(|layer| layer.stack.last_mut()) {
            newest.since = counter;
        }
        Some(patch.calls + counter.wrapping_sub(patch.since))
    }

    /// Takes what is left of a layer away; its counter behind the last call.
    fn drop_layer(&mut self, hooks: &Hooks, key: Key) -> u64 {
        let slots = self.layers.remove(&key).map(|layer| layer.slots).unwrap_or_default();
        match key.visibility {
            Visibility::Scope => {
                let released =
                    slots.iter().filter_map(|(target, slot)| Some(hooks.get(*target)?.release(slot)));
                released.fold(0, u64::wrapping_add)
            }
            Visibility::Process => {
                self.hooks_of(hooks, key.group).map(Hook::end_process).fold(0, u64::wrapping_add)
            }
        }
    }

    /// Takes away all patches of a scope.
    pub fn remove_all(&mut self, hooks: &Hooks, scope: u64) {
        let keys: Vec<Key> = self.layers.keys().filter(|key| key.scope == scope).copied().collect();
        for key in keys {
            self.drop_layer(hooks, key);
        }
    }

    /// Gives a scope's patches to the same scope with another word.
    pub fn set_owner(&self, scope: u64, word: u64) {
        for (_, layer) in self.layers.iter().filter(|(key, _)| key.scope == scope) {
            for (_, slot) in &layer.slots {
                slot.owner.store(word, SeqCst);
            }
        }
    }

    /// What stands in for `target` in a scope, if anything does.
    pub fn replacement_of(&self, target: usize, scope: u64) -> Option<usize> {
        let group = *self.known.get(&target)?;
        [Visibility::Scope, Visibility::Process].into_iter().find_map(|visibility| {
            let layer = self.layers.get(&Key { group, visibility, scope })?;
            Some(layer.stack.last()?.replacement)
        })
    }
}

impl Layer {
    fn retire_newest(&mut self, counter: u64) {
        if let Some(newest) = self.stack.last_mut() {
            newest.calls += counter.wrapping_sub(newest.since);
        }
    }
}
