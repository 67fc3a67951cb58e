//! Guards: patches with the life of a value.
use crate::count::Count;
use crate::error::PatchError;
use crate::few::Few;
use crate::group::Group;
use crate::installed::{self, List, Listed};
use crate::notes::{self, Complaint};
use crate::owed;
use crate::request::{Request, Visibility};
use crate::scope::Who;
use crate::thread::BypassAll;
use crate::turn::{self, Turn};
use crate::unwind;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::panic::Location;
use std::thread;

/// Takes its replacements away when it is dropped.
///
/// Guards of the same target may be dropped in any order: the newest one that is left counts. A guard stays on its
/// thread. One that is forgotten (`mem::forget`) ends with its scope: with the test, or, where the guard itself opened
/// the scope, with the thread.
///
/// # Panics
/// When it is dropped, and `expect(..)` was not kept, or a call went past a replacement; not where the thread panics already, or the
/// process would end of a panic, as in the destructor of a thread-local: then that is said on standard error, and fails the test. And when taking a replacement away would leave others that lead back to where they began.
#[must_use = "the replacement is taken away again when the guard is dropped"]
#[derive(Debug)]
pub struct PatchGuard {
    scope: u64,
    held: ManuallyDrop<Held>,
    fail: Fail,
    /// The scope word is the thread's own: a guard dropped elsewhere would leave it behind.
    _thread: PhantomData<*const ()>,
}

/// Where a guard's patches are.
#[derive(Debug)]
enum Held {
    Here(List),
    /// They demand something, and its scope has them by this number.
    ByScope {
        number: u64,
        /// Their first function.
        first: Option<&'static Group>,
    },
}

impl Held {
    fn first(&self) -> Option<&'static Group> {
        match self {
            Self::Here(patches) => patches.groups().next(),
            Self::ByScope { first, .. } => *first,
        }
    }

    #[cold]
    fn give_to_scope(patches: &mut List, scope: u64) -> Self {
        let first = patches.groups().next();
        Self::ByScope { number: owed::keep(scope, mem::take(patches)), first }
    }

    /// None are left where the scope has ended, and has judged them.
    #[cold]
    fn take_back(number: u64) -> List {
        owed::take(number).unwrap_or_default()
    }
}

/// Panics with a text. A drop knows no place of its user's; the macros write this where theirs is, and the panic names that one.
pub type Fail = fn(&str) -> !;

impl PatchGuard {
    /// For use while the engine is at work.
    pub(crate) fn new(
        visibility: Option<Visibility>,
        wanted: Few<Box<Listed>>,
        location: &'static Location<'static>,
        fail: Fail,
    ) -> Result<Self, PatchError> {
        let mut made = Self::surely_dropped(visibility, wanted, location, fail);
        // Where it lies: a guard is a dozen words, which are not moved for it.
        if let Ok(guard) = &mut made
            && let Held::Here(patches) = &mut *guard.held
            && patches.demands()
        {
            *guard.held = Held::give_to_scope(patches, guard.scope);
        }
        made
    }

    /// The same for one that nobody else gets. What it lends may be taken away by nobody else either, who would not wait for its calls.
    #[inline]
    pub(crate) fn surely_dropped(
        visibility: Option<Visibility>,
        wanted: Few<Box<Listed>>,
        location: &'static Location<'static>,
        fail: Fail,
    ) -> Result<Self, PatchError> {
        let Turn { scope, opened, visibility: own } =
            turn::enter(visibility, &|| Who::thread(location), true);
        if opened {
            turn::end_with_thread(scope, owed::tell);
        }
        let visibility = match visibility {
            Some(visibility) => visibility,
            None => own,
        };
        match installed::install(scope, visibility, wanted, Count::ANY) {
            Ok(patches) => {
                Ok(Self { scope, held: ManuallyDrop::new(Held::Here(patches)), fail, _thread: PhantomData })
            }
            Err(error) => {
                turn::leave(scope);
                Err(error)
            }
        }
    }

    /// The trampoline of the (first) target: its displaced first instructions, and a jump back behind them. The way to the
    /// original.
    ///
    /// It stays valid for the life of the process. Transmute it to the target's type to call it.
    ///
    /// # Panics
    /// When the target's calls are dispatched in source: its code is as it was, and `original!` is the way.
    #[must_use]
    #[track_caller]
    pub fn original(&self) -> *const () {
        let group = self.held.first();
        let in_source = group.is_some_and(Group::is_in_source);
        assert!(
            !in_source,
            "there is no trampoline: this target's code is not patched, its calls are dispatched in source\n  \
             help: call the original by `monkey::original!`"
        );
        group.and_then(Group::original).unwrap_or(0) as *const ()
    }
}

/// Where no macro has written it: the text has the user's place.
fn fail_here(wrong: &str) -> ! {
    panic!("{wrong}")
}

impl Drop for PatchGuard {
    fn drop(&mut self) {
        let bypass = BypassAll::begin();
        let wrong = match &mut *self.held {
            Held::Here(patches) => patches.end(self.scope),
            Held::ByScope { number, .. } => Held::take_back(*number).end(self.scope),
        };
        // While the engine is at work: a test may have replaced `free`.
        // SAFETY: a guard is dropped once, and nobody looks at this afterwards.
        unsafe { ManuallyDrop::drop(&mut self.held) };
        let Some(wrong) = wrong else { return };
        drop(bypass);
        if thread::panicking() || !unwind::is_possible_in_rust() {
            notes::complain(Complaint { text: wrong, told: false });
        } else {
            notes::complain_by_panic(&wrong);
            (self.fail)(&wrong);
        }
    }
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
/// // SAFETY: the trampoline of `abs`.
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
    let request = Request::new(
        (target as usize, "patch_at's target"),
        (replacement as usize, "patch_at's replacement"),
        Location::caller(),
    );
    let bypass = BypassAll::begin();
    let listed = Listed::new(request);
    let guard = PatchGuard::new(None, Few::One(listed), Location::caller(), fail_here);
    drop(bypass);
    guard
}
