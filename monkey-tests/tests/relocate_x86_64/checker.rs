//! Says whether relocated code does what the original does, by a decoder that the library does not use.
use monkey_core::relocate::{Refusal, Relocated};
use std::collections::BTreeSet;
use yaxpeax_arch::{AddressBase, LengthedInstruction};
use yaxpeax_x86::long_mode::{InstDecoder, Instruction, Opcode, Operand, RegSpec};

/// What `relocate` is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    pub body: &'a [u8],
    pub from: u64,
    pub to: u64,
    pub need: usize,
    pub extent: Option<usize>,
    /// The extent, also where `relocate` is not told.
    pub truth: Option<usize>,
}

/// A decoded instruction and where it is.
#[derive(Debug, Clone, Copy)]
struct Op {
    instruction: Instruction,
    at: u64,
    len: usize,
}

impl Op {
    fn decode(bytes: &[u8], at: u64) -> Option<Self> {
        let instruction = InstDecoder::default().decode_slice(bytes).ok()?;
        let len = 0u64.wrapping_offset(instruction.len()) as usize;
        Some(Self { instruction, at, len })
    }

    fn next(&self) -> u64 {
        self.at.wrapping_add(self.len as u64)
    }

    fn opcode(&self) -> Opcode {
        self.instruction.opcode()
    }

    fn is_call(&self) -> bool {
        self.opcode() == Opcode::CALL
    }

    /// Where a branch, call, loop or `xbegin` with a relative operand goes.
    fn target(&self) -> Option<u64> {
        use Opcode::{CALL, JECXZ, JMP, JRCXZ, LOOP, LOOPNZ, LOOPZ, XBEGIN};
        let branches = matches!(self.opcode(), CALL | JECXZ | JMP | JRCXZ | LOOP | LOOPNZ | LOOPZ | XBEGIN);
        if !branches && !self.opcode().is_jcc() {
            return None;
        }
        let distance = match self.instruction.operand(0) {
            Operand::ImmediateI8 { imm } => i64::from(imm),
            Operand::ImmediateI16 { imm } => i64::from(imm),
            Operand::ImmediateI32 { imm } => i64::from(imm),
            _ => return None,
        };
        Some(self.next().wrapping_add_signed(distance))
    }

    /// What a rip-relative operand refers to.
    fn rip_target(&self, operand: u8) -> Option<u64> {
        let (base, distance) = match self.instruction.operand(operand) {
            Operand::Disp { base, disp } | Operand::DispMasked { base, disp, .. } => (base, disp),
            Operand::MemDeref { base } | Operand::MemDerefMasked { base, .. } => (base, 0),
            _ => return None,
        };
        let target = self.next().wrapping_add_signed(i64::from(distance));
        match base {
            RegSpec::RIP => Some(target),
            _ if base == RegSpec::eip() => Some(target & 0xFFFF_FFFF),
            _ => None,
        }
    }

    fn any_rip_target(&self) -> Option<u64> {
        (0..self.instruction.operand_count()).find_map(|operand| self.rip_target(operand))
    }

    /// Whether the next instruction is never reached from here.
    fn leaves(&self) -> bool {
        use Opcode::{HLT, IRET, IRETD, IRETQ, JMP, JMPF, RETF, RETURN, UD0, UD1, UD2};
        matches!(self.opcode(), HLT | IRET | IRETD | IRETQ | JMP | JMPF | RETF | RETURN | UD0 | UD1 | UD2)
    }

    fn same_prefixes(&self, other: &Self) -> bool {
        let [a, b] = [self, other].map(|op| {
            let prefixes = op.instruction.prefixes;
            (prefixes.lock(), prefixes.rep(), prefixes.repnz(), prefixes.segment())
        });
        a == b
    }

    /// The same operation on the same operands.
    fn same(&self, other: &Self) -> bool {
        let (a, b) = (&self.instruction, &other.instruction);
        let sizes = [a, b].map(|one| one.mem_size().and_then(|size| size.bytes_size()));
        a.opcode() == b.opcode() && sizes[0] == sizes[1] && self.same_but_opcode(other)
    }

