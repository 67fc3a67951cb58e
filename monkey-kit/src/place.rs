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

    /// The functions that the frames are of, each with where it goes on. Where one was inlined into another, it comes before that.
    #[cfg(target_os = "linux")]
    pub fn functions(&self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        for &address in &self.addresses[..self.count] {
            let Some(around) = image::find(address - 1) else { continue };
            if let Some(caller) = image::caller(address) {
                found.push((caller.function, address));
            }
            found.push((around.name, address));
        }
        found
    }

    /// Where it is, in words: ``src/bank.rs:31 (`bank::transfer`)``. Without debug information it is the function alone, if the program's own
    /// was not inlined.
    pub fn place(&self) -> String {
        let _bypass = Bypass::begin();
        let (mut nearest, mut named) = (None, None);
        for &address in &self.addresses[..self.count] {
            let Some(caller) = image::caller(address) else { continue };
            if named.is_none() && !is_library(&caller.function) {
                named = Some(caller.function.clone());
            }
            if is_ours(&caller) || caller.file.is_none() {
                continue;
            }
            let is_own = is_own(&caller);
            if is_own || nearest.is_none() {
                nearest = Some(caller);
            }
            if is_own {
                break;
            }
        }
        // The nearest that is neither the standard library's, nor ours, nor a registry's crate; if there is none, the nearest whose file is known.
        match (nearest, named) {
            (Some(Caller { function, file, line }), _) => {
                format!("{}:{} (`{function}`)", file.unwrap_or_default(), line.unwrap_or_default())
            }
            (None, Some(function)) => format!("`{function}` {NO_LINES}"),
            (None, None) => format!("a place {NO_LINES}"),
        }
    }
}

const NO_LINES: &str = "without debug information (a profile's `debug = \"line-tables-only\"` has lines)";

/// Whether a function is one of the libraries that are in every test, of which their names alone tell.
fn is_library(function: &str) -> bool {
    let path = function.trim_start_matches(['<', '&', '(']);
    let Some((of, _)) = path.split_once("::") else { return true };
    ["std", "core", "alloc", "test", "__rustc", "monkey_core", "monkey_kit"].contains(&of)
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

#[cfg(test)]
mod tests {
    use super::is_library;

    #[test]
    fn libraries_are_told_by_their_names() {
        let libraries =
            ["std::thread::park", "<core::iter::Map<I, F> as core::iter::Iterator>::next", "main"];
        assert!(libraries.iter().all(|function| is_library(function)));
        assert!(!is_library("bank::transfer") && !is_library("<bank::Account as core::ops::Drop>::drop"));
    }
}
