//! The program's code: making hooks in it, one thread at a time.
use crate::code::{self, Block, Map, Redirect};
use crate::entry;
use crate::error::Cause;
use crate::group::Group;
use crate::hook::{Hook, HookTable, Jump, Place};
use crate::image;
use crate::lock::{self, Lock, Mark};
use crate::registry::{self, Known};
use crate::stub::{Layout, System, arch};
use crate::thread;
use once_cell::race::OnceBox;
use std::borrow::Cow;

/// Forces a form of the jump, for tests: `far`, or `near`, which is never one of a single byte but where a trap would not arrive.
const FORCED: &str = "MONKEY_JUMP";

/// In front of every stub, so that another copy of this crate in the process sees whose it is.
const SIGNATURE: &[u8; 16] = b"monkey-mock stub";
/// Templates that are kept: trampolines are of a few lengths, each in blocks of a few sizes.
const MOST_TEMPLATES: usize = 64;
/// Jumps with a page of their own that are made where there are other threads: enough for a test's own functions, and few enough to be
/// nobody's concern. Behind them each thread is waited for.
const MOST_LANDINGS: usize = 256;
/// One hook's part of a block, in bytes. As long as a cell, so that all units lie as far from their cells.
const UNIT: usize = if cfg!(target_arch = "aarch64") { 1024 } else { size_of::<HookTable>() };
const _: () = assert!(UNIT.is_multiple_of(16));
/// Bytes kept for a detour on the way to the trampoline.
const DETOUR: usize = 24;
/// Hooks in the first block, and in the largest: each has twice as many as the one before, so that however many there are, the
/// blocks are few. What no hook has taken is not in memory. On `AArch64` a stub reaches its cell within a mebibyte.
const FEWEST_UNITS: usize = 64;
const MOST_UNITS: usize = if cfg!(target_arch = "aarch64") { 256 } else { 4096 };
/// Where a body is as long as this, in bytes, no jump needs the padding around it.
const ROOM: usize = 32;
/// The longest body that is looked at where its length is not known.
const UNKNOWN_EXTENT: usize = 4096;

pub static TEXT: Lock<Text> =
    Lock::new(Mark::Text, Text { blocks: Vec::new(), templates: Vec::new(), landings: 0 });

/// The memory that hooks are in.
#[derive(Debug)]
pub struct Text {
    blocks: Vec<Units>,
    /// Stubs that were assembled, to make others of.
    templates: Vec<Template>,
    /// Jumps that each need a page of their own.
    landings: usize,
}

/// A stub without what it has of its target. Units lie as far from their cells as other units from theirs, so that stubs whose
/// trampolines are of one length have all the rest alike.
#[derive(Debug)]
struct Template {
    /// From the stub to its cell.
    distance: u64,
    original: usize,
    code: Vec<u8>,
}

/// A block, and how many of its units are taken.
#[derive(Debug)]
struct Units {
    block: Block,
    taken: usize,
}

impl Units {
    fn is_full(&self) -> bool {
        (self.taken + 1) * UNIT > self.block.code
    }

    fn holds(&self, code: usize) -> bool {
        (self.block.start..self.block.start + self.block.code).contains(&code)
    }

    fn is_within(&self, reach: usize, target: usize) -> bool {
        let Block { start, code, data } = self.block;
        start.abs_diff(target).max((start + code + data).abs_diff(target)) <= reach
    }
}

/// How far a target's body goes, where that is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    /// The length of its code, in bytes.
    pub extent: Option<usize>,
    /// The distance to what comes behind it, in bytes.
    pub available: Option<usize>,
}

/// A body that is to be hooked, with what has to be known of it beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    pub target: usize,
    bounds: Bounds,
    /// What the loaded file has there: memory may have somebody's breakpoints.
    file: &'static [u8],
    /// How many bytes in front of it belong to no function.
    gap: usize,
    forced: Forced,
    /// Its file's path.
    path: &'static [u8],
    /// Where its file begins in memory, if that is of use.
    begin: Option<usize>,
    /// Where its file's code ends. `None`: only the process's map tells what is there.
    code_end: Option<usize>,
    /// It is the program's own code, which is never closed.
    stays: bool,
}