    fn same_but_opcode(&self, other: &Self) -> bool {
        let (a, b) = (&self.instruction, &other.instruction);
        let same_operand = |operand| match (self.rip_target(operand), other.rip_target(operand)) {
            (None, None) => a.operand(operand) == b.operand(operand),
            (one, two) => one == two && mask(&a.operand(operand)) == mask(&b.operand(operand)),
        };
        self.same_prefixes(other)
            && a.operand_count() == b.operand_count()
            && (0..a.operand_count()).all(same_operand)
    }
}

fn mask(operand: &Operand) -> Option<RegSpec> {
    match *operand {
        Operand::DispMasked { mask, .. } | Operand::MemDerefMasked { mask, .. } => Some(mask),
        _ => None,
    }
}

fn is_padding(bytes: &[u8], op: &Op) -> bool {
    bytes[0] == 0xCC || op.opcode() == Opcode::NOP
}

/// Whether `got` does at `job.to` what the original does, and takes no byte that it may not take.
pub fn check(job: &Job, got: &Relocated) -> Result<(), String> {
    let (taken, length) = original(job)?;
    if length != got.displaced {
        return Err(format!("displaces {} bytes, should be {length}", got.displaced));
    }
    let mut code = Code { job, got, at: 0, pointers: BTreeSet::new() };
    if taken.len() != got.boundaries.len() {
        return Err(format!("{} boundaries, should be {}", got.boundaries.len(), taken.len()));
    }
    for (op, &boundary) in taken.iter().zip(&got.boundaries) {
        let offset = (op.at - job.from) as usize;
        if boundary != (offset, code.at) {
            return Err(format!("boundary {boundary:x?}, should be {:x?}", (offset, code.at)));
        }
        if op.is_call() && op.next() - job.from < job.need as u64 {
            return Err(format!("the call at {:#x} returns into the jump", op.at));
        }
        code.instruction(op).map_err(|problem| format!("{:#x}: {problem}: {op:x?}", op.at))?;
    }
    if !taken.last().is_some_and(|last| last.leaves() || last.is_call()) {
        code.jump_to(job.from + length as u64)?;
    }
    code.end()?;
    unharmed(job, length)
}

/// The instructions that have to be displaced, and how many bytes go with them.
fn original(job: &Job) -> Result<(Vec<Op>, usize), String> {
    let mut taken: Vec<Op> = Vec::new();
    let mut at = 0;
    while at < job.need {
        let bytes = &job.body[at..];
        let op = Op::decode(bytes, job.from + at as u64).ok_or(format!("undecodable at {at:#x}"))?;
        let left = taken.last().is_some_and(Op::leaves);
        // Without an extent a trap ends the function too, but the trampoline goes on behind it.
        let traps = taken.last().is_some_and(|last| job.body[(last.at - job.from) as usize] == 0xCC);
        let over = job.extent.map_or(left || traps, |extent| at >= extent);
        if over && !is_padding(bytes, &op) {
            return Err(format!("no padding at {at:#x}"));
        }
        if job.extent.is_some_and(|extent| at < extent && at + op.len > extent) {
            return Err(format!("the extent cuts the instruction at {at:#x}"));
        }
        if !(over && left) {
            taken.push(op);
        }
        at += op.len;
    }
    Ok((taken, at))
}

/// No branch in the rest of the function goes to the overwritten bytes, and no displaced call returns there.
fn unharmed(job: &Job, length: usize) -> Result<(), String> {
    let Some(extent) = job.truth else { return Ok(()) };
    let mut at = length;
    while at < extent.min(job.body.len()) {
        let Some(op) = Op::decode(&job.body[at..], job.from + at as u64) else { return Ok(()) };
        if let Some(target) = op.target() {
            let offset = target.wrapping_sub(job.from);
            if offset < job.need as u64 && !(op.is_call() && offset == 0) {
                return Err(format!("{:#x} goes back to offset {offset:#x}", op.at));
            }
        }
        at += op.len;
    }
    Ok(())
}

/// Walks through the relocated code.
struct Code<'a> {
    job: &'a Job<'a>,
    got: &'a Relocated,
    at: usize,
    /// Where the pointers of far jumps are.
    pointers: BTreeSet<usize>,
}

