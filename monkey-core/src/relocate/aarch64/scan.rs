//! Does anything in the rest of the function go to the bytes that the jump overwrites, or read them?
use super::Taken;
use super::decode::{Instruction, decode};
use crate::relocate::Refusal;

/// How many instructions a function of unknown length is followed for.
const FOLLOWED: usize = 1 << 16;

/// The instruction at `offset`, if all of it can be read.
pub fn instruction(body: &[u8], from: u64, offset: usize) -> Option<(u32, Instruction)> {
    let bytes = body.get(offset..)?.first_chunk()?;
    let word = u32::from_le_bytes(*bytes);
    Some((word, decode(word, from.wrapping_add(offset as u64))))
}

/// All of a function whose length is known. Data in it count as instructions: rather one refusal too many.
pub fn whole(function: &[u8], taken: &Taken) -> Result<(), Refusal> {
    for offset in (taken.end..function.len()).step_by(4) {
        if let Some((_, instruction)) = instruction(function, taken.from, offset) {
            check(instruction, offset, taken)?;
        }
    }
    Ok(())
}

/// What can be reached from the first instruction on. What follows a branch to a register counts: it may be the
/// cases of its jump table.
pub fn reachable(body: &[u8], taken: &Taken) -> Result<(), Refusal> {
    let mut seen = vec![false; body.len() / 4];
    let mut open = vec![0];
    let mut left = FOLLOWED;
    while let Some(mut offset) = open.pop() {
        while left > 0 && seen.get(offset / 4) == Some(&false) {
            seen[offset / 4] = true;
            left -= 1;
            let Some((_, instruction)) = instruction(body, taken.from, offset) else { break };
            if offset >= taken.end {
                check(instruction, offset, taken)?;
            }
            if let Instruction::Branch { target } | Instruction::Conditional { target, .. } = instruction {
                open.push(target.wrapping_sub(taken.from) as usize);
            }
            if instruction == Instruction::Trap
                || instruction.leaves() && instruction != Instruction::BranchRegister
            {
                break;
            }
            offset += 4;
        }
    }
    Ok(())
}

/// A landing pad may stand in front of the hook: who branches to it goes on to the hook.
const PAD: u64 = 4;

/// Refuses an instruction that goes to the overwritten bytes or reads them.
///
/// A call of the function's own entry is a recursion: it goes through the hook like every other call.
pub fn check(instruction: Instruction, offset: usize, taken: &Taken) -> Result<(), Refusal> {
    let from = taken.from.wrapping_add(offset as u64);
    let end = taken.end as u64;
    let behind = |address: u64| address.wrapping_sub(taken.from);
    let enters = |address: u64| behind(address).wrapping_add(PAD) < end + PAD;
    let inside = |address: u64| (1..end).contains(&behind(address));
    match instruction {
        Instruction::Branch { target } | Instruction::Conditional { target, .. } if enters(target) => {
            Err(Refusal::BranchInto { from, to: target })
        }
        Instruction::Call { target } if inside(target) => Err(Refusal::BranchInto { from, to: target }),
        // An address is taken to go there, later. Pages begin where they begin.
        Instruction::Address { value, .. } if value % 0x1000 != 0 && inside(value) => {
            Err(Refusal::BranchInto { from, to: value })
        }
        Instruction::Literal { load, address, .. }
            if (0..load.size()).any(|byte| behind(address.wrapping_add(byte)) < end) =>
        {
            Err(Refusal::Immovable { at: from, why: "it reads bytes that the jump overwrites" })
        }
        _ => Ok(()),
    }
}