impl Body {
    /// What the program's file says of the function at `target`. Asks the loader and the environment. `whole`: the compiler wrote it as
    /// one function, into which nobody else jumps, so that its size is known without a look at what is around it; or it is a copy of one.
    pub fn read(target: usize, whole: Option<image::Measured>) -> Self {
        lock::assert_unlocked();
        let whole = match whole {
            Some(whole) if whole.address != target => image::measured(target),
            whole => whole,
        };
        if let Some(image::Measured { size, code, .. }) = whole
            && size >= ROOM
        {
            let bounds = Bounds { extent: Some(size), available: Some(size) };
            return Self { bounds, ..Self::within(target, code) };
        }
        let bounds = match image::extent(target) {
            Some(function) if function.address == target => {
                Bounds { extent: function.size, available: Some(function.available) }
            }
            Some(function) => Bounds { extent: None, available: Some(function.available) },
            None => Bounds::default(),
        };
        let length = bounds.available.or(bounds.extent).unwrap_or(UNKNOWN_EXTENT);
        let file = image::code_in_file(target, length).unwrap_or_default();
        Self { bounds, gap: image::gap_before(target), ..Self::within(target, file) }
    }

    /// What is told without a look at functions.
    fn within(target: usize, file: &'static [u8]) -> Self {
        let around = image::file_around(target);
        let (path, code_end) = around.map_or((&[][..], None), |around| (around.path, around.code_end));
        // Elsewhere than on Linux the system says at once where a gap is.
        let begin = around.map(|around| around.begin).filter(|_| cfg!(system = "linux"));
        let stays = cfg!(system = "linux") && code_end.is_some() && path.is_empty();
        let (bounds, forced) = (Bounds::default(), Forced::read());
        Self { target, bounds, file, gap: 0, forced, path, begin, code_end, stays }
    }

    /// A function of which the file need not be asked.
    #[cfg(not(system = "macos"))]
    pub fn unbounded(target: usize) -> Self {
        let file = image::code_in_file(target, UNKNOWN_EXTENT).unwrap_or_default();
        Self { path: &[], ..Self::within(target, file) }
    }

    /// How many bytes of it are of interest, where nothing ends before.
    fn length(&self) -> usize {
        let Bounds { extent, available } = self.bounds;
        available.or(extent).unwrap_or(UNKNOWN_EXTENT).max(extent.unwrap_or(0))
    }
}

/// A form of the jump that the environment asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forced {
    Nothing,
    Near,
    Far,
}

impl Forced {
    /// Read once.
    fn read() -> Self {
        static FORM: OnceBox<Forced> = OnceBox::new();
        *FORM.get_or_init(|| {
            Box::new(match std::env::var(FORCED).as_deref() {
                Ok("near") => Self::Near,
                Ok("far") => Self::Far,
                _ => Self::Nothing,
            })
        })
    }
}

/// Where calls go that no patch is for, given the trampoline.
pub type Detour<'a> = &'a dyn Fn(usize) -> usize;

impl Text {
    /// Hooks a body, if it is not hooked yet.
    ///
    /// `through`: where calls go that no patch is for; straight to the trampoline if `None`.
    pub fn hook(
        &mut self,
        map: Option<&Map>,
        body: Body,
        group: &'static Group,
        through: Option<Detour<'_>>,
    ) -> Result<(), Cause> {
        let Body { target, bounds, file, gap, forced, path, .. } = body;
        let memory = &readable(map, &body)?[..];
        if standing_hook(target, memory).is_some() {
            return Ok(());
        }
        // Threads come into scopes of every copy of this crate: there one hook on top of another is right.
        // A target that only jumps on to one of this copy's is another matter.
        if through.is_none()
            && let Some(stub) = code::leads_to_signature(target, memory, SIGNATURE)
            && !self.blocks.iter().any(|units| units.holds(stub))
        {
            return Err(Cause::OtherCopy);
        }
        let bytes = entry::true_code(memory, file)?;
        let has_breakpoints = matches!(bytes, Cow::Owned(_));
        let bytes = bytes.as_ref();
        let skipped = arch::skipped(bytes);
        let (near, unit, cell) = self.find_unit(&body)?;
        let stub = unit + SIGNATURE.len();
        let from = target + skipped;
        // What stays in front of the hook is a part of the trampoline for those who call it by its address. The stub
        // has a copy in front of `ORIGINAL`.
        let original_at = stub + arch::ORIGINAL;
        let displaced_at = if through.is_some() { original_at + DETOUR + skipped } else { original_at };
        let extent = bounds.extent.map(|extent| extent.saturating_sub(skipped));
        let lands = self.landings;
        let entry = entry::plan(&entry::Target {
            from,
            body: &bytes[skipped..],
            first: memory.get(skipped).copied().unwrap_or(0),
            extent,
            gap,
            stub,
            displaced_at,
            near,
            avoids_trap: &|| {
                if code::takes_exceptions(from) {
                    return true;
                }
                let is_alone = code::is_only_thread();
                if !is_alone && lands < MOST_LANDINGS && forced != Forced::Near {
                    return true;
                }
                // Who is alone needs no trap, and has no breakpoint that another thread has reached and that is gone now.
                let may_be_traced = !is_alone || has_breakpoints || file.is_empty();
                may_be_traced && code::Tracer::find().is_some()
            },
        })?;
        // What changes a single byte goes on from a page of its own.
        self.landings += usize::from(entry.jump.len() == 1);
        let mut original = Vec::new();
        if let Some(through) = through {
            let to = through(displaced_at - skipped);
            original.extend(arch::detour(bytes, original_at as u64, to as u64));
            original.resize(DETOUR, 0);
            original.extend(&bytes[..skipped]);
        }
        original.extend(&entry.relocated.code);
        let layout = Layout {
            stub: stub as u64,
            cell: std::ptr::from_ref(cell) as u64,
            thread: thread::offset() as i64,
            system: System::OWN,
        };
        let mut code = SIGNATURE.to_vec();
        code.extend(self.assemble(&layout, bytes, &original));
        assert!(code.len() <= UNIT, "signature, stub and trampoline fit in their unit");
        code::write(unit, &code)?;
        cell.prepare(group.id);
        let mut moves: Vec<_> =
            entry.relocated.boundaries.iter().map(|(offset, at)| (*offset, displaced_at + at)).collect();
        moves.retain(|(offset, _)| *offset != 0);
        moves.push((0, stub));
        // Taken even if that fails: a thread that was moved out of the way, or came to the trap, is in there.
        self.take_unit(unit);
        code::redirect(&Redirect { target: from, jump: &entry.jump, first: &entry.first, moves: &moves })?;
        let place = Place { target, path };
        let hook = Hook::new(original_at - skipped, cell, Jump::new(skipped, &entry.jump), place);
        let hook: &'static Hook = Box::leak(Box::new(hook));
        group.add(hook);
        registry::insert(target, Known { group, hook: Some(hook) });
        Ok(())
    }

