//! What every guard of the kit is made of: patches of the C library's functions, and the scope's world.
use crate::border::Entry;
use crate::world::{Hold, World};
use monkey_core::border::{Bypass, Function, Patches};
use std::ops::Deref;
use std::panic::Location;

/// Replaces functions in the caller's scope, and keeps its world.
#[derive(Debug)]
pub struct Guard {
    // In this order: when the world goes, nobody new comes by.
    #[cfg_attr(not(unix), allow(dead_code, reason = "held for its drop"))]
    patches: Patches,
    hold: Hold,
    pub location: &'static Location<'static>,
}

/// A program that has the C library in itself finds none of its functions: without a word, nothing would be replaced.
const HIDDEN: &str = "a C library that is linked statically tells nobody where its functions are, so none of them can be replaced
  help: link it dynamically for tests: RUSTFLAGS=\"-C target-feature=-crt-static\"";

/// Where they are. Two names of one function, as `open` and `open64` are, are one.
fn functions(entries: &[&'static Entry]) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::with_capacity(entries.len());
    for entry in entries {
        if let Some(function) = entry.function()
            && !functions.iter().any(|known| known.target == function.target)
        {
            functions.push(function);
        }
    }
    functions
}

impl Guard {
    /// Those that this C library does not have are left out.
    ///
    /// # Panics
    /// When one of them cannot be replaced, or none is found: with the reason.
    #[track_caller]
    pub fn new(entries: &[&'static Entry]) -> Self {
        let location = Location::caller();
        assert!(entries.iter().any(|entry| entry.is_named() && entry.function().is_some()), "{HIDDEN}");
        let patches = {
            let _bypass = Bypass::begin();
            Patches::new(&functions(entries), location)
        };
        match patches {
            Ok(patches) => {
                let hold = Hold::new(patches.scope(), patches.everywhere());
                Self { patches, hold, location }
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Guard {
    pub fn world(&self) -> &'static World {
        self.hold.world()
    }

    #[cfg(unix)]
    pub fn scope(&self) -> u64 {
        self.patches.scope()
    }
}

impl Deref for Guard {
    type Target = World;
    fn deref(&self) -> &World {
        &self.hold
    }
}
