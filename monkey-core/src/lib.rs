//! The engine of monkey.
