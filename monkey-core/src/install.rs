//! From a list of replacements to patches: every copy of each target is hooked, then all are patched, or none.
use crate::code;
use crate::crash;
use crate::dispatch;
use crate::engine::Addition;
use crate::error::{Cause, PatchError};
use crate::group::{Containing, Group, WayPast};
use crate::hook::Hook;
use crate::image::{self, Copies};
use crate::inherit;
use crate::kept;
use crate::lock;
use crate::recorder::{Recorder, Thunks};
use crate::registry::{self, Known};
use crate::request::Request;
use crate::text::{self, Body, TEXT};

/// Hooks a target, and what has a copy of it. `before`: what the list has before it.
pub fn hook_listed<A: AsRef<Addition>>(
    addition: &mut Addition,
    before: &[A],
    recorder: Option<&Recorder>,
) -> Result<(), PatchError> {
    lock::assert_unlocked();
    let request = &addition.request;
    let group = match hook(request) {
        Ok(group) => group,
        Err(cause) => return Err(request.fails(cause)),
    };
    if is_listed(before, group) {
        return Err(request.fails(Cause::Twice));
    }
    group.add_name(request.target_name, request.target_type);
    let thunks = match recorder {
        Some(recorder) if is_noted(request, group) => {
            Thunks::new(recorder, group).map_err(|cause| request.fails(cause))?
        }
        _ => Thunks::default(),
    };
    let containing = containing(request, group);
    addition.is_hooked(group, thunks, containing);
    Ok(())
}

/// Whether a function is one of a list's. Not by an iterator: a list of hundreds looks so at each of its items for each.
fn is_listed<A: AsRef<Addition>>(list: &[A], group: &'static Group) -> bool {
    let mut index = 0;
    while index < list.len() {
        if let Some(listed) = list[index].as_ref().group
            && listed.id == group.id
        {
            return true;
        }
        index += 1;
    }
    false
}

/// Whether thunks note the calls one by one: where their order is asked for, or who made them can be told.
fn is_noted(request: &Request, group: &'static Group) -> bool {
    let is_polled = || request.target_type.is_some_and(dispatch::is_polled);
    let callers_are_known = || !group.is_in_source() || dispatch::CALLERS_ARE_KNOWN && !is_polled();
    request.order.is_some() || request.is_noted() && callers_are_known()
}

