//! x86-64: instructions that do not depend on their place are copied byte for byte, the others encoded anew.
//!
//! Shadow stacks (CET) are not provided for: a displaced call pushes its return address without a `call`.
use super::{Refusal, Relocated};
use iced_x86::{
    BlockEncoder, BlockEncoderOptions, Code, Decoder, DecoderError, DecoderOptions, Instruction,
    InstructionBlock, Mnemonic, OpKind,
};

mod call;
mod scan;

/// No [`Relocated::code`] is longer, for a `need` of up to 14 bytes: seven `loop`s of two bytes become 18 bytes
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
    taken.encode(body, from, to)
}

/// The instructions to displace, and how many bytes they take together with unused padding behind them.
struct Taken {
    instructions: Vec<Instruction>,
    length: usize,
}

/// Decodes whole instructions until there are `need` bytes of them.
fn take(body: &[u8], from: u64, need: usize, extent: Option<usize>) -> Result<Taken, Refusal> {
    let mut end = extent.map_or(body.len(), |extent| extent.min(body.len()));
    let mut decoder = Decoder::with_ip(64, &body[..end], from, DecoderOptions::NONE);
    let mut instructions = Vec::new();
    while decoder.position() < need.min(end) {
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            return Err(match decoder.last_error() {
                DecoderError::NoMoreBytes => Refusal::TooShort { length: end, need },
                _ => Refusal::Undecodable { at: instruction.ip() },
            });
        }
        instructions.push(instruction);
        // Without an extent nothing tells whether what follows is still this function, even if a branch goes
        // there: LLVM makes conditional tail calls, and at opt-level `s` the next function starts right here.
        if extent.is_none() && (leaves(&instruction) || instruction.mnemonic() == Mnemonic::Int3) {
            end = decoder.position();
        }
    }
    let mut taken = Taken { length: decoder.position(), instructions };
    if taken.length < need {
        taken.take_padding(body, from, need)?;
    }
    Ok(taken)
}

/// Whether control never goes on to the next instruction.
fn leaves(instruction: &Instruction) -> bool {
    use Mnemonic::{Hlt, Iret, Iretd, Iretq, Jmp, Ret, Retf, Ud0, Ud1, Ud2};
    let mnemonic = instruction.mnemonic();
    matches!(mnemonic, Jmp | Ret | Retf | Iret | Iretd | Iretq | Ud0 | Ud1 | Ud2 | Hlt)
}

/// Where a direct branch, call, loop or `xbegin` goes.
fn branch_target(instruction: &Instruction) -> Option<u64> {
    let kind = instruction.op0_kind();
    matches!(kind, OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64)
        .then(|| instruction.near_branch_target())
}

/// Where the instruction lands, if that is among the first `need` bytes of the function at `from`.
///
/// A call of the first byte is a recursion: it goes through the hook like every other call.
fn lands_in(instruction: &Instruction, from: u64, need: usize) -> Option<u64> {
    let target = branch_target(instruction)?;
    let offset = target.wrapping_sub(from);
    let recursion = offset == 0 && instruction.mnemonic() == Mnemonic::Call;
    (offset < need as u64 && !recursion).then_some(target)
}

