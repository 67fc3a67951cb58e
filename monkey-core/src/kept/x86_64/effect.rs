//! What one instruction does with registers, where its operands tell all of it.
//!
//! By opcode, those that compilers put behind calls; any other is not known. Operands in the order of the SDM: the first
//! one is what may be written.
use crate::relocate::x86_64::decode::Instruction;

/// A register in its full width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    General(u8),
    Vector(u8),
}

/// What an instruction does with registers, in their full width.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Effect {
    pub reads: Vec<Register>,
    /// Written as a whole.
    pub writes: Vec<Register>,
    /// Written, if only in part.
    pub changes: Vec<Register>,
}

/// Where an operand is, and what it is if that is a register.
#[derive(Debug, Clone, Copy)]
enum Operand {
    /// The field `reg`.
    Reg(Kind),
    /// The field `rm`: a register, or memory.
    Rm(Kind),
    /// In the opcode.
    Opcode(Kind),
    Accumulator(Kind),
    /// An immediate, an address, a segment register: none that is followed.
    Other,
}

/// A kind of register, and how much of it.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Byte,
    /// As wide as the operand size says.
    Operand,
    /// All of a general register: writing 32 bits clears the others.
    Whole,
    Vector,
    /// MMX, not followed.
    Mmx,
}

/// What is done with the first operand. The second one is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
    Change,
    /// As `Change`, but zero of a register with itself.
    Clear,
}

type Form = (Access, Operand, Operand);

use Access::{Change, Clear, Read, Write};
use Operand::{Accumulator, Opcode, Other, Reg, Rm};

/// `None` where the instruction leaves the straight line, or does more than its operands tell.
pub fn effect(instruction: &Instruction) -> Option<Effect> {
    let (access, first, second) = match (instruction.one_byte(), instruction.two_byte()) {
        (Some(opcode), _) => one_byte(instruction, opcode)?,
        (_, Some((prefix, opcode))) => two_byte(instruction, prefix, opcode)?,
        _ => return None,
    };
    let mut effect = Effect::default();
    if let Some((register, part)) = instruction.register(first) {
        if access != Write {
            effect.reads.push(register);
        }
        if access != Read {
            effect.changes.push(register);
            if !part {
                effect.writes.push(register);
            }
        }
    }
    effect.reads.extend(instruction.register(second).map(|(register, _)| register));
    if matches!((first, second), (Rm(_), _) | (_, Rm(_))) {
        let address = [instruction.memory_base(), instruction.memory_index()];
        effect.reads.extend(address.into_iter().flatten().map(Register::General));
    }
    let same = matches!(second, Reg(_) | Rm(_)) && instruction.rm() == instruction.reg();
    if access == Clear && same {
        // Zero, whatever was there.
        effect.reads.clear();
    }
    Some(effect)
}

impl Instruction<'_> {
    /// The register that an operand is, and whether it is a part of that, whose rest stays when it is written.
    fn register(&self, operand: Operand) -> Option<(Register, bool)> {
        let (number, kind) = match operand {
            Reg(kind) => (self.reg()?, kind),
            Rm(kind) => (self.rm()?, kind),
            Opcode(kind) => (self.opcode_register(), kind),
            Accumulator(kind) => (0, kind),
            Other => return None,
        };
        match kind {
            // ah, ch, dh, bh, which with REX are spl, bpl, sil, dil
            Kind::Byte if self.prefixes.rex == 0 && number >= 4 => {
                Some((Register::General(number - 4), true))
            }
            Kind::Byte => Some((Register::General(number), true)),
            Kind::Operand => Some((Register::General(number), self.prefixes.narrows())),
            Kind::Whole => Some((Register::General(number), false)),
            Kind::Vector => Some((Register::Vector(number), false)),
            Kind::Mmx => None,
        }
    }
}

