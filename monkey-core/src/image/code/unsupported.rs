//! Machines whose code is neither patched nor read.
use super::Destinations;

/// No jump is known.
pub(in crate::image) fn slot(_code: &[u8], _address: usize) -> Option<usize> {
    None
}

/// Nothing is known of where code goes.
pub(in crate::image) fn destinations(_code: &[u8], _address: usize) -> Destinations {
    Destinations::default()
}
