//! What of an instruction depends on where it stands. Nearly nothing does: a dozen patterns.
//!
//! Source: Arm Architecture Reference Manual for A-profile (DDI 0487), section C4.1, "A64 instruction set encoding".

/// A general register, by its number; 31 is the zero register or the stack pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register(pub u32);

/// An instruction, as far as its place matters. Addresses are absolute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instruction {
    /// Does the same everywhere.
    Plain,
    /// `b`.
    Branch { target: u64 },
    /// `bl`.
    Call { target: u64 },
    /// `b.cond`, `bc.cond`, `cbz`, `cbnz`, `tbz`, `tbnz`, `cb<cc>`.
    Conditional { target: u64, distance: Field },
    /// `adr`, `adrp`: a register, and what it gets.
    Address { register: Register, value: u64 },
    /// `ldr` and its like from an address that the instruction names.
    Literal { load: Load, register: Register, address: u64 },
    /// `blr`, `blraa` and its like.
    CallRegister { target: Register, modifier: Option<Register> },
    /// `br` and its like: where to is not known, maybe into this function's own jump table.
    BranchRegister,
    /// `ret`, `eret` and their like.
    Return,
    /// `brk`, `hlt`: seldom goes on.
    Trap,
    /// One of a pair of exclusive accesses.
    Exclusive,
    /// Its own address goes into a signature.
    SignsPlace,
    /// No instruction, or one to come.
    Undefined,
}

/// The field of a word that holds a branch's distance in words: lowest bit and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub shift: u32,
    pub width: u32,
}

impl Field {
    const fn mask(self) -> u32 {
        ((1 << self.width) - 1) << self.shift
    }

    /// The distance in bytes.
    fn distance(self, word: u32) -> i64 {
        let top = 32 - self.width - self.shift;
        i64::from((word << top).cast_signed() >> (top + self.shift)) * 4
    }

    /// The word with another distance in bytes, if the field holds it.
    #[must_use]
    pub fn with(self, word: u32, distance: i64) -> Option<u32> {
        let number = distance / 4;
        let fits = number >> (self.width - 1) == 0 || number >> (self.width - 1) == -1;
        (fits && distance % 4 == 0)
            .then_some(word & !self.mask() | (number as u32) << self.shift & self.mask())
    }
}

pub const IMM26: Field = Field { shift: 0, width: 26 };
pub const IMM19: Field = Field { shift: 5, width: 19 };
pub const IMM14: Field = Field { shift: 5, width: 14 };
pub const IMM9: Field = Field { shift: 5, width: 9 };

/// The loads that have a literal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    Word,
    Double,
    SignedWord,
    Prefetch,
    SimdSingle,
    SimdDouble,
    SimdQuad,
}

impl Load {
    /// How many bytes are read; a prefetch is none.
    #[must_use]
    pub const fn size(self) -> u64 {
        match self {
            Self::Prefetch => 0,
            Self::Word | Self::SignedWord | Self::SimdSingle => 4,
            Self::Double | Self::SimdDouble => 8,
            Self::SimdQuad => 16,
        }
    }
}

impl Instruction {
    /// Whether control never goes on to the next instruction.
    #[must_use]
    pub fn leaves(self) -> bool {
        matches!(self, Self::Branch { .. } | Self::BranchRegister | Self::Return | Self::Undefined)
    }
}

