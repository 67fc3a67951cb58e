//! One per target: the jump at its first bytes, its stub, its trampoline and its table of patches.
//!
//! A hook is made once and stays for the life of the process. From then on patching is data: a slot gets an owner and
//! a replacement, or loses them.
use crate::code::{self, Block, Map, Redirect};
use crate::entry;
use crate::error::Cause;
use crate::image;
use crate::stub::{self, Layout, cell, machine};
use crate::thread;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

/// Forces the far form of the jump, for tests.
const FORCED: &str = "MONKEY_JUMP";

/// What a counter goes up by when its slot gets or loses an owner. A stub counts a call only if the counter has not
/// changed since it read the owner and the replacement, so nobody counts, or jumps, for an owner that has gone.
/// Nobody reads the sum itself: a patch's calls are the difference between two readings.
const TENURE: u64 = 1 << 40;

/// A scope's patch of a target. Slots are never freed: a stub may be looking at any of them at any time.
#[repr(C)]
#[derive(Debug)]
pub struct Slot {
    pub owner: AtomicU64,
    pub replacement: AtomicU64,
    pub calls: AtomicU64,
    next: AtomicU64,
}

impl Slot {
    const fn new() -> Self {
        Self {
            owner: AtomicU64::new(thread::EMPTY),
            replacement: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            next: AtomicU64::new(0),
        }
    }

    fn is_free(&self) -> bool {
        self.owner.load(SeqCst) == thread::EMPTY
    }
}

/// What the stub reads. The order of the fields is that of [`stub::cell`].
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Cell {
    first: Slot,
    more: AtomicU32,
    armed: AtomicU32,
    pub process_replacement: AtomicU64,
    pub process_calls: AtomicU64,
    group: AtomicU64,
    outside_calls: AtomicU64,
    outside_threads: [AtomicU64; stub::OUTSIDE as usize],
}

const _: () = {
    assert!(std::mem::offset_of!(Slot, owner) as u64 == cell::OWNER);
    assert!(std::mem::offset_of!(Slot, replacement) as u64 == cell::REPLACEMENT);
    assert!(std::mem::offset_of!(Slot, calls) as u64 == cell::CALLS);
    assert!(std::mem::offset_of!(Slot, next) as u64 == cell::NEXT);
    assert!(std::mem::offset_of!(Cell, more) as u64 == cell::MORE);
    assert!(std::mem::offset_of!(Cell, armed) as u64 == cell::ARMED);
    assert!(cell::LOOK == cell::MORE && cell::ARMED == cell::MORE + 4);
    assert!(std::mem::offset_of!(Cell, process_replacement) as u64 == cell::PROCESS_REPLACEMENT);
    assert!(std::mem::offset_of!(Cell, process_calls) as u64 == cell::PROCESS_CALLS);
    assert!(std::mem::offset_of!(Cell, group) as u64 == cell::GROUP);
    assert!(std::mem::offset_of!(Cell, outside_calls) as u64 == cell::OUTSIDE_CALLS);
    assert!(std::mem::offset_of!(Cell, outside_threads) as u64 == cell::OUTSIDE_THREADS);
    assert!(size_of::<Cell>() as u64 == cell::SIZE);
};

/// A hooked target.
#[derive(Debug)]
pub struct Hook {
    /// The way to the original, a detour on it included.
    pub original: usize,
    /// All copies of one function are of one group.
    pub group: u64,
    pub cell: &'static Cell,
    further: Vec<&'static Slot>,
    /// What was written: bytes in front of it, and it.
    jump: (usize, Vec<u8>),
}

impl Hook {
    /// A slot for a scope's patch, and its counter before the first call.
    pub fn claim(&mut self, replacement: usize, owner: u64) -> (&'static Slot, u64) {
        self.record_outside_calls();
        let slot = if self.cell.first.is_free() { &self.cell.first } else { self.claim_further() };
        slot.replacement.store(replacement as u64, SeqCst);
        let calls = slot.calls.fetch_add(TENURE, SeqCst).wrapping_add(TENURE);
        slot.owner.store(owner, SeqCst);
        (slot, calls)
    }

    /// Whether the jump is still there. A library that was closed and opened again may lie where it lay before.
    fn stands_in(&self, body: &[u8]) -> bool {
        let (skipped, jump) = &self.jump;
        body.get(*skipped..).is_some_and(|body| body.starts_with(jump))
    }

