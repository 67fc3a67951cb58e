//! The question that a patchable function asks at its entry.
use super::asking::Asking;
use super::records::{Own, function_of, identity};
use super::{TARGETS_SO_FAR, targets};
use crate::append_only::AppendOnly;
use crate::hook::{CallerFrame, Hook};
use crate::image::{self, FrameRule};
use crate::thread::BypassAll;
use std::any::{TypeId, type_name};
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering::SeqCst};

/// One in the source of each patchable function: what its instances know of themselves.
#[derive(Debug)]
pub struct Site {
    instances: AppendOnly<Instance>,
}

/// A function, or one instance of a generic one.
#[derive(Debug)]
struct Instance {
    id: TypeId,
    /// Null while it is no target.
    hook: AtomicPtr<Hook>,
    /// How many targets there were when that was looked up.
    targets: AtomicU64,
    /// By the place in its body where it asks, of which each copy of it has its own.
    frames: AppendOnly<(usize, Option<FrameRule>)>,
}

impl Site {
    /// Of a function that has not asked yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it is made in a static")]
    pub const fn new() -> Self {
        Self { instances: AppendOnly::new() }
    }

    /// Where the call goes that the function is asking about. `None`: on in its own body. A call, for the sake of the function's own
    /// frame.
    #[inline(never)]
    pub(super) fn chosen<P, C>(&self, asking: Option<&Asking>) -> Option<usize> {
        let id = identity::<C>();
        let known = self.instances.find(|instance| instance.id == id);
        let instance = known.unwrap_or_else(|| self.add(id));
        instance.hook::<P, C>()?.chosen(&|| instance.caller(asking))
    }

    #[cold]
    fn add(&self, id: TypeId) -> &'static Instance {
        let _bypass = BypassAll::begin();
        let new = || Instance {
            id,
            hook: AtomicPtr::new(ptr::null_mut()),
            targets: AtomicU64::new(0),
            frames: AppendOnly::new(),
        };
        self.instances.find_or_add(|instance| instance.id == id, new)
    }
}

impl Instance {
    #[inline]
    fn hook<P, C>(&self) -> Option<&'static Hook> {
        // SAFETY: null, or a target's hook, which lives for ever.
        let hook = unsafe { self.hook.load(SeqCst).as_ref() };
        if hook.is_none() && self.targets.load(SeqCst) != TARGETS_SO_FAR.load(SeqCst) {
            return self.look_up(function_of(type_name::<C>()), type_name::<P>());
        }
        hook
    }

    #[cold]
    fn look_up(&self, name: &str, asked_as: &'static str) -> Option<&'static Hook> {
        // A replacement of `malloc` must not come between.
        let _bypass = BypassAll::begin();
        let so_far = TARGETS_SO_FAR.load(SeqCst);
        let found = targets().find(|target| target.is_asked(self.id, name, asked_as));
        if let Some(target) = found {
            self.hook.store(ptr::from_ref(target.hook).cast_mut(), SeqCst);
        }
        self.targets.store(so_far, SeqCst);
        found.map(|target| target.hook)
    }

    /// What is known of the call that it asks about.
    fn caller(&self, asking: Option<&Asking>) -> CallerFrame {
        let Some(asking) = asking.filter(|asking| asking.place != 0) else { return CallerFrame::default() };
        let known = self.frames.find(|(place, _)| *place == asking.place);
        let (_, rule) = known.unwrap_or_else(|| self.read(asking.place));
        rule.map_or_else(CallerFrame::default, |rule| asking.caller(rule))
    }

    #[cold]
    fn read(&self, asked_at: usize) -> &'static (usize, Option<FrameRule>) {
        let _bypass = BypassAll::begin();
        self.frames.find_or_add(|(place, _)| *place == asked_at, || (asked_at, image::frame_rule(asked_at)))
    }
}

/// What the calling thread's scope has in place of the function that asks, as a function of its type.
///
/// It is the expansion of `#[patchable]` that gives `P`: a fn pointer with the function's own arguments and result.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the registers are those of the function that asks")]
#[must_use]
pub fn replacement<P: Copy, C>(site: &'static Site, _own: Own<C>) -> Option<P> {
    const { assert!(size_of::<P>() == size_of::<*const ()>(), "a fn pointer") };
    let address = site.chosen::<P, C>(Some(&Asking::here()))? as *const ();
    // SAFETY: a list gave this address for the function of this one `Own`, after its type was found to be that of the target:
    // of the function in whose body the expansion asks, with the same arguments and result.
    Some(unsafe { mem::transmute_copy::<*const (), P>(&address) })
}
