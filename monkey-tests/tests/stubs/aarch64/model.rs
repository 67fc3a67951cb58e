//! A machine for stubs, by a decoder that the library does not use: it stops between any two instructions.
use super::scenes::{End, Runner};
use monkey_core::stub::aarch64::{ORIGINAL, assemble, skipped};
use monkey_core::stub::{Layout, System};
use std::collections::BTreeMap;
use yaxpeax_arch::{Decoder, U8Reader};
use yaxpeax_arm::armv8::a64::{InstDecoder, Instruction, Opcode, Operand, SizeCode};

const STUB: u64 = 0x4000_0000;
const DATA: u64 = STUB + 0x8000;
/// The way to the original.
const INSIDE: [u8; 8] = [0x1F, 0x20, 0x03, 0xD5, 0x1F, 0x20, 0x03, 0xD5];
const STACK: u64 = 0x7FFF_0000;
const THREAD_POINTER: u64 = 0x7000_0000;
const RETURN: u64 = 0x1234_5678;
/// What a signed return address has in its high bits here; the numbers in the registers have others.
const SIGNATURE: u64 = 0x5A << 48;

/// What others do between two instructions: called with the number of those done, and the data.
pub type Meanwhile<'a> = &'a mut dyn FnMut(usize, &mut [u64]);

pub struct Model {
    thread: i64,
    code: Vec<u8>,
    signed: bool,
    data: Vec<u64>,
    words: [u64; 4],
    stack: BTreeMap<u64, u64>,
    registers: [u64; 32],
    /// The stack pointer of the call.
    top: u64,
    pc: u64,
    /// Of the last compare: equal, not below.
    flags: (bool, bool),
    /// The address that an exclusive load has marked.
    exclusive: Option<u64>,
    /// How many more exclusive stores fail.
    pub failing: usize,
    pub steps: usize,
}

impl Model {
    pub fn new(thread: i64, body: &[u8]) -> Self {
        let layout = Layout { stub: STUB, cell: DATA, thread, system: System::Linux };
        let code = assemble(&layout, body, &INSIDE);
        let pad = skipped(body);
        assert_eq!(code[ORIGINAL - pad..ORIGINAL + INSIDE.len()], [&body[..pad], &INSIDE].concat());
        Self {
            thread,
            code,
            signed: !body.is_empty(),
            data: vec![0; 256],
            words: [0; 4],
            stack: BTreeMap::new(),
            registers: [0; 32],
            top: STACK,
            pc: 0,
            flags: (false, false),
            exclusive: None,
            failing: 0,
            steps: 0,
        }
    }

    /// The stub's instructions and its pool, without the trampoline.
    pub fn words_of_code(&self) -> Vec<u32> {
        let (words, _) = self.code.as_chunks();
        let code = words
            .iter()
            .enumerate()
            .filter(|(index, _)| !(ORIGINAL / 4..(ORIGINAL + INSIDE.len()) / 4).contains(index));
        code.map(|(_, word)| u32::from_le_bytes(*word)).collect()
    }

    /// One call, while others are at work.
    pub fn call_amid(&mut self, meanwhile: Meanwhile) -> End {
        self.registers = std::array::from_fn(|number| 0x0101_0101_0101_0101 * number as u64);
        self.registers[31] = self.top;
        self.registers[30] = RETURN | if self.signed { SIGNATURE } else { 0 };
        let before = self.registers;
        self.stack.clear();
        (self.pc, self.steps, self.exclusive) = (STUB, 0, None);
        while self.pc != self.place(End::Original) && (STUB..DATA).contains(&self.pc) {
            meanwhile(self.steps, &mut self.data);
            let at = (self.pc - STUB) as usize;
            let mut reader = U8Reader::new(&self.code[at..at + 4]);
            let instruction = InstDecoder::default().decode(&mut reader).unwrap();
            self.step(&instruction);
            self.steps += 1;
            assert!(self.steps < 1000, "no end");
        }
        let end = if self.pc == self.place(End::Original) {
            End::Original
        } else {
            let number = (self.pc - self.place(End::Replacement(0))) / 16;
            assert_eq!(self.pc, self.place(End::Replacement(number)));
            End::Replacement(number)
        };
        self.check_registers(&before, end);
        end
    }