    fn claim_further(&mut self) -> &'static Slot {
        self.cell.more.fetch_add(1, SeqCst);
        if let Some(slot) = self.further.iter().find(|slot| slot.is_free()) {
            return slot;
        }
        let slot: &'static Slot = Box::leak(Box::new(Slot::new()));
        let last = self.further.last().copied().unwrap_or(&self.cell.first);
        last.next.store(std::ptr::from_ref(slot) as u64, SeqCst);
        self.further.push(slot);
        slot
    }

    /// Takes a scope's patch away; its counter behind the last call. The replacement stays in the slot, for threads that
    /// have looked at the owner and are about to jump there.
    pub fn release(&self, slot: &Slot) -> u64 {
        slot.owner.store(thread::EMPTY, SeqCst);
        let calls = slot.calls.fetch_add(TENURE, SeqCst);
        if !std::ptr::eq(slot, &raw const self.cell.first) {
            self.cell.more.fetch_sub(1, SeqCst);
        }
        self.rest();
        calls
    }

    /// Sets or changes the patch that every thread sees.
    pub fn set_process(&self, replacement: usize) {
        self.record_outside_calls();
        if self.cell.process_replacement.swap(replacement as u64, SeqCst) == 0 {
            self.cell.more.fetch_add(1, SeqCst);
        }
    }

    /// Takes the patch away that every thread sees; its counter behind the last call.
    pub fn end_process(&self) -> u64 {
        if self.cell.process_replacement.swap(0, SeqCst) != 0 {
            self.cell.more.fetch_sub(1, SeqCst);
        }
        let calls = self.cell.process_calls.fetch_add(TENURE, SeqCst);
        self.rest();
        calls
    }

    fn is_patched(&self) -> bool {
        !self.cell.first.is_free() || self.cell.more.load(SeqCst) != 0
    }

    /// Before the first patch: what was recorded for earlier ones is nobody's concern any more.
    fn record_outside_calls(&self) {
        if !self.is_patched() {
            for thread in &self.cell.outside_threads {
                thread.store(0, SeqCst);
            }
            self.cell.outside_calls.store(0, SeqCst);
            self.cell.armed.store(1, SeqCst);
        }
    }

    /// After the last patch: calls take the short way to the original again.
    fn rest(&self) {
        if !self.is_patched() {
            self.cell.armed.store(0, SeqCst);
        }
    }

    /// Calls of the patches that every thread sees.
    pub fn process_calls(&self) -> u64 {
        self.cell.process_calls.load(SeqCst)
    }

    /// Ids of threads that called the target while it was patched, but not for them.
    pub fn outside_threads(&self) -> Vec<i32> {
        let recorded = self.cell.outside_calls.load(SeqCst).min(stub::OUTSIDE) as usize;
        let threads = self.cell.outside_threads[..recorded].iter();
        threads.map(|thread| thread.load(SeqCst) as i32).filter(|thread| *thread != 0).collect()
    }
}

/// How far a target's body goes, where that is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    /// The length of its code, in bytes.
    pub extent: Option<usize>,
    /// The distance to what comes behind it, in bytes.
    pub room: Option<usize>,
}

impl Bounds {
    /// What the program's file says of the function at `target`.
    pub fn of(target: usize) -> Self {
        match image::find(target) {
            Some(function) if function.address == target => {
                Self { extent: function.size, room: Some(function.room) }
            }
            Some(function) => Self { extent: None, room: Some(function.room) },
            None => Self::default(),
        }
    }
}

/// All hooks of the process, by their targets' addresses, and the memory that they are in.
#[derive(Debug)]
pub struct Hooks {
    hooks: BTreeMap<usize, Hook>,
    blocks: Vec<(Block, usize)>,
}

/// One hook's part of a block, in bytes.
const UNIT: usize = 1024;
/// Bytes kept for a detour on the way to the original.
const DETOUR: usize = 24;
/// Hooks in a block.
const UNITS: usize = 64;
/// The longest body that is looked at where its length is not known.
const UNKNOWN_EXTENT: usize = 4096;

impl Hooks {
    pub const fn new() -> Self {
        Self { hooks: BTreeMap::new(), blocks: Vec::new() }
    }

    pub fn get(&self, target: usize) -> Option<&Hook> {
        self.hooks.get(&target)
    }

    pub fn get_mut(&mut self, target: usize) -> Option<&mut Hook> {
        self.hooks.get_mut(&target)
    }

