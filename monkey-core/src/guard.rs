//! Guards: patches with the life of a value.
use crate::error::PatchError;
use crate::lock::{self, Who};
use crate::patch::{Id, Order, Visibility};
use crate::scope;
use std::marker::PhantomData;
use std::mem;
use std::panic::Location;
use std::thread;

/// Takes its replacements away when it is dropped.
///
/// Guards of the same target may be dropped in any order: the newest one that is left counts. A guard stays on its
/// thread. One that is forgotten (`mem::forget`) ends with its scope: with the test, or, where the guard itself opened
/// the scope, with the thread.
#[must_use = "the replacement is taken away again when the guard is dropped"]
#[derive(Debug)]
pub struct PatchGuard {
    scope: u64,
    patches: Vec<Id>,
    original: usize,
    /// The scope word is the thread's own: a guard dropped elsewhere would leave it behind.
    _thread: PhantomData<*const ()>,
}

impl PatchGuard {
    pub(crate) fn new(
        visibility: Option<Visibility>,
        orders: &[Order],
        location: &'static Location<'static>,
    ) -> Result<Self, PatchError> {
        let mut held = lock::hold();
        let (scope, opened) = held.enter(visibility, &Who { name: thread_name(), location });
        if opened {
            scope::end_with_thread(scope);
        }
        let patches = held.patch(scope, visibility, orders).inspect_err(|_| held.leave(scope))?;
        let original = orders.first().map_or(0, |order| held.patches.original(&held.hooks, order.target));
        Ok(Self { scope, patches, original, _thread: PhantomData })
    }

    /// The way to the original of the (first) target: its displaced first instructions, and a jump behind them.
    ///
    /// It stays valid for the life of the process. Transmute it to the target's type to call it.
    #[must_use]
    pub fn original(&self) -> *const () {
        self.original as *const ()
    }
}

impl Drop for PatchGuard {
    fn drop(&mut self) {
        let mut held = lock::hold();
        // Freed under the lock too: `free` may be replaced.
        for patch in mem::take(&mut self.patches) {
            held.remove(self.scope, patch);
        }
        held.leave(self.scope);
    }
}

fn thread_name() -> String {
    thread::current().name().unwrap_or("a thread without a name").to_owned()
}

/// Replaces the function at `target` by the one at `replacement`, for addresses known only at run time.
///
/// ```
/// # use std::ffi::c_int;
/// extern "C" fn other(_: c_int) -> c_int { 7 }
///
/// // SAFETY: a name that ends with a zero byte.
/// let abs = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"abs".as_ptr()) };
/// // SAFETY: `abs` and `other` have the same signature.
/// let guard = unsafe { monkey_core::patch_at(abs.cast(), other as *const ()) }?;
/// // SAFETY: `abs` takes and gives an int.
/// let abs = unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn(c_int) -> c_int>(abs) };
/// assert_eq!(abs(-3), 7);
/// // SAFETY: the way to `abs` itself.
/// let original = unsafe { std::mem::transmute::<*const (), extern "C" fn(c_int) -> c_int>(guard.original()) };
/// assert_eq!(original(-3), 3);
/// drop(guard);
/// assert_eq!(abs(-3), 3);
/// # Ok::<(), monkey_core::PatchError>(())
/// ```
///
/// # Errors
/// When the target cannot be patched: [`PatchError::cause`] says what is in the way.
///
/// # Safety
/// Both addresses must be those of functions with the same signature and ABI, and the replacement must do for its
/// callers what they rely on the target for. Nothing in Rust promises that code may be rewritten at all: what this
/// crate relies on instead stands in `docs/src/safety.md`.
#[track_caller]
pub unsafe fn patch_at(target: *const (), replacement: *const ()) -> Result<PatchGuard, PatchError> {
    let order = Order {
        target: target as usize,
        replacement: replacement as usize,
        target_name: "patch_at's target",
        replacement_name: "patch_at's replacement",
        location: Location::caller(),
        target_type: None,
        optimised: false,
        expected: None,
        partly: false,
    };
    PatchGuard::new(None, &[order], Location::caller())
}
