//! The jump at a target's entry: in which form, what it displaces, what is written in which order.
//!
//! A form that covers one instruction and fits one store comes first: then no thread can stand between two covered
//! instructions, and nobody has to be kept out while it is written.
use crate::code::{self, Tracer};
use crate::error::Cause;
use crate::relocate::Relocated;
use std::borrow::Cow;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod padding;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub use aarch64::{Form, plan};
#[cfg(target_arch = "x86_64")]
pub use x86_64::{Form, plan};

/// What is to be hooked, and where its hook lies.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// Where the jump begins.
    pub from: usize,
    /// What may be read from there on, without anybody's breakpoints.
    pub body: &'a [u8],
    /// What memory has as its first byte, which may be somebody's breakpoint.
    #[cfg_attr(target_arch = "aarch64", allow(dead_code, reason = "every form is one store there"))]
    pub first: u8,
    /// The length of the function's code from there on, where it is known.
    pub extent: Option<usize>,
    /// How many bytes in front of it belong to no function.
    #[cfg_attr(target_arch = "aarch64", allow(dead_code, reason = "one instruction is enough there"))]
    pub gap: usize,
    pub stub: usize,
    /// Where the displaced instructions go.
    pub displaced_at: usize,
    /// Whether the stub is within reach of a near jump.
    pub near: bool,
    /// Whether a trap is to be avoided: where somebody traces this process it does not reach us, and bytes behind the first one may
    /// change back at any time to what the file has; and where other threads run each of them has to be seen elsewhere.
    #[cfg_attr(target_arch = "aarch64", allow(dead_code, reason = "a near jump is one store there"))]
    pub avoids_trap: &'a dyn Fn() -> bool,
}

/// A jump that can be made.
#[derive(Debug)]
pub struct Entry {
    #[allow(dead_code, reason = "said in tests, and by `Debug`")]
    pub form: Form,
    /// The target's first instructions, for another place.
    pub relocated: Relocated,
    /// What is written first, in this order: nobody runs it, or it means the same to who does.
    pub first: Vec<(usize, Vec<u8>)>,
    /// What is written over the target's first bytes.
    pub jump: Vec<u8>,
}

/// The code at a target where memory has `memory` and the loaded file has `file`: without the breakpoints that somebody has set there.
///
/// # Errors
/// When a debugger has one on the first byte. It keeps what it has taken away for good, and puts that back, over the
/// jump, whenever the program stops.
pub fn true_code<'a>(memory: &'a [u8], file: &[u8]) -> Result<Cow<'a, [u8]>, Cause> {
    let Some((code, breakpoints)) = code::without_breakpoints(memory, file) else {
        return Ok(Cow::Borrowed(memory));
    };
    match Tracer::find().filter(Tracer::is_debugger) {
        Some(tracer) if breakpoints.contains(&0) => Err(Cause::Breakpoint { by: tracer.to_string() }),
        _ => Ok(Cow::Owned(code)),
    }
}
