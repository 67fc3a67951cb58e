//! A test's own time and outside world: clock, randomness, environment, files, network and programs.
//!
//! Users take the package `monkey-mock`, which re-exports what is public here.
//!
//! Everything is replaced at the border between Rust and the system, the C library's functions, once for all crates and
//! for C, in the caller's scope. So it is seen at every optimisation level, by every thread that a test starts, and by no
//! other test.
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "aarch64", target_arch = "x86_64"),
    target_pointer_width = "64"
)))]
compile_error!(
    "monkey-kit is made of functions of Linux's C library, on x86-64 and AArch64; help: depend on monkey-mock, which leaves it out \
     on other targets"
);

mod border;
pub mod clock;
pub mod env;
mod files;
pub mod fs;
mod guard;
mod hermetic;
pub mod net;
mod place;
pub mod process;
pub mod random;
mod system_call;
mod violation;
mod world;

#[doc(hidden)]
pub use hermetic::{Hermetic, hermetic};
