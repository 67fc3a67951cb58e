//! Code for another place that does what the displaced instructions did at theirs.
use super::decode::{Field, IMM19, IMM26, Load, Register};

pub const X30: Register = Register(30);
/// 11010101000000110010 0000 000 11111           nop
pub const NOP: u32 = 0xD503_201F;

/// Collects code that will lie at a known address.
#[derive(Debug)]
pub struct Encoder {
    to: u64,
    words: Vec<u32>,
    inner: Vec<Inner>,
}

/// A branch from one displaced instruction to another.
#[derive(Debug)]
struct Inner {
    word: usize,
    field: Field,
    offset: usize,
}

impl Encoder {
    pub fn new(to: u64) -> Self {
        Self { to, words: Vec::with_capacity(16), inner: Vec::new() }
    }

    /// Bytes so far.
    pub fn length(&self) -> usize {
        4 * self.words.len()
    }

    pub fn word(&mut self, word: u32) {
        self.words.push(word);
    }

    fn distance(&self, to: u64) -> i64 {
        to.wrapping_sub(self.to.wrapping_add(self.length() as u64)).cast_signed()
    }

    /// A branch to the displaced instruction that stood at `offset`.
    pub fn inner(&mut self, word: u32, field: Field, offset: usize) {
        self.inner.push(Inner { word: self.words.len(), field, offset });
        self.word(word);
    }

    /// Goes to `target`; `false` when it is far and there is no free register to go there.
    pub fn jump(&mut self, target: u64, free: Option<Register>) -> bool {
        // 000101 imm26                          b
        if let Some(word) = IMM26.with(0x1400_0000, self.distance(target)) {
            self.word(word);
        } else if let Some(register) = free {
            self.address(register, target);
            // 1101011 0010 11111 000000 Rn 00000    ret Xn
            // Not br: the target was reached by a direct branch and need not begin with a landing pad.
            self.word(0xD65F_0000 | register.0 << 5);
        } else {
            return false;
        }
        true
    }

    /// The same conditional branch to the same target; `false` as in [`jump`](Self::jump).
    pub fn conditional(&mut self, word: u32, field: Field, target: u64, free: Option<Register>) -> bool {
        if let Some(word) = field.with(word, self.distance(target)) {
            self.word(word);
            return true;
        }
        //          b.cond taken
        //          b      behind
        // taken:   (jump to target)
        // behind:
        self.word(field.with(word, 8).expect("every field holds two words"));
        let skip = self.words.len();
        self.word(0);
        let reached = self.jump(target, free);
        let distance = 4 * (self.words.len() - skip) as i64;
        self.words[skip] = IMM26.with(0x1400_0000, distance).expect("a few words");
        reached
    }

    /// Puts a number into a register, and changes no other.
    pub fn address(&mut self, register: Register, value: u64) {
        let Register(d) = register;
        if d == 31 {
            // To the zero register: nothing. `add` would take it for the stack pointer.
            return self.word(NOP);
        }
        let here = self.to.wrapping_add(self.length() as u64);
        let pages = (value & !0xFFF).wrapping_sub(here & !0xFFF).cast_signed() >> 12;
        // 0 immlo 10000 immhi Rd                adr Xd, value
        if let Some(split) = split(self.distance(value)) {
            self.word(0x1000_0000 | split | d);
        // 1 immlo 10000 immhi Rd                adrp Xd, value
        } else if let Some(split) = split(pages) {
            self.word(0x9000_0000 | split | d);
            // 1001000100 imm12 Rn Rd            add Xd, Xd, #number
            if value & 0xFFF != 0 {
                self.word(0x9100_0000 | (value as u32 & 0xFFF) << 10 | d << 5 | d);
            }
        } else {
            self.number(register, value);
        }
    }

    fn number(&mut self, Register(d): Register, value: u64) {
        // 110100101 hw imm16 Rd                 movz Xd, #imm16, lsl #(16 * hw)
        let mut opcode = 0xD280_0000;
        for hw in 0..4 {
            let imm16 = (value >> (16 * hw)) as u32 & 0xFFFF;
            if imm16 != 0 {
                self.word(opcode | hw << 21 | imm16 << 5 | d);
                // 111100101 hw imm16 Rd         movk Xd, #imm16, lsl #(16 * hw)
                opcode = 0xF280_0000;
            }
        }
        if opcode == 0xD280_0000 {
            self.word(opcode | d);
        }
    }

    /// 10101010000 Rm 000000 11111 Rd            mov Xd, Xm
    pub fn copy(&mut self, Register(d): Register, Register(m): Register) {
        self.word(0xAA00_03E0 | m << 16 | d);
    }

    /// The same load from the same address; `false` when that is far and there is no register to hold it.
    pub fn load(
        &mut self,
        word: u32,
        load: Load,
        register: Register,
        address: u64,
        free: Option<Register>,
    ) -> bool {
        if let Some(word) = IMM19.with(word, self.distance(address)) {
            self.word(word);
            return true;
        }
        // size 111 V 01 opc 000000000000 Rn Rt, or for a vector register of 16 bytes 00 111 1 01 11 ...
        let (opcode, general) = match load {
            Load::Word => (0xB940_0000, true),
            Load::Double => (0xF940_0000, true),
            Load::SignedWord => (0xB980_0000, true),
            Load::Prefetch => (0xF980_0000, false),
            Load::SimdSingle => (0xBD40_0000, false),
            Load::SimdDouble => (0xFD40_0000, false),
            Load::SimdQuad => (0x3DC0_0000, false),
        };
        let own = general && register.0 != 31;
        let base = if own { Some(register) } else { free };
        let Some(base) = base else { return false };
        self.address(base, address);
        self.word(opcode | base.0 << 5 | register.0);
        true
    }

    /// The bytes; `boundaries` tell where each displaced instruction starts now.
    pub fn finish(mut self, boundaries: &[(usize, usize)]) -> Vec<u8> {
        for Inner { word, field, offset } in &self.inner {
            let (_, to) =
                boundaries.iter().find(|(from, _)| from == offset).expect("a displaced instruction");
            let distance = *to as i64 - 4 * *word as i64;
            self.words[*word] = field.with(self.words[*word], distance).expect("a few words");
        }
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
}

/// The two parts of the number in `adr` and `adrp`, if its 21 bits hold it.
fn split(number: i64) -> Option<u32> {
    let fits = number >> 20 == 0 || number >> 20 == -1;
    fits.then_some((number as u32 & 3) << 29 | (number as u32 >> 2 & 0x7_FFFF) << 5)
}
