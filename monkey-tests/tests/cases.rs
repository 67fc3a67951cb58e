//! Programs that brought the engine down once, others of their kinds, and what has to be said of a missed call.
//!
//! What may crash or hang does so in a process of its own, which has a time limit. Those that are whole packages are in
//! `monkey-tests/cases`, a workspace of its own that is built once.

/// Tests that run in processes of their own, and how many seconds each has.
macro_rules! limited {
    ($($(#[$attribute:meta])* $name:ident in $seconds:literal s $body:block)*) => {$(
        $(#[$attribute])*
        #[test]
        fn $name() {
            let path = concat!(module_path!(), "::", stringify!($name));
            let limit = std::time::Duration::from_secs($seconds);
            monkey_tests::child::within(limit, path.split_once("::").unwrap().1, || $body);
        }
    )*};
}

#[path = "cases/copies.rs"]
mod copies;
#[path = "cases/cycles.rs"]
mod cycles;
#[path = "cases/drops.rs"]
mod drops;
#[path = "cases/forks.rs"]
mod forks;
#[path = "cases/functions.rs"]
mod functions;
#[path = "cases/locks.rs"]
mod locks;
#[path = "cases/originals.rs"]
mod originals;
#[path = "cases/programs.rs"]
mod programs;
#[path = "cases/registers.rs"]
mod registers;
#[path = "cases/signals.rs"]
mod signals;
#[path = "cases/standard_error.rs"]
mod standard_error;
#[path = "cases/swallowed.rs"]
mod swallowed;
