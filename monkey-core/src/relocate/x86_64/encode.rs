//! Code for another place that does what the displaced instructions did at theirs.
use super::decode::{Instruction, LONGEST as LONGEST_INSTRUCTION, flow::Flow};
use super::{LONGEST, Refusal, Relocated};

/// Collects code that will lie at a known address.
pub struct Encoder {
    to: u64,
    code: Vec<u8>,
    boundaries: Vec<(usize, usize)>,
    inner: Vec<Inner>,
    pointers: Vec<Pointer>,
}

/// A branch from one displaced instruction to another: where its distance is, and how long.
struct Inner {
    field: usize,
    width: usize,
    /// Of the target, in the original.
    offset: usize,
    /// Of the branch, in the original.
    address: u64,
}

/// A jump through memory: where its displacement is, and where it goes.
struct Pointer {
    field: usize,
    target: u64,
}

impl Encoder {
    pub fn new(to: u64) -> Self {
        Self {
            to,
            code: Vec::with_capacity(64),
            boundaries: Vec::with_capacity(16),
            inner: Vec::new(),
            pointers: Vec::new(),
        }
    }

    /// The displaced instruction at `offset` begins here.
    pub fn start(&mut self, offset: usize) {
        self.boundaries.push((offset, self.code.len()));
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.code.extend_from_slice(bytes);
    }

    /// Whether all of the code can address `target` with 32 bits.
    fn in_reach(&self, target: u64) -> bool {
        let distance = target.wrapping_sub(self.to) as i64;
        distance.unsigned_abs() < (1 << 31) - LONGEST as u64
    }

    /// The distance to `target` from the end of what will be the next `length` bytes.
    fn distance(&self, target: u64, length: usize) -> i32 {
        let end = self.to.wrapping_add((self.code.len() + length) as u64);
        target.wrapping_sub(end) as i32
    }

    /// An instruction that is no direct branch, byte for byte, but for the displacement of an operand relative to
    /// `rip`.
    pub fn copy(&mut self, instruction: &Instruction) -> Result<(), Refusal> {
        self.copy_changed(instruction, instruction.bytes)
    }

    /// The same of bytes that are those of the instruction, but for its operation.
    pub fn copy_changed(&mut self, instruction: &Instruction, bytes: &[u8]) -> Result<(), Refusal> {
        let Some(target) = instruction.rip_relative() else {
            self.bytes(bytes);
            return Ok(());
        };
        if !self.in_reach(target) {
            return Err(Refusal::OutOfReach { at: instruction.address });
        }
        let displacement = self.distance(target, bytes.len()).to_le_bytes();
        let field = instruction.displacement_field().0;
        self.bytes(&bytes[..field]);
        self.bytes(&displacement);
        self.bytes(&bytes[field + 4..]);
        Ok(())
    }

    // E9 cd                               jmp target
    // FF 25 cd ... iq                     jmp [rip + pointer] ... pointer: target, where 32 bits do not reach
    pub fn jump(&mut self, target: u64) {
        if self.in_reach(target) {
            let distance = self.distance(target, 5).to_le_bytes();
            self.code.push(0xE9);
            self.bytes(&distance);
        } else {
            self.bytes(&[0xFF, 0x25]);
            self.pointers.push(Pointer { field: self.code.len(), target });
            self.bytes(&[0; 4]);
        }
    }

    // 70+cc cb   jcc target               E0 cb .. E3 cb   loopne, loope, loop, jrcxz target
    // EB cb      jmp target               C7 F8 cd         xbegin target
    //
    /// A branch to the displaced instruction at `offset`, in its shortest form: so near are they all.
    pub fn inner_branch(&mut self, branch: &Instruction, offset: usize) -> Result<(), Refusal> {
        let short = match branch.flow {
            Flow::Conditional => Some(0x70 | branch.condition()),
            Flow::Loop => Some(branch.opcode()),
            Flow::Jump => Some(0xEB),
            _ => None,
        };
        if let Some(opcode) = short {
            self.prefixes_of(branch, 2)?;
            self.code.push(opcode);
        } else {
            self.xbegin(branch)?;
        }
        let width = if short.is_some() { 1 } else { 4 };
        self.inner.push(Inner { field: self.code.len(), width, offset, address: branch.address });
        self.bytes(&[0; 4][..width]);
        Ok(())
    }

