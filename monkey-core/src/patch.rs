//! Patches: which replacement a function has in which scope, and how often it was called.
//!
//! Under the engine's lock nothing is allocated and nothing freed: what is added comes in boxes made before, what is taken
//! away goes out in them.
use crate::group::Group;
use crate::report::Line;
use crate::request::{Request, Visibility};
use crate::reserved::Reserved;
use std::sync::atomic::Ordering::SeqCst;

/// What stands in for a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    Function(usize),
    /// The function itself: its calls are counted, and nothing else.
    Original,
}

/// Names a patch for as long as it is there.
#[derive(Debug, Clone, Copy)]
pub struct Id {
    pub group: &'static Group,
    layer: u32,
    serial: u64,
}

/// A replacement, with what is known of its calls.
#[derive(Debug)]
pub struct Patch {
    serial: u64,
    replacement: Replacement,
    /// Calls counted before `since`.
    calls: u64,
    /// What the layer's counter was when this patch became the newest.
    since: u64,
    _line: Option<Line>,
    older: Option<Box<Self>>,
}

impl Patch {
    /// What a user asked for has a line in case of a crash.
    #[expect(clippy::unnecessary_box_returns, reason = "it goes under the lock in its box")]
    pub fn new(replacement: Replacement, request: Option<&Request>) -> Box<Self> {
        let line = request.map(Line::new);
        Box::new(Self { serial: 0, replacement, calls: 0, since: 0, _line: line, older: None })
    }
}

impl Drop for Patch {
    /// One after the other: a scope may have had thousands.
    fn drop(&mut self) {
        let mut older = self.older.take();
        while let Some(mut patch) = older {
            older = patch.older.take();
        }
    }
}

/// The patches that one scope has of one function, as its threads see them or as every thread does. The newest counts; the
/// others wait for it to go. A layer stays until its scope ends.
#[derive(Debug)]
pub struct Layer {
    /// `None`: free.
    group: Option<&'static Group>,
    scope: u64,
    visibility: Visibility,
    newest: Option<Box<Patch>>,
    next_of_group: u32,
    next_of_scope: u32,
}

impl Layer {
    const FREE: Self = Self {
        group: None,
        scope: 0,
        visibility: Visibility::Scope,
        newest: None,
        next_of_group: NONE,
        next_of_scope: NONE,
    };

    /// Calls that its patches have had so far.
    fn counter(&self) -> u64 {
        let slots = self.group.into_iter().flat_map(|group| group.slots_of(self.scope, self.visibility));
        slots.map(crate::hook::Slot::calls).fold(0, u64::wrapping_add)
    }

    /// Shows the newest replacement to those who call.
    fn show(&self) {
        let Some(newest) = &self.newest else { return };
        for hook in self.group.into_iter().flat_map(Group::hooks) {
            let replacement = match newest.replacement {
                Replacement::Function(address) => address,
                Replacement::Original => hook.original,
            };
            match self.visibility {
                Visibility::Scope => hook.show(self.scope, replacement),
                Visibility::Process => hook.show_process(self.scope, replacement),
            }
        }
    }

    fn retire(&self) {
        for hook in self.group.into_iter().flat_map(Group::hooks) {
            match self.visibility {
                Visibility::Scope => hook.retire(self.scope),
                Visibility::Process => hook.retire_process(),
            }
        }
    }

    fn release(&self) {
        for hook in self.group.into_iter().flat_map(Group::hooks) {
            match self.visibility {
                Visibility::Scope => hook.release(self.scope),
                Visibility::Process => hook.release_process(),
            }
        }
    }

    /// Ends the time in which the newest patch's calls were counted.
    fn settle_newest(&mut self, counter: u64) {
        if let Some(newest) = &mut self.newest {
            newest.calls += counter.wrapping_sub(newest.since);
            newest.since = counter;
        }
    }
}

/// No layer: layers are numbered from 1.
const NONE: u32 = 0;

/// All layers.
#[derive(Debug)]
pub struct Layers {
    all: Reserved<Layer>,
    free: u32,
    next_serial: u64,
}

