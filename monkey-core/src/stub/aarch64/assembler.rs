//! Instruction words, labels, and a pool of 64-bit numbers behind the code.
//!
//! Source of the bit patterns: Arm Architecture Reference Manual for A-profile (DDI 0487), chapter C6.

/// A general register, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register(pub u32);

/// The stack pointer, where a base register is meant.
pub const SP: Register = Register(31);

/// A place in the code, bound once, before or after the branches to it.
#[derive(Debug, Clone, Copy)]
pub struct Label(usize);

/// What a branch asks for, with its pattern; the distance is filled in later.
#[derive(Debug, Clone, Copy)]
pub enum Branch {
    Always,
    Equal,
    NotEqual,
    /// Unsigned, higher or same.
    NotBelow,
    Zero(Register),
    NotZero(Register),
    BitSet(Register, u32),
}

impl Branch {
    /// The word without the distance, the lowest bit of the distance's field, and the field's width.
    fn pattern(self) -> (u32, u32, u32) {
        // The bit's number is split: its highest bit is the word's highest, the rest follow the opcode.
        let bit = |number: u32| (number >> 5) << 31 | (number & 31) << 19;
        match self {
            // 000101 imm26                  b
            Self::Always => (0x1400_0000, 0, 26),
            // 01010100 imm19 0 cond         b.cond
            Self::Equal => (0x5400_0000, 5, 19),
            Self::NotEqual => (0x5400_0001, 5, 19),
            Self::NotBelow => (0x5400_0002, 5, 19),
            // 10110100 imm19 Rt             cbz Xt
            Self::Zero(Register(t)) => (0xB400_0000 | t, 5, 19),
            // 10110101 imm19 Rt             cbnz Xt
            Self::NotZero(Register(t)) => (0xB500_0000 | t, 5, 19),
            // b5 0110111 b40 imm14 Rt       tbnz Xt
            Self::BitSet(Register(t), number) => (0x3700_0000 | bit(number) | t, 5, 14),
        }
    }

    /// The word for a distance in bytes, if the field holds it.
    fn word(self, distance: i64) -> Option<u32> {
        let (pattern, shift, width) = self.pattern();
        Some(pattern | field(distance / 4, width)? << shift)
    }
}

/// The number in a signed field of so many bits.
fn field(number: i64, width: u32) -> Option<u32> {
    let fits = number >> (width - 1) == 0 || number >> (width - 1) == -1;
    fits.then_some(number as u32 & ((1 << width) - 1))
}

/// Collects code that will lie at a known address.
#[derive(Debug)]
pub struct Assembler {
    base: u64,
    words: Vec<u32>,
    bound: Vec<Option<usize>>,
    branches: Vec<(usize, Branch, Label)>,
    pool: Vec<(usize, Register, u64)>,
}

impl Assembler {
    pub fn new(base: u64) -> Self {
        Self {
            base,
            words: Vec::with_capacity(128),
            bound: Vec::new(),
            branches: Vec::new(),
            pool: Vec::new(),
        }
    }

    pub fn label(&mut self) -> Label {
        self.bound.push(None);
        Label(self.bound.len() - 1)
    }

    pub fn bind(&mut self, label: Label) {
        self.bound[label.0] = Some(self.words.len());
    }

    /// Bytes so far.
    pub fn length(&self) -> usize {
        4 * self.words.len()
    }

    /// Code that was encoded elsewhere for this place.
    pub fn code(&mut self, code: &[u8]) {
        let (words, rest) = code.as_chunks();
        debug_assert!(rest.is_empty());
        self.words.extend(words.iter().map(|word| u32::from_le_bytes(*word)));
    }

    fn word(&mut self, word: u32) {
        self.words.push(word);
    }

    fn distance(&self, to: u64) -> i64 {
        to.wrapping_sub(self.base + 4 * self.words.len() as u64).cast_signed()
    }

    pub fn branch(&mut self, branch: Branch, label: Label) {
        self.branches.push((self.words.len(), branch, label));
        self.word(0);
    }

    /// A branch to an address, if it is in reach.
    pub fn branch_to(&mut self, address: u64) -> Option<()> {
        let word = Branch::Always.word(self.distance(address))?;
        self.word(word);
        Some(())
    }

    /// `br Xn`
    pub fn branch_register(&mut self, Register(n): Register) {
        // 1101011 0000 11111 000000 Rn 00000
        self.word(0xD61F_0000 | n << 5);
    }

    /// `adr Xd, address`
    pub fn address(&mut self, Register(d): Register, address: u64) {
        // 0 immlo 10000 immhi Rd
        let number = field(self.distance(address), 21).expect("within 1 MiB of the stub");
        self.word(0x1000_0000 | (number & 3) << 29 | (number >> 2) << 5 | d);
    }

