//! Replaces functions in tests by patching their machine code.