    /// The stub's code, by a template if there is one.
    fn assemble(&mut self, layout: &Layout, bytes: &[u8], original: &[u8]) -> Vec<u8> {
        let distance = layout.cell.wrapping_sub(layout.stub);
        let at = arch::ORIGINAL..arch::ORIGINAL + original.len();
        let fits =
            |template: &&Template| (template.distance, template.original) == (distance, original.len());
        // On AArch64 a stub has something of its target in front of the trampoline too.
        if let Some(template) = self.templates.iter().find(fits).filter(|_| cfg!(target_arch = "x86_64")) {
            let mut code = template.code.clone();
            code[at].copy_from_slice(original);
            return code;
        }
        let code = arch::assemble(layout, bytes, original);
        if self.templates.len() < MOST_TEMPLATES {
            self.templates.push(Template { distance, original: original.len(), code: code.clone() });
        }
        code
    }

    /// A unit of memory and its cell, near the target if that can be had. It is not taken yet.
    fn find_unit(&mut self, body: &Body) -> Result<(bool, usize, &'static HookTable), Cause> {
        let far = body.forced == Forced::Far;
        let near = if far { Err(None) } else { self.find_near_block(body).map_err(Some) };
        let (near, index) = match near {
            Ok(index) => (true, index),
            Err(refused) => (false, self.find_any_block(refused)?),
        };
        let Units { block, taken: used } = self.blocks[index];
        let cell = (block.start + block.code + used * size_of::<HookTable>()) as *const HookTable;
        // SAFETY: the cell lies in the data half of a block that is mapped for good, aligned (the half starts on a
        // page, cells are a multiple of 64 bytes), all zeros or what an earlier try wrote, which are valid atomics.
        let cell = unsafe { &*cell };
        Ok((near, block.start + used * UNIT, cell))
    }

    /// A block within the reach of a near jump. The latest are those with room.
    fn find_near_block(&mut self, body: &Body) -> Result<usize, Cause> {
        let has_room = |units: &Units| !units.is_full() && units.is_within(arch::REACH, body.target);
        match self.blocks.iter().rposition(has_room) {
            Some(index) => Ok(index),
            None => self.allocate(body.target, body.begin, arch::REACH),
        }
    }

    /// Any block; `refused` is why there is none near.
    fn find_any_block(&mut self, refused: Option<Cause>) -> Result<usize, Cause> {
        match self.blocks.iter().rposition(|units| !units.is_full()) {
            Some(index) => Ok(index),
            None => self.allocate(0, None, usize::MAX >> 1).map_err(|cause| refused.unwrap_or(cause)),
        }
    }

