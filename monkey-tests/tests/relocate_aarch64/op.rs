//! Instructions as a decoder sees them that the library does not use.
use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv8::a64::{InstDecoder, Instruction, Opcode, Operand};

pub const NOP: [u8; 4] = [0x1F, 0x20, 0x03, 0xD5];

/// A decoded instruction and where it is.
#[derive(Debug, Clone, Copy)]
pub struct Op {
    pub word: u32,
    pub instruction: Instruction,
    pub at: u64,
}

impl std::fmt::Display for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.instruction.fmt(f)
    }
}

impl Op {
    pub fn decode(bytes: &[u8], at: u64) -> Option<Self> {
        let word = u32::from_le_bytes(*bytes.first_chunk()?);
        // The decoder does not know SVE, which has no instruction that depends on its place: a nop stands for one.
        let known = if word >> 25 & 15 == 0b0010 { NOP } else { *bytes.first_chunk()? };
        let instruction = InstDecoder::default().decode(&mut U8Reader::new(&known)).ok()?;
        (instruction.opcode != Opcode::Invalid).then_some(Self { word, instruction, at })
    }

    pub fn opcode(&self) -> Opcode {
        self.instruction.opcode
    }

    pub fn operand(&self, index: usize) -> Operand {
        self.instruction.operands[index]
    }

    pub fn next(&self) -> u64 {
        self.at.wrapping_add(4)
    }

    /// What an operand relative to the instruction's address refers to.
    pub fn target(&self) -> Option<u64> {
        let page = if self.opcode() == Opcode::ADRP { self.at & !0xFFF } else { self.at };
        self.instruction.operands.iter().find_map(|operand| match operand {
            Operand::PCOffset(offset) => Some(page.wrapping_add_signed(*offset)),
            _ => None,
        })
    }

    pub fn is_conditional(&self) -> bool {
        use Opcode::{BCcc, Bcc, CBNZ, CBZ, TBNZ, TBZ};
        matches!(self.opcode(), Bcc(_) | BCcc(_) | CBZ | CBNZ | TBZ | TBNZ)
    }

    pub fn is_branch(&self) -> bool {
        self.is_conditional() || matches!(self.opcode(), Opcode::B | Opcode::BL)
    }

    pub fn is_call(&self) -> bool {
        self.opcode() == Opcode::BL || self.tail_call().is_some()
    }

    /// What a call through a register becomes.
    pub fn tail_call(&self) -> Option<Opcode> {
        Some(match self.opcode() {
            Opcode::BLR => Opcode::BR,
            Opcode::BLRAA => Opcode::BRAA,
            Opcode::BLRAAZ => Opcode::BRAAZ,
            Opcode::BLRAB => Opcode::BRAB,
            Opcode::BLRABZ => Opcode::BRABZ,
            _ => return None,
        })
    }

    /// Whether the next instruction is never reached from here.
    pub fn leaves(&self) -> bool {
        use Opcode::{B, BR, BRAA, BRAAZ, BRAB, BRABZ, DRPS, ERET, ERETAA, ERETAB, RET, RETAA, RETAB, UDF};
        matches!(
            self.opcode(),
            B | BR | BRAA | BRAAZ | BRAB | BRABZ | RET | RETAA | RETAB | ERET | ERETAA | ERETAB | DRPS | UDF
        )
    }

    pub fn mentions(&self, register: u32) -> bool {
        let names = [format!("x{register}"), format!("w{register}")];
        // pacia1716 and its like have both in their names.
        let both = |word: &str| word.ends_with("1716") && !word.starts_with('0');
        let text = self.instruction.to_string();
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| both(word) || names.iter().any(|name| name == word))
    }

    /// The same operation on the same operands, but for where it refers to.
    pub fn same(&self, other: &Self) -> bool {
        let apart = |operand: &Operand| !matches!(operand, Operand::PCOffset(_));
        let operands = |op: &Self| op.instruction.operands.iter().copied().filter(apart).collect::<Vec<_>>();
        self.opcode() == other.opcode() && operands(self) == operands(other)
    }
}
