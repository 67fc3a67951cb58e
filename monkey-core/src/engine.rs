//! What is patched in which scope: the state behind the one global lock.
//!
//! Under the lock nothing foreign runs: no allocation, no system call, no text. What is added is made before, what is left is
//! dropped after it was given back; all of it on the originals of what is replaced.
use crate::error::{Cause, PatchError};
use crate::few::Few;
use crate::group::Group;
use crate::hook::Slot;
use crate::lock::{Lock, Mark};
use crate::patch::{Id, Layer, Layers, Patch, Removed, Replacement};
use crate::recorder::Thunks;
use crate::request::{Request, Visibility};
use crate::scope::{Scopes, Who};
use crate::thread::Quiet;

/// Everything that the lock guards.
#[derive(Debug)]
pub struct Engine {
    pub scopes: Scopes,
    pub layers: Layers,
}

pub static ENGINE: Lock<Engine> =
    Lock::new(Mark::Patches, Engine { scopes: Scopes::new(), layers: Layers::new() });

/// A function that is hooked and about to get a replacement, or to be watched.
#[derive(Debug)]
pub struct Addition<'a> {
    pub group: &'static Group,
    /// `None`: watched by the engine itself, and only where it is not replaced already.
    pub request: Option<&'a Request>,
    /// What notes its calls.
    pub thunks: Thunks,
    /// What goes under the lock, in its box.
    patch: Option<Box<Patch>>,
    /// What was made. What is to be watched and is patched already has none.
    pub id: Option<Id>,
}

impl<'a> Addition<'a> {
    pub fn new(group: &'static Group, request: Option<&'a Request>, thunks: Thunks) -> Self {
        let own = thunks.clone();
        let patch = match request {
            Some(request) if !request.watched => {
                Patch::new(Replacement::Function(request.replacement), Some(request), own)
            }
            _ => Patch::new(Replacement::Original, None, own),
        };
        Self { group, request, thunks, patch: Some(patch), id: None }
    }
}

/// Why a list cannot be patched.
enum Refused {
    NotAlone(Who),
    Cycle,
}

/// Makes all patches of a list, or none.
pub fn patch(
    scope: u64,
    visibility: Option<Visibility>,
    additions: &mut Few<Addition<'_>>,
) -> Result<(), PatchError> {
    let _quiet = Quiet::begin();
    let mut supplies = Supplies::default();
    let mut engine = ENGINE.hold();
    while !engine.is_supplied(scope, additions, &mut supplies) {
        drop(engine);
        supplies.make();
        engine = ENGINE.hold();
    }
    let refused = engine.patch_all(scope, visibility, additions, &mut supplies);
    drop(engine);
    let Err((request, refused)) = refused else { return Ok(()) };
    additions.iter_mut().filter_map(|addition| addition.id.take()).for_each(|id| drop(remove(id)));
    let cause = match refused {
        Refused::NotAlone(who) => Cause::NotAlone { scope: who.to_string() },
        Refused::Cycle => Cause::Cycle,
    };
    request.map_or(Ok(()), |request| Err(request.fails(cause)))
}

/// Takes a patch away; what there is to say of that.
pub fn remove(id: Id) -> Removed {
    let _quiet = Quiet::begin();
    ENGINE.hold().layers.remove(id)
}

/// What has to be there before patches are made: memory that the lock's holder may not ask for.
#[derive(Debug, Default)]
struct Supplies {
    #[expect(clippy::vec_box, reason = "each goes to a hook of its own, and stays where it is")]
    slots: Vec<Box<Slot>>,
    layers: Vec<Layer>,
    missing_slots: usize,
    wanted_layers: usize,
}

impl Supplies {
    fn make(&mut self) {
        self.slots.extend(std::iter::repeat_with(|| Box::new(Slot::new())).take(self.missing_slots));
        self.layers = Vec::with_capacity(self.wanted_layers);
    }
}

impl Engine {
    fn is_supplied(&mut self, scope: u64, additions: &Few<Addition<'_>>, supplies: &mut Supplies) -> bool {
        self.layers.storage().move_into(&mut supplies.layers);
        let hooks = additions.iter().flat_map(|addition| addition.group.hooks());
        let lacking = hooks.filter(|hook| hook.lacks_slot_for(scope)).count();
        supplies.missing_slots = lacking.saturating_sub(supplies.slots.len());
        supplies.wanted_layers = self.layers.storage().wanted(additions.len());
        supplies.missing_slots == 0 && self.layers.storage().has(additions.len())
    }

    fn patch_all<'a>(
        &mut self,
        scope: u64,
        visibility: Option<Visibility>,
        additions: &mut Few<Addition<'a>>,
        supplies: &mut Supplies,
    ) -> Result<(), (Option<&'a Request>, Refused)> {
        let Self { scopes, layers } = self;
        let Some(live) = scopes.get_mut(scope) else { return Ok(()) };
        let visibility = visibility.unwrap_or(live.visibility);
        if visibility == Visibility::Process && !live.alone {
            let first = additions.iter().next().and_then(|addition| addition.request);
            return Err((first, Refused::NotAlone(live.who.clone())));
        }
        for Addition { group, request, patch, id, .. } in additions.iter_mut() {
            let group = *group;
            let mut visibility = visibility;
            match request {
                // Over what replaces it for all, and not in its place.
                Some(request) if request.watched && layers.is_replaced_for_all(group, scope) => {
                    visibility = Visibility::Process;
                }
                Some(request) if !request.watched && layers.leads_back(request.replacement, group, scope) => {
                    return Err((Some(*request), Refused::Cycle));
                }
                None if layers.is_replaced(group, scope) => continue,
                _ => {}
            }
            for hook in group.hooks().filter(|hook| hook.lacks_slot_for(scope)) {
                supplies.slots.pop().into_iter().for_each(|slot| hook.add_slot(Box::leak(slot)));
            }
            if let Some(patch) = patch.take() {
                *id = Some(layers.push(&mut live.layers, group, scope, visibility, patch));
            }
        }
        Ok(())
    }

    /// Gives one hold of a scope back; the last one ends it.
    pub fn leave(&mut self, scope: u64) -> Ended {
        match self.scopes.get_mut(scope) {
            Some(live) => {
                live.holds -= 1;
                if live.holds == 0 { self.end(scope) } else { Ended::default() }
            }
            None => Ended::default(),
        }
    }

    /// Ends a scope and takes away what is left in it.
    pub fn end(&mut self, scope: u64) -> Ended {
        let Some(mut live) = self.scopes.remove(scope) else { return Ended::default() };
        let patches = self.layers.release(&mut live.layers);
        let forgotten = self.scopes.remember(live.word, live.who);
        Ended { _patches: patches, _forgotten: forgotten }
    }
}

/// What is left of a scope. To be dropped without the lock.
#[derive(Debug, Default)]
#[must_use = "dropped under the lock, it would free memory there"]
pub struct Ended {
    _patches: Option<Box<Patch>>,
    _forgotten: Option<Who>,
}