/// A scope's layers, the first of a chain.
#[derive(Debug, Default)]
pub struct Chain(u32);

/// What is left of a patch that was taken away. To be dropped without the lock.
#[derive(Debug, Default)]
pub struct Removed {
    _patch: Option<Box<Patch>>,
    /// The patch that became the newest would have been called for ever by its own replacements, and was taken away too.
    pub cycle: Option<Box<Patch>>,
}

impl Layers {
    pub const fn new() -> Self {
        Self { all: Reserved::new(), free: NONE, next_serial: 1 }
    }

    /// How many more layers there can be before memory is needed.
    pub fn storage(&mut self) -> &mut Reserved<Layer> {
        &mut self.all
    }

    fn get(&self, number: u32) -> Option<&Layer> {
        self.all.get(number.checked_sub(1)? as usize)
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Layer> {
        self.all.get_mut(number.checked_sub(1)? as usize)
    }

    fn of_group(&self, group: &'static Group) -> impl Iterator<Item = (u32, &Layer)> {
        let mut next = group.layers.load(SeqCst);
        std::iter::from_fn(move || {
            let layer = self.get(next)?;
            let number = std::mem::replace(&mut next, layer.next_of_group);
            Some((number, layer))
        })
    }

    fn find(&self, group: &'static Group, scope: u64, visibility: Visibility) -> Option<u32> {
        let is_it = |layer: &Layer| (layer.scope, layer.visibility) == (scope, visibility);
        self.of_group(group).find(|(_, layer)| is_it(layer)).map(|(number, _)| number)
    }

    /// The layer of a scope and a function; a new one, at the head of the scope's chain, if there is none yet.
    fn find_or_add(
        &mut self,
        chain: &mut Chain,
        group: &'static Group,
        scope: u64,
        visibility: Visibility,
    ) -> u32 {
        if let Some(number) = self.find(group, scope, visibility) {
            return number;
        }
        let layer = Layer {
            group: Some(group),
            scope,
            visibility,
            newest: None,
            next_of_group: group.layers.load(SeqCst),
            next_of_scope: chain.0,
        };
        let number = self.free;
        let number = if let Some(free) = self.get_mut(number) {
            let next = free.next_of_group;
            *free = layer;
            self.free = next;
            number
        } else {
            self.all.push(layer);
            self.all.len() as u32
        };
        group.layers.store(number, SeqCst);
        chain.0 = number;
        number
    }

    /// Adds a patch, which is the newest of its layer.
    pub fn push(
        &mut self,
        chain: &mut Chain,
        group: &'static Group,
        scope: u64,
        visibility: Visibility,
        mut patch: Box<Patch>,
    ) -> Id {
        let layer = self.find_or_add(chain, group, scope, visibility);
        patch.serial = self.next_serial;
        self.next_serial += 1;
        let id = Id { group, layer, serial: patch.serial };
        if let Some(layer) = self.get_mut(layer) {
            let counter = layer.counter();
            layer.settle_newest(counter);
            patch.since = counter;
            patch.older = layer.newest.take();
            layer.newest = Some(patch);
            layer.show();
        }
        id
    }

    /// Takes a patch away; the next newest of its layer counts from then on.
    pub fn remove(&mut self, id: Id) -> Removed {
        let Some(layer) = self.get_mut(id.layer) else { return Removed::default() };
        let was_newest = layer.newest.as_ref().is_some_and(|newest| newest.serial == id.serial);
        let Some(patch) = unlink(&mut layer.newest, id.serial) else { return Removed::default() };
        if !was_newest {
            return Removed { _patch: Some(patch), cycle: None };
        }
        let cycle = if self.closes_cycle(id.layer) { self.take_newest(id.layer) } else { None };
        let Some(layer) = self.get_mut(id.layer) else { return Removed::default() };
        if layer.newest.is_none() {
            layer.retire();
        }
        layer.show();
        // One reading for both: a call between two would be nobody's.
        let counter = layer.counter();
        if let Some(newest) = &mut layer.newest {
            newest.since = counter;
        }
        Removed { _patch: Some(patch), cycle }
    }

    fn take_newest(&mut self, layer: u32) -> Option<Box<Patch>> {
        let layer = self.get_mut(layer)?;
        let mut newest = layer.newest.take()?;
        layer.newest = newest.older.take();
        Some(newest)
    }

    /// The calls of one patch so far; `None` if it is not there any more.
    pub fn calls(&self, id: Id) -> Option<u64> {
        let layer = self.get(id.layer)?;
        let mut patch = layer.newest.as_deref();
        let newest = patch?.serial;
        while let Some(found) = patch.filter(|patch| patch.serial != id.serial) {
            patch = found.older.as_deref();
        }
        let running = if newest == id.serial { layer.counter() } else { patch?.since };
        patch.map(|patch| patch.calls + running.wrapping_sub(patch.since))
    }

    /// What stands in for a function in a scope, if anything does.
    pub fn replacement(&self, group: &'static Group, scope: u64) -> Option<Replacement> {
        let mut layers = [Visibility::Scope, Visibility::Process]
            .map(|visibility| self.find(group, scope, visibility))
            .into_iter();
        layers.find_map(|layer| Some(self.get(layer?)?.newest.as_ref()?.replacement))
    }

    /// Whether a scope has replaced a function, and not only watches it.
    pub fn is_patched(&self, group: &'static Group, scope: u64) -> bool {
        self.replacement(group, scope).is_some()
    }

    /// Follows the replacements in a scope, from one on: whether they come to the function again, or to no end.
    pub fn leads_back(&self, from: usize, group: &'static Group, scope: u64) -> bool {
        let mut at = from;
        // A way without a circle visits each layer at most once.
        for _ in 0..=self.all.len() {
            let Some(next) = crate::registry::find(at).map(|known| known.group) else { return false };
            if next.id == group.id {
                return true;
            }
            match self.replacement(next, scope) {
                Some(Replacement::Function(address)) => at = address,
                Some(Replacement::Original) | None => return false,
            }
        }
        true
    }

    /// Whether a layer's newest patch leads back to its function.
    fn closes_cycle(&self, layer: u32) -> bool {
        let Some(layer) = self.get(layer) else { return false };
        match (layer.group, &layer.newest) {
            (Some(group), Some(newest)) => match newest.replacement {
                Replacement::Function(address) => self.leads_back(address, group, layer.scope),
                Replacement::Original => false,
            },
            _ => false,
        }
    }

    /// Takes away all patches of a scope; what is left of them.
    pub fn release(&mut self, chain: &mut Chain) -> Option<Box<Patch>> {
        let mut remains: Option<Box<Patch>> = None;
        while let Some(layer) = self.get_mut(chain.0) {
            layer.release();
            let layer = std::mem::replace(layer, Layer::FREE);
            let number = std::mem::replace(&mut chain.0, layer.next_of_scope);
            if let Some(group) = layer.group {
                self.unlink_from(group, number, layer.next_of_group);
            }
            let free = self.free;
            if let Some(layer) = self.get_mut(number) {
                layer.next_of_group = free;
            }
            self.free = number;
            let mut newest = layer.newest;
            while let Some(mut patch) = newest {
                newest = patch.older.take();
                patch.older = remains.take();
                remains = Some(patch);
            }
        }
        remains
    }

    fn unlink_from(&mut self, group: &'static Group, number: u32, next: u32) {
        if group.layers.load(SeqCst) == number {
            group.layers.store(next, SeqCst);
            return;
        }
        let mut at = group.layers.load(SeqCst);
        while let Some(layer) = self.get_mut(at) {
            if layer.next_of_group == number {
                layer.next_of_group = next;
                return;
            }
            at = layer.next_of_group;
        }
    }
}

/// Takes the patch of a number out of a stack.
fn unlink(newest: &mut Option<Box<Patch>>, serial: u64) -> Option<Box<Patch>> {
    let mut at = newest;
    while at.as_ref().is_some_and(|patch| patch.serial != serial) {
        at = &mut at.as_mut()?.older;
    }
    let mut patch = at.take()?;
    *at = patch.older.take();
    Some(patch)
}
