//! Subjects for the tests of monkey.