    /// A new block; a small one where there is no room for a large one.
    fn allocate(&mut self, target: usize, file: Option<usize>, reach: usize) -> Result<usize, Cause> {
        let page = code::page_size();
        let largest = (FEWEST_UNITS << self.blocks.len().min(8)).min(MOST_UNITS);
        let block = |units: usize| {
            let (code, data) = (UNIT * units, units * size_of::<HookTable>());
            code::allocate(target, file, reach, code.next_multiple_of(page), data.next_multiple_of(page))
        };
        let block = block(largest).or_else(|cause| match largest {
            FEWEST_UNITS => Err(cause),
            _ => block(FEWEST_UNITS),
        });
        self.blocks.push(Units { block: block?, taken: 0 });
        Ok(self.blocks.len() - 1)
    }

    fn take_unit(&mut self, unit: usize) {
        if let Some(units) = self.blocks.iter_mut().rev().find(|units| units.holds(unit)) {
            units.taken += 1;
        }
    }
}

/// The hook of an address, if its jump is still there.
fn standing_hook(target: usize, bytes: &[u8]) -> Option<&'static Hook> {
    registry::find(target)?.hook.filter(|hook| hook.jump.stands_in(bytes))
}

/// The group of the hook at an address, if its jump is still there: another library may have been loaded at its place.
pub fn standing_group(map: Option<&Map>, body: Body) -> Option<&'static Group> {
    let known = registry::find(body.target)?;
    known.hook.filter(|hook| readable(map, &body).is_ok_and(|bytes| hook.jump.stands_in(&bytes)))?;
    Some(known.group)
}

/// What has to be known before anybody writes; the process's map, where not every body is in a loaded file. Asks the loader
/// where the system does not tell, and the environment.
pub fn map(bodies: &[Body]) -> Result<Option<Map>, Cause> {
    lock::assert_unlocked();
    code::choose_way();
    if bodies.iter().all(|body| body.code_end.is_some()) {
        return Ok(None);
    }
    let unreadable = |error| format!("{} cannot be read: {error}", code::MAP);
    Map::read().map(Some).map_err(|error| Cause::NotWritable { reason: unreadable(error) })
}

/// The target's readable bytes, up to where something else begins.
fn readable(map: Option<&Map>, body: &Body) -> Result<Vec<u8>, Cause> {
    let target = body.target;
    let Some(map) = map.filter(|_| body.code_end.is_none()) else {
        let end = body.code_end.unwrap_or(target);
        let length = body.length().min(end - target);
        if body.stays {
            // SAFETY: the loader has mapped the program's code readable up to `end`, for the life of the process. It is changed only by
            // us, under the lock that the caller holds, and by who traces the process. See docs/safety.
            return Ok(unsafe { std::slice::from_raw_parts(target as *const u8, length) }.to_vec());
        }
        let mut bytes = vec![0; length];
        let read = code::read_memory(target, &mut bytes);
        // What the loader has mapped stays while the file is loaded, unless somebody has taken it away all the same.
        let found = "what the loader has mapped there cannot be read".into();
        return if read == bytes.len() { Ok(bytes) } else { Err(Cause::NotCode { found }) };
    };
    let Some(region) = map.find(target) else {
        return Err(Cause::NotCode { found: map.absence() });
    };
    if !region.execute || !region.read {
        let name = if region.name.is_empty() { "memory without a name" } else { &region.name };
        return Err(Cause::NotCode { found: format!("{name} is mapped there as {}", region.protection()) });
    }
    let length = body.length().min(map.code_end(target) - target);
    // SAFETY: the bytes are mapped readable, as just looked up; text of a loaded object stays where it is. They are
    // changed only by us, under the lock that the caller holds. See docs/safety.
    Ok(unsafe { std::slice::from_raw_parts(target as *const u8, length) }.to_vec())
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn the_longest_trampoline_fits_and_templates_make_what_the_assembler_does() {
        let mut text = Text { blocks: Vec::new(), templates: Vec::new(), landings: 0 };
        let layout = |stub| Layout { stub, cell: stub + 0x1_0000, thread: -64, system: System::OWN };
        for length in [5, DETOUR + crate::relocate::arch::LONGEST, 5] {
            for stub in [0x5000_0010, 0x5000_0310] {
                let original: Vec<u8> = (0..length).map(|at| (at as u8) ^ stub as u8).collect();
                let code = text.assemble(&layout(stub), &[], &original);
                assert!(SIGNATURE.len() + code.len() <= UNIT, "{}", code.len());
                assert_eq!(code, arch::assemble(&layout(stub), &[], &original));
            }
        }
        assert_eq!(text.templates.len(), 2);
    }
}