/// Decodes the word at the address `at`.
#[must_use]
pub fn decode(word: u32, at: u64) -> Instruction {
    let to = |field: Field| at.wrapping_add_signed(field.distance(word));
    let conditional = |distance: Field| Instruction::Conditional { target: to(distance), distance };
    let low = Register(word & 31);
    match word >> 24 {
        // 000101 imm26                          b
        0x14..=0x17 => Instruction::Branch { target: to(IMM26) },
        // 100101 imm26                          bl
        0x94..=0x97 => Instruction::Call { target: to(IMM26) },
        // 01010100 imm19 o0 cond                b.cond, bc.cond
        // sf 011010 op imm19 Rt                 cbz, cbnz
        0x54 | 0x34 | 0x35 | 0xB4 | 0xB5 => conditional(IMM19),
        // b5 011011 op b40 imm14 Rt             tbz, tbnz
        0x36 | 0x37 | 0xB6 | 0xB7 => conditional(IMM14),
        // sf 1110100 cc Rm 00 imm9 Rt           cb<cc>, registers (01: reserved; 10 and 11: cbb<cc>, cbh<cc>)
        // sf 1110101 cc imm6 0 imm9 Rt          cb<cc>, a number
        0x74 | 0x75 | 0xF4 | 0xF5 => conditional(IMM9),
        // 01010101 op imm16 11111               retaasppc, retabsppc
        0x55 => Instruction::SignsPlace,
        // op immlo 10000 immhi Rd               adr, adrp
        top if top & 0x1F == 0x10 => address(word, at, low),
        // opc 011 V 00 imm19 Rt                 ldr and its like, literal
        top if top & 0x3B == 0x18 => literal(word, to(IMM19), low),
        // 1101011 opc 11111 ...                 branches to a register
        0xD6 | 0xD7 => branch_register(word),
        // 11010100 001 imm16 00000              brk
        // 11010100 010 imm16 00000              hlt
        0xD4 if matches!(word >> 21 & 7, 1 | 2) => Instruction::Trap,
        // size 001000 0 L o1 Rs o0 Rt2 Rn Rt    exclusives; with o1 and a size below 2, casp
        top if top & 0x3F == 0x08 && word >> 23 & 1 == 0 && (word >> 21 & 1 == 0 || top >> 7 == 1) => {
            Instruction::Exclusive
        }
        _ if signs_place(word) => Instruction::SignsPlace,
        _ if undefined(word) => Instruction::Undefined,
        _ => Instruction::Plain,
    }
}

/// The value is 21 bits, the lowest two apart from the rest, in bytes or in pages of 4 KiB.
fn address(word: u32, at: u64, register: Register) -> Instruction {
    let high = (word << 8).cast_signed() >> 13;
    let number = i64::from(high) * 4 + i64::from(word >> 29 & 3);
    let value = if word >> 31 == 1 {
        (at & !0xFFF).wrapping_add_signed(number << 12)
    } else {
        at.wrapping_add_signed(number)
    };
    Instruction::Address { register, value }
}

fn literal(word: u32, address: u64, register: Register) -> Instruction {
    let load = match (word >> 26 & 1, word >> 30) {
        (0, 0) => Load::Word,
        (0, 1) => Load::Double,
        (0, 2) => Load::SignedWord,
        (0, _) => Load::Prefetch,
        (_, 0) => Load::SimdSingle,
        (_, 1) => Load::SimdDouble,
        (_, 2) => Load::SimdQuad,
        _ => return Instruction::Undefined,
    };
    Instruction::Literal { load, register, address }
}

/// 1101011 Z op:3 11111 0000 A M Rn Rm: Z is 1 for those that authenticate with a modifier in Rm.
fn branch_register(word: u32) -> Instruction {
    if word >> 16 & 31 != 31 {
        return Instruction::Undefined;
    }
    match word >> 21 & 7 {
        0 => Instruction::BranchRegister,
        1 => {
            let modifier = (word >> 24 & 1 == 1).then_some(Register(word & 31));
            Instruction::CallRegister { target: Register(word >> 5 & 31), modifier }
        }
        // ret, eret, drps
        2 | 4 | 5 => Instruction::Return,
        _ => Instruction::Undefined,
    }
}

/// Signing and authenticating that mixes in the instruction's address.
fn signs_place(word: u32) -> bool {
    // 11011010110 00001 1xxxxx ...              paciasppc, pacnbiasppc, autiasppcr, ...
    let registers = word >> 16 == 0xDAC1 && word >> 15 & 1 == 1;
    // 111100111 op imm16 11111                  autiasppc, autibsppc
    let behind = word >> 23 == 0b1_1110_0111;
    registers || behind
}

/// The parts of the map that are reserved; zeros are `udf`, by definition.
fn undefined(word: u32) -> bool {
    match word >> 25 & 15 {
        0b0000 => word >> 31 == 0,
        0b0001 | 0b0011 => true,
        _ => false,
    }
}