    /// Hooks the target, if it is not hooked yet.
    ///
    /// `through`: where calls go that no patch is for, given the trampoline; the trampoline itself if `None`.
    pub fn make(
        &mut self,
        map: &Map,
        target: usize,
        bounds: Bounds,
        group: u64,
        through: Option<&dyn Fn(usize) -> usize>,
    ) -> Result<(), Cause> {
        let memory = body(map, target, bounds)?;
        if self.hooks.get(&target).is_some_and(|hook| hook.stands_in(memory)) {
            return Ok(());
        }
        let body = entry::true_code(target, memory)?;
        let body = body.as_ref();
        let skipped = machine::skipped(body);
        let (near, unit, cell) = self.room(target)?;
        let from = target + skipped;
        // What stays in front of the hook is a part of the way to the original for those who call it by its address.
        // The stub has a copy in front of `ORIGINAL`.
        let original_at = unit + machine::ORIGINAL;
        let displaced_at = if through.is_some() { original_at + DETOUR + skipped } else { original_at };
        let extent = bounds.extent.map(|extent| extent.saturating_sub(skipped));
        let entry = entry::plan(&entry::Target {
            from,
            body: &body[skipped..],
            extent,
            gap: image::gap_before(target),
            stub: unit,
            displaced_at,
            near,
            is_traced: &|| code::Tracer::find().is_some(),
        })?;
        let mut original = Vec::new();
        if let Some(through) = through {
            let to = through(displaced_at - skipped);
            original.extend(machine::detour(body, original_at as u64, to as u64));
            original.resize(DETOUR, 0);
            original.extend(&body[..skipped]);
        }
        original.extend(&entry.relocated.code);
        let layout = Layout {
            stub: unit as u64,
            cell: std::ptr::from_ref(cell) as u64,
            thread: thread::offset() as i64,
        };
        let code = machine::assemble(&layout, body, &original);
        assert!(code.len() <= UNIT, "stub and trampoline fit in their unit");
        code::write(unit, &code)?;
        cell.group.store(group, SeqCst);
        let mut moves: Vec<_> =
            entry.relocated.boundaries.iter().map(|(offset, at)| (*offset, displaced_at + at)).collect();
        moves.retain(|(offset, _)| *offset != 0);
        moves.push((0, unit));
        // Taken even if that fails: a thread that was moved out of the way, or came to the trap, is in there.
        self.take_room(unit);
        code::redirect(&Redirect { target: from, jump: &entry.jump, first: &entry.first, moves: &moves })?;
        let (original, jump) = (original_at - skipped, (skipped, entry.jump));
        self.hooks.insert(target, Hook { original, group, cell, further: Vec::new(), jump });
        Ok(())
    }

    /// A unit of memory and its cell, near the target if that can be had. It is not taken yet.
    fn room(&mut self, target: usize) -> Result<(bool, usize, &'static Cell), Cause> {
        let far = std::env::var(FORCED).is_ok_and(|form| form == "far");
        let near = if far { Err(None) } else { self.near(target).map_err(Some) };
        let (near, index) = match near {
            Ok(index) => (true, index),
            Err(refused) => (false, self.anywhere(refused)?),
        };
        let (block, used) = self.blocks[index];
        let cell = (block.start + block.code + used * size_of::<Cell>()) as *const Cell;
        // SAFETY: the cell lies in the data half of a block that is mapped for good, aligned (the half starts on a
        // page, cells are a multiple of 64 bytes), all zeros or what an earlier try wrote, which are valid atomics.
        let cell = unsafe { &*cell };
        cell.first.owner.store(thread::EMPTY, SeqCst);
        Ok((near, block.start + used * UNIT, cell))
    }

    /// A block within the reach of a near jump.
    fn near(&mut self, target: usize) -> Result<usize, Cause> {
        let reached = |block: &Block| {
            let end = block.start + block.code + block.data;
            block.start.abs_diff(target).max(end.abs_diff(target)) <= machine::REACH
        };
        match self.blocks.iter().position(|(block, used)| *used < UNITS && reached(block)) {
            Some(index) => Ok(index),
            None => self.allocate(target, machine::REACH),
        }
    }

    /// Any block; `refused` is why there is none near.
    fn anywhere(&mut self, refused: Option<Cause>) -> Result<usize, Cause> {
        match self.blocks.iter().position(|(_, used)| *used < UNITS) {
            Some(index) => Ok(index),
            None => self.allocate(0, usize::MAX >> 1).map_err(|cause| refused.unwrap_or(cause)),
        }
    }

    fn allocate(&mut self, target: usize, reach: usize) -> Result<usize, Cause> {
        let page = code::page_size();
        let (code, data) =
            ((UNIT * UNITS).next_multiple_of(page), (UNITS * size_of::<Cell>()).next_multiple_of(page));
        self.blocks.push((code::allocate(target, reach, code, data)?, 0));
        Ok(self.blocks.len() - 1)
    }

    fn take_room(&mut self, unit: usize) {
        let taken =
            self.blocks.iter_mut().find(|(block, _)| (block.start..block.start + block.code).contains(&unit));
        if let Some((_, used)) = taken {
            *used += 1;
        }
    }
}

/// The process's map.
pub fn map() -> Result<Map, Cause> {
    let unreadable = |error| format!("/proc/self/maps cannot be read: {error}");
    Map::read().map_err(|error| Cause::NotWritable { reason: unreadable(error) })
}

/// The target's readable bytes, up to where something else begins.
fn body(map: &Map, target: usize, bounds: Bounds) -> Result<&'static [u8], Cause> {
    let Some(region) = map.find(target) else {
        return Err(Cause::NotCode { found: map.absence() });
    };
    if !region.execute || !region.read {
        let name = if region.name.is_empty() { "memory without a name" } else { &region.name };
        return Err(Cause::NotCode { found: format!("{name} is mapped there as {}", region.protection()) });
    }
    let room = bounds.room.or(bounds.extent).unwrap_or(UNKNOWN_EXTENT);
    let length = room.max(bounds.extent.unwrap_or(0)).min(map.code_end(target) - target);
    // SAFETY: the bytes are mapped readable, as just looked up; text of a loaded object stays where it is. They are
    // changed only by us, under the lock that the caller holds. See docs/safety.
    Ok(unsafe { std::slice::from_raw_parts(target as *const u8, length) })
}
