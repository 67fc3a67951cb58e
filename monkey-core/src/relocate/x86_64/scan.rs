//! Does anything in the rest of the function branch back to the bytes that are to be overwritten?
//!
//! Most functions have no such branch, and decoding a long one takes long in a build without optimisation. So
//! plain arithmetic on the bytes says first whether any of them could be one; only then the function is decoded.
//!
//! Jump tables are not looked at: the entry block of a function has no predecessors in LLVM, so no table holds it.
use super::{Fault, Flow, Instruction, Taken, decode, lands_in};
use crate::relocate::Refusal;

/// A function without a known end is looked at this far.
const BOUND: usize = 64 * 1024;

/// The whole function `code`, from the offset `start` on.
pub(super) fn whole(code: &[u8], from: u64, need: usize, start: usize) -> Result<(), Refusal> {
    let Some(last) = last_suspect(code, need, start) else { return Ok(()) };
    let mut offset = start;
    // Beyond the last suspect no branch can come.
    while offset <= last {
        let at = from.wrapping_add(offset as u64);
        // Data among the code: where the instructions behind it start is anybody's guess.
        let instruction = decode(&code[offset..], at).map_err(|fault| fault.refusal(at))?;
        refuse_landing(&instruction, from, need)?;
        offset += instruction.bytes.len();
    }
    Ok(())
}

/// What can be reached from the displaced instructions, where the end of the function is not known.
pub(super) fn reachable(body: &[u8], from: u64, need: usize, taken: &Taken) -> Result<(), Refusal> {
    let body = &body[..body.len().min(BOUND)];
    if last_suspect(body, need, taken.length).is_none() {
        return Ok(());
    }
    let mut walk = Walk { body, from, need, seen: vec![false; body.len()], todo: Vec::new(), table: None };
    taken.instructions.iter().for_each(|instruction| walk.note_target(instruction));
    if taken.instructions.last().is_some_and(|last| !last.flow.leaves()) {
        walk.todo.push(taken.length);
    }
    while let Some(start) = walk.todo.pop() {
        walk.follow(start)?;
    }
    // The cases of a table are somewhere behind its jump. What looks at more than the function may refuse too
    // much, never too little; what does not decode there is another's.
    match walk.table.map(|start| whole(body, from, need, start)) {
        Some(Err(refusal @ Refusal::BranchInto { .. })) => Err(refusal),
        _ => Ok(()),
    }
}

/// A walk through code along its branches.
struct Walk<'a> {
    body: &'a [u8],
    from: u64,
    need: usize,
    /// The instructions that were decoded, by offset.
    seen: Vec<bool>,
    /// Offsets to go on at.
    todo: Vec<usize>,
    /// Where the first jump through a register or a table ends.
    table: Option<usize>,
}

impl Walk<'_> {
    /// Follows the code at an offset until it leaves, or goes where the walk was before.
    fn follow(&mut self, start: usize) -> Result<(), Refusal> {
        let mut offset = start;
        while offset < self.body.len() && !self.seen[offset] {
            self.seen[offset] = true;
            let at = self.from.wrapping_add(offset as u64);
            let instruction = match decode(&self.body[offset..], at) {
                Ok(instruction) => instruction,
                // A call that never returns is the last of its function: what is behind it is another's.
                Err(Fault::Truncated | Fault::Undefined) => break,
                Err(fault) => return Err(fault.refusal(at)),
            };
            refuse_landing(&instruction, self.from, self.need)?;
            self.note_target(&instruction);
            offset += instruction.bytes.len();
            if is_table_jump(&instruction) {
                self.table = Some(self.table.map_or(offset, |table| table.min(offset)));
            }
            if instruction.flow.leaves() {
                break;
            }
        }
        Ok(())
    }

    /// Remembers where a branch goes; a function called from here is another function.
    fn note_target(&mut self, instruction: &Instruction) {
        if let Some(target) = instruction.branch_target()
            && target.wrapping_sub(self.from) < self.body.len() as u64
            && instruction.flow != Flow::Call
        {
            self.todo.push(target.wrapping_sub(self.from) as usize);
        }
    }
}

fn is_table_jump(instruction: &Instruction) -> bool {
    let register = instruction.modrm().is_some_and(|modrm| modrm >= 0xC0);
    instruction.flow == Flow::JumpIndirect && (register || instruction.has_index())
}

fn refuse_landing(instruction: &Instruction, from: u64, need: usize) -> Result<(), Refusal> {
    match lands_in(instruction, from, need) {
        Some(to) => Err(Refusal::BranchInto { from: instruction.address, to }),
        None => Ok(()),
    }
}

/// What a byte may be the first of: of no branch, of one with a distance of a byte, or of one with a longer distance.
const NEITHER: u8 = 0;
const NARROW: u8 = 1;
const WIDE: u8 = 2;

/// The same by the byte. A look into a table takes half of a `match` in a build without optimisation.
static FIRST: [u8; 256] = {
    let (mut table, mut byte) = ([NEITHER; 256], 0);
    while byte < table.len() {
        table[byte] = match byte {
            0x70..=0x7F | 0xE0..=0xE3 | 0xEB => NARROW,
            0x0F | 0xC7 | 0xE8 | 0xE9 => WIDE,
            _ => NEITHER,
        };
        byte += 1;
    }
    table
};

/// The offset of the last bytes, from `start` on, that read like a branch to the first `need` bytes.
fn last_suspect(code: &[u8], need: usize, start: usize) -> Option<usize> {
    // A loop over indices and a look into a table: iterators and closures cost four times as much in a
    // build without optimisation, and functions of half a megabyte exist.
    let mut at = code.len();
    while at > start {
        at -= 1;
        if FIRST[code[at] as usize] == NEITHER {
            continue;
        }
        let suspect = match FIRST[code[at] as usize] {
            NARROW => at < need + 128 && narrow_branch(code, at, need),
            _ => wide_branch(code, at, need),
        };
        if suspect {
            return Some(at);
        }
    }
    None
}

// 70+cc cb   jcc           E0 cb, E1 cb, E2 cb, E3 cb   loopne, loope, loop, jrcxz
// EB cb      jmp
fn narrow_branch(code: &[u8], at: usize, need: usize) -> bool {
    code.get(at + 1).is_some_and(|&distance| hits(at + 2, i64::from(distance as i8), need))
}

// E8 cd      call          0F 80+cc cd   jcc
// E9 cd      jmp           C7 F8 cd      xbegin (66 C7 F8 cw: with two bytes)
fn wide_branch(code: &[u8], at: usize, need: usize) -> bool {
    let distance = match (code[at], code.get(at + 1)) {
        (0xE8 | 0xE9, _) => at + 1,
        (0x0F, Some(0x80..=0x8F)) | (0xC7, Some(0xF8)) => at + 2,
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
