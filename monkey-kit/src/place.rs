//! Where a call came from: the frames above it, and the nearest of them that is the test's own code.
use monkey_core::border::Bypass;
use monkey_core::image::{self, Caller};
use std::ffi::c_void;

/// Frames that are kept of a stack.
const DEPTH: usize = 48;

/// The return addresses of a thread's frames, the innermost first. Taken without allocating.
#[derive(Debug, Clone, Copy)]
pub struct Frames {
    addresses: [usize; DEPTH],
    count: usize,
}

type Trace = extern "C" fn(*mut c_void, *mut c_void) -> i32;

unsafe extern "C" {
    fn _Unwind_Backtrace(trace: Trace, argument: *mut c_void) -> i32;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

const GO_ON: i32 = 0;
const END: i32 = 5;

extern "C" fn keep(context: *mut c_void, frames: *mut c_void) -> i32 {
    // SAFETY: `Frames::here` passed its own, which nobody else has.
    let frames = unsafe { &mut *frames.cast::<Frames>() };
    // SAFETY: the unwinder's context of this frame.
    let address = unsafe { _Unwind_GetIP(context) };
    if frames.count == DEPTH || address == 0 {
        return END;
    }
    frames.addresses[frames.count] = address;
    frames.count += 1;
    GO_ON
}

impl Frames {
    /// The caller's.
    pub fn here() -> Self {
        let _bypass = Bypass::begin();
        let mut frames = Self { addresses: [0; DEPTH], count: 0 };
        // SAFETY: `keep` takes what it is given here.
        unsafe { _Unwind_Backtrace(keep, (&raw mut frames).cast()) };
        frames
    }

    /// The functions that the frames are of.
    pub fn functions(&self) -> impl Iterator<Item = String> + '_ {
        let found = self.addresses[..self.count].iter().filter_map(|address| image::find(address - 1));
        found.map(|function| function.name)
    }

    /// The nearest frame that is neither the standard library's, nor ours, nor a registry's crate; if there is none, the
    /// nearest that is known.
    pub fn place(&self) -> Option<Caller> {
        let _bypass = Bypass::begin();
        let callers = self.addresses[..self.count].iter().filter_map(|address| image::caller(*address));
        let mut known = callers.filter(|caller| !is_ours(caller) && caller.file.is_some());
        let first = known.next()?;
        if is_own(&first) {
            return Some(first);
        }
        Some(known.find(is_own).unwrap_or(first))
    }
}

fn file(caller: &Caller) -> &str {
    caller.file.as_deref().unwrap_or_default()
}

fn is_ours(caller: &Caller) -> bool {
    ["monkey-kit/src/", "monkey-core/src/"].iter().any(|folder| file(caller).contains(folder))
}

fn is_own(caller: &Caller) -> bool {
    let file = file(caller);
    !["/rustc/", "/.cargo/", "/registry/src/", "library/std/", "library/core/", "library/alloc/"]
        .iter()
        .any(|folder| file.contains(folder))
}
