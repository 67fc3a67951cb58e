//! Functions that their symbols and lines do not tell apart.
