//! Systems whose tables are not read: there a panic is taken to be caught.

#[must_use]
pub fn is_possible() -> bool {
    true
}

#[must_use]
pub fn is_possible_in_rust() -> bool {
    true
}