    /// A branch to what is not displaced.
    pub fn outer_branch(&mut self, branch: &Instruction, target: u64) -> Result<(), Refusal> {
        match branch.flow {
            Flow::Conditional => self.conditional(branch, target),
            Flow::Loop => self.looping(branch, target),
            Flow::Transaction => self.transaction(branch, target),
            _ => {
                self.jump(target);
                Ok(())
            }
        }
    }

    // 0F 80+cc cd                         jcc target
    //
    // 70+!cc 06                           jncc past
    // FF 25 cd                            jmp [rip + pointer]
    //                               past:
    fn conditional(&mut self, branch: &Instruction, target: u64) -> Result<(), Refusal> {
        let condition = branch.condition();
        if !self.in_reach(target) {
            self.bytes(&[0x70 | condition ^ 1, 6]);
            self.jump(target);
            return Ok(());
        }
        self.prefixes_of(branch, 6)?;
        let distance = self.distance(target, 6).to_le_bytes();
        self.bytes(&[0x0F, 0x80 | condition]);
        self.bytes(&distance);
        Ok(())
    }

    // E2 02                               loop far
    // EB cb                               jmp past
    //                                far: (jump to target)
    //                               past:
    fn looping(&mut self, branch: &Instruction, target: u64) -> Result<(), Refusal> {
        self.prefixes_of(branch, 2)?;
        self.bytes(&[branch.opcode(), 2, 0xEB, if self.in_reach(target) { 5 } else { 6 }]);
        self.jump(target);
        Ok(())
    }

    // C7 F8 cd                            xbegin target
    fn transaction(&mut self, branch: &Instruction, target: u64) -> Result<(), Refusal> {
        // The only branch that has no longer form.
        if !self.in_reach(target) {
            return Err(Refusal::OutOfReach { at: branch.address });
        }
        self.xbegin(branch)?;
        let distance = self.distance(target, 4).to_le_bytes();
        self.bytes(&distance);
        Ok(())
    }

    fn xbegin(&mut self, branch: &Instruction) -> Result<(), Refusal> {
        if branch.prefixes.narrows() {
            let why = "the distance to its transaction's handler has sixteen bits";
            return Err(Refusal::Immovable { at: branch.address, why });
        }
        self.prefixes_of(branch, 6)?;
        self.bytes(&[0xC7, 0xF8]);
        Ok(())
    }

    /// The prefixes of a branch, for `length` bytes that follow.
    fn prefixes_of(&mut self, branch: &Instruction, length: usize) -> Result<(), Refusal> {
        let prefixes = &branch.bytes[..branch.opcode_at()];
        if prefixes.len() + length > LONGEST_INSTRUCTION {
            let why = "with all its prefixes it has no longer form";
            return Err(Refusal::Immovable { at: branch.address, why });
        }
        self.bytes(prefixes);
        Ok(())
    }

    /// The code, with the distances that are known only now, and the pointers behind it, aligned.
    pub fn finish(mut self, displaced: usize) -> Result<Relocated, Refusal> {
        for Inner { field, width, offset, address } in &self.inner {
            let at = self.boundaries.iter().find(|(start, _)| start == offset).map(|(_, at)| *at);
            let distance = at.map(|at| at as i32 - (field + width) as i32);
            let fits = distance.filter(|distance| *width == 4 || i8::try_from(*distance).is_ok());
            let why = "it branches too far among the displaced instructions";
            let distance = fits.ok_or(Refusal::Immovable { at: *address, why })?.to_le_bytes();
            self.code[*field..field + width].copy_from_slice(&distance[..*width]);
        }
        if !self.pointers.is_empty() {
            while !self.to.wrapping_add(self.code.len() as u64).is_multiple_of(8) {
                self.code.push(0xCC);
            }
        }
        for Pointer { field, target } in &self.pointers {
            let distance = (self.code.len() - field - 4) as i32;
            self.code[*field..field + 4].copy_from_slice(&distance.to_le_bytes());
            self.code.extend_from_slice(&target.to_le_bytes());
        }
        Ok(Relocated { code: self.code, displaced, boundaries: self.boundaries })
    }
}
