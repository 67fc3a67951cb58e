//! Which instructions touch `x16` and `x17`, the two registers that a stub and a trampoline may use.
//!
//! A procedure must not expect anything in them, nor find them unchanged behind a call: linkers put code of their
//! own between a `bl` and its target. Source: Procedure Call Standard for the Arm 64-bit Architecture, section 6.1.1.
//! Within a function they are registers like others, though.

/// A set of `x16` (1) and `x17` (2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair(u8);

impl Pair {
    pub const BOTH: Self = Self(3);

    /// Those of the two whose numbers are among `fields`.
    #[must_use]
    pub fn among(fields: &[u32]) -> Self {
        Self(fields.iter().fold(0, |set, field| match field {
            16 => set | 1,
            17 => set | 2,
            _ => set,
        }))
    }

    #[must_use]
    pub fn contains(self, register: u32) -> bool {
        self.0 & Self::among(&[register]).0 != 0
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// What an instruction does with the two. Where the pattern leaves a doubt, it does both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uses {
    pub reads: Pair,
    pub writes: Pair,
}

/// What the instruction does with `x16` and `x17`.
#[must_use]
pub fn uses(word: u32) -> Uses {
    let (t, n, a, m) = (word & 31, word >> 5 & 31, word >> 10 & 31, word >> 16 & 31);
    let uses =
        |reads: &[u32], writes: &[u32]| Uses { reads: Pair::among(reads), writes: Pair::among(writes) };
    let simd = word >> 26 & 1 == 1;
    // The main table of the encoding: bits 25 to 28.
    match word >> 25 & 15 {
        // Data processing with a number: adr, movk, bfm and extr are the odd ones.
        0b1000 | 0b1001 => match (word >> 23 & 7, word >> 29 & 3) {
            (5, 3) => uses(&[t], &[t]),
            (0 | 1 | 5, _) => uses(&[], &[t]),
            (6, 1) => uses(&[t, n], &[t]),
            (7, _) => uses(&[n, m], &[t]),
            _ => uses(&[n], &[t]),
        },
        0b1010 | 0b1011 => branch_or_system(word),
        // Loads and stores: bits 27 to 29.
        0b0100 | 0b0110 | 0b1100 | 0b1110 => match word >> 27 & 7 {
            // Pairs; a load's registers are written.
            0b101 if simd => uses(&[n], &[n]),
            0b101 if word >> 22 & 1 == 1 => uses(&[n], &[n, t, a]),
            0b101 => uses(&[n, t, a], &[n]),
            // Literals.
            0b011 if word >> 24 & 1 == 0 && simd => uses(&[], &[]),
            0b011 if word >> 24 & 1 == 0 => uses(&[], &[t]),
            // One register, and a number for an offset (bit 24, or else not bit 21) or another register.
            0b111 => {
                let index = if word >> 24 & 1 == 1 || word >> 21 & 1 == 0 { 31 } else { m };
                let plain = index == 31 || word >> 10 & 3 == 2;
                match (simd, word >> 22 & 3) {
                    (true, _) => uses(&[n, index], &[n]),
                    (false, 1..) if plain => uses(&[n, index], &[n, t]),
                    _ => uses(&[n, index, t], &[n, t]),
                }
            }
            // Structures of vector registers.
            0b001 if simd => uses(&[n, m], &[n]),
            _ => uses(&[t, n, a, m], &[t, n, a, m]),
        },
        // Data processing with registers; three sources have bits 24 to 28 of 11011.
        0b0101 | 0b1101 if word >> 24 & 31 == 0b11011 => uses(&[n, m, a], &[t]),
        0b0101 | 0b1101 => uses(&[n, m], &[t]),
        // Floating point and vectors: general registers in conversions and copies of elements only.
        0b0111 | 0b1111 => {
            let converts = word & 0x5F20_FC00 == 0x1E20_0000 || word & 0x5F20_0000 == 0x1E00_0000;
            let copies = word & 0x9FE0_8400 == 0x0E00_0400;
            if converts || copies { uses(&[n], &[t]) } else { uses(&[], &[]) }
        }
        _ => uses(&[t, n, a, m], &[t, n, a, m]),
    }
}

fn branch_or_system(word: u32) -> Uses {
    let (t, n, m) = (word & 31, word >> 5 & 31, word >> 16 & 31);
    let reads = |fields: &[u32]| Uses { reads: Pair::among(fields), writes: Pair::default() };
    match word >> 24 {
        // cb<cc>
        0x74 | 0x75 | 0xF4 | 0xF5 => reads(&[t, m]),
        // br, blr, ret, and those that authenticate
        0xD6 | 0xD7 => reads(&[t, n]),
        // 1101010100 0 00 011 0010 0001 op2 11111      pacia1716 and its like: x17 is signed, x16 the modifier
        0xD5 if word & 0xFFFF_FF1F == 0xD503_211F => Uses { reads: Pair::BOTH, writes: Pair::BOTH },
        // 1101010100 1 ... Rt                          mrs, sysl
        0xD5 if word >> 21 & 1 == 1 => Uses { reads: Pair::default(), writes: Pair::among(&[t]) },
        // cbz, cbnz, tbz, tbnz; msr, sys
        0x34..=0x37 | 0xB4..=0xB7 | 0xD5 => reads(&[t]),
        _ => reads(&[]),
    }
}