impl Taken {
    /// Goes on into the padding behind the function: `int3` and the nops of any length.
    fn take_padding(&mut self, body: &[u8], from: u64, need: usize) -> Result<(), Refusal> {
        let ip = from.wrapping_add(self.length as u64);
        let mut decoder = Decoder::with_ip(64, &body[self.length..], ip, DecoderOptions::NONE);
        let falls_through = !self.instructions.last().is_some_and(leaves);
        while self.length < need {
            let instruction = decoder.decode();
            if !matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Int3) {
                return Err(Refusal::TooShort { length: self.length, need });
            }
            self.length += instruction.len();
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
            let at = instruction.ip();
            if instruction.mnemonic() == Mnemonic::Call {
                if instruction.next_ip().wrapping_sub(from) < need as u64 {
                    return Err(Refusal::ReturnInto { call: at });
                }
                if let Some(to) = lands_in(instruction, from, need) {
                    return Err(Refusal::BranchInto { from: at, to });
                }
            } else if let Some(to) = branch_target(instruction)
                && to.wrapping_sub(from) < self.length as u64
                && !self.starts_at(to)
            {
                return Err(Refusal::BranchInto { from: at, to });
            }
        }
        Ok(())
    }

    fn starts_at(&self, address: u64) -> bool {
        self.instructions.iter().any(|instruction| instruction.ip() == address)
    }

    /// Encodes the instructions for the address `to`.
    fn encode(&self, body: &[u8], from: u64, to: u64) -> Result<Relocated, Refusal> {
        let mut block = Block::default();
        for instruction in &self.instructions {
            let offset = instruction.ip().wrapping_sub(from) as usize;
            block.start(offset);
            self.encode_one(&mut block, instruction, &body[offset..offset + instruction.len()], from, to)?;
        }
        // A displaced call is the last instruction, or it would return into the jump, and it has become a jump.
        if !self.instructions.last().is_some_and(|last| leaves(last) || last.mnemonic() == Mnemonic::Call) {
            block.jump(from.wrapping_add(self.length as u64))?;
        }
        block.finish(to, self.length)
    }

    fn encode_one(
        &self,
        block: &mut Block,
        instruction: &Instruction,
        bytes: &[u8],
        from: u64,
        to: u64,
    ) -> Result<(), Refusal> {
        let at = instruction.ip();
        if instruction.is_ip_rel_memory_operand() && !in_reach(instruction.ip_rel_memory_address(), to) {
            return Err(Refusal::OutOfReach { at });
        }
        if instruction.mnemonic() == Mnemonic::Call {
            return call::encode(block, instruction);
        }
        let Some(target) = branch_target(instruction) else {
            if instruction.is_ip_rel_memory_operand() {
                block.push(*instruction);
                return Ok(());
            }
            return block.bytes(bytes, at);
        };
        let mut branch = *instruction;
        if self.starts_at(target) {
            branch.set_near_branch64(label(target.wrapping_sub(from) as usize));
        } else if instruction.mnemonic() == Mnemonic::Xbegin && !in_reach(target, to) {
            // The only branch that has no longer form.
            return Err(Refusal::OutOfReach { at });
        }
        block.push(branch);
        Ok(())
    }
}

/// Whether all of the code at `to` can address `target` with 32 bits.
fn in_reach(target: u64, to: u64) -> bool {
    let distance = target.wrapping_sub(to) as i64;
    distance.unsigned_abs() < (1 << 31) - LONGEST as u64
}

/// What the encoder knows the displaced instruction at `offset` by.
///
/// The encoder takes an operand for a reference into the block when it equals the address of an instruction. That
/// is right for branches only: `lea rdi, [rip + f]` in `f` itself has to give the address of `f`, not of the copy.
/// So the instructions get addresses that no operand can have, and the branches among them are made to match.
const fn label(offset: usize) -> u64 {
    0x8000_0000_0000_0000 + offset as u64
}

/// The list of instructions for the encoder.
#[derive(Default)]
struct Block {
    list: Vec<Instruction>,
    /// The displaced instructions: offset in the target, and index of the label in `list`.
    starts: Vec<(usize, usize)>,
}

impl Block {
    /// Marks the start of a displaced instruction with an empty one: for one that it rewrites the encoder does not
    /// say where it went.
    fn start(&mut self, offset: usize) {
        self.starts.push((offset, self.list.len()));
        let mut empty = Instruction::default();
        empty.set_code(Code::Zero_bytes);
        empty.set_ip(label(offset));
        self.list.push(empty);
    }

    fn push(&mut self, mut instruction: Instruction) {
        // Unique, and equal to no operand and no label.
        instruction.set_ip(label(1 << 32) + self.list.len() as u64);
        self.list.push(instruction);
    }

    fn bytes(&mut self, bytes: &[u8], at: u64) -> Result<(), Refusal> {
        let instruction = Instruction::with_declare_byte(bytes);
        self.push(instruction.map_err(|_| Refusal::Undecodable { at })?);
        Ok(())
    }

    // E9 cd              jmp target
    // FF 25 cd ... iq    jmp [rip + pointer] ... pointer: target, where 32 bits do not reach
    fn jump(&mut self, target: u64) -> Result<(), Refusal> {
        let jump = Instruction::with_branch(Code::Jmp_rel32_64, target);
        self.push(jump.map_err(|_| Refusal::OutOfReach { at: target })?);
        Ok(())
    }

    fn finish(self, to: u64, displaced: usize) -> Result<Relocated, Refusal> {
        let block = InstructionBlock::new(&self.list, to);
        let result = BlockEncoder::encode(64, block, BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS)
            .map_err(|_| Refusal::Immovable { at: to, why: "the encoder refuses it" })?;
        let offset = |index: usize| result.new_instruction_offsets[index] as usize;
        let boundaries = self.starts.iter().map(|&(start, index)| (start, offset(index))).collect();
        Ok(Relocated { code: result.code_buffer, displaced, boundaries })
    }
}
