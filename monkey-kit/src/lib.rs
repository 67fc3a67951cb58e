//! A test's own time and outside world: clock, randomness, environment, files, network and programs.
//!
//! Users take the package `monkey-mock`, which re-exports what is public here.
//!
//! Everything is replaced at the border between Rust and the system, the C library's functions, once for all crates and
//! for C, in the caller's scope. So it is seen at every optimisation level, by every thread that a test starts, and by no
//! other test.
#[cfg(not(all(
    any(
        all(
            any(target_os = "linux", target_os = "macos"),
            any(target_arch = "aarch64", target_arch = "x86_64")
        ),
        all(windows, target_arch = "x86_64")
    ),
    target_pointer_width = "64"
)))]
compile_error!(
    "monkey-kit is made of functions that the engine can patch, on x86-64 and AArch64 Linux and macOS and on x86-64 Windows; \
     help: depend on monkey-mock, which leaves it out on other targets"
);

mod border;
pub mod clock;
pub mod env;
mod guard;
mod op;
mod place;
pub mod random;
#[cfg(windows)]
mod windows;
mod word;
mod world;

#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
pub mod fs;
#[cfg(target_os = "linux")]
mod hermetic;
#[cfg(not(target_os = "linux"))]
mod missing;
#[cfg(target_os = "linux")]
pub mod net;
#[cfg(unix)]
pub mod process;
#[cfg(target_os = "linux")]
mod system_call;
#[cfg(unix)]
mod violation;

#[doc(hidden)]
#[cfg(target_os = "linux")]
pub use hermetic::{Hermetic, hermetic};
#[cfg(not(target_os = "linux"))]
#[doc(hidden)]
pub use missing::hermetic;
#[cfg(windows)]
pub use missing::process;
#[cfg(not(target_os = "linux"))]
pub use missing::{fs, net};