    /// Nothing but `x16` and `x17` is changed, and a signature is off for a replacement alone.
    fn check_registers(&self, before: &[u64; 32], end: End) {
        for (number, (now, before)) in self.registers.iter().zip(before).enumerate() {
            let expected = if number == 30 && end != End::Original { before & !SIGNATURE } else { *before };
            assert!(matches!(number, 16 | 17) || *now == expected, "x{number} is {now:#x}");
        }
    }

    fn register(&self, operand: Operand) -> u64 {
        match operand {
            Operand::Register(_, 31) => 0,
            Operand::Register(SizeCode::W, number) => self.registers[usize::from(number)] & 0xFFFF_FFFF,
            Operand::Register(SizeCode::X, number) | Operand::RegisterOrSP(SizeCode::X, number) => {
                self.registers[usize::from(number)]
            }
            Operand::RegShift(_, bits, SizeCode::X, number) => {
                self.register(Operand::Register(SizeCode::X, number)) << bits
            }
            Operand::Immediate(number) => number.into(),
            Operand::Imm64(number) => number,
            Operand::Imm16(number) => number.into(),
            Operand::ImmShift(number, shift) => u64::from(number) << shift,
            other => panic!("operand {other:?}"),
        }
    }

    fn set(&mut self, operand: Operand, value: u64) {
        match operand {
            Operand::Register(_, 31) => {}
            Operand::Register(_, number) | Operand::RegisterOrSP(_, number) => {
                self.registers[usize::from(number)] = value;
            }
            other => panic!("operand {other:?}"),
        }
    }

    /// The address of a memory operand, with what is written back.
    fn address(&mut self, operand: Operand) -> u64 {
        match operand {
            Operand::RegPreIndex(base, offset, back) => {
                let address = self.registers[usize::from(base)].wrapping_add_signed(offset.into());
                if back {
                    self.registers[usize::from(base)] = address;
                }
                address
            }
            Operand::RegPostIndex(base, offset) => {
                let address = self.registers[usize::from(base)];
                self.registers[usize::from(base)] = address.wrapping_add_signed(offset.into());
                address
            }
            Operand::RegRegOffset(base, index, SizeCode::X, _, shift) => {
                self.registers[usize::from(base)] + (self.registers[usize::from(index)] << shift)
            }
            Operand::PCOffset(offset) => self.pc.wrapping_add_signed(offset),
            other => panic!("address {other:?}"),
        }
    }

    fn memory(&mut self, address: u64) -> &mut u64 {
        assert_eq!(address % 8, 0, "{address:#x}");
        let words = THREAD_POINTER.wrapping_add_signed(self.thread);
        let word = address.wrapping_sub(words) as usize / 8;
        if word < self.words.len() {
            return &mut self.words[word];
        }
        if let Some(offset) = address.checked_sub(DATA)
            && offset / 8 < self.data.len() as u64
        {
            return &mut self.data[offset as usize / 8];
        }
        let sp = self.registers[31];
        assert!(
            (sp..self.top).contains(&address) && sp.is_multiple_of(16),
            "{address:#x} with the stack at {sp:#x}"
        );
        self.stack.entry(address).or_default()
    }

    fn load(&mut self, address: u64) -> u64 {
        if let Some(bytes) = address.checked_sub(STUB).and_then(|offset| self.code.get(offset as usize..)) {
            return u64::from_le_bytes(*bytes.first_chunk().unwrap());
        }
        *self.memory(address)
    }

