//! What the symbols of the [opcode maps](super::maps) stand for.

/// What follows an opcode.
#[derive(Clone, Copy)]
pub enum Form {
    /// No instruction.
    Undefined,
    /// An instruction whose length depends on the processor, for the reason given.
    Ambiguous(&'static str),
    /// Nothing but the immediate.
    Plain(Tail),
    /// A `ModRM` byte, with what may stand in it, and an immediate behind the operand.
    ModRm(Allowed, Tail),
}

/// The bytes behind everything else: an immediate, a distance, an address.
#[derive(Clone, Copy)]
pub enum Tail {
    Bytes(usize),
    /// As wide as the operand, up to four bytes (`iz`).
    Operand,
    /// As wide as the operand (`mov r, imm`).
    Full,
    /// As wide as an address (`moffs`).
    Address,
    /// [`Operand`](Self::Operand) or one byte, for the first two operations of a group: `test` in `F6`, `F7`.
    Test,
}

/// The values of a `ModRM` byte that are an instruction.
#[derive(Clone, Copy)]
pub struct Allowed {
    /// With an operand in memory: a bit for each value of `reg`.
    pub memory: u8,
    /// With an operand in a register: a bit for each value of `reg` and `rm`.
    pub register: u64,
    /// Memory only with a SIB byte: its index is a vector of addresses, or a stride.
    pub sib: bool,
}

const ANY: Allowed = Allowed { memory: 0xFF, register: u64::MAX, sib: false };
const MEMORY: Allowed = Allowed { register: 0, ..ANY };
const REGISTER: Allowed = Allowed { memory: 0, ..ANY };

const fn group(memory: u8, register: u64, immediate: usize) -> Form {
    Form::ModRm(Allowed { memory, register, sib: false }, Tail::Bytes(immediate))
}

/// The symbol's meaning.
///
/// Groups give the lines of the SDM's table A-6 (opcode extensions by `ModRM`), and of its section A.5 for x87.
pub fn form(symbol: u8) -> Form {
    match symbol {
        b'-' => Form::Plain(Tail::Bytes(0)),
        b'1' | b'j' => Form::Plain(Tail::Bytes(1)),
        b'2' => Form::Plain(Tail::Bytes(2)),
        b'3' => Form::Plain(Tail::Bytes(3)),
        b'J' => Form::Plain(Tail::Bytes(4)),
        b'z' => Form::Plain(Tail::Operand),
        b'w' => Form::Plain(Tail::Full),
        b'o' => Form::Plain(Tail::Address),
        b'm' => Form::ModRm(ANY, Tail::Bytes(0)),
        b'M' => Form::ModRm(MEMORY, Tail::Bytes(0)),
        b'R' => Form::ModRm(REGISTER, Tail::Bytes(0)),
        b'S' => Form::ModRm(Allowed { sib: true, ..MEMORY }, Tail::Bytes(0)),
        b'i' => Form::ModRm(ANY, Tail::Bytes(1)),
        b'r' => Form::ModRm(REGISTER, Tail::Bytes(1)),
        b'x' => Form::ModRm(REGISTER, Tail::Bytes(2)),
        b'd' => Form::ModRm(ANY, Tail::Bytes(4)),
        b'Z' => Form::ModRm(ANY, Tail::Operand),
        b'=' | b'+' => Form::ModRm(ANY, Tail::Test),
        b'!' => Form::Ambiguous("processors disagree whether its opcode (ud0) has operands"),
        b'.' => Form::Undefined,
        _ => one_byte_group(symbol),
    }
}

fn one_byte_group(symbol: u8) -> Form {
    match symbol {
        // C6, C7: mov, and xabort, xbegin as F8.
        b'v' => group(0x01, 0x0100_0000_0000_00FF, 1),
        b'y' => {
            Form::ModRm(Allowed { memory: 0x01, register: 0x0100_0000_0000_00FF, sib: false }, Tail::Operand)
        }
        // 8E: mov to a segment register but cs; 8F: pop.
        b'8' => group(0x3D, 0x0000_FFFF_FFFF_00FF, 0),
        b'0' => group(0x01, 0x0000_0000_0000_00FF, 0),
        // D9, DA, DB, DD, DE, DF: x87.
        b'4' => group(0xFD, 0xFFFF_7F33_FF01_FFFF, 0),
        b'5' => group(0xFF, 0x0000_0200_FFFF_FFFF, 0),
        b'6' => group(0xAF, 0x00FF_FF1F_FFFF_FFFF, 0),
        b'7' => group(0xDF, 0x0000_FFFF_FFFF_FFFF, 0),
        b'9' => group(0xFF, 0xFFFF_FFFF_02FF_FFFF, 0),
        b'%' => group(0xFF, 0x00FF_FF01_FFFF_FFFF, 0),
        // FE: inc, dec; FF: these, call, jmp, push.
        b'<' => group(0x03, 0x0000_0000_0000_FFFF, 0),
        b'>' => group(0x7F, 0x00FF_00FF_00FF_FFFF, 0),
        _ => two_byte_group(symbol),
    }
}

fn two_byte_group(symbol: u8) -> Form {
    match symbol {
        // 8C: mov from a segment register; 0F 00: sldt and others, with lkgs where the prefix is F2.
        b'A' => group(0x3F, 0x0000_FFFF_FFFF_FFFF, 0),
        b'B' => group(0x7F, 0x00FF_FFFF_FFFF_FFFF, 0),
        // 0F 01: a column for each prefix.
        b'D' => group(0xDF, 0xFFFF_C1FF_FFF3_8FFF, 0),
        b'E' => group(0xDF, 0x13FF_00FF_FF00_F000, 0),
        b'F' => group(0xFF, 0xF7FF_F5FF_FF00_0440, 0),
        b'G' => group(0xDF, 0xD3FF_03FF_FF00_0440, 0),
        // 0F 20, 0F 22: the control registers that exist, cr8 with REX.R.
        b'C' => group(0, 0x0000_00FF_FFFF_00FF, 0),
        // 0F 71, 0F 72; 0F 73; with 66: shifts of vectors.
        b'H' => group(0, 0x00FF_00FF_00FF_0000, 1),
        b'I' => group(0, 0x00FF_0000_00FF_0000, 1),
        b'K' => group(0, 0xFFFF_0000_FFFF_0000, 1),
        // 66 0F 78: extrq.
        b'X' => group(0, 0x0000_0000_0000_00FF, 2),
        // 0F A6, 0F A7: VIA's padlock.
        b'L' => group(0, 0x0000_0000_0000_00FF, 0),
        b'N' => group(0, 0xFFFF_FFFF_FFFF_FF00, 0),
        // 0F AE: fxsave, fences and others; a column for each prefix.
        b'P' => group(0xFF, 0xFFFF_FF00_0000_0000, 0),
        b'Q' => group(0xC0, 0x00FF_0000_0000_0000, 0),
        b'T' => group(0x50, 0x00FF_FFFF_FFFF_FFFF, 0),
        b'U' => group(0, 0x00FF_0000_0000_0000, 0),
        // 0F BA: bt, bts, btr, btc.
        b'V' => group(0xF0, 0xFFFF_FFFF_0000_0000, 1),
        // 0F C7: cmpxchg8b, rdrand and others; a column for each prefix, 66 and F3 being alike.
        b'W' => group(0xFA, 0xFFFF_0000_0000_0000, 0),
        b'Y' => group(0x42, 0xFFFF_0000_0000_0000, 0),
        b'O' => group(0x02, 0, 0),
        // F3 0F 38 D8: key locker; F3 0F 3A F0: hreset.
        b'k' => group(0x0F, 0, 0),
        b'h' => group(0, 0x0000_0000_0000_0001, 1),
        _ => vector_group(symbol),
    }
}

fn vector_group(symbol: u8) -> Form {
    match symbol {
        // VEX 0F AE: vldmxcsr, vstmxcsr; 0F38 49: tile configuration; 0F38 F3: blsr, blsmsk, blsi.
        b'a' => group(0x0C, 0, 0),
        b'b' => group(0x01, 0x0000_0000_0000_0001, 0),
        b'c' => group(0x01, 0, 0),
        b'e' => group(0, 0x0101_0101_0101_0101, 0),
        b'f' => group(0x0E, 0x0000_0000_FFFF_FF00, 0),
        // EVEX 0F 71, 0F 72, 0F 73: shifts and rotations of vectors.
        b'g' => group(0x54, 0x00FF_00FF_00FF_0000, 1),
        b'l' => group(0x57, 0x00FF_00FF_00FF_FFFF, 1),
        b'n' => group(0xCC, 0xFFFF_0000_FFFF_0000, 1),
        // EVEX 0F38 C6, 0F38 C7: prefetches of gathered and scattered addresses.
        b's' => Form::ModRm(Allowed { memory: 0x66, register: 0, sib: true }, Tail::Bytes(0)),
        // XOP 9: 01, 02, 12; XOP 10: 12.
        b'p' => group(0xFE, 0xFFFF_FFFF_FFFF_FF00, 0),
        b'q' => group(0x42, 0x00FF_0000_0000_FF00, 0),
        b't' => group(0, 0x0000_0000_0000_FFFF, 0),
        b'u' => group(0x03, 0x0000_0000_0000_FFFF, 4),
        _ => Form::Undefined,
    }
}
