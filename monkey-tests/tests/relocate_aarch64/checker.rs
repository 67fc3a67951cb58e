//! Says whether relocated code does what the original does, by a decoder that the library does not use.
use crate::op::{NOP, Op};
use monkey_core::relocate::{Refusal, Relocated};
use yaxpeax_arm::armv8::a64::{Opcode, Operand, SizeCode};

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

/// Whether `got` does at `job.to` what the original does, and takes no byte that it may not take.
pub fn check(job: &Job, got: &Relocated) -> Result<(), String> {
    let taken = original(job)?;
    if got.displaced != job.need {
        return Err(format!("displaces {} bytes, should be {}", got.displaced, job.need));
    }
    let offsets: Vec<usize> = got.boundaries.iter().map(|(offset, _)| *offset).collect();
    let expected: Vec<usize> = taken.iter().map(|op| (op.at - job.from) as usize).collect();
    if offsets != expected {
        return Err(format!("boundaries at {offsets:x?}, should be {expected:x?}"));
    }
    let mut code = Code { job, got, taken: &taken, at: 0, end: 0 };
    for (index, op) in taken.iter().enumerate() {
        if got.boundaries[index].1 != code.at {
            return Err(format!("{:x} bytes before boundary {:x?}", code.at, got.boundaries[index]));
        }
        code.end = got.boundaries.get(index + 1).map_or(got.code.len(), |(_, at)| *at);
        code.instruction(op).map_err(|problem| format!("{:#x}: {problem}: {}", op.at, op.instruction))?;
    }
    let last = taken.last().ok_or("nothing taken")?;
    if !last.leaves() && !last.is_call() {
        code.end = got.code.len();
        code.jump_to(last.next())?;
    }
    if code.at != got.code.len() {
        return Err(format!("bytes left at {:#x}", code.at));
    }
    unharmed(job)
}

/// The instructions that have to be displaced: those among the first `need` bytes that can be reached.
fn original(job: &Job) -> Result<Vec<Op>, String> {
    let mut reached = vec![false; job.need / 4 + 1];
    reached[0] = true;
    let end = job.extent.unwrap_or(job.body.len());
    let mut left_at = None;
    for _ in 0..job.need / 4 {
        for index in 0..job.need / 4 {
            let at = 4 * index;
            let padding = at >= end || left_at.is_some_and(|left| at >= left && job.extent.is_none());
            if padding && ![&NOP[..], &[0; 4]].contains(&job.body.get(at..at + 4).unwrap_or_default()) {
                return Err(format!("no padding at {at:#x}"));
            }
            if !reached[index] || padding && left_at.is_some() {
                continue;
            }
            let op =
                Op::decode(&job.body[at..], job.from + at as u64).ok_or(format!("undecodable at {at:#x}"))?;
            let stops = op.leaves() || matches!(op.opcode(), Opcode::BRK | Opcode::HLT);
            if stops && left_at.is_none() {
                left_at = Some(at + 4);
            }
            if !op.leaves() {
                reached[index + 1] = true;
            }
            if let Some(offset) = op.target().filter(|_| op.is_branch()).map(|to| to.wrapping_sub(job.from))
                && offset < job.need as u64
            {
                reached[offset as usize / 4] = true;
            }
        }
    }
    let decode = |index: usize| Op::decode(&job.body[4 * index..], job.from + 4 * index as u64);
    let taken = (0..job.need / 4).filter(|index| reached[*index]).filter_map(decode);
    Ok(taken.collect())
}

/// Nothing in the rest of the function goes to the overwritten bytes, and no displaced call returns there.
fn unharmed(job: &Job) -> Result<(), String> {
    let Some(extent) = job.truth else { return Ok(()) };
    for at in (job.need..extent.min(job.body.len())).step_by(4) {
        let Some(op) = Op::decode(&job.body[at..], job.from + at as u64) else { continue };
        let Some(target) = op.target() else { continue };
        let offset = target.wrapping_sub(job.from);
        let refers = op.is_branch() && !(op.opcode() == Opcode::BL && offset == 0)
            || matches!(op.opcode(), Opcode::LDR | Opcode::LDRSW)
            || op.opcode() == Opcode::ADR && offset != 0;
        if refers && offset < job.need as u64 {
            return Err(format!("{:#x} goes back to offset {offset:#x}: {}", op.at, op.instruction));
        }
    }
    Ok(())
}

/// Walks through the relocated code, one piece for each original instruction.
struct Code<'a> {
    job: &'a Job<'a>,
    got: &'a Relocated,
    taken: &'a [Op],
    at: usize,
    end: usize,
}

