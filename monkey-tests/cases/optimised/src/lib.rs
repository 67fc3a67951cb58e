//! See its tests.
