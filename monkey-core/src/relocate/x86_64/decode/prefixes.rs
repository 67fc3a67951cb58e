//! Legacy prefixes and REX.
use super::{Fault, Reader};

/// The prefixes in front of an opcode.
#[derive(Debug, Clone, Copy, Default)]
pub struct Prefixes {
    /// Bytes of them all.
    pub length: usize,
    /// `66`: operand size.
    pub operand: bool,
    /// `67`: address size.
    pub address: bool,
    pub lock: bool,
    /// `F2` or `F3`; 0 if there is none.
    pub repeat: u8,
    /// 0 if there is none.
    pub rex: u8,
}

impl Prefixes {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Fault> {
        let mut found = Self::default();
        loop {
            let byte = reader.peek()?;
            // REX counts only right in front of the opcode.
            match byte {
                0x40..=0x4F => found.rex = byte,
                0x26 | 0x2E | 0x36 | 0x3E | 0x64..=0x67 | 0xF0 | 0xF2 | 0xF3 => found.rex = 0,
                _ => break,
            }
            match byte {
                0x66 => found.operand = true,
                0x67 => found.address = true,
                0xF0 => found.lock = true,
                // Which of two counts is written nowhere.
                0xF2 | 0xF3 if found.repeat != 0 && found.repeat != byte => return Err(Fault::Undefined),
                0xF2 | 0xF3 => found.repeat = byte,
                // REX, and segments, of which none matters here.
                _ => {}
            }
            reader.at += 1;
        }
        found.length = reader.at;
        Ok(found)
    }

    /// REX.W: operands of 64 bits. It beats `66`.
    pub fn wide(&self) -> bool {
        self.rex & 8 != 0
    }

    /// Operands of 16 bits.
    pub fn narrows(&self) -> bool {
        self.operand && !self.wide()
    }

    /// Column of the maps. `F2` and `F3` beat `66`.
    pub(super) fn mandatory(&self) -> usize {
        match self.repeat {
            0xF3 => 2,
            0xF2 => 3,
            _ => usize::from(self.operand),
        }
    }

    /// Those that a VEX, EVEX or XOP prefix does not suffer.
    pub(super) fn any_before_vector(&self) -> bool {
        self.operand || self.lock || self.repeat != 0 || self.rex != 0
    }
}
