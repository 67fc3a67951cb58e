//! Relocation of x86-64 code: each rule by hand, then every function of real programs.

#[path = "relocate_x86_64/checker.rs"]
mod checker;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[path = "relocate_x86_64/sweep.rs"]
mod sweep;