/// The functions that contain a copy of a target, or may be one, hooked. Those that cannot be hooked are left out.
fn containing(request: &Request, group: &'static Group) -> &'static [Containing] {
    match request.target_type {
        Some(target_type) if !request.partly && !group.is_in_source() => {
            group.containing(|| find_containing(request, target_type, group))
        }
        _ => &[],
    }
}

fn find_containing(request: &Request, target_type: &str, group: &'static Group) -> Vec<Containing> {
    let target = request.target;
    let containers = if request.optimised || image::may_be_inlined(target) {
        image::containers(target, Some(target_type))
    } else if dispatch::is_asked_at(target) {
        // A patchable function is inlined nowhere.
        return Vec::new();
    } else {
        image::containers_unoptimised(target, Some(target_type))
    };
    let is_copy = |address: usize| registry::find(address).is_some_and(|known| known.group.id == group.id);
    let containers = containers.into_iter().map(|container| (container.address, WayPast::Inlined(container)));
    let likely = likely_copies(target, target_type, group).into_iter();
    let all = containers.chain(likely.map(|address| (address, WayPast::PerhapsCopy)));
    let hooked = all.filter(|(address, _)| !is_copy(*address)).filter_map(|(address, way)| {
        let group = hook_copies(&image::copies(address), image::loads(), None).ok()?;
        Some(Containing { way, group })
    });
    hooked.collect()
}

/// Bodies that were left alone, though they hardly can be anything but copies.
fn likely_copies(target: usize, target_type: &str, group: &Group) -> Vec<usize> {
    if group.doubt().is_none() {
        return Vec::new();
    }
    image::copies_of(target, target_type, false).doubt.map_or_else(Vec::new, |doubt| doubt.likely)
}

/// Makes a target's calls ask for a replacement: by hooks in its code, or, where that cannot be changed, in its source.
fn hook(request: &Request) -> Result<&'static Group, Cause> {
    let known = registry::find(request.target).map(|known| known.group);
    if let Some(other) = known.and_then(|group| merged_with(request, group)) {
        return Err(Cause::SharedAddress { with: vec![other.to_owned()] });
    }
    if let Some(group) = known.filter(|group| is_as_it_was(request, group)) {
        // Whether the replacement is the function itself is seen when it is shown.
        return match (group.keeper(), given(request)) {
            (Some(keeper), Some(replacement)) => kept::check(Some(keeper), replacement).map(|()| group),
            _ => Ok(group),
        };
    }
    let (target, replacement) = (request.target, given(request));
    if request.is_in_a_box {
        return Err(Cause::BoxedFuture);
    }
    if replacement == Some(target) {
        return Err(Cause::SameFunction);
    }
    if replacement == Some(0) {
        return Err(Cause::NotCode { found: "the replacement is null".into() });
    }
    if request.is_body && request.optimised {
        // LLVM makes a copy for each caller, and passes what a `&mut Context` refers to in its place (argument promotion).
        let because = "in an optimised build its body may be compiled for each caller alone, with other parameters: replace a function of \
                       yours that awaits it, or mark it #[monkey::patchable]";
        return Err(Cause::Asynchronous { because: because.into() });
    }
    let patchable = dispatch::patchable_at(target);
    if request.given.is_some() || patchable.is_none() && is_polled(request) {
        return in_source(request, "it is an `async fn`");
    }
    if dispatch::is_forced() {
        return in_source(request, "MONKEY_DISPATCH=source is set");
    }
    if registry::find(target).is_some_and(|known| known.group.is_in_source()) {
        return in_source(request, "its calls are dispatched in source already");
    }
    match hook_code(request, patchable) {
        Err(cause @ (Cause::NotWritable { .. } | Cause::NoMemory { .. } | Cause::Unsupported { .. })) => {
            in_source(request, "").map_err(|_| cause)
        }
        hooked => hooked,
    }
}

/// The function that was replaced at the target's address before, if it is another one. A function of C may have several names, and
/// several may be one.
fn merged_with(request: &Request, group: &'static Group) -> Option<&'static str> {
    let own = request.target_type?;
    let other = group.other_function(own)?;
    let is_known_elsewhere = [own, other].iter().any(|name| image::is_declared(name));
    if group.is_in_source() || is_known_elsewhere { None } else { Some(other) }
}

/// Whether what was patched before is in code, no more files were loaded since, and nothing about the request asks for a closer look.
fn is_as_it_was(request: &Request, group: &Group) -> bool {
    let is_plain = !request.is_body && request.given.is_none() && request.replacement != 0;
    is_plain && !group.is_in_source() && group.is_current(image::loads())
}

/// Whether the target is an `async fn` that asks when it is polled. What was hooked before is none.
fn is_polled(request: &Request) -> bool {
    registry::find(request.target).is_none_or(|known| known.group.is_in_source())
        && request.target_type.is_some_and(dispatch::is_polled)
}

/// What is only watched has no replacement that could be wrong.
fn given(request: &Request) -> Option<usize> {
    if request.watched { None } else { Some(request.replacement) }
}

/// For a target that asks in its source. `because`: why its code is not changed.
fn in_source(request: &Request, because: &str) -> Result<&'static Group, Cause> {
    // Where threads cannot be handed on, that is no reason to refuse.
    let _ = inherit::ensure();
    let group = dispatch::group(request, because)?;
    check(group, given(request)).map(|()| group)
}

