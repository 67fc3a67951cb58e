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

/// Frames that are kept of a stack. An HTTP client's in an unoptimised build, from a test's future to its socket, are more than a hundred.
const DEPTH: usize = 256;

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
        let (mut own, mut foreign, mut std, mut named) = (None, None, None, None);
        for &address in &self.addresses[..self.count] {
            let Some(caller) = image::caller(address) else { continue };
            if named.is_none() && !is_library(&caller.function) {
                named = Some(caller.function.clone());
            }
            if is_ours(&caller) || caller.file.is_none() {
                continue;
            }
            match whose(&caller) {
                Whose::Own => {
                    own = Some(caller);
                    break;
                }
                Whose::Registry => foreign = foreign.or(Some(caller)),
                Whose::Std => std = std.or(Some(caller)),
            }
        }
        match (own.or(foreign).or(std), named) {
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

/// Whose code a caller is. What is told is the nearest that is the program's own; if there is none, a registry's crate's, or the standard
/// library's.
enum Whose {
    Own,
    Registry,
    Std,
}

fn whose(caller: &Caller) -> Whose {
    let file = file(caller);
    let has = |folders: &[&str]| folders.iter().any(|folder| file.contains(folder));
    if has(&["/rustc/", "library/std/", "library/core/", "library/alloc/"]) {
        Whose::Std
    } else if has(&["/.cargo/", "/registry/src/"]) {
        Whose::Registry
    } else {
        Whose::Own
    }
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
