//! One x86-64 instruction, decoded as far as relocation has to know it: its length, the operand that depends on its
//! place, and where control goes from it.
//!
//! What no map defines is refused, and so is what processors disagree about: never is a length guessed. An encoding
//! of a defined instruction that faults for the values in its VEX or EVEX prefix (vector length, W, an operand that
//! is not used) has its length, faults here as there, and is not told apart.
use flow::Flow;
use layout::{Form, Tail, form};

pub mod flow;
mod layout;
mod maps;
mod opcode;
mod operands;
mod prefixes;

use opcode::Opcode;
use prefixes::Prefixes;

/// No instruction is longer.
pub const LONGEST: usize = 15;

/// Why bytes were not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// They end within the instruction.
    Truncated,
    /// They are no instruction.
    Undefined,
    /// What they are depends on the processor.
    Ambiguous(&'static str),
}

/// A decoded instruction.
#[derive(Debug, Clone, Copy)]
pub struct Instruction<'a> {
    pub address: u64,
    pub bytes: &'a [u8],
    pub flow: Flow,
    /// Legacy prefixes and REX. Those of the vector encodings are part of the opcode.
    pub(crate) prefixes: Prefixes,
    space: Space,
    opcode: u8,
    /// Where the `ModRM` byte is; 0 if there is none.
    modrm_at: usize,
    /// Where the displacement is, and how long.
    displacement: (usize, usize),
    /// Length of the immediate or distance at the end.
    tail: usize,
}

/// Which map an opcode is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    One,
    Two,
    /// Those with two escapes, and the vector encodings: nothing in them transfers control.
    Other,
}

/// The bytes of an instruction, and how many were read.
struct Reader<'a> {
    code: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Result<u8, Fault> {
        if self.at >= LONGEST {
            return Err(Fault::Undefined);
        }
        self.code.get(self.at).copied().ok_or(Fault::Truncated)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, count: usize) -> Result<(), Fault> {
        self.at += count;
        if self.at > LONGEST {
            return Err(Fault::Undefined);
        }
        if self.at > self.code.len() { Err(Fault::Truncated) } else { Ok(()) }
    }
}

/// Decodes the instruction that `code` begins with, at `address`.
///
/// # Errors
/// When it is none that is known, or when it depends on the processor.
pub fn decode(code: &[u8], address: u64) -> Result<Instruction<'_>, Fault> {
    let mut reader = Reader { code, at: 0 };
    let prefixes = Prefixes::read(&mut reader)?;
    let opcode = Opcode::read(&mut reader, &prefixes)?;
    let symbol = opcode.map[usize::from(opcode.byte >> 4)][opcode.column][usize::from(opcode.byte & 15)];
    let (mut modrm_at, mut displacement) = (0, (0, 0));
    let tail = match form(symbol) {
        Form::Undefined => return Err(Fault::Undefined),
        Form::Ambiguous(why) => return Err(Fault::Ambiguous(why)),
        Form::Plain(tail) => tail,
        Form::ModRm(allowed, tail) => {
            modrm_at = reader.at;
            let modrm = reader.peek()?;
            if !allowed.has(modrm) || opcode.evex.is_some_and(|evex| !evex.defines(modrm, allowed.sib)) {
                return Err(Fault::Undefined);
            }
            displacement = read_operand(&mut reader)?;
            tail
        }
    };
    let modrm = if modrm_at == 0 { 0 } else { code[modrm_at] };
    let tail = tail.length(&prefixes, opcode.byte, modrm);
    reader.skip(tail)?;
    let bytes = &code[..reader.at];
    let (space, opcode) = (opcode.space, opcode.byte);
    let flow = Flow::decode(space, opcode, modrm, &prefixes);
    let decoded = Instruction { address, bytes, flow, prefixes, space, opcode, modrm_at, displacement, tail };
    decoded.check()?;
    Ok(decoded)
}

/// Reads `ModRM`, SIB and displacement. Where the displacement is, and how long.
fn read_operand(reader: &mut Reader) -> Result<(usize, usize), Fault> {
    let modrm = reader.byte()?;
    let (mode, mut base) = (modrm >> 6, modrm & 7);
    if mode == 3 {
        return Ok((0, 0));
    }
    if base == 4 {
        base = reader.byte()? & 7;
    }
    let at = reader.at;
    let width = match mode {
        1 => 1,
        2 => 4,
        // No base but a displacement, or rip.
        _ if base == 5 => 4,
        _ => 0,
    };
    reader.skip(width)?;
    Ok((at, width))
}

impl Tail {
    fn length(self, prefixes: &Prefixes, opcode: u8, modrm: u8) -> usize {
        let operand = if prefixes.narrows() { 2 } else { 4 };
        match self {
            Self::Bytes(count) => count,
            Self::Full if prefixes.wide() => 8,
            Self::Address => 8 - 4 * usize::from(prefixes.address),
            Self::Test if modrm >> 3 & 7 > 1 => 0,
            Self::Test if opcode & 1 == 0 => 1,
            Self::Operand | Self::Full | Self::Test => operand,
        }
    }
}