impl Code<'_> {
    fn peek(&self) -> Option<Op> {
        let bytes = self.got.code.get(self.at..self.end)?;
        Op::decode(bytes, self.job.to + self.at as u64)
    }

    fn next(&mut self) -> Result<Op, String> {
        let op = self.peek().ok_or("the code is undecodable or ends")?;
        self.at += 4;
        Ok(op)
    }

    /// The counterpart of one original instruction.
    fn instruction(&mut self, original: &Op) -> Result<(), String> {
        let target = original.target();
        match (original.opcode(), target) {
            (Opcode::B, Some(target)) => self.jump_to(self.counterpart(target)),
            (Opcode::BL, Some(target)) => {
                self.returns_to(original.next())?;
                self.jump_to(target)
            }
            (_, Some(target)) if original.is_conditional() => self.conditional(original, target),
            (Opcode::ADR | Opcode::ADRP, Some(value)) => match original.operand(0) {
                Operand::Register(_, 31) => self.next().map(|_| ()),
                register => self.expect_constant(register, value),
            },
            (Opcode::LDR | Opcode::LDRSW | Opcode::PRFM, Some(address)) => self.load(original, address),
            (_, Some(_)) => Err("relative, and not known".into()),
            (_, None) if original.is_call() => self.call_register(original),
            (_, None) => {
                let word = self.next()?.word;
                (word == original.word).then_some(()).ok_or(format!("became {word:08x}"))
            }
        }
    }

    /// Where a branch to `target` has to go.
    fn counterpart(&self, target: u64) -> u64 {
        let offset = target.wrapping_sub(self.job.from);
        let moved = self.got.boundaries.iter().find(|(start, _)| *start as u64 == offset);
        moved.map_or(target, |(_, at)| self.job.to + *at as u64)
    }

    fn jump_to(&mut self, goal: u64) -> Result<(), String> {
        let op = self.peek().ok_or("no jump")?;
        if op.opcode() == Opcode::B {
            self.next()?;
            return (op.target() == Some(goal)).then_some(()).ok_or(format!("goes to {:x?}", op.target()));
        }
        let (register, value) = self.constant()?;
        let jump = self.next()?;
        if value != goal || jump.opcode() != Opcode::RET || jump.operand(0) != register {
            return Err(format!("no jump to {goal:#x} but {value:#x}, {}", jump.instruction));
        }
        self.scratch(register, None)
    }

    fn conditional(&mut self, original: &Op, target: u64) -> Result<(), String> {
        let goal = self.counterpart(target);
        let op = self.next()?;
        if !original.same(&op) {
            return Err(format!("became {}", op.instruction));
        }
        if op.target() == Some(goal) {
            return Ok(());
        }
        let skip = self.next()?;
        let far = self.job.to + self.at as u64;
        self.jump_to(goal)?;
        let behind = self.job.to + self.at as u64;
        let right = op.target() == Some(far) && skip.opcode() == Opcode::B && skip.target() == Some(behind);
        right.then_some(()).ok_or(format!("became {}, {}", op.instruction, skip.instruction))
    }

    /// `adr`, `adrp` and `add`, or `mov`s: the register and its value.
    fn constant(&mut self) -> Result<(Operand, u64), String> {
        let first = self.next()?;
        let register = first.operand(0);
        let Operand::Register(SizeCode::X, number) = register else {
            return Err(format!("no constant but {}", first.instruction));
        };
        let mut value = match (first.opcode(), first.target()) {
            (Opcode::ADR | Opcode::ADRP, Some(value)) => value,
            (Opcode::MOVZ, _) => immediate(&first, 1)?,
            _ => return Err(format!("no constant but {}", first.instruction)),
        };
        let base = Operand::RegisterOrSP(SizeCode::X, number);
        while let Some(op) = self.peek() {
            match (first.opcode(), op.opcode()) {
                (Opcode::ADRP, Opcode::ADD) if op.operand(0) == base && op.operand(1) == base => {
                    self.next()?;
                    value = value.wrapping_add(immediate(&op, 2)?);
                    break;
                }
                (Opcode::MOVZ, Opcode::MOVK) if op.operand(0) == register => value |= immediate(&op, 1)?,
                _ => break,
            }
            self.next()?;
        }
        Ok((register, value))
    }

    fn expect_constant(&mut self, register: Operand, value: u64) -> Result<(), String> {
        let got = self.constant()?;
        (got == (register, value)).then_some(()).ok_or(format!("gives {got:x?}"))
    }

    fn returns_to(&mut self, address: u64) -> Result<(), String> {
        self.expect_constant(Operand::Register(SizeCode::X, 30), address)
    }

    /// A register that only the relocated code uses: x16 or x17, and not one that the original has a use for.
    fn scratch(&self, register: Operand, but: Option<&Op>) -> Result<(), String> {
        let Operand::Register(_, number @ (16 | 17)) = register else {
            return Err(format!("changes {register:?}"));
        };
        let used =
            self.taken.iter().any(|op| but.is_none_or(|but| but.at != op.at) && op.mentions(number.into()));
        if used { Err(format!("x{number} is in use")) } else { Ok(()) }
    }

    fn load(&mut self, original: &Op, address: u64) -> Result<(), String> {
        let op = self.peek().ok_or("no load")?;
        if original.same(&op) && op.target() == Some(address) {
            return self.next().map(|_| ());
        }
        let (base, value) = self.constant()?;
        let op = self.next()?;
        let Operand::Register(_, number) = base else { return Err(format!("base {base:?}")) };
        let through = op.operand(1) == Operand::RegPreIndex(number, 0, false);
        // A quad's first operand has the width of a register of 16 bytes in both forms.
        let same = original.opcode() == op.opcode() && original.operand(0) == op.operand(0);
        if !same || !through || value != address {
            return Err(format!("became {} of {value:#x}", op.instruction));
        }
        let own = matches!(original.operand(0), Operand::Register(_, own) if own == number);
        if own { Ok(()) } else { self.scratch(base, None) }
    }

    fn call_register(&mut self, original: &Op) -> Result<(), String> {
        let mut moved = Vec::new();
        while let Some(op) = self.peek().filter(|op| op.opcode() == Opcode::ORR) {
            self.next()?;
            // 10101010000 Rm 000000 11111 Rd    mov Xd, Xm
            if op.word & 0xFFE0_FFE0 != 0xAA00_03E0 {
                return Err(format!("no copy but {}", op.instruction));
            }
            self.scratch(op.operand(0), Some(original))?;
            moved.push(((op.word & 31) as u16, (op.word >> 16 & 31) as u16));
        }
        self.returns_to(original.next())?;
        let jump = self.next()?;
        let back = |register: u16| {
            moved.iter().find(|(copy, _)| *copy == register).map_or(register, |(_, from)| *from)
        };
        let meant = |operand: Operand| match operand {
            Operand::Register(size, register) => Operand::Register(size, back(register)),
            Operand::RegisterOrSP(size, register) => Operand::RegisterOrSP(size, back(register)),
            other => other,
        };
        let pad = matches!(jump.operand(0), Operand::Register(_, 16 | 17));
        let same = (0..2).all(|index| meant(jump.operand(index)) == original.operand(index));
        let right = Some(jump.opcode()) == original.tail_call() && same && pad;
        // Nothing that the copies do not hold may be x30 any more.
        let stale = (0..2).any(|index| {
            matches!(jump.operand(index), Operand::Register(_, 30) | Operand::RegisterOrSP(_, 30))
        });
        (right && !stale).then_some(()).ok_or(format!("became {}", jump.instruction))
    }
}

