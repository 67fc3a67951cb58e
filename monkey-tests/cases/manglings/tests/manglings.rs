//! What tells functions apart is another thing in each mangling, and with less debug information.
macro_rules! limited {
    ($($(#[$attribute:meta])* $name:ident in $seconds:literal s $body:block)*) => {
        $($(#[$attribute])* #[test] fn $name() $body)*
    };
}

#[path = "own/copies.rs"]
mod copies;
#[path = "own/drops.rs"]
mod drops;
#[path = "own/functions.rs"]
mod functions;
