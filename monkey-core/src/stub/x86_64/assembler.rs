//! Instruction bytes with the three kinds of 32-bit fields that the stub has: a number, an address, a label.

/// A place in the code, bound once, before or after the branches to it.
#[derive(Debug, Clone, Copy)]
pub struct Label(usize);

/// Collects code that will lie at a known address.
#[derive(Debug)]
pub struct Assembler {
    base: u64,
    code: Vec<u8>,
    bound: Vec<Option<usize>>,
    branches: Vec<(usize, Label)>,
}

impl Assembler {
    pub fn new(base: u64) -> Self {
        Self { base, code: Vec::with_capacity(384), bound: Vec::new(), branches: Vec::new() }
    }

    pub fn label(&mut self) -> Label {
        self.bound.push(None);
        Label(self.bound.len() - 1)
    }

    pub fn bind(&mut self, label: Label) {
        self.bound[label.0] = Some(self.code.len());
    }

    pub fn length(&self) -> usize {
        self.code.len()
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.code.extend_from_slice(bytes);
    }

    /// `opcode`, a 32-bit number, `rest`.
    pub fn absolute(&mut self, opcode: &[u8], number: i32, rest: &[u8]) {
        self.bytes(opcode);
        self.bytes(&number.to_le_bytes());
        self.bytes(rest);
    }

    /// `opcode`, the distance from the instruction's end to `address`, `rest` (an immediate).
    pub fn relative(&mut self, opcode: &[u8], address: u64, rest: &[u8]) {
        let end = self.base + (self.code.len() + opcode.len() + 4 + rest.len()) as u64;
        let distance =
            i32::try_from(address.wrapping_sub(end).cast_signed()).expect("within 2 GiB of the stub");
        self.absolute(opcode, distance, rest);
    }

    /// `opcode` and the distance to a label.
    pub fn branch(&mut self, opcode: &[u8], label: Label) {
        self.bytes(opcode);
        self.branches.push((self.code.len(), label));
        self.bytes(&[0; 4]);
    }

    pub fn finish(mut self) -> Vec<u8> {
        for (at, label) in &self.branches {
            let to = self.bound[label.0].expect("every label is bound");
            let distance = to as i32 - (*at as i32 + 4);
            self.code[*at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        self.code
    }
}