impl Code<'_> {
    fn next(&mut self) -> Result<Op, String> {
        let bytes = self.got.code.get(self.at..).unwrap_or_default();
        let op = Op::decode(bytes, self.job.to + self.at as u64).ok_or("the code is undecodable")?;
        self.at += op.len;
        Ok(op)
    }

    /// The counterpart of one original instruction.
    fn instruction(&mut self, original: &Op) -> Result<(), String> {
        if original.is_call() {
            return self.call(original);
        }
        if let Some(target) = original.target() {
            return self.branch(original, self.counterpart(target)?);
        }
        let start = self.at;
        let op = self.next()?;
        let offset = (original.at - self.job.from) as usize;
        let verbatim = self.job.body[offset..offset + original.len] == self.got.code[start..self.at];
        if original.any_rip_target().is_none() && !verbatim {
            return Err("bytes differ".into());
        }
        if original.same(&op) { Ok(()) } else { Err(format!("became {op:x?}")) }
    }

    /// Where a branch to `target` has to go.
    fn counterpart(&self, target: u64) -> Result<u64, String> {
        let offset = target.wrapping_sub(self.job.from);
        if offset >= self.got.displaced as u64 {
            return Ok(target);
        }
        let start = self.got.boundaries.iter().find(|&&(start, _)| start as u64 == offset);
        let &(_, moved) = start.ok_or(format!("goes between instructions, to {target:#x}"))?;
        Ok(self.job.to + moved as u64)
    }

    fn branch(&mut self, original: &Op, goal: u64) -> Result<(), String> {
        if original.opcode() == Opcode::JMP {
            return self.jump_to(goal);
        }
        let op = self.next()?;
        if op.opcode() == original.opcode() && original.same_prefixes(&op) && op.target() == Some(goal) {
            return Ok(());
        }
        if original.opcode().is_jcc() {
            // The opposite condition skips a far jump.
            self.jump_to(goal)?;
            let skips = op.target() == Some(self.job.to + self.at as u64);
            return (skips && opposite(original, &op)).then_some(()).ok_or(format!("became {op:x?}"));
        }
        // loop far; jmp past; far: jmp goal; past:
        let past = self.next()?;
        let far = self.job.to + self.at as u64;
        self.jump_to(goal)?;
        let end = self.job.to + self.at as u64;
        let right =
            op.opcode() == original.opcode() && op.target() == Some(far) && past.target() == Some(end);
        (right && past.opcode() == Opcode::JMP).then_some(()).ok_or(format!("became {op:x?} {past:x?}"))
    }

    /// A jump, direct or by a pointer behind the code.
    fn jump_to(&mut self, goal: u64) -> Result<(), String> {
        let op = self.next()?;
        let by_pointer = |code: &mut Self| {
            let at = usize::try_from(op.rip_target(0)?.checked_sub(code.job.to)?).ok()?;
            let pointer = code.got.code.get(at..)?.first_chunk()?;
            code.pointers.insert(at);
            Some(u64::from_le_bytes(*pointer))
        };
        let goes = op.target().or_else(|| by_pointer(self));
        if op.opcode() == Opcode::JMP && goes == Some(goal) {
            return Ok(());
        }
        Err(format!("no jump to {goal:#x} but {op:x?}"))
    }

    /// Push of the address behind the original call, in two instructions, and a jump to the same callee.
    fn call(&mut self, original: &Op) -> Result<(), String> {
        let [push, mov] = [self.next()?, self.next()?];
        let (Operand::ImmediateI8 { .. } | Operand::ImmediateI32 { .. }) = push.instruction.operand(0) else {
            return Err(format!("pushes {push:x?}"));
        };
        let high = Operand::Disp { base: RegSpec::rsp(), disp: 4 };
        let size = mov.instruction.mem_size().and_then(|size| size.bytes_size());
        if push.opcode() != Opcode::PUSH || mov.opcode() != Opcode::MOV || size != Some(4) {
            return Err(format!("became {push:x?} {mov:x?}"));
        }
        let pushed = (immediate(&push, 0) & 0xFFFF_FFFF) | (immediate(&mov, 1) << 32);
        if mov.instruction.operand(0) != high || pushed != original.next() {
            return Err(format!("pushes {pushed:#x}"));
        }
        match original.target() {
            Some(target) => self.jump_to(target),
            None => self.jump_indirect(original),
        }
    }

    fn jump_indirect(&mut self, original: &Op) -> Result<(), String> {
        let jump = self.next()?;
        let same = match (below_push(&original.instruction.operand(0)), jump.instruction.operand(0)) {
            (Some(expected), operand) => expected == operand && original.same_prefixes(&jump),
            (None, _) => original.same_but_opcode(&jump),
        };
        (jump.opcode() == Opcode::JMP && same).then_some(()).ok_or(format!("jumps by {jump:x?}"))
    }

    /// Nothing is left but the pointers.
    fn end(&self) -> Result<(), String> {
        let mut at = self.at;
        if !self.pointers.is_empty() {
            at += (self.job.to + at as u64).next_multiple_of(8) as usize - (self.job.to as usize + at);
        }
        for &pointer in &self.pointers {
            if pointer != at {
                return Err(format!("pointer at {pointer:#x}, should be at {at:#x}"));
            }
            at += 8;
        }
        if at == self.got.code.len() { Ok(()) } else { Err(format!("bytes left at {at:#x}")) }
    }
}

