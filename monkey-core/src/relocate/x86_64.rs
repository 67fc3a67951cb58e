//! x86-64: instructions that do not depend on their place are copied byte for byte, the others encoded anew.
//!
//! Shadow stacks (CET) are not provided for: a displaced call pushes its return address without a `call`.
use super::{Refusal, Relocated};
use decode::{Fault, Instruction, decode, flow::Flow};
use encode::Encoder;

mod call;
#[doc(hidden)]
pub mod decode;
mod encode;
mod scan;

/// No [`Relocated::code`] is longer, for a `need` of up to 14 bytes: seven `loop`s of two bytes become ten bytes
/// and a pointer of eight each, and there are a long last instruction, a far jump back and alignment.
pub const LONGEST: usize = 256;

/// Moves the first instructions of the function at `from` to the address `to`, as many as `need` bytes touch.
///
/// `body` is what may be read from `from` on, and nothing beyond it is taken. `extent` is the length of the
/// function itself, when it is known: what lies between it and the end of `body` may be taken if it is padding.
///
/// # Errors
/// When the instructions cannot be moved, or when anything goes to the bytes that are to be overwritten.
pub fn relocate(
    body: &[u8],
    from: u64,
    to: u64,
    need: usize,
    extent: Option<usize>,
) -> Result<Relocated, Refusal> {
    let taken = take(body, from, need, extent)?;
    taken.check_targets(from, need)?;
    match extent {
        Some(extent) => scan::whole(&body[..extent.min(body.len())], from, need, taken.length)?,
        None => scan::reachable(body, from, need, &taken)?,
    }
    taken.encode(from, to)
}

/// The instructions to displace, and how many bytes they take together with unused padding behind them.
struct Taken<'a> {
    instructions: Vec<Instruction<'a>>,
    length: usize,
}

/// Decodes whole instructions until there are `need` bytes of them.
fn take(body: &[u8], from: u64, need: usize, extent: Option<usize>) -> Result<Taken<'_>, Refusal> {
    let mut end = extent.map_or(body.len(), |extent| extent.min(body.len()));
    let mut taken = Taken { instructions: Vec::with_capacity(need), length: 0 };
    while taken.length < need.min(end) {
        let at = from.wrapping_add(taken.length as u64);
        let instruction = match decode(&body[taken.length..end], at) {
            Ok(instruction) => instruction,
            Err(Fault::Truncated) => return Err(Refusal::TooShort { length: end, need }),
            Err(fault) => return Err(fault.refusal(at)),
        };
        taken.length += instruction.bytes.len();
        taken.instructions.push(instruction);
        // Without an extent nothing tells whether what follows is still this function, even if a branch goes
        // there: LLVM makes conditional tail calls, and at opt-level `s` the next function starts right here.
        if extent.is_none() && (instruction.flow.leaves() || instruction.flow == Flow::Breakpoint) {
            end = taken.length;
        }
    }
    if taken.length < need {
        taken.take_padding(body, from, need)?;
    }
    Ok(taken)
}

impl Fault {
    fn refusal(self, at: u64) -> Refusal {
        match self {
            Self::Truncated | Self::Undefined => Refusal::Undecodable { at },
            Self::Ambiguous(why) => Refusal::Immovable { at, why },
        }
    }
}

/// Where the instruction lands, if that is among the first `need` bytes of the function at `from`.
///
/// A call of the first byte is a recursion: it goes through the hook like every other call.
fn lands_in(instruction: &Instruction, from: u64, need: usize) -> Option<u64> {
    let target = instruction.branch_target()?;
    let offset = target.wrapping_sub(from);
    let recursion = offset == 0 && instruction.flow == Flow::Call;
    (offset < need as u64 && !recursion).then_some(target)
}

impl<'a> Taken<'a> {
    /// Goes on into the padding behind the function: `int3` and the nops of any length.
    fn take_padding(&mut self, body: &'a [u8], from: u64, need: usize) -> Result<(), Refusal> {
        let falls_through = !self.instructions.last().is_some_and(|last| last.flow.leaves());
        while self.length < need {
            let padding = decode(&body[self.length..], from.wrapping_add(self.length as u64))
                .ok()
                .filter(|next| next.is_nop() || next.flow == Flow::Breakpoint);
            let Some(instruction) = padding else {
                return Err(Refusal::TooShort { length: self.length, need });
            };
            self.length += instruction.bytes.len();
            // A function may run off its end (hand-written assembly does): then the padding is executed.
            if falls_through {
                self.instructions.push(instruction);
            }
        }
        Ok(())
    }

    /// Refuses displaced branches into displaced instructions, and calls that return where the jump will be.
    fn check_targets(&self, from: u64, need: usize) -> Result<(), Refusal> {
        for instruction in &self.instructions {
            let at = instruction.address;
            if instruction.flow.is_call() {
                if instruction.next().wrapping_sub(from) < need as u64 {
                    return Err(Refusal::ReturnInto { call: at });
                }
                if let Some(to) = lands_in(instruction, from, need) {
                    return Err(Refusal::BranchInto { from: at, to });
                }
            } else if let Some(to) = instruction.branch_target()
                && to.wrapping_sub(from) < self.length as u64
                && !self.starts_at(to)
            {
                return Err(Refusal::BranchInto { from: at, to });
            }
        }
        Ok(())
    }

    fn starts_at(&self, address: u64) -> bool {
        self.instructions.iter().any(|instruction| instruction.address == address)
    }

    /// Encodes the instructions for the address `to`.
    fn encode(&self, from: u64, to: u64) -> Result<Relocated, Refusal> {
        let mut encoder = Encoder::new(to);
        for instruction in &self.instructions {
            encoder.start(instruction.address.wrapping_sub(from) as usize);
            self.encode_one(&mut encoder, instruction, from)?;
        }
        // A displaced call is the last instruction, or it would return into the jump, and it has become a jump.
        if !self.instructions.last().is_some_and(|last| last.flow.leaves() || last.flow.is_call()) {
            encoder.jump(from.wrapping_add(self.length as u64));
        }
        encoder.finish(self.length)
    }

    fn encode_one(&self, encoder: &mut Encoder, instruction: &Instruction, from: u64) -> Result<(), Refusal> {
        if instruction.flow.is_call() {
            return call::encode(encoder, instruction);
        }
        let Some(target) = instruction.branch_target() else { return encoder.copy(instruction) };
        if self.starts_at(target) {
            encoder.inner_branch(instruction, target.wrapping_sub(from) as usize)
        } else {
            encoder.outer_branch(instruction, target)
        }
    }
}
