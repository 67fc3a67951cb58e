//! Patches: which replacement a target has in which scope, and how often it was called.
use crate::code::Map;
use crate::crash::Line;
use crate::error::{Cause, PatchError};
use crate::hook::{self, Bounds, Hook, Hooks, Slot};
use crate::image::{self, Copies};
use crate::inherit;
use crate::lock::{Global, Held};
use crate::thread;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, RangeBounds};
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

/// How many calls are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    least: u64,
    most: Option<u64>,
}

impl Count {
    /// One call or more.
    pub const SOME: Self = Self { least: 1, most: None };
    /// Any number of calls.
    pub const ANY: Self = Self { least: 0, most: None };

    pub fn exactly(count: usize) -> Self {
        Self { least: count as u64, most: Some(count as u64) }
    }

    pub fn within(range: &impl RangeBounds<usize>) -> Self {
        let least = match range.start_bound() {
            Bound::Included(least) => *least as u64,
            Bound::Excluded(below) => *below as u64 + 1,
            Bound::Unbounded => 0,
        };
        let most = match range.end_bound() {
            Bound::Included(most) => Some(*most as u64),
            // No number is below zero: no count is right.
            Bound::Excluded(0) => return Self { least: 1, most: Some(0) },
            Bound::Excluded(above) => Some(*above as u64 - 1),
            Bound::Unbounded => None,
        };
        Self { least, most }
    }

    /// Whether so many calls are too many.
    pub fn is_below(self, calls: u64) -> bool {
        self.most.is_some_and(|most| most < calls)
    }

    pub fn allows(self, calls: u64) -> bool {
        self.least <= calls && self.most.is_none_or(|most| calls <= most)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, Some(most)) if least == most => write!(f, "exactly {least}"),
            (least, Some(most)) if least > most => write!(f, "no count at all"),
            (0, Some(most)) => write!(f, "at most {most}"),
            (least, Some(most)) => write!(f, "{least} to {most}"),
            (least, None) => write!(f, "at least {least}"),
        }
    }
}

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
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, replacement, target_name, replacement_name, location, .. } = self;
        write!(f, "`{target_name}` ({target:#x}) by `{replacement_name}` ({replacement:#x}) at {location}")
    }
}

impl Order {
    fn fails(&self, cause: Cause) -> PatchError {
        PatchError::new(self.target_name, self.target, self.replacement_name, self.location, cause)
    }
}

/// Names a patch for as long as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id {
    layer: Key,
    serial: u64,
}

/// One scope's patches of one target, or those that every thread sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    group: u64,
    visibility: Visibility,
    scope: u64,
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
struct Group {
    hooked: Vec<usize>,
    /// Bodies that may be copies as well, and were left alone.
    doubt: Option<String>,
    /// How many files had been loaded when the copies were looked for.
    loads: u64,
}

