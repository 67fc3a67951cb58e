//! From a place in a function's body to who called it, by the tables that unwinding goes by.
use super::eh_frame::bases;
use super::objects;
use gimli::{
    CfaRule, EhFrame, EhFrameHdr, LittleEndian, Register, RegisterRule, UnwindContext, UnwindContextStorage,
    UnwindSection as _, UnwindTableRow,
};

/// Where a function's frame begins and its return address is, as seen from one place in its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRule {
    /// Whether the frame is told by the frame pointer. Else by the stack pointer.
    pub by_frame_pointer: bool,
    /// What is added to that register for the canonical frame address, which is the caller's stack pointer, in bytes.
    pub frame: i64,
    /// What is added to the canonical frame address for the place of the return address, in bytes.
    pub return_address: i64,
}

/// The numbers of registers in DWARF, by the System V ABI of each architecture.
struct Numbers {
    stack_pointer: Register,
    frame_pointer: Register,
    return_address: Register,
}

#[cfg(not(target_arch = "aarch64"))]
const NUMBERS: Numbers =
    Numbers { stack_pointer: Register(7), frame_pointer: Register(6), return_address: Register(16) };
#[cfg(target_arch = "aarch64")]
const NUMBERS: Numbers =
    Numbers { stack_pointer: Register(31), frame_pointer: Register(29), return_address: Register(30) };

/// A row of rules has one for each register that a function saves.
const RULES: usize = 40;
/// How many rows a table may remember at once.
const REMEMBERED: usize = 4;

/// Room for one table, without an allocation.
struct InFrame;

impl UnwindContextStorage<usize> for InFrame {
    type Rules = [(Register, RegisterRule<usize>); RULES];
    type Stack = [UnwindTableRow<usize, Self>; REMEMBERED];
}

/// How to find the caller of the function around `place`, while that runs `place`. `None`: its file does not tell.
#[must_use]
pub fn frame_rule(place: usize) -> Option<FrameRule> {
    let object = objects::around(place)?;
    let elf = object.elf()?;
    let bases = bases(elf);
    let index = EhFrameHdr::new(elf.eh_frame_hdr.data, LittleEndian).parse(&bases, 8).ok()?;
    let (table, frames) = (index.table()?, EhFrame::new(elf.eh_frame.data, LittleEndian));
    let mut context = UnwindContext::<usize, InFrame>::new_in();
    let cie = EhFrame::cie_from_offset;
    let row = table.unwind_info_for_address(&frames, &bases, &mut context, object.inside(place), cie);
    let row = row.ok()?;
    let CfaRule::RegisterAndOffset { register, offset: frame } = *row.cfa() else { return None };
    let Some(RegisterRule::Offset(return_address)) = row.register(NUMBERS.return_address) else {
        return None;
    };
    let by_frame_pointer = register == NUMBERS.frame_pointer;
    (by_frame_pointer || register == NUMBERS.stack_pointer).then_some(FrameRule {
        by_frame_pointer,
        frame,
        return_address,
    })
}