fn immediate(op: &Op, index: usize) -> Result<u64, String> {
    Ok(match op.operand(index) {
        Operand::Immediate(number) => number.into(),
        Operand::Imm64(number) => number,
        Operand::Imm16(number) => number.into(),
        Operand::ImmShift(number, shift) => u64::from(number) << shift,
        other => return Err(format!("no number: {other:?}")),
    })
}

/// Whether `refusal` states a fact.
pub fn justified(job: &Job, refusal: &Refusal) -> Result<(), String> {
    let op = |at: u64| {
        let offset = at.wrapping_sub(job.from) as usize;
        Op::decode(job.body.get(offset..).unwrap_or_default(), at).ok_or(format!("{refusal}: undecodable"))
    };
    let into = |address: u64| address.wrapping_sub(job.from).wrapping_add(4) < job.need as u64 + 4;
    let true_statement = match *refusal {
        Refusal::TooShort { need, length } => need == job.need && length < need && original(job).is_err(),
        Refusal::BranchInto { from, to } => op(from)?.target() == Some(to) && into(to),
        Refusal::ReturnInto { call } => {
            let op = op(call)?;
            op.is_call() && op.next() - job.from < job.need as u64
        }
        Refusal::Undecodable { at } => op(at).map_or(true, |op| op.opcode() == Opcode::UDF),
        Refusal::Immovable { at, .. } => {
            let op = op(at)?;
            let text = op.instruction.to_string();
            let reads = op.target().is_some_and(|address| into(address) || into(address.wrapping_add(15)));
            let exclusive = text.contains("xr") || text.contains("xp");
            let both = [16, 17].map(|register| {
                let taken = original(job).unwrap_or_default();
                taken.iter().any(|op| op.mentions(register))
            });
            let (one, two) = (op.mentions(16), op.mentions(17));
            one || two || both == [true, true] || reads || text.contains("sppc") || exclusive
        }
        _ => false,
    };
    true_statement.then_some(()).ok_or(format!("not so: {refusal}"))
}
