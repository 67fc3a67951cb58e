//! The first instructions of a target, moved to another place, or the reason why they cannot move.
//!
//! Pure: bytes and addresses in, bytes out. Every architecture is compiled on every host, so that all of
//! them are tested wherever the tests run.
use std::fmt;

pub mod aarch64;
pub mod x86_64;

#[cfg(all(not(system = "unsupported"), target_arch = "aarch64"))]
pub(crate) use aarch64 as arch;
#[cfg(all(not(system = "unsupported"), target_arch = "x86_64"))]
pub(crate) use x86_64 as arch;

/// The displaced instructions of a target, relocated: what the trampoline is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relocated {
    /// The code for the new place. It ends with a jump to the first instruction that was not displaced,
    /// unless the displaced ones end in an unconditional transfer.
    pub code: Vec<u8>,
    /// How many bytes of the target were taken: whole instructions, padding behind the target included.
    pub displaced: usize,
    /// Where each displaced instruction starts: its offset in the target, and in `code`.
    pub boundaries: Vec<(usize, usize)>,
}

/// Why the first instructions of a target cannot be displaced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The target and the padding behind it are shorter than the jump.
    TooShort {
        /// Bytes that could be overwritten.
        length: usize,
        /// Bytes that the jump takes.
        need: usize,
    },
    /// A branch lands on the bytes that the jump overwrites, or between two displaced instructions.
    BranchInto {
        /// Address of the branching instruction.
        from: u64,
        /// Address it lands on.
        to: u64,
    },
    /// A displaced call returns to the bytes that the jump overwrites.
    ReturnInto {
        /// Address of the call.
        call: u64,
    },
    /// The bytes are no instruction.
    Undecodable {
        /// Their address.
        at: u64,
    },
    /// An operand cannot be reached from the new place.
    OutOfReach {
        /// Address of the instruction.
        at: u64,
    },
    /// The instruction would do something else at another place.
    Immovable {
        /// Address of the instruction.
        at: u64,
        /// What is in the way.
        why: &'static str,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { length, need } => {
                write!(f, "only {length} bytes can be overwritten, and the jump takes {need}")
            }
            Self::BranchInto { from, to } => {
                write!(f, "the branch at {from:#x} goes to {to:#x}, into the displaced bytes")
            }
            Self::ReturnInto { call } => {
                write!(f, "the call at {call:#x} returns into the bytes that the jump overwrites")
            }
            Self::Undecodable { at } => write!(f, "no instruction at {at:#x}"),
            Self::OutOfReach { at } => {
                write!(f, "the operand of the instruction at {at:#x} is out of reach of the trampoline")
            }
            Self::Immovable { at, why } => write!(f, "the instruction at {at:#x} cannot be moved: {why}"),
        }
    }
}

impl std::error::Error for Refusal {}
