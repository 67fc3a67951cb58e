//! From a list of replacements to patches: every copy of each target is hooked, then all are patched, or none.
use crate::code::Map;
use crate::error::{Cause, PatchError};
use crate::hook::{self, Bounds};
use crate::image::{self, Copies};
use crate::inherit;
use crate::kept;
use crate::lock::{Global, Held};
use crate::patch::{Group, Id, Key, Order, Visibility};
use crate::thread;

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
            let group = self.hook(order).map_err(|cause| order.fails(cause))?;
            if groups.contains(&group) {
                return Err(order.fails(Cause::Twice));
            }
            groups.push(group);
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
        if let Some(calls) = global.patches.remove(&global.hooks, id)
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
        if order.replacement == 0 {
            return Err(Cause::NotCode { found: "the replacement is null".into() });
        }
        if let Some(keeper) = kept::keeper(order.target, order.replacement) {
            let caller = image::describe(keeper.call);
            return Err(Cause::KeptRegister { caller, register: keeper.register });
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