#[expect(clippy::match_same_arms, reason = "in the order of the opcodes")]
fn one_byte(instruction: &Instruction, opcode: u8) -> Option<Form> {
    let operation = instruction.operation().unwrap_or_default();
    let kind = if opcode & 1 == 0 { Kind::Byte } else { Kind::Operand };
    Some(match opcode {
        // add, or, and, sub, xor, cmp
        0x00..=0x3F => arithmetic(opcode, kind)?,
        // push, pop
        0x50..=0x57 => (Read, Opcode(Kind::Operand), Other),
        0x58..=0x5F => (Write, Opcode(Kind::Operand), Other),
        0x68 | 0x6A => (Read, Other, Other),
        0x8F => (Write, Rm(Kind::Operand), Other),
        0xFF if operation == 6 => (Read, Rm(Kind::Operand), Other),
        // movsxd
        0x63 => (Write, Reg(Kind::Operand), Rm(Kind::Operand)),
        0x80 | 0x81 => (access(operation)?, Rm(kind), Other),
        0x83 => (access(operation)?, Rm(Kind::Operand), Other),
        // test
        0x84 | 0x85 => (Read, Rm(kind), Reg(kind)),
        0xA8 | 0xA9 => (Read, Accumulator(kind), Other),
        0xF6 | 0xF7 if operation < 2 => (Read, Rm(kind), Other),
        // mov
        0x88 | 0x89 => (Write, Rm(kind), Reg(kind)),
        0x8A | 0x8B => (Write, Reg(kind), Rm(kind)),
        0x8C => (Write, Rm(Kind::Operand), Other),
        0xA0 | 0xA1 => (Write, Accumulator(kind), Other),
        0xA2 | 0xA3 => (Write, Other, Accumulator(kind)),
        0xB0..=0xB7 => (Write, Opcode(Kind::Byte), Other),
        0xB8..=0xBF => (Write, Opcode(Kind::Operand), Other),
        0xC6 | 0xC7 if operation == 0 => (Write, Rm(kind), Other),
        // lea
        0x8D => (Write, Reg(Kind::Operand), Rm(Kind::Operand)),
        0x90 if instruction.is_nop() => (Read, Other, Other),
        _ => return None,
    })
}

/// The first lines of the map: an operation each, with six forms.
fn arithmetic(opcode: u8, kind: Kind) -> Option<Form> {
    let access = access(opcode >> 3)?;
    match opcode & 7 {
        0 | 1 => Some((access, Rm(kind), Reg(kind))),
        2 | 3 => Some((access, Reg(kind), Rm(kind))),
        4 | 5 => Some((access, Accumulator(kind), Other)),
        _ => None,
    }
}

/// add, or, adc, sbb, and, sub, xor, cmp. Those with a carry read more than their operands.
fn access(operation: u8) -> Option<Access> {
    match operation {
        0 | 1 | 4 => Some(Change),
        5 | 6 => Some(Clear),
        7 => Some(Read),
        _ => None,
    }
}

#[expect(clippy::match_same_arms, reason = "in the order of the opcodes")]
fn two_byte(instruction: &Instruction, prefix: u8, opcode: u8) -> Option<Form> {
    let vector = if prefix == 0 { Kind::Mmx } else { Kind::Vector };
    let load = |kind| Some((Write, Reg(kind), Rm(kind)));
    let store = |kind| Some((Write, Rm(kind), Reg(kind)));
    match (prefix, opcode) {
        // movups, movupd, movaps, movapd
        (0 | 0x66, 0x10 | 0x28) => load(Kind::Vector),
        (0 | 0x66, 0x11 | 0x29) => store(Kind::Vector),
        // movss, movsd: between registers a part of the first one stays.
        (0xF2 | 0xF3, 0x10) if instruction.rm().is_none() => load(Kind::Vector),
        (0xF2 | 0xF3, 0x11) if instruction.rm().is_none() => store(Kind::Vector),
        // movd, movq
        (0 | 0x66, 0x6E) => Some((Write, Reg(vector), Rm(Kind::Whole))),
        (0 | 0x66, 0x7E) => Some((Write, Rm(Kind::Whole), Reg(vector))),
        (0xF3, 0x7E) => load(Kind::Vector),
        (0x66, 0xD6) => store(Kind::Vector),
        // movq, movdqa, movdqu
        (0 | 0x66 | 0xF3, 0x6F) => load(vector),
        (0 | 0x66 | 0xF3, 0x7F) => store(vector),
        // xorps, pxor
        (0, 0x57) => Some((Clear, Reg(Kind::Vector), Rm(Kind::Vector))),
        (0 | 0x66, 0xEF) => Some((Clear, Reg(vector), Rm(vector))),
        // addsd, mulsd, subsd
        (0xF2, 0x58 | 0x59 | 0x5C) => Some((Change, Reg(Kind::Vector), Rm(Kind::Vector))),
        // movzx, movsx
        (_, 0xB6 | 0xBE) => Some((Write, Reg(Kind::Operand), Rm(Kind::Byte))),
        (_, 0xB7 | 0xBF) => Some((Write, Reg(Kind::Operand), Rm(Kind::Operand))),
        // push and pop of fs and gs
        (_, 0xA0 | 0xA1 | 0xA8 | 0xA9) => Some((Read, Other, Other)),
        // endbr64
        (0xF3, 0x1E) if instruction.modrm() == Some(0xFA) => Some((Read, Other, Other)),
        _ => None,
    }
}
