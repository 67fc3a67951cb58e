//! `AArch64`: an instruction that names an address in its own distance from it is encoded anew, the others are copied.
//!
//! What is placed at `to` runs as the target's own first instructions, so it may change no register that they do not,
//! except `x16` and `x17`, and those only where the displaced instructions have nothing in them.
//!
//! A far jump, one out of the reach of `b`, goes by `ret` with a register: unlike `br`, that may land behind a
//! function's landing pad. Guarded control stacks (`FEAT_GCS`) are not provided for: they would see a `ret` without a
//! call, and a displaced call writes its return address without calling.
use super::{Refusal, Relocated};

mod decode;
mod encode;
mod registers;
mod scan;

use decode::{IMM26, Instruction, Register};
use encode::{Encoder, NOP, X30};
use registers::Pair;

/// No [`Relocated::code`] is longer, for a `need` of up to 16 bytes: four conditional branches to far targets, of a
/// branch, a branch, four instructions for an address and a jump each, and a far jump back.
pub const LONGEST: usize = 4 * (4 * 7 + 5);

/// Moves the first instructions of the function at `from` to the address `to`, as many as `need` bytes take: 4 for
/// one `b`, or a multiple of it.
///
/// `body` is what may be read from `from` on, and nothing beyond it is taken. `extent` is the length of the
/// function itself, when it is known: what lies between it and the end of `body` may be taken if it is padding.
/// A landing pad that stays in front of the hook is not part of all this: `from` is where the jump will be.
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
    let taken = Taken::new(body, from, need, extent)?;
    taken.check()?;
    match extent {
        Some(extent) => scan::whole(&body[..extent.min(body.len())], &taken)?,
        None => scan::reachable(body, &taken)?,
    }
    taken.encode(to)
}

/// The instructions to displace.
struct Taken {
    from: u64,
    /// How many bytes will be overwritten.
    end: usize,
    /// Those that can be reached, with their offsets.
    instructions: Vec<(usize, u32, Instruction)>,
}

impl Taken {
    fn new(body: &[u8], from: u64, need: usize, extent: Option<usize>) -> Result<Self, Refusal> {
        let extent_end = extent.map_or(body.len(), |extent| extent.min(body.len())) & !3;
        let end = need.next_multiple_of(4);
        let mut own = end.min(extent_end);
        let mut instructions = Vec::new();
        let mut offset = 0;
        while offset < own {
            let Some((word, instruction)) = scan::instruction(body, from, offset) else { break };
            instructions.push((offset, word, instruction));
            offset += 4;
            // Without an extent nothing tells whether what follows is still this function.
            if extent.is_none() && (instruction.leaves() || instruction == Instruction::Trap) {
                own = offset;
            }
        }
        // Padding behind the function. One that runs off its end (hand-written assembly does) executes it.
        for offset in (own..end).step_by(4) {
            match scan::instruction(body, from, offset) {
                Some((NOP, instruction)) => instructions.push((offset, NOP, instruction)),
                Some((0, instruction)) => instructions.push((offset, 0, instruction)),
                _ => return Err(Refusal::TooShort { length: offset, need }),
            }
        }
        let mut taken = Self { from, end, instructions };
        taken.keep_reachable();
        Ok(taken)
    }

    /// What stands behind a `ret` and is not branched to is another function's, or data.
    fn keep_reachable(&mut self) {
        let mut reached = vec![0];
        let mut next = 0;
        while let Some(offset) = reached.get(next).copied() {
            next += 1;
            let Some((_, _, instruction)) = self.instructions.get(offset / 4) else { continue };
            let branched = match instruction {
                Instruction::Branch { target } | Instruction::Conditional { target, .. } => {
                    self.inner(*target)
                }
                _ => None,
            };
            let follows = (!instruction.leaves()).then_some(offset + 4);
            for offset in branched.into_iter().chain(follows) {
                if !reached.contains(&offset) {
                    reached.push(offset);
                }
            }
        }
        self.instructions.retain(|(offset, ..)| reached.contains(offset));
    }

    /// The offset of an address among the displaced instructions.
    fn inner(&self, address: u64) -> Option<usize> {
        let offset = address.wrapping_sub(self.from);
        (offset < self.end as u64).then_some(offset as usize)
    }

