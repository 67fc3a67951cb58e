//! Machines whose code is neither patched nor read.
use super::Destinations;

/// Nothing is known of where code goes.
pub(in crate::image) fn destinations(_code: &[u8], _address: usize) -> Destinations {
    Destinations::default()
}
