//! Which targets the lists of this crate have named so far: outer macros come before those within.
//!
//! `calls!` of such a name is answered by the name. It need not say which instance of a generic function the list means, which
//! the list itself finds out from the replacement.
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

static NAMES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes a name, as [`crate::names::text`] writes it.
pub fn note(name: &str) {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
}

/// Whether a list has named it.
pub fn contains(name: &str) -> bool {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_known_once_a_list_has_it() {
        assert!(!super::contains("shop::listed::here"));
        super::note("shop::listed::here");
        assert!(super::contains("shop::listed::here") && !super::contains("here"));
    }
}
