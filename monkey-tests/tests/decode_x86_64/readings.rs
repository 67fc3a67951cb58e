//! What each of the decoders says of an instruction.
use monkey_core::relocate::x86_64::decode::{Fault, decode, flow::Flow};
use yaxpeax_arch::LengthedInstruction;
use yaxpeax_x86::long_mode::{InstDecoder, Opcode, Operand, RegSpec};

/// What relocation has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub length: usize,
    pub flow: Flow,
    pub rip_relative: Option<u64>,
    pub branch_target: Option<u64>,
}

pub fn by_monkey(code: &[u8], at: u64) -> Result<Reading, Fault> {
    let decoded = decode(code, at)?;
    Ok(Reading {
        length: decoded.bytes.len(),
        flow: decoded.flow,
        rip_relative: decoded.rip_relative(),
        branch_target: decoded.branch_target(),
    })
}

pub fn iced(code: &[u8], at: u64) -> Option<iced_x86::Instruction> {
    let decoded = iced_x86::Decoder::with_ip(64, code, at, iced_x86::DecoderOptions::NONE).decode();
    (!decoded.is_invalid()).then_some(decoded)
}

pub fn by_iced(decoded: &iced_x86::Instruction) -> Reading {
    use iced_x86::OpKind::{NearBranch16, NearBranch32, NearBranch64};
    let direct = matches!(decoded.op0_kind(), NearBranch16 | NearBranch32 | NearBranch64);
    Reading {
        length: decoded.len(),
        flow: iced_flow(decoded, direct),
        rip_relative: decoded.is_ip_rel_memory_operand().then(|| decoded.ip_rel_memory_address()),
        branch_target: direct.then(|| decoded.near_branch_target()),
    }
}

fn iced_flow(decoded: &iced_x86::Instruction, direct: bool) -> Flow {
    use iced_x86::Code::{Call_m1616, Call_m1632, Call_m1664, Jmp_m1616, Jmp_m1632, Jmp_m1664};
    use iced_x86::Mnemonic as M;
    match (decoded.mnemonic(), decoded.code()) {
        (_, Jmp_m1616 | Jmp_m1632 | Jmp_m1664) => Flow::JumpFar,
        (_, Call_m1616 | Call_m1632 | Call_m1664) => Flow::CallFar,
        (M::Jmp, _) if direct => Flow::Jump,
        (M::Jmp, _) => Flow::JumpIndirect,
        (M::Call, _) if direct => Flow::Call,
        (M::Call, _) => Flow::CallIndirect,
        (M::Loop | M::Loope | M::Loopne | M::Jecxz | M::Jrcxz, _) => Flow::Loop,
        (M::Xbegin, _) => Flow::Transaction,
        (M::Int3, _) => Flow::Breakpoint,
        (M::Ud1 | M::Ud2 | M::Hlt, _) => Flow::Stop,
        (
            M::Ret
            | M::Retf
            | M::Iret
            | M::Iretd
            | M::Iretq
            | M::Uiret
            | M::Eretu
            | M::Erets
            | M::Sysret
            | M::Sysretq
            | M::Sysexit
            | M::Sysexitq
            | M::Rsm,
            _,
        ) => Flow::Return,
        _ if direct => Flow::Conditional,
        _ => Flow::Next,
    }
}

pub fn by_yaxpeax(code: &[u8], at: u64) -> Option<Reading> {
    let decoded = InstDecoder::default().decode_slice(code).ok()?;
    let length = yaxpeax_arch::AddressBase::wrapping_offset(&0_u64, decoded.len()) as usize;
    let next = at.wrapping_add(length as u64);
    let distance = match decoded.operand(0) {
        Operand::ImmediateI8 { imm } => Some(i64::from(imm)),
        Operand::ImmediateI16 { imm } => Some(i64::from(imm)),
        Operand::ImmediateI32 { imm } => Some(i64::from(imm)),
        _ => None,
    };
    let flow = yaxpeax_flow(decoded.opcode(), distance.is_some());
    let branch_target =
        distance.filter(|_| flow.is_direct()).map(|distance| next.wrapping_add_signed(distance));
    let rip_relative = (0..decoded.operand_count()).find_map(|operand| {
        let (base, distance) = match decoded.operand(operand) {
            Operand::Disp { base, disp } | Operand::DispMasked { base, disp, .. } => (base, disp),
            Operand::MemDeref { base } | Operand::MemDerefMasked { base, .. } => (base, 0),
            _ => return None,
        };
        let target = next.wrapping_add_signed(distance.into());
        match base {
            RegSpec::RIP => Some(target),
            _ if base == RegSpec::eip() => Some(target & 0xFFFF_FFFF),
            _ => None,
        }
    });
    Some(Reading { length, flow, rip_relative, branch_target })
}

fn yaxpeax_flow(opcode: Opcode, direct: bool) -> Flow {
    use Opcode::{
        CALL, CALLF, HLT, INT, IRET, IRETD, IRETQ, JECXZ, JMP, JMPF, JRCXZ, LOOP, LOOPNZ, LOOPZ, RETF,
        RETURN, RSM, SYSEXIT, SYSRET, UD1, UD2, UIRET, XBEGIN,
    };
    match opcode {
        JMP if direct => Flow::Jump,
        JMP => Flow::JumpIndirect,
        JMPF => Flow::JumpFar,
        CALL if direct => Flow::Call,
        CALL => Flow::CallIndirect,
        CALLF => Flow::CallFar,
        JECXZ | JRCXZ | LOOP | LOOPNZ | LOOPZ => Flow::Loop,
        XBEGIN => Flow::Transaction,
        HLT | UD1 | UD2 => Flow::Stop,
        IRET | IRETD | IRETQ | RETF | RETURN | RSM | SYSEXIT | SYSRET | UIRET => Flow::Return,
        // It has no opcode of its own for `int3`.
        INT if !direct => Flow::Next,
        _ if opcode.is_jcc() => Flow::Conditional,
        _ => Flow::Next,
    }
}