    fn step(&mut self, instruction: &Instruction) {
        let [a, b, c, _] = instruction.operands;
        let mut next = self.pc + 4;
        match instruction.opcode {
            Opcode::MRS => {
                assert!(instruction.to_string().ends_with("tpidr_el0"), "{instruction}");
                self.set(a, THREAD_POINTER);
            }
            Opcode::DMB(_) => {}
            Opcode::ADR => {
                let address = self.address(b);
                self.set(a, address);
            }
            Opcode::ADD => self.set(a, self.register(b).wrapping_add(self.register(c))),
            Opcode::SUB => self.set(a, self.register(b).wrapping_sub(self.register(c))),
            Opcode::AND => self.set(a, self.register(b) & self.register(c)),
            Opcode::ORR => self.set(a, self.register(b) | self.register(c)),
            Opcode::MOVZ => self.set(a, self.register(b)),
            Opcode::SUBS => {
                let (one, two) = (self.register(b), self.register(c));
                self.flags = (one == two, one >= two);
                self.set(a, one.wrapping_sub(two));
            }
            Opcode::B => next = self.address(a),
            Opcode::BR => next = self.register(a),
            Opcode::Bcc(condition) => {
                let (equal, not_below) = self.flags;
                let taken = [equal, !equal, not_below][usize::from(condition)];
                next = if taken { self.address(a) } else { next };
            }
            Opcode::CBZ | Opcode::CBNZ => {
                let zero = self.register(a) == 0;
                next = if zero == (instruction.opcode == Opcode::CBZ) { self.address(b) } else { next };
            }
            Opcode::TBZ | Opcode::TBNZ => {
                // The decoder calls the register `w` in either half; the bit's number has six bits.
                let Operand::Register(_, number) = a else { panic!("{instruction}") };
                let set = self.registers[usize::from(number)] >> self.register(b) & 1 == 1;
                next = if set == (instruction.opcode == Opcode::TBNZ) { self.address(c) } else { next };
            }
            Opcode::AUTIASP => {
                assert_eq!((self.registers[30] & (0xFF << 48), self.registers[31]), (SIGNATURE, self.top));
                self.registers[30] &= !SIGNATURE;
            }
            _ => self.access(instruction),
        }
        self.pc = next;
    }

    /// Loads and stores.
    fn access(&mut self, instruction: &Instruction) {
        let [a, b, c, _] = instruction.operands;
        match instruction.opcode {
            Opcode::LDR if matches!(a, Operand::Register(SizeCode::W, _)) => {
                let address = self.address(b);
                let word = self.load(address & !4);
                self.set(a, if address % 8 == 4 { word >> 32 } else { word & 0xFFFF_FFFF });
            }
            Opcode::LDR | Opcode::LDAR => {
                let address = self.address(b);
                let value = self.load(address);
                self.set(a, value);
            }
            Opcode::STR if matches!(a, Operand::Register(SizeCode::W, _)) => {
                let address = self.address(b);
                let (value, high) = (self.register(a), address % 8 == 4);
                let word = self.memory(address & !4);
                *word = if high { *word & 0xFFFF_FFFF | value << 32 } else { *word >> 32 << 32 | value };
            }
            Opcode::STR | Opcode::STLR => {
                let address = self.address(b);
                *self.memory(address) = self.register(a);
            }
            Opcode::STP => {
                let (one, two) = (self.register(a), self.register(b));
                let address = self.address(c);
                *self.memory(address) = one;
                *self.memory(address + 8) = two;
            }
            Opcode::LDP => {
                // What is popped is read before the stack ends above it.
                let sp = self.registers[31];
                let address = self.address(c);
                let after = std::mem::replace(&mut self.registers[31], sp);
                let (one, two) = (self.load(address), self.load(address + 8));
                self.registers[31] = after;
                self.set(a, one);
                self.set(b, two);
            }
            Opcode::LDAXR => {
                let address = self.address(b);
                let value = self.load(address);
                self.set(a, value);
                self.exclusive = Some(address);
            }
            Opcode::STLXR => {
                let address = self.address(c);
                assert_eq!(self.exclusive.take(), Some(address));
                let fails = self.failing > 0;
                self.failing = self.failing.saturating_sub(1);
                if !fails {
                    *self.memory(address) = self.register(b);
                }
                self.set(a, fails.into());
            }
            other => panic!("{other:?}: {instruction}"),
        }
    }
}

impl Runner for Model {
    fn place(&self, end: End) -> u64 {
        match end {
            End::Original => STUB + ORIGINAL as u64,
            End::Replacement(number) => 0x5000_0000_0000 + 16 * number,
        }
    }

    fn data_at(&self) -> u64 {
        DATA
    }

    fn data(&mut self) -> &mut [u64] {
        &mut self.data
    }

    fn words(&mut self) -> &mut [u64; 4] {
        &mut self.words
    }

    fn thread(&self) -> u64 {
        THREAD_POINTER
    }

    fn stack(&self) -> u64 {
        STACK
    }

    fn return_address(&self) -> u64 {
        RETURN
    }

    fn call_below(&mut self, bytes: u64) -> End {
        self.top = STACK - bytes;
        let end = self.call_amid(&mut |_, _| {});
        self.top = STACK;
        end
    }
}
