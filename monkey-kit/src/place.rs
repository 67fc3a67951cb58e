//! Where a call came from: the frames above it, and the nearest of them that is the test's own code.
use monkey_core::border::Bypass;
use monkey_core::image::{self, Caller};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// Frames that are kept of a stack.
const DEPTH: usize = 48;

/// The return addresses of a thread's frames, the innermost first. Taken without allocating.
#[derive(Debug, Clone, Copy)]
pub struct Frames {
    addresses: [usize; DEPTH],
    count: usize,
}

impl Frames {
    /// The caller's.
    pub fn here() -> Self {
        let _bypass = Bypass::begin();
        let mut frames = Self { addresses: [0; DEPTH], count: 0 };
        system::trace(&mut frames);
        frames
    }

    /// The functions that the frames are of.
    #[cfg(target_os = "linux")]
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
