//! Patches: which replacement a function has in which scope, and how often it was called.
//!
//! Under the engine's lock nothing is allocated and nothing freed: what is added comes in boxes made before, what is taken
//! away goes out in them.
use crate::group::{Group, Hooks};
use crate::hook::Hook;
use crate::record::Way;
use crate::recorder::{Thunk, Thunks};
use crate::registry::{self, Known};
use crate::report::Line;
use crate::request::{Request, Visibility};
use crate::reserved::Reserved;
use std::sync::atomic::Ordering::Relaxed;

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
    /// What the layer's counter was when this patch's calls began to count.
    since: u64,
    /// What notes them, where somebody wants to know more than how many there were.
    thunks: Thunks,
    /// What a user asked for has a line in case of a crash.
    line: Option<Line>,
    older: Option<Box<Self>>,
}

impl Patch {
    /// One that is nobody's yet.
    #[expect(clippy::unnecessary_box_returns, reason = "it goes under the lock in its box")]
    pub fn blank() -> Box<Self> {
        Box::new(Self {
            serial: 0,
            replacement: Replacement::Original,
            calls: 0,
            since: 0,
            thunks: Thunks::default(),
            line: None,
            older: None,
        })
    }

    fn is_original(&self) -> bool {
        self.replacement == Replacement::Original
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

/// The patches that one scope has of one function, as its threads see them or as every thread does. The newest that
/// replaces it counts, and what watches it since then; the others wait for these to go. A layer stays until its scope ends.
#[derive(Debug)]
pub struct Layer {
    /// `None`: free.
    group: Option<&'static Group>,
    scope: u64,
    visibility: Visibility,
    newest: Option<Box<Patch>>,
    /// It has had no patch yet.
    is_new: bool,
    next_of_group: u32,
    next_of_scope: u32,
}

impl Layer {
    const FREE: Self = Self {
        group: None,
        scope: 0,
        visibility: Visibility::Scope,
        newest: None,
        is_new: true,
        next_of_group: NONE,
        next_of_scope: NONE,
    };

    /// Calls that its patches have had so far.
    fn counter(&self) -> u64 {
        let mut calls = 0_u64;
        for hook in self.hooks() {
            let slot = match self.visibility {
                Visibility::Scope => hook.slot_of(self.scope),
                Visibility::Process => hook.process_slot_of(self.scope),
            };
            if let Some(slot) = slot {
                calls = calls.wrapping_add(slot.calls());
            }
        }
        calls
    }

    fn hooks(&self) -> Hooks {
        match self.group {
            Some(group) => group.hooks(),
            None => Hooks::NONE,
        }
    }

    /// The patches whose calls count at the moment, from the newest on: those that only watch, and one that replaces.
    fn counting(&self) -> impl Iterator<Item = &Patch> {
        let mut next = self.newest.as_deref();
        std::iter::from_fn(move || {
            let patch = next?;
            next = patch.older.as_deref().filter(|_| patch.is_original());
            Some(patch)
        })
    }

    /// Where calls of a copy go: through the thunks of all who note them.
    fn way(&self, hook: &Hook) -> Way {
        if let Some(Patch { replacement: Replacement::Function(address), thunks, .. }) =
            self.newest.as_deref()
            && thunks.is_empty()
        {
            return Way::to(*address);
        }
        let (mut first, mut before): (Option<Way>, Option<Thunk>) = (None, None);
        let mut go_on = |to: Way, thunk: Option<Thunk>| {
            if let Some(before) = before {
                before.lead_to(to);
            }
            first.get_or_insert(to);
            before = thunk;
        };
        for patch in self.counting() {
            if let Some(thunk) = patch.thunks.of_copy(hook.original) {
                go_on(thunk.way(), Some(thunk));
            }
        }
        match self.counting().last().map(|patch| patch.replacement) {
            Some(Replacement::Function(address)) => go_on(Way::to(address), None),
            Some(Replacement::Original) | None => go_on(Way::to(hook.original), None),
        }
        first.unwrap_or(Way::to(hook.original))
    }

    /// Shows what counts at the moment to those who call.
    fn show(&self) {
        if self.newest.is_none() {
            return;
        }
        for hook in self.hooks() {
            let way = self.way(hook);
            match self.visibility {
                Visibility::Scope => hook.show(self.scope, way),
                Visibility::Process => hook.show_process(self.scope, way),
            }
        }
    }

    fn retire(&self) {
        for hook in self.hooks() {
            match self.visibility {
                Visibility::Scope => hook.retire(self.scope),
                Visibility::Process => hook.retire_process(),
            }
        }
    }

    fn release(&self) {
        for hook in self.hooks() {
            match self.visibility {
                Visibility::Scope => hook.release(self.scope),
                Visibility::Process => hook.release_process(),
            }
        }
    }

    /// Adds a patch. One that replaces ends the time of those that count.
    fn push(&mut self, mut patch: Box<Patch>) {
        if self.is_new {
            // Nobody has called yet: the scope has no slots.
            self.is_new = false;
            self.newest = Some(patch);
            return;
        }
        let counter = self.counter();
        if !patch.is_original() {
            self.each_counting(|patch| {
                patch.calls += counter.wrapping_sub(patch.since);
                patch.since = counter;
            });
        }
        patch.since = counter;
        patch.older = self.newest.take();
        self.newest = Some(patch);
    }

    /// What is to be done to the patches whose calls count.
    fn each_counting(&mut self, mut each: impl FnMut(&mut Patch)) {
        let mut next = self.newest.as_deref_mut();
        while let Some(patch) = next {
            each(patch);
            let goes_on = patch.is_original();
            next = patch.older.as_deref_mut().filter(|_| goes_on);
        }
    }

    /// Begins the time of those that count since a patch was taken away, which had this number of them above it.
    fn resume(&mut self, above: usize) {
        if self.newest.is_none() {
            return;
        }
        // One reading for all: a call between two would be nobody's.
        let counter = self.counter();
        let mut index = 0;
        self.each_counting(|patch| {
            if index >= above {
                patch.since = counter;
            }
            index += 1;
        });
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
    /// Patches that nobody has at the moment, one hanging on the other, and how many.
    spare: Option<Box<Patch>>,
    spares: usize,
}

/// A scope's layers, the first of a chain.
#[derive(Debug, Default)]
pub struct Chain(u32);

/// What is left of a patch that was taken away. To be dropped without the lock.
#[derive(Debug, Default)]
pub struct Removed {
    _remains: Option<Box<Patch>>,
    /// The patch that became the newest would have been called for ever by its own replacements, and was taken away too.
    pub cycle: bool,
}

/// What a patch is made of.
#[derive(Debug)]
pub struct Making<'a> {
    pub visibility: Visibility,
    pub replacement: Replacement,
    /// What a user asked for has a line in case of a crash.
    pub request: Option<&'a Request>,
    pub thunks: Thunks,
}

/// How many patches are kept for others.
const MOST_SPARE: usize = 1024;

impl Layers {
    pub const fn new() -> Self {
        Self { all: Reserved::new(), free: NONE, next_serial: 1, spare: None, spares: 0 }
    }

    /// How many more layers there can be before memory is needed.
    pub fn storage(&mut self) -> &mut Reserved<Layer> {
        &mut self.all
    }

    fn get(&self, number: u32) -> Option<&Layer> {
        self.all.get((number as usize).wrapping_sub(1))
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Layer> {
        self.all.get_mut((number as usize).wrapping_sub(1))
    }

    fn find(&self, group: &'static Group, scope: u64, visibility: Visibility) -> Option<u32> {
        let mut number = group.layers.load(Relaxed);
        while let Some(layer) = self.get(number) {
            if layer.scope == scope && layer.visibility == visibility {
                return Some(number);
            }
            number = layer.next_of_group;
        }
        None
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
            is_new: true,
            next_of_group: group.layers.load(Relaxed),
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
        group.layers.store(number, Relaxed);
        chain.0 = number;
        number
    }

    /// How many more patches there can be before memory is needed.
    pub fn spares(&self) -> usize {
        self.spares
    }

    /// Adds a patch that nobody has to those.
    pub fn add_spare(&mut self, mut patch: Box<Patch>) {
        patch.older = self.spare.take();
        self.spare = Some(patch);
        self.spares += 1;
    }

    fn take_spare(&mut self) -> Option<Box<Patch>> {
        let mut patch = self.spare.take()?;
        self.spare = patch.older.take();
        self.spares -= 1;
        Some(patch)
    }

    /// Keeps a patch for others. What cannot be kept, to be dropped without the lock.
    fn keep(&mut self, mut patch: Box<Patch>) -> Option<Box<Patch>> {
        patch.line = None;
        if !patch.thunks.is_empty() || self.spares >= MOST_SPARE {
            return Some(patch);
        }
        self.add_spare(patch);
        None
    }

    /// Adds a patch, which is the newest of its layer. `None` where there is no spare one.
    pub fn push(
        &mut self,
        chain: &mut Chain,
        group: &'static Group,
        scope: u64,
        making: Making<'_>,
    ) -> Option<Id> {
        let mut patch = self.take_spare()?;
        let Making { visibility, replacement, request, thunks } = making;
        patch.serial = self.next_serial;
        patch.replacement = replacement;
        patch.calls = 0;
        patch.since = 0;
        patch.thunks = thunks;
        patch.line = match request {
            Some(request) => Some(Line::new(request)),
            None => None,
        };
        self.next_serial += 1;
        let layer = self.find_or_add(chain, group, scope, visibility);
        let id = Id { layer, serial: patch.serial };
        if let Some(layer) = self.get_mut(layer) {
            layer.push(patch);
            layer.show();
        }
        Some(id)
    }

    /// Takes a patch away. If it replaced the function, those that it kept from counting do so from then on.
    pub fn remove(&mut self, id: Id) -> Removed {
        let Some(layer) = self.get_mut(id.layer) else { return Removed::default() };
        let above = match &layer.newest {
            Some(newest) if newest.serial == id.serial => Some(0),
            _ => layer.counting().position(|patch| patch.serial == id.serial),
        };
        let Some(patch) = unlink(&mut layer.newest, id.serial) else { return Removed::default() };
        let original = patch.is_original();
        let mut remains = self.keep(patch);
        let Some(above) = above else { return Removed { _remains: remains, cycle: false } };
        let cycle = if self.closes_cycle(id.layer) { self.take_replacing(id.layer) } else { None };
        let closed = cycle.is_some();
        if let Some(mut patch) = cycle.and_then(|patch| self.keep(patch)) {
            patch.older = remains;
            remains = Some(patch);
        }
        let removed = Removed { _remains: remains, cycle: closed };
        let Some(layer) = self.get_mut(id.layer) else { return removed };
        if layer.newest.is_none() {
            layer.retire();
        }
        layer.show();
        if !original {
            layer.resume(above);
        }
        removed
    }

    /// Takes away what replaces a function in a layer.
    fn take_replacing(&mut self, layer: u32) -> Option<Box<Patch>> {
        let layer = self.get_mut(layer)?;
        let serial = layer.counting().find(|patch| !patch.is_original())?.serial;
        unlink(&mut layer.newest, serial)
    }

    /// The calls of one patch so far; `None` if it is not there any more.
    pub fn calls(&self, id: Id) -> Option<u64> {
        let layer = self.get(id.layer)?;
        let mut patch = layer.newest.as_deref()?;
        while patch.serial != id.serial {
            patch = patch.older.as_deref()?;
        }
        let counts = layer.counting().any(|patch| patch.serial == id.serial);
        let running = if counts { layer.counter().wrapping_sub(patch.since) } else { 0 };
        Some(patch.calls + running)
    }

    /// What stands in for a function in a scope, if anything does.
    pub fn replacement(&self, group: &'static Group, scope: u64) -> Option<Replacement> {
        for visibility in [Visibility::Scope, Visibility::Process] {
            let layer = self.find(group, scope, visibility).and_then(|number| self.get(number));
            if let Some(patch) = layer.and_then(|layer| layer.counting().last()) {
                return Some(patch.replacement);
            }
        }
        None
    }

    /// Whether a scope has replaced a function, and not only watches it.
    pub fn is_replaced(&self, group: &'static Group, scope: u64) -> bool {
        matches!(self.replacement(group, scope), Some(Replacement::Function(_)))
    }

    /// Whether a scope has a function replaced for every thread.
    pub fn is_replaced_for_all(&self, group: &'static Group, scope: u64) -> bool {
        let layer = self.find(group, scope, Visibility::Process).and_then(|layer| self.get(layer));
        layer.is_some_and(|layer| layer.counting().any(|patch| !patch.is_original()))
    }

    /// Follows the replacements in a scope, from one on, until they come to the function again, or to no end: after how many. `None` if
    /// they come to something else.
    pub fn leads_back(&self, from: usize, group: &'static Group, scope: u64) -> Option<usize> {
        let (mut at, mut steps) = (from, 0);
        // A way without a circle visits each layer at most once.
        while steps <= self.all.len() {
            let Known { group: next, .. } = registry::find(at)?;
            if next.id == group.id {
                return Some(steps);
            }
            match self.replacement(next, scope) {
                Some(Replacement::Function(address)) => at = address,
                Some(Replacement::Original) | None => return None,
            }
            steps += 1;
        }
        Some(steps)
    }

    /// Whether what replaces a layer's function leads back to it.
    fn closes_cycle(&self, layer: u32) -> bool {
        let Some(layer) = self.get(layer) else { return false };
        match (layer.group, layer.counting().last().map(|patch| patch.replacement)) {
            (Some(group), Some(Replacement::Function(address))) => {
                self.leads_back(address, group, layer.scope).is_some()
            }
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
                if let Some(mut patch) = self.keep(patch) {
                    patch.older = remains.take();
                    remains = Some(patch);
                }
            }
        }
        remains
    }

    fn unlink_from(&mut self, group: &'static Group, number: u32, next: u32) {
        if group.layers.load(Relaxed) == number {
            group.layers.store(next, Relaxed);
            return;
        }
        let mut at = group.layers.load(Relaxed);
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