    /// Refuses what cannot be displaced, wherever it goes.
    fn check(&self) -> Result<(), Refusal> {
        let mut live = Pair::default();
        for &(offset, word, instruction) in &self.instructions {
            let at = self.from.wrapping_add(offset as u64);
            let immovable = |why| Err(Refusal::Immovable { at, why });
            match instruction {
                Instruction::Undefined => return Err(Refusal::Undecodable { at }),
                Instruction::SignsPlace => return immovable("its own address goes into a signature"),
                Instruction::Exclusive if self.end > 4 => {
                    return immovable("it is one of a pair of exclusive accesses");
                }
                Instruction::Call { .. } | Instruction::CallRegister { .. } if offset + 4 < self.end => {
                    return Err(Refusal::ReturnInto { call: at });
                }
                // Among themselves they may branch: all of them move.
                Instruction::Branch { target } | Instruction::Conditional { target, .. }
                    if self.inner(target).is_some() => {}
                _ => scan::check(instruction, offset, self)?,
            }
            let uses = registers::uses(word);
            if !uses.reads.without(live).is_empty() {
                return immovable("it expects something in x16 or x17, which the stub changes");
            }
            live = live.and(uses.writes);
        }
        Ok(())
    }

    /// Encodes the instructions for the address `to`.
    fn encode(&self, to: u64) -> Result<Relocated, Refusal> {
        let mut code = Encoder::new(to);
        let mut boundaries = Vec::with_capacity(self.instructions.len());
        // What one of them writes another may read, here or behind: it is nobody's to change.
        let written = self.instructions.iter().map(|(_, word, _)| registers::uses(*word).writes);
        let busy = written.fold(Pair::default(), Pair::and);
        for &(offset, word, instruction) in &self.instructions {
            boundaries.push((offset, code.length()));
            if !self.encode_one(&mut code, offset, word, instruction, busy) {
                return Err(no_register(self.from.wrapping_add(offset as u64)));
            }
        }
        // A displaced call is the last instruction, or it would return into the jump, and it has become a jump.
        let last = self.instructions.last();
        let behind = self.from.wrapping_add(self.end as u64);
        let goes_on = last.is_some_and(|(offset, _, instruction)| {
            let call = matches!(instruction, Instruction::Call { .. } | Instruction::CallRegister { .. });
            !instruction.leaves() && !call && offset + 4 == self.end
        });
        if goes_on && !code.jump(behind, free(busy)) {
            return Err(no_register(behind.wrapping_sub(4)));
        }
        Ok(Relocated { code: code.finish(&boundaries), displaced: self.end, boundaries })
    }

    /// `false` when a register is missing to go as far as the instruction goes.
    fn encode_one(
        &self,
        code: &mut Encoder,
        offset: usize,
        word: u32,
        instruction: Instruction,
        busy: Pair,
    ) -> bool {
        let behind = self.from.wrapping_add(offset as u64 + 4);
        match instruction {
            Instruction::Branch { target } => {
                if let Some(inner) = self.inner(target) {
                    code.inner(word, IMM26, inner);
                    return true;
                }
                code.jump(target, free(busy))
            }
            Instruction::Conditional { target, distance } => {
                if let Some(inner) = self.inner(target) {
                    code.inner(word, distance, inner);
                    return true;
                }
                code.conditional(word, distance, target, free(busy))
            }
            Instruction::Call { target } => {
                code.address(X30, behind);
                code.jump(target, free(busy))
            }
            Instruction::CallRegister { target, modifier } => {
                call_register(code, word, target, modifier, behind, busy)
            }
            Instruction::Address { register, value } => {
                code.address(register, value);
                true
            }
            Instruction::Literal { load, register, address } => {
                code.load(word, load, register, address, free(busy))
            }
            _ => {
                code.word(word);
                true
            }
        }
    }
}

/// `blr` and its like become `br` and its like, with the return address of the original.
///
/// Through `x16` or `x17`, because a landing pad for calls takes a `br` only with one of those.
fn call_register(
    code: &mut Encoder,
    word: u32,
    target: Register,
    modifier: Option<Register>,
    behind: u64,
    busy: Pair,
) -> bool {
    let mut busy = busy;
    let mut moved = |code: &mut Encoder, register: Register| {
        let free = free(busy)?;
        busy = busy.and(Pair::among(&[free.0]));
        code.copy(free, register);
        Some(free)
    };
    let through = if matches!(target.0, 16 | 17) { Some(target) } else { moved(code, target) };
    let kept = match modifier {
        Some(X30) => moved(code, X30),
        // Without a modifier the field is part of the pattern.
        _ => Some(Register(word & 31)),
    };
    let (Some(Register(through)), Some(Register(kept))) = (through, kept) else { return false };
    code.address(X30, behind);
    // 1101011 Z 001 11111 0000 A M Rn Rm            blr, blraa, ...
    // 1101011 Z 000 11111 0000 A M Rn Rm            br, braa, ...
    code.word(word & !(1 << 21 | 31 << 5 | 31) | through << 5 | kept);
    true
}

/// One of `x16` and `x17` that holds nothing.
fn free(busy: Pair) -> Option<Register> {
    [16, 17].into_iter().find(|register| !busy.contains(*register)).map(Register)
}

fn no_register(at: u64) -> Refusal {
    Refusal::Immovable { at, why: "it goes far, and both x16 and x17 are in use" }
}
