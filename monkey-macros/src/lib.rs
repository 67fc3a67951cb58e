//! The attributes of monkey.
