//! What is patched in which scope: the state behind the one global lock.
//!
//! Under the lock nothing foreign runs: no allocation, no system call, no text. What is added is made before, what is left is
//! dropped after it was given back; all of it on the originals of what is replaced.
use crate::demand::AllOwed;
use crate::error::{Cause, PatchError};
use crate::group::{Containing, Group, WayPast};
use crate::hook::Slot;
use crate::lock::{Lock, Mark};
use crate::patch::{Id, Layer, Layers, Making, Patch, Removed, Replacement};
use crate::recorder::Thunks;
use crate::request::{Request, Visibility};
use crate::scope::{Scopes, Who};
use std::mem;

/// Everything that the lock guards.
#[derive(Debug)]
pub struct Engine {
    pub scopes: Scopes,
    pub layers: Layers,
    pub owed: AllOwed,
}

pub static ENGINE: Lock<Engine> =
    Lock::new(Mark::Patches, Engine { scopes: Scopes::new(), layers: Layers::new(), owed: AllOwed::new() });

/// What is to be replaced, and, once it is hooked, what there is of it.
#[derive(Debug)]
pub struct Addition {
    pub request: Request,
    /// `None`: not hooked yet.
    pub group: Option<&'static Group>,
    /// What notes its calls.
    pub thunks: Thunks,
    /// The same, for under the lock.
    thunks_of_patch: Thunks,
    /// What was made.
    pub id: Option<Id>,
    /// Functions that contain a copy of the target, or may be one: calls of them go past the replacement.
    pub watched: Vec<Watched>,
}

/// A function whose calls are counted, where it is not replaced already.
#[derive(Debug)]
pub struct Watched {
    pub way: &'static WayPast,
    pub group: &'static Group,
    /// `None`: it is replaced already.
    pub id: Option<Id>,
}

impl Addition {
    pub fn new(request: Request) -> Self {
        let (thunks, thunks_of_patch) = (Thunks::default(), Thunks::default());
        Self { request, group: None, thunks, thunks_of_patch, id: None, watched: Vec::new() }
    }

    /// It is hooked, and so is what has a copy of it.
    pub fn is_hooked(&mut self, group: &'static Group, thunks: Thunks, containing: &'static [Containing]) {
        if !thunks.is_empty() {
            self.thunks_of_patch = thunks.clone();
            self.thunks = thunks;
        }
        self.group = Some(group);
        if !containing.is_empty() {
            self.watched = containing.iter().map(Watched::new).collect();
        }
    }

    /// What was made of it before the whole list was refused.
    fn take_away(&mut self) {
        let watched = self.watched.iter_mut().filter_map(|watched| watched.id.take());
        watched.chain(self.id.take()).for_each(|id| drop(remove(id)));
    }
}

impl Watched {
    fn new(containing: &'static Containing) -> Self {
        Self { way: &containing.way, group: containing.group, id: None }
    }
}

/// Why a list cannot be patched.
enum Refused {
    NotAlone(Who),
    SameFunction,
    Cycle,
}

/// Makes all patches of a list, or none.
pub fn patch<A: AsMut<Addition>>(
    scope: u64,
    visibility: Visibility,
    additions: &mut [A],
) -> Result<(), PatchError> {
    let mut supplies = Supplies::default();
    let mut engine = ENGINE.hold();
    while !engine.is_supplied(scope, additions, &mut supplies) {
        drop(engine);
        supplies.make();
        engine = ENGINE.hold();
    }
    let refused = engine.patch_all(scope, visibility, additions, &mut supplies);
    drop(engine);
    let Err((index, refused)) = refused else { return Ok(()) };
    for addition in additions.iter_mut() {
        addition.as_mut().take_away();
    }
    let cause = match refused {
        Refused::NotAlone(who) => Cause::NotAlone { scope: who.to_string() },
        Refused::SameFunction => Cause::SameFunction,
        Refused::Cycle => Cause::Cycle,
    };
    additions.get_mut(index).map_or(Ok(()), |addition| Err(addition.as_mut().request.fails(cause)))
}

/// Takes a patch away; what there is to say of that.
pub fn remove(id: Id) -> Removed {
    ENGINE.hold().layers.remove(id)
}

/// What has to be there before patches are made: memory that the lock's holder may not ask for.
#[derive(Debug, Default)]
struct Supplies {
    #[expect(clippy::vec_box, reason = "each goes to a hook of its own, and stays where it is")]
    slots: Vec<Box<Slot>>,
    #[expect(clippy::vec_box, reason = "each goes under the lock in its box")]
    patches: Vec<Box<Patch>>,
    layers: Vec<Layer>,
    missing_slots: usize,
    missing_patches: usize,
    wanted_layers: usize,
}

impl Supplies {
    fn make(&mut self) {
        self.slots.extend(std::iter::repeat_with(|| Box::new(Slot::new())).take(self.missing_slots));
        self.patches.extend(std::iter::repeat_with(Patch::blank).take(self.missing_patches));
        self.layers = Vec::with_capacity(self.wanted_layers);
    }

    /// Gives each hook of a function that has no slot for a scope one.
    fn give_slots(&mut self, group: &'static Group, scope: u64) {
        if self.slots.is_empty() {
            return;
        }
        for hook in group.hooks() {
            if hook.lacks_slot_for(scope)
                && let Some(slot) = self.slots.pop()
            {
                hook.add_slot(Box::leak(slot));
            }
        }
    }
}