impl Instruction<'_> {
    /// What the maps do not say.
    fn check(&self) -> Result<(), Fault> {
        let two = self.space == Space::Two;
        if two && self.opcode == 0x0F && !is_3dnow(self.bytes[self.bytes.len() - 1]) {
            return Err(Fault::Undefined);
        }
        if self.prefixes.lock && !self.lockable() {
            return Err(Fault::Undefined);
        }
        if self.flow.is_near_branch() && self.flow != Flow::Transaction && self.prefixes.narrows() {
            return Err(Fault::Ambiguous(
                "processors disagree about a near branch with an operand size prefix",
            ));
        }
        Ok(())
    }

    /// Whether `lock` may stand before it: SDM volume 2, LOCK.
    fn lockable(&self) -> bool {
        let Some(modrm) = self.modrm().filter(|modrm| *modrm < 0xC0) else { return false };
        let group = modrm >> 3 & 7;
        match (self.space, self.opcode) {
            // add, or, adc, sbb, and, sub, xor
            (Space::One, opcode @ 0..=0x31) => opcode & 7 < 2,
            (Space::One, 0x80 | 0x81 | 0x83) => group < 7,
            // not, neg; inc, dec
            (Space::One, 0xF6 | 0xF7) => group == 2 || group == 3,
            (Space::One, 0xFE | 0xFF) => group < 2,
            // bts, btr, btc; cmpxchg8b
            (Space::Two, 0xBA) => group > 4,
            (Space::Two, 0xC7) => group == 1,
            // xchg; bts, btr, btc, cmpxchg, xadd
            (space, opcode) => matches!(
                (space, opcode),
                (Space::One, 0x86 | 0x87) | (Space::Two, 0xAB | 0xB0 | 0xB1 | 0xB3 | 0xBB | 0xC0 | 0xC1)
            ),
        }
    }

    pub(crate) fn next(&self) -> u64 {
        self.address.wrapping_add(self.bytes.len() as u64)
    }

    pub(crate) fn modrm(&self) -> Option<u8> {
        (self.modrm_at != 0).then(|| self.bytes[self.modrm_at])
    }

    /// Where the opcode is. Only for instructions without a vector prefix and in the maps of one and two bytes.
    pub(crate) fn opcode_at(&self) -> usize {
        self.prefixes.length
    }

    pub(crate) fn opcode(&self) -> u8 {
        self.opcode
    }

    /// The condition of a conditional branch: the low digit of its opcode.
    pub(crate) fn condition(&self) -> u8 {
        self.opcode & 15
    }

    /// Where the displacement is, and how long.
    pub(crate) fn displacement_field(&self) -> (usize, usize) {
        self.displacement
    }

    pub(crate) fn displacement(&self) -> i32 {
        let (at, width) = self.displacement;
        self.signed(at, width)
    }

    /// A little-endian field.
    fn signed(&self, at: usize, width: usize) -> i32 {
        let mut value = 0;
        for index in 0..width {
            value |= i32::from(self.bytes[at + index]) << (8 * index);
        }
        let unused = 32 - 8 * width as u32;
        if width == 0 { 0 } else { value << unused >> unused }
    }

    /// What an operand relative to `rip` or `eip` refers to.
    #[must_use]
    pub fn rip_relative(&self) -> Option<u64> {
        if self.modrm()? & 0xC7 != 5 {
            return None;
        }
        let target = self.next().wrapping_add_signed(self.displacement().into());
        Some(if self.prefixes.address { target & 0xFFFF_FFFF } else { target })
    }

    /// Where a direct branch, call, loop or `xbegin` goes.
    #[must_use]
    pub fn branch_target(&self) -> Option<u64> {
        if !self.flow.is_direct() {
            return None;
        }
        let distance = self.signed(self.bytes.len() - self.tail, self.tail);
        Some(self.next().wrapping_add_signed(distance.into()))
    }

    /// Whether the operand in memory has an index register.
    pub(crate) fn has_index(&self) -> bool {
        self.memory_index().is_some()
    }

    /// Whether the operand in memory is relative to `rsp` or `esp`.
    pub(crate) fn has_stack_base(&self) -> bool {
        self.memory_base() == Some(4)
    }

    /// `mov r, r/m`
    pub(crate) fn is_load(&self) -> bool {
        self.space == Space::One && self.opcode == 0x8B
    }

    // 90   nop           0F 1F /0   nop r/m           F3 90   pause           REX.B 90   xchg
    pub(crate) fn is_nop(&self) -> bool {
        match (self.space, self.opcode) {
            (Space::One, 0x90) => self.prefixes.repeat == 0 && self.prefixes.rex & 1 == 0,
            (Space::Two, 0x1F) => self.modrm().is_some_and(|modrm| modrm & 0x38 == 0),
            _ => false,
        }
    }
}

/// The operations of 3DNow!, whose opcode stands where an immediate would: APM volume 3, appendix A, table A-13.
fn is_3dnow(suffix: u8) -> bool {
    matches!(
        suffix,
        0x0C | 0x0D
            | 0x1C
            | 0x1D
            | 0x8A
            | 0x8E
            | 0x90
            | 0x94
            | 0x96
            | 0x97
            | 0x9A
            | 0x9E
            | 0xA0
            | 0xA4
            | 0xA6
            | 0xA7
            | 0xAA
            | 0xAE
            | 0xB0
            | 0xB4
            | 0xB6
            | 0xB7
            | 0xBB
            | 0xBF
    )
}
