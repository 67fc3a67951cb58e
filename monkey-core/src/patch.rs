//! Patches: what the macros call. (Signatures first; the engine fills them in.)
use crate::PatchError;
use std::marker::PhantomData;

/// Takes its replacements away when dropped.
#[must_use = "the replacement ends when the guard is dropped"]
#[derive(Debug)]
pub struct PatchGuard {
    _thread: PhantomData<*const ()>,
}

impl PatchGuard {
    /// The way to the original of the first target.
    pub fn original(&self) -> *const () {
        todo!()
    }
}

/// Replaces the function at `target` by the one at `replacement`.
///
/// # Errors
/// When the target cannot be patched.
///
/// # Safety
/// Both must be functions of the same signature and ABI.
pub unsafe fn patch_at(_target: *const (), _replacement: *const ()) -> Result<PatchGuard, PatchError> {
    todo!()
}

/// Who sees a patch.
#[derive(Debug, Clone)]
pub struct Scope;

impl Scope {
    /// The caller's scope.
    pub fn current() -> Self {
        todo!()
    }
    /// Runs `body` in this scope.
    pub fn run<R>(&self, _body: impl FnOnce() -> R) -> R {
        todo!()
    }
}
