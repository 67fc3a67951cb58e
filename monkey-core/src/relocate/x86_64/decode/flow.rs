//! Where control goes from an instruction.
use super::{Prefixes, Space};

/// How control leaves an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// To the next instruction. System calls and interrupts come back there.
    Next,
    /// A conditional branch.
    Conditional,
    /// `loop`, `jrcxz` and their kind: a distance of one byte alone.
    Loop,
    /// `xbegin`: to its handler when the transaction is aborted.
    Transaction,
    Jump,
    Call,
    JumpIndirect,
    CallIndirect,
    JumpFar,
    CallFar,
    /// A return of any kind, from system calls and interrupts too.
    Return,
    /// `ud1`, `ud2`, `hlt`
    Stop,
    /// `int3`
    Breakpoint,
}

impl Flow {
    pub(super) fn decode(space: Space, opcode: u8, modrm: u8, prefixes: &Prefixes) -> Self {
        match (space, opcode) {
            (Space::One, 0x70..=0xFF) => Self::of_one_byte(opcode, modrm),
            (Space::Two, 0x80..=0x8F) => Self::Conditional,
            (Space::Two, 0x0B | 0xB9) => Self::Stop,
            // sysret, sysexit, rsm
            (Space::Two, 0x07 | 0x35 | 0xAA) => Self::Return,
            // F2 0F 01 CA, F3 0F 01 CA, F3 0F 01 EC   erets, eretu, uiret
            (Space::Two, 0x01) if modrm == 0xCA && prefixes.repeat != 0 => Self::Return,
            (Space::Two, 0x01) if modrm == 0xEC && prefixes.repeat == 0xF3 => Self::Return,
            _ => Self::Next,
        }
    }

    fn of_one_byte(opcode: u8, modrm: u8) -> Self {
        match (opcode, modrm >> 3 & 7) {
            (0x70..=0x7F, _) => Self::Conditional,
            (0xE0..=0xE3, _) => Self::Loop,
            (0xE8, _) => Self::Call,
            (0xE9 | 0xEB, _) => Self::Jump,
            (0xC7, _) if modrm == 0xF8 => Self::Transaction,
            (0xFF, 2) => Self::CallIndirect,
            (0xFF, 3) => Self::CallFar,
            (0xFF, 4) => Self::JumpIndirect,
            (0xFF, 5) => Self::JumpFar,
            // ret, retf, iret
            (0xC2 | 0xC3 | 0xCA | 0xCB | 0xCF, _) => Self::Return,
            (0xF4, _) => Self::Stop,
            (0xCC, _) => Self::Breakpoint,
            _ => Self::Next,
        }
    }

    /// Whether the target is a distance in the instruction.
    #[must_use]
    pub fn is_direct(self) -> bool {
        matches!(self, Self::Conditional | Self::Loop | Self::Transaction | Self::Jump | Self::Call)
    }

    /// Whether it changes `rip` alone, no segment.
    #[must_use]
    pub fn is_near_branch(self) -> bool {
        self.is_direct() || matches!(self, Self::JumpIndirect | Self::CallIndirect)
    }

    pub(crate) fn is_call(self) -> bool {
        matches!(self, Self::Call | Self::CallIndirect | Self::CallFar)
    }

    /// Whether control never goes on to the next instruction.
    pub(crate) fn leaves(self) -> bool {
        matches!(self, Self::Jump | Self::JumpIndirect | Self::JumpFar | Self::Return | Self::Stop)
    }
}
