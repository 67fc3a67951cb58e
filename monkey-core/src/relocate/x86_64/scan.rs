//! Does anything in the rest of the function branch back to the bytes that are to be overwritten?
//!
//! Most functions have no such branch, and decoding a long one takes long in a build without optimisation. So
//! plain arithmetic on the bytes says first whether any of them could be one; only then the function is decoded.
//!
//! Jump tables are not looked at: the entry block of a function has no predecessors in LLVM, so no table holds it.
use super::{Taken, branch_target, lands_in, leaves};
use crate::relocate::Refusal;
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

/// A function without a known end is looked at this far.
const BOUND: usize = 64 * 1024;

/// The whole function `code`, from the offset `start` on.
pub(super) fn whole(code: &[u8], from: u64, need: usize, start: usize) -> Result<(), Refusal> {
    let Some(last) = last_suspect(code, need, start) else { return Ok(()) };
    let mut decoder =
        Decoder::with_ip(64, &code[start..], from.wrapping_add(start as u64), DecoderOptions::NONE);
    // Beyond the last suspect no branch can come.
    while start + decoder.position() <= last {
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            // Data among the code: where the instructions behind it start is anybody's guess.
            return Err(Refusal::Undecodable { at: instruction.ip() });
        }
        refuse_landing(&instruction, from, need)?;
    }
    Ok(())
}

/// What can be reached from the displaced instructions, where the end of the function is not known.
pub(super) fn reachable(body: &[u8], from: u64, need: usize, taken: &Taken) -> Result<(), Refusal> {
    let body = &body[..body.len().min(BOUND)];
    if last_suspect(body, need, taken.length).is_none() {
        return Ok(());
    }
    let mut todo: Vec<u64> = taken.instructions.iter().filter_map(branch_target).collect();
    if taken.instructions.last().is_some_and(goes_on) {
        todo.push(from.wrapping_add(taken.length as u64));
    }
    let mut seen = vec![false; body.len()];
    while let Some(address) = todo.pop() {
        follow(body, from, need, address, &mut seen, &mut todo)?;
    }
    Ok(())
}

/// Follows the code at `address` until it leaves, or goes where it was before.
fn follow(
    body: &[u8],
    from: u64,
    need: usize,
    address: u64,
    seen: &mut [bool],
    todo: &mut Vec<u64>,
) -> Result<(), Refusal> {
    let start = address.wrapping_sub(from);
    if start >= body.len() as u64 {
        return Ok(());
    }
    let start = start as usize;
    let mut decoder = Decoder::with_ip(64, &body[start..], address, DecoderOptions::NONE);
    while decoder.can_decode() && !seen[start + decoder.position()] {
        seen[start + decoder.position()] = true;
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            return Ok(());
        }
        refuse_landing(&instruction, from, need)?;
        // A function called from here is another function.
        todo.extend(branch_target(&instruction).filter(|_| instruction.mnemonic() != Mnemonic::Call));
        if !goes_on(&instruction) {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether the function may go on behind the instruction: behind a jump through a table there are its cases.
fn goes_on(instruction: &Instruction) -> bool {
    let table = match instruction.op0_kind() {
        OpKind::Register => true,
        OpKind::Memory => instruction.memory_index() != Register::None,
        _ => false,
    };
    !leaves(instruction) || (table && instruction.mnemonic() == Mnemonic::Jmp)
}

fn refuse_landing(instruction: &Instruction, from: u64, need: usize) -> Result<(), Refusal> {
    match lands_in(instruction, from, need) {
        Some(to) => Err(Refusal::BranchInto { from: instruction.ip(), to }),
        None => Ok(()),
    }
}

/// The offset of the last bytes, from `start` on, that read like a branch to the first `need` bytes.
fn last_suspect(code: &[u8], need: usize, start: usize) -> Option<usize> {
    // A branch of one byte reaches 128 back from its end.
    let near = code.len().min(need + 128);
    let far = (start..code.len()).rev().find(|&at| wide_branch(code, at, need));
    let near = || (start..near).rev().find(|&at| narrow_branch(code, at, need));
    far.max(near())
}

// 70+cc cb   jcc           E0 cb, E1 cb, E2 cb, E3 cb   loopne, loope, loop, jrcxz
// EB cb      jmp
fn narrow_branch(code: &[u8], at: usize, need: usize) -> bool {
    matches!(code[at], 0x70..=0x7F | 0xE0..=0xE3 | 0xEB)
        && code.get(at + 1).is_some_and(|&distance| hits(at + 2, i64::from(distance as i8), need))
}

// E8 cd      call          0F 80+cc cd   jcc
// E9 cd      jmp           C7 F8 cd      xbegin (66 C7 F8 cw: with two bytes)
fn wide_branch(code: &[u8], at: usize, need: usize) -> bool {
    let distance = match code[at] {
        0xE8 | 0xE9 => at + 1,
        0x0F if code.get(at + 1).is_some_and(|&second| second & 0xF0 == 0x80) => at + 2,
        0xC7 if code.get(at + 1) == Some(&0xF8) => at + 2,
        _ => return false,
    };
    let field = code.get(distance..).unwrap_or_default();
    let hits_wide = |&field: &[u8; 4]| hits(distance + 4, i64::from(i32::from_le_bytes(field)), need);
    let hits_word = |&field: &[u8; 2]| hits(distance + 2, i64::from(i16::from_le_bytes(field)), need);
    field.first_chunk().is_some_and(hits_wide)
        || (code[at] == 0xC7 && field.first_chunk().is_some_and(hits_word))
}

fn hits(end: usize, distance: i64, need: usize) -> bool {
    (0..need as i64).contains(&(end as i64 + distance))
}
