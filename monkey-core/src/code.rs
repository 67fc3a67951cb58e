//! The porting seam: which memory is code, room near it, and changing it while it runs.
//!
//! One file per operating system, one per architecture for what an instruction set adds.
#[cfg(system = "linux")]
mod linux;
#[cfg(system = "macos")]
mod macos;
#[cfg(system = "windows")]
mod windows;
#[cfg(system = "linux")]
use linux as system;
#[cfg(system = "macos")]
use macos as system;
#[cfg(system = "windows")]
use windows as system;

#[cfg(not(system = "macos"))]
mod around_trap;
pub mod breakpoint;
#[cfg(target_arch = "x86_64")]
mod landing;
mod map;
mod near;
pub mod signature;
#[cfg(not(system = "macos"))]
mod stacks;
#[cfg(system = "linux")]
mod valgrind;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "aarch64")]
use aarch64 as arch;
#[cfg(target_arch = "x86_64")]
use x86_64 as arch;

pub use map::Map;
pub use near::allocate;
#[cfg(system = "windows")]
pub use system::api;
pub use system::{
    MAP, Tracer, Writing, barrier, choose_way, has_barrier, is_only_thread, memory, own_thread, page_size,
    read_memory, redirect, thread_exists, thread_name, write, write_stderr,
};
// What a system has that forks.
#[cfg(system = "windows")]
pub use system::takes_exceptions;
#[cfg(any(system = "linux", system = "macos"))]
pub use system::{ask_loader_again, early, let_loader_rest};
#[cfg(system = "linux")]
pub use system::{each_loaded_file, loads, signal};
// A jump that lands at a certain address, or begins in the padding in front of a function, is of this machine only.
#[cfg(target_arch = "x86_64")]
pub use landing::place;

/// Whether a trap at an address might never come to its handler. Elsewhere the kernel itself calls handlers.
#[cfg(not(system = "windows"))]
#[must_use]
pub fn takes_exceptions(_address: usize) -> bool {
    false
}

/// Whether these bytes lie at an address, where there may be nothing at all: a library may have been closed.
#[cfg(any(not(system = "macos"), target_arch = "x86_64"))]
#[must_use]
pub fn holds(address: usize, bytes: &[u8]) -> bool {
    let mut there = vec![0; bytes.len()];
    read_memory(address, &mut there) == bytes.len() && there == bytes
}

#[cfg(target_arch = "aarch64")]
const BREAKPOINT: breakpoint::Breakpoint = breakpoint::AARCH64;
#[cfg(target_arch = "x86_64")]
const BREAKPOINT: breakpoint::Breakpoint = breakpoint::X86_64;

/// The code where memory has `memory` and the loaded file has `file`, without breakpoints that somebody has set, and the
/// offsets of these; see [`breakpoint::Breakpoint::remove_all`].
#[must_use]
pub fn without_breakpoints(memory: &[u8], file: &[u8]) -> Option<(Vec<u8>, Vec<usize>)> {
    BREAKPOINT.remove_all(memory, file)
}

/// The code with this signature in front of it, if the target, which begins with these bytes, begins with a jump to it. Never a
/// fault, whatever is there.
#[must_use]
pub fn leads_to_signature(target: usize, body: &[u8], signature: &[u8; signature::LENGTH]) -> Option<usize> {
    #[cfg(target_arch = "aarch64")]
    let destination = signature::destination_aarch64;
    #[cfg(target_arch = "x86_64")]
    let destination = signature::destination_x86_64;
    let read = |at: usize, bytes: &mut [u8]| {
        if let Some(known) = at.checked_sub(target).and_then(|begin| body.get(begin..begin + bytes.len())) {
            bytes.copy_from_slice(known);
            return true;
        }
        read_memory(at, bytes) == bytes.len()
    };
    signature::leads_to(signature, target, destination, &read)
}

/// A target's first bytes, about to become a jump.
#[derive(Debug)]
pub struct Redirect<'a> {
    /// The target's address.
    pub target: usize,
    /// The jump's bytes.
    pub jump: &'a [u8],
    /// What is written before, address by address: nobody runs it, or it means the same to who does.
    pub first: &'a [(usize, Vec<u8>)],
    /// Where a thread goes on that stands on an instruction which the jump will cover: offset in the target, address
    /// in the trampoline. The first one, at offset 0, is the stub: such a thread has yet to make the call.
    pub moves: &'a [(usize, usize)],
}

impl Redirect<'_> {
    /// Whether the jump lies over an address.
    fn covers(&self, address: usize) -> bool {
        (self.target..self.target + self.jump.len()).contains(&address)
    }

    /// Where a thread may stand between two of the instructions that the jump covers.
    fn between(&self) -> Vec<usize> {
        let offsets = self.moves.iter().map(|(offset, _)| *offset);
        offsets
            .filter(|offset| (1..self.jump.len()).contains(offset))
            .map(|offset| self.target + offset)
            .collect()
    }

    /// Whether the jump covers more than one instruction.
    fn covers_boundaries(&self) -> bool {
        !self.between().is_empty()
    }

    /// Whether one store can write the jump so that no other core sees half of it: within an aligned eight bytes.
    fn fits_one_store(&self) -> bool {
        self.target % 8 + self.jump.len() <= 8
    }
}

/// Memory near a target for a block of hooks: code that may run, and data next to it.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// The first address.
    pub start: usize,
    /// Bytes of code, at the start.
    pub code: usize,
    /// Bytes of data, behind the code.
    pub data: usize,
}