/// All patches that are there.
#[derive(Debug)]
pub struct Patches {
    layers: BTreeMap<Key, Layer>,
    groups: BTreeMap<u64, Group>,
    /// The group of every address that stands for a target: its copies, and what only leads to them.
    known: BTreeMap<usize, u64>,
    next_group: u64,
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
            Visibility::Process => self.hooks_of(hooks, key.group).map(Hook::process_calls).sum(),
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
    pub fn trampoline(&self, hooks: &Hooks, target: usize) -> usize {
        let hook = hooks.get(target).or_else(|| self.hooks_of(hooks, *self.known.get(&target)?).next());
        hook.map_or(target, |hook| hook.trampoline)
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

    fn push(&mut self, hooks: &mut Hooks, key: Key, owner: u64, order: &Order) -> Id {
        let counter = self.counter(hooks, key);
        let serial = self.next_serial;
        self.next_serial += 1;
        let replacement = order.replacement;
        let patch =
            Patch { serial, replacement, calls: 0, since: counter, _line: Line::new(&order.to_string()) };
        if let Some(layer) = self.layers.get_mut(&key) {
            layer.retire_newest(counter);
            layer.stack.push(patch);
        } else {
            self.layers.insert(key, Layer { stack: vec![patch], slots: Vec::new() });
            if key.visibility == Visibility::Scope {
                self.claim(hooks, key, owner, replacement);
            }
        }
        self.show_newest(hooks, key);
        Id { layer: key, serial }
    }

    fn claim(&mut self, hooks: &mut Hooks, key: Key, owner: u64, replacement: usize) {
        let targets = self.groups.get(&key.group).map(|group| group.hooked.clone()).unwrap_or_default();
        let mut slots = Vec::with_capacity(targets.len());
        for target in targets {
            if let Some(hook) = hooks.get_mut(target) {
                slots.push((target, hook.claim(replacement, owner)));
            }
        }
        if let Some(layer) = self.layers.get_mut(&key) {
            layer.slots = slots;
        }
        let counter = self.counter(hooks, key);
        if let Some(patch) = self.layers.get_mut(&key).and_then(|layer| layer.stack.last_mut()) {
            patch.since = counter;
        }
    }

    fn show_newest(&mut self, hooks: &Hooks, key: Key) {
        let Some(layer) = self.layers.get(&key) else { return };
        let replacement = layer.stack.last().map_or(0, |patch| patch.replacement);
        match key.visibility {
            Visibility::Scope => {
                for (_, slot) in &layer.slots {
                    slot.replacement.store(replacement as u64, SeqCst);
                }
            }
            Visibility::Process => {
                for hook in self.hooks_of(hooks, key.group) {
                    hook.set_process(replacement);
                }
            }
        }
    }

    /// Takes a patch away; the next newest of its layer counts from then on. Its calls, if it was still there.
    pub fn remove(&mut self, hooks: &mut Hooks, id: Id) -> Option<u64> {
        let calls = self.calls(hooks, id);
        let counter = self.counter(hooks, id.layer);
        let layer = self.layers.get_mut(&id.layer)?;
        let index = layer.stack.iter().position(|patch| patch.serial == id.serial)?;
        layer.stack.remove(index);
        let was_newest = index == layer.stack.len();
        match layer.stack.last_mut() {
            None => self.drop_layer(hooks, id.layer),
            Some(newest) if was_newest => {
                newest.since = counter;
                self.show_newest(hooks, id.layer);
            }
            Some(_) => {}
        }
        Some(calls)
    }

    fn drop_layer(&mut self, hooks: &mut Hooks, key: Key) {
        self.show_newest(hooks, key);
        if let Some(layer) = self.layers.remove(&key) {
            for (target, slot) in layer.slots {
                if let Some(hook) = hooks.get(target) {
                    hook.release(slot);
                }
            }
        }
    }

    /// Takes away all patches of a scope.
    pub fn remove_all(&mut self, hooks: &mut Hooks, scope: u64) {
        let keys: Vec<Key> = self.layers.keys().filter(|key| key.scope == scope).copied().collect();
        for key in keys {
            if let Some(layer) = self.layers.get_mut(&key) {
                layer.stack.clear();
            }
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
    fn replacement_of(&self, target: usize, scope: u64) -> Option<usize> {
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

impl Held {
    /// Makes all patches of a list, or none.
    pub fn patch(
        &mut self,
        scope: u64,
        visibility: Option<Visibility>,
        orders: &[Order],
    ) -> Result<Vec<Id>, PatchError> {
        let Some(live) = self.scopes.get(scope) else { return Ok(Vec::new()) };
        let visibility = visibility.unwrap_or(live.visibility);
        let (owner, alone, who) = (live.word, live.alone, live.who.to_string());
        let mut groups = Vec::with_capacity(orders.len());
        for order in orders {
            if visibility == Visibility::Process && !alone {
                return Err(order.fails(Cause::NotAlone { scope: who }));
            }
            groups.push(self.hook(order).map_err(|cause| order.fails(cause))?);
        }
        let mut ids = Vec::with_capacity(orders.len());
        for (order, group) in orders.iter().zip(groups) {
            if let Err(cause) = self.check_cycle(order, scope) {
                for id in ids {
                    self.remove(scope, id);
                }
                return Err(order.fails(cause));
            }
            let global: &mut Global = self;
            let key = Key { group, visibility, scope };
            ids.push(global.patches.push(&mut global.hooks, key, owner, order));
        }
        Ok(ids)
    }

    /// Takes a patch away and keeps its calls for `calls!`.
    pub fn remove(&mut self, scope: u64, id: Id) {
        let global: &mut Global = self;
        if let Some(calls) = global.patches.remove(&mut global.hooks, id)
            && let Some(live) = global.scopes.get_mut(scope)
        {
            *live.past_calls.entry(id.layer.group).or_default() += calls;
        }
    }

    /// The calls that the replacements of a target have had in a scope; `None` if it never had one.
    pub fn calls_of(&mut self, target: usize, scope: u64) -> Option<u64> {
        let group = self.patches.group_of(target)?;
        let past = self.scopes.get(scope)?.past_calls.get(&group).copied();
        let present = self.patches.calls_in_scope(&self.hooks, group, scope & !thread::SHARED);
        past.into_iter().chain(present).reduce(u64::wrapping_add)
    }

    /// Hooks every copy of a target; the group that they are.
    fn hook(&mut self, order: &Order) -> Result<u64, Cause> {
        if order.target == order.replacement {
            return Err(Cause::SameFunction);
        }
        let loads = image::loads();
        let known = self.patches.known.get(&order.target).copied();
        if let Some(group) = known.filter(|group| self.patches.groups[group].loads == loads) {
            return Ok(group);
        }
        let map = hook::map()?;
        let copies = match order.target_type {
            Some(name) => image::copies_of(order.target, name),
            None => image::copies(order.target),
        };
        if let Some(other) = order.target_type.and_then(|name| image::other_name(order.target, name)) {
            return Err(Cause::SharedAddress { with: vec![other] });
        }
        if !copies.shared_with.is_empty() {
            return Err(Cause::SharedAddress { with: copies.shared_with });
        }
        if copies.addresses.contains(&order.replacement) {
            return Err(Cause::SameFunction);
        }
        self.hook_copies(&map, &copies, loads)
    }

    fn hook_copies(&mut self, map: &Map, copies: &Copies, loads: u64) -> Result<u64, Cause> {
        let global: &mut Global = self;
        inherit::ensure(&mut global.hooks)?;
        let patches = &mut global.patches;
        let hooked = copies.addresses.iter().find_map(|copy| global.hooks.get(*copy)).map(|hook| hook.group);
        let known = copies.addresses.iter().find_map(|copy| patches.known.get(copy)).copied();
        let group = known.or(hooked).unwrap_or(patches.next_group);
        let mut bodies = copies.addresses.clone();
        // What only leads to a body would make the original call the replacement.
        bodies.retain(|copy| !copies.thunks.contains(copy) || copies.thunks.len() == copies.addresses.len());
        for body in &bodies {
            global.hooks.make(map, *body, Bounds::of(*body), group, None)?;
        }
        patches.next_group = patches.next_group.max(group + 1);
        patches.known.extend(copies.addresses.iter().map(|address| (*address, group)));
        let doubt = copies.doubt.as_ref().map(|doubt| doubt.reason.clone());
        patches.groups.insert(group, Group { hooked: bodies, doubt, loads });
        Ok(group)
    }

    /// Follows the replacements in a scope: the way must not come back to the target.
    fn check_cycle(&self, order: &Order, scope: u64) -> Result<(), Cause> {
        let group = self.patches.known.get(&order.target);
        let mut at = order.replacement;
        while let Some(next) = self.patches.replacement_of(at, scope) {
            if self.patches.known.get(&next) == group {
                return Err(Cause::Cycle);
            }
            at = next;
        }
        Ok(())
    }
}