/// Hooks every copy of a target; the group that they are. `patchable`: it is known to be. Then it shares its code with nobody,
/// uses each parameter as it is written, and is inlined nowhere.
fn hook_code(request: &Request, patchable: Option<image::Measured>) -> Result<&'static Group, Cause> {
    let (target, replacement) = (request.target, given(request));
    let asks = patchable.is_some();
    let loads = image::loads();
    // One that is generic is recorded with its arguments.
    let path = || image::plain_path(target).filter(|path| dispatch::is_recorded(path));
    let path = if asks && request.target_type.is_none() { path() } else { None };
    let copies = match request.target_type.or(path.as_deref()) {
        Some(name) => image::copies_of(target, name, asks),
        None => image::copies(target),
    };
    if !asks && let Some(other) = other_name(request) {
        return Err(Cause::SharedAddress { with: vec![other] });
    }
    if !copies.shared_with.is_empty() {
        return Err(Cause::SharedAddress { with: copies.shared_with });
    }
    if replacement.is_some_and(|replacement| copies.addresses.contains(&replacement)) {
        return Err(Cause::SameFunction);
    }
    if replacement.is_some()
        && !asks
        && let Some(image::Changed { address, because }) = changed(request, &copies)
    {
        return Err(Cause::Parameters { address, because });
    }
    let keeper = if asks { None } else { kept::keeper(target) };
    replacement.map_or(Ok(()), |replacement| kept::check(keeper.as_ref(), replacement))?;
    let group = match hook_copies(&copies, loads, patchable) {
        // Where its first bytes cannot give way, the padding in front may have room for the jump.
        Err(Cause::Instructions(_)) if asks => hook_copies(&copies, loads, None)?,
        hooked => hooked?,
    };
    group.is_called_by(keeper);
    if asks {
        group.containing(Vec::new);
    }
    Ok(group)
}

/// The name of another function at the target's address. Its path is read to the end only where bodies may have been merged: it takes
/// longer than all the rest.
fn other_name(request: &Request) -> Option<String> {
    let (target, type_name) = (request.target, request.target_type?);
    let may_be_merged = || request.optimised || !image::is_of_std(type_name) && image::may_be_inlined(target);
    image::other_name(target, type_name, may_be_merged)
}

/// A body of the target whose parameters the optimiser has changed. The target itself is as it is written where a list names it, but
/// not where its address was found by its name.
fn changed(request: &Request, copies: &Copies) -> Option<image::Changed> {
    let optimised = || request.optimised || image::may_be_inlined(request.target);
    if copies.addresses.len() > 1 && optimised() {
        return image::changed_copy(&copies.addresses);
    }
    if request.target_type.is_none() { image::changed(request.target) } else { None }
}

/// Whether a function whose copies are known may be replaced by another.
fn check(group: &'static Group, replacement: Option<usize>) -> Result<(), Cause> {
    let Some(replacement) = replacement else { return Ok(()) };
    match registry::find(replacement) {
        Some(known) if known.group.id == group.id => return Err(Cause::SameFunction),
        _ => {}
    }
    match group.keeper() {
        Some(keeper) => kept::check(Some(keeper), replacement),
        None => Ok(()),
    }
}

/// `whole`: each is one function from its begin to its end, as patchable ones are, of which this is the one that was asked about.
fn hook_copies(copies: &Copies, loads: u64, whole: Option<image::Measured>) -> Result<&'static Group, Cause> {
    crash::install();
    inherit::ensure()?;
    let mut bodies = copies.addresses.clone();
    // What only leads to a body would make the original call the replacement.
    bodies.retain(|copy| !copies.thunks.contains(copy) || copies.thunks.len() == copies.addresses.len());
    let bodies: Vec<Body> = bodies.into_iter().map(|body| Body::read(body, whole)).collect();
    let map = text::map(&bodies)?;
    let mut text = TEXT.hold();
    let writing = code::Writing::begin();
    let standing = bodies.iter().find_map(|body| text::standing_group(map.as_ref(), *body));
    let group = standing.unwrap_or_else(Group::new);
    let hooked = bodies.into_iter().try_for_each(|body| text.hook(map.as_ref(), body, group, None));
    if let Err(cause) = hooked {
        if standing.is_none() {
            group.give_back();
        }
        return Err(cause);
    }
    drop(writing);
    for thunk in copies
        .addresses
        .iter()
        .filter(|address| registry::find(**address).is_none_or(|known| known.group.id != group.id))
    {
        registry::insert(*thunk, Known { group, hook: None });
    }
    drop(text);
    group.hooks().for_each(Hook::abandon_if_gone);
    group.is_complete(loads, copies.doubt.as_ref().map(|doubt| doubt.reason.as_str()));
    Ok(group)
}