    /// `ldr Xt, address`
    pub fn load_at(&mut self, Register(t): Register, address: u64) {
        // 01011000 imm19 Rt
        let number = field(self.distance(address) / 4, 19).expect("within 1 MiB of the stub");
        self.word(0x5800_0000 | number << 5 | t);
    }

    /// `ldr Wt, address`
    pub fn load_word_at(&mut self, Register(t): Register, address: u64) {
        // 00011000 imm19 Rt
        let number = field(self.distance(address) / 4, 19).expect("within 1 MiB of the stub");
        self.word(0x1800_0000 | number << 5 | t);
    }

    /// The same as [`load_at`](Self::load_at), of a number in the pool.
    pub fn constant(&mut self, t: Register, number: u64) {
        self.pool.push((self.words.len(), t, number));
        self.word(0);
    }

    /// `ldr Xt, [Xn, #offset]`
    pub fn load(&mut self, Register(t): Register, Register(n): Register, offset: u64) {
        // 1111100101 imm12 Rn Rt
        self.word(0xF940_0000 | scaled(offset) << 10 | n << 5 | t);
    }

    /// `ldr Wt, [Xn]`
    pub fn load_word(&mut self, Register(t): Register, Register(n): Register) {
        // 1011100101 imm12 Rn Rt
        self.word(0xB940_0000 | n << 5 | t);
    }

    /// `str Xt, [Xn, #offset]`
    pub fn store(&mut self, Register(t): Register, Register(n): Register, offset: u64) {
        // 1111100100 imm12 Rn Rt
        self.word(0xF900_0000 | scaled(offset) << 10 | n << 5 | t);
    }

    /// `str wzr, [Xn]`
    pub fn store_word_zero(&mut self, Register(n): Register) {
        // 1011100100 imm12 Rn 11111
        self.word(0xB900_001F | n << 5);
    }

    /// `stp Xt, Xt2, [sp, #-bytes]!`
    pub fn push(&mut self, (Register(t), Register(t2)): (Register, Register), bytes: u64) {
        // 1010100110 imm7 Rt2 Rn Rt
        let imm7 = field(-i64::from(scaled(bytes)), 7).expect("a small frame");
        self.word(0xA980_0000 | imm7 << 15 | t2 << 10 | SP.0 << 5 | t);
    }

    /// `ldp Xt, Xt2, [sp], #bytes`
    pub fn pop(&mut self, (Register(t), Register(t2)): (Register, Register), bytes: u64) {
        // 1010100011 imm7 Rt2 Rn Rt
        self.word(0xA8C0_0000 | scaled(bytes) << 15 | t2 << 10 | SP.0 << 5 | t);
    }

    /// `stp Xt, Xt2, [sp, #offset]`
    pub fn store_pair(&mut self, (Register(t), Register(t2)): (Register, Register), offset: u64) {
        // 1010100100 imm7 Rt2 Rn Rt
        self.word(0xA900_0000 | scaled(offset) << 15 | t2 << 10 | SP.0 << 5 | t);
    }

    /// `ldp Xt, Xt2, [sp, #offset]`
    pub fn load_pair(&mut self, (Register(t), Register(t2)): (Register, Register), offset: u64) {
        // 1010100101 imm7 Rt2 Rn Rt
        self.word(0xA940_0000 | scaled(offset) << 15 | t2 << 10 | SP.0 << 5 | t);
    }

    /// `ldaxr Xt, [Xn]`
    pub fn load_exclusive(&mut self, Register(t): Register, Register(n): Register) {
        // 1100100001011111111111 Rn Rt
        self.word(0xC85F_FC00 | n << 5 | t);
    }

    /// `stlxr Ws, Xt, [Xn]`: s, t and n are three registers.
    pub fn store_exclusive(&mut self, Register(s): Register, Register(t): Register, Register(n): Register) {
        // 11001000000 Rs 111111 Rn Rt
        self.word(0xC800_FC00 | s << 16 | n << 5 | t);
    }

    /// `ldar Xt, [Xn]`
    pub fn load_acquire(&mut self, Register(t): Register, Register(n): Register) {
        // 1100100011011111111111 Rn Rt
        self.word(0xC8DF_FC00 | n << 5 | t);
    }

    /// `stlr Xt, [Xn]`
    pub fn store_release(&mut self, Register(t): Register, Register(n): Register) {
        // 1100100010011111111111 Rn Rt
        self.word(0xC89F_FC00 | n << 5 | t);
    }