fn lacking(group: &'static Group, scope: u64) -> usize {
    let mut lacking = 0;
    for hook in group.hooks() {
        if hook.has_free_slot() {
            continue;
        }
        lacking += usize::from(hook.lacks_slot_for(scope));
    }
    lacking
}

impl Engine {
    fn is_supplied<A: AsMut<Addition>>(
        &mut self,
        scope: u64,
        additions: &mut [A],
        supplies: &mut Supplies,
    ) -> bool {
        self.layers.storage().move_into(&mut supplies.layers);
        if !supplies.patches.is_empty() {
            supplies.patches.drain(..).for_each(|patch| self.layers.add_spare(patch));
        }
        let (mut slots, mut layers) = (0, 0);
        let mut index = 0;
        while index < additions.len() {
            let Addition { group, watched, .. } = additions[index].as_mut();
            if let Some(group) = group {
                slots += lacking(group, scope);
            }
            if !watched.is_empty() {
                slots += watched.iter().map(|watched| lacking(watched.group, scope)).sum::<usize>();
            }
            layers += 1 + watched.len();
            index += 1;
        }
        supplies.missing_slots = slots.saturating_sub(supplies.slots.len());
        supplies.missing_patches = layers.saturating_sub(self.layers.spares());
        let roomy = self.layers.storage().has(layers);
        supplies.wanted_layers = if roomy { 0 } else { self.layers.storage().wanted(layers) };
        roomy && supplies.missing_slots + supplies.missing_patches == 0
    }

    /// Those of a list first: what it replaces need not be watched.
    fn patch_all<A: AsMut<Addition>>(
        &mut self,
        scope: u64,
        visibility: Visibility,
        additions: &mut [A],
        supplies: &mut Supplies,
    ) -> Result<(), (usize, Refused)> {
        let Self { scopes, layers, .. } = self;
        let Some(live) = scopes.get_mut(scope) else { return Ok(()) };
        if visibility == Visibility::Process && !live.alone {
            return Err((0, Refused::NotAlone(live.who.clone())));
        }
        let (mut index, mut watches) = (0, false);
        while index < additions.len() {
            let Addition { request, group: Some(group), thunks_of_patch, id, watched, .. } =
                additions[index].as_mut()
            else {
                return Ok(());
            };
            watches |= !watched.is_empty();
            let (mut replacement, mut visibility) = (Replacement::Original, visibility);
            if !request.watched {
                match layers.leads_back(request.replacement, group, scope) {
                    Some(0) => return Err((index, Refused::SameFunction)),
                    Some(_) => return Err((index, Refused::Cycle)),
                    None => replacement = Replacement::Function(request.replacement),
                }
            } else if layers.is_replaced_for_all(group, scope) {
                // Over what replaces it for all, and not in its place.
                visibility = Visibility::Process;
            }
            supplies.give_slots(group, scope);
            let request = if request.watched { None } else { Some(&*request) };
            let making = Making { visibility, replacement, request, thunks: mem::take(thunks_of_patch) };
            *id = layers.push(&mut live.layers, group, scope, making);
            index += 1;
        }
        if watches {
            for addition in additions.iter_mut() {
                for Watched { group, id, .. } in &mut addition.as_mut().watched {
                    if layers.is_replaced(group, scope) {
                        continue;
                    }
                    let (replacement, thunks) = (Replacement::Original, Thunks::default());
                    supplies.give_slots(group, scope);
                    let making = Making { visibility, replacement, request: None, thunks };
                    *id = layers.push(&mut live.layers, group, scope, making);
                }
            }
        }
        Ok(())
    }

    /// Gives a hold back that has made one patch; what there is to say of the patch. The last one ends the scope, in which there is
    /// no other patch then.
    pub fn leave_with(&mut self, scope: u64, patch: Id) -> (Removed, Ended) {
        match self.scopes.get(scope) {
            Some(live) if live.holds == 1 => (Removed::default(), self.end(scope)),
            _ => (self.layers.remove(patch), self.leave(scope)),
        }
    }

    /// Gives one hold of a scope back; the last one ends it.
    pub fn leave(&mut self, scope: u64) -> Ended {
        let Some(live) = self.scopes.get_mut(scope) else { return Ended { over: true, ..Ended::default() } };
        live.holds -= 1;
        if live.holds == 0 { self.end(scope) } else { Ended::default() }
    }

    /// Ends a scope and takes away what is left in it.
    pub fn end(&mut self, scope: u64) -> Ended {
        let Some(mut live) = self.scopes.remove(scope) else {
            return Ended { over: true, ..Ended::default() };
        };
        let patches = self.layers.release(&mut live.layers);
        let forgotten = self.scopes.remember(live.word, live.who);
        self.owed.forget(scope);
        Ended { over: true, _patches: patches, forgotten }
    }
}

/// What is left of a scope. To be dropped without the lock.
#[derive(Debug, Default)]
#[must_use = "dropped under the lock, it would free memory there"]
pub struct Ended {
    /// Whether the scope is over.
    pub over: bool,
    _patches: Option<Box<Patch>>,
    /// The name of another one, which is not remembered any longer.
    pub forgotten: Option<Who>,
}