fn immediate(op: &Op, operand: u8) -> u64 {
    match op.instruction.operand(operand) {
        Operand::ImmediateI8 { imm } => imm as u64,
        Operand::ImmediateI32 { imm } => imm as u64,
        Operand::ImmediateU32 { imm } => imm.into(),
        other => panic!("no immediate: {other:?}"),
    }
}

/// The operand after eight bytes were pushed, if it is relative to rsp.
fn below_push(operand: &Operand) -> Option<Operand> {
    let rsp = |base: RegSpec| base == RegSpec::rsp();
    Some(match *operand {
        Operand::MemDeref { base } if rsp(base) => Operand::Disp { base, disp: 8 },
        Operand::Disp { base, disp } if rsp(base) => Operand::Disp { base, disp: disp + 8 },
        Operand::MemBaseIndexScale { base, index, scale } if rsp(base) => {
            Operand::MemBaseIndexScaleDisp { base, index, scale, disp: 8 }
        }
        Operand::MemBaseIndexScaleDisp { base, index, scale, disp } if rsp(base) => {
            Operand::MemBaseIndexScaleDisp { base, index, scale, disp: disp + 8 }
        }
        _ => return None,
    })
}

fn opposite(one: &Op, other: &Op) -> bool {
    use Opcode::{JA, JB, JG, JGE, JL, JLE, JNA, JNB, JNO, JNP, JNS, JNZ, JO, JP, JS, JZ};
    let pairs = [(JO, JNO), (JB, JNB), (JZ, JNZ), (JNA, JA), (JS, JNS), (JP, JNP), (JL, JGE), (JLE, JG)];
    let both = (one.opcode(), other.opcode());
    pairs.iter().any(|&(a, b)| both == (a, b) || both == (b, a))
}

/// Whether `refusal` states a fact.
pub fn justified(job: &Job, refusal: &Refusal) -> Result<(), String> {
    let op = |at: u64| {
        let offset = at.wrapping_sub(job.from) as usize;
        Op::decode(job.body.get(offset..).unwrap_or_default(), at).ok_or(format!("{refusal}: undecodable"))
    };
    let true_statement = match *refusal {
        Refusal::TooShort { need, length } => need == job.need && length < need && original(job).is_err(),
        Refusal::BranchInto { from, to } => {
            op(from)?.target() == Some(to) && to.wrapping_sub(job.from) < job.need as u64 + 15
        }
        Refusal::ReturnInto { call } => {
            let op = op(call)?;
            op.is_call() && op.next() - job.from < job.need as u64
        }
        Refusal::OutOfReach { at } => {
            let op = op(at)?;
            let far = op.any_rip_target().or(op.target()).ok_or("no operand")?;
            far.abs_diff(job.to) > (1 << 31) - 4096
        }
        Refusal::Undecodable { at } => op(at).is_err(),
        _ => false,
    };
    true_statement.then_some(()).ok_or(format!("not so: {refusal}"))
}