    /// `dmb ishld`: loads before it, then all behind it.
    pub fn loads_first(&mut self) {
        // 11010101000000110011 1001 1 01 11111
        self.word(0xD503_39BF);
    }

    /// `mrs Xt, tpidr_el0`
    pub fn thread_pointer(&mut self, Register(t): Register) {
        // 1101010100111011110100000 10 Rt
        self.word(0xD53B_D040 | t);
    }

    /// `add Xd, Xn, Xm`
    pub fn add(&mut self, Register(d): Register, Register(n): Register, Register(m): Register) {
        // 10001011000 Rm 000000 Rn Rd
        self.word(0x8B00_0000 | m << 16 | n << 5 | d);
    }

    /// `add Xd, Xn, Xm, lsl #bits`
    pub fn add_shifted(
        &mut self,
        Register(d): Register,
        Register(n): Register,
        Register(m): Register,
        bits: u32,
    ) {
        // 10001011000 Rm imm6 Rn Rd
        self.word(0x8B00_0000 | m << 16 | bits << 10 | n << 5 | d);
    }

    /// `sub Xd, Xn, Xm`
    pub fn subtract(&mut self, Register(d): Register, Register(n): Register, Register(m): Register) {
        // 11001011000 Rm 000000 Rn Rd
        self.word(0xCB00_0000 | m << 16 | n << 5 | d);
    }

    /// `add Xd, Xn, #number`; register 31 is the stack pointer.
    pub fn add_number(&mut self, Register(d): Register, Register(n): Register, number: u64) {
        // 1001000100 imm12 Rn Rd
        self.word(0x9100_0000 | small(number) << 10 | n << 5 | d);
    }

    /// `and Xd, Xn, #0x7FFF_FFFF_FFFF_FFFF`
    pub fn clear_highest_bit(&mut self, Register(d): Register, Register(n): Register) {
        // 100100100 1 000000 111110 Rn Rd
        self.word(0x9240_F800 | n << 5 | d);
    }

    /// `and Xd, Xn, #(1 << bits) - 1`
    pub fn keep_low_bits(&mut self, Register(d): Register, Register(n): Register, bits: u32) {
        // 100100100 1 000000 imms Rn Rd    (imms: how many ones, less one)
        self.word(0x9240_0000 | (bits - 1) << 10 | n << 5 | d);
    }

    /// `cmp Xn, Xm`
    pub fn compare(&mut self, Register(n): Register, Register(m): Register) {
        // 11101011000 Rm 000000 Rn 11111
        self.word(0xEB00_001F | m << 16 | n << 5);
    }

    /// `cmp Xn, #number`
    pub fn compare_number(&mut self, Register(n): Register, number: u64) {
        // 1111000100 imm12 Rn 11111
        self.word(0xF100_001F | small(number) << 10 | n << 5);
    }

    /// `mov Xd, #number`
    pub fn number(&mut self, Register(d): Register, number: u16) {
        // 110100101 00 imm16 Rd
        self.word(0xD280_0000 | u32::from(number) << 5 | d);
    }

    /// `nop`
    pub fn nothing(&mut self) {
        // 11010101000000110010 0000 000 11111
        self.word(0xD503_201F);
    }

    /// `autiasp`
    pub fn authenticate_a(&mut self) {
        // 11010101000000110010 0011 101 11111
        self.word(0xD503_23BF);
    }

    /// `autibsp`
    pub fn authenticate_b(&mut self) {
        // 11010101000000110010 0011 111 11111
        self.word(0xD503_23FF);
    }

    pub fn finish(mut self) -> Vec<u8> {
        for (at, branch, label) in std::mem::take(&mut self.branches) {
            let to = self.bound[label.0].expect("every label is bound");
            self.words[at] = branch.word(4 * (to as i64 - at as i64)).expect("a stub is small");
        }
        for (at, Register(t), number) in std::mem::take(&mut self.pool) {
            if !(self.base / 4 + self.words.len() as u64).is_multiple_of(2) {
                // 0000000000000000 imm16    udf #0
                self.word(0);
            }
            // 01011000 imm19 Rt             ldr Xt, number
            self.words[at] = 0x5800_0000 | ((self.words.len() - at) as u32) << 5 | t;
            self.word(number as u32);
            self.word((number >> 32) as u32);
        }
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
}

/// An offset that a load of eight bytes counts in eights.
fn scaled(offset: u64) -> u32 {
    debug_assert!(offset.is_multiple_of(8) && offset < 8 << 12, "{offset}");
    (offset / 8) as u32
}

/// A number of twelve bits.
fn small(number: u64) -> u32 {
    debug_assert!(number < 1 << 12, "{number}");
    number as u32
}
