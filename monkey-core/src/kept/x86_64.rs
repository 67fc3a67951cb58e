//! Which register of a callee's does the code behind a call read before it writes it?
//!
//! Along the straight line, up to the next branch, call or return. Only what is certain counts: an instruction whose operands
//! do not tell all that it reads and writes ends the search.
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

/// No straight line is followed further, in instructions.
const LONGEST: usize = 32;

/// The registers that belong to a callee and carry no result: `rcx`, `rsi`, `rdi`, `r8` to `r11`, `xmm2` to `xmm15`.
const CALLEES: [(Register, &str); 21] = [
    (Register::RCX, "rcx"),
    (Register::RSI, "rsi"),
    (Register::RDI, "rdi"),
    (Register::R8, "r8"),
    (Register::R9, "r9"),
    (Register::R10, "r10"),
    (Register::R11, "r11"),
    (Register::XMM2, "xmm2"),
    (Register::XMM3, "xmm3"),
    (Register::XMM4, "xmm4"),
    (Register::XMM5, "xmm5"),
    (Register::XMM6, "xmm6"),
    (Register::XMM7, "xmm7"),
    (Register::XMM8, "xmm8"),
    (Register::XMM9, "xmm9"),
    (Register::XMM10, "xmm10"),
    (Register::XMM11, "xmm11"),
    (Register::XMM12, "xmm12"),
    (Register::XMM13, "xmm13"),
    (Register::XMM14, "xmm14"),
    (Register::XMM15, "xmm15"),
];

/// The register, if there is one. `behind` is the code behind the call, for the address `at`; `before` what lies in front
/// of that, with the call. Code that is also reached by a branch has its registers from there.
pub fn read_first(behind: &[u8], before: &[u8], at: u64) -> Option<&'static str> {
    let mut decoder = Decoder::with_ip(64, behind, at, DecoderOptions::NONE);
    let mut written = Vec::new();
    for _ in 0..LONGEST {
        if !decoder.can_decode() || is_branched_to(before, behind, decoder.position()) {
            return None;
        }
        let instruction = decoder.decode();
        let effect = effect(&instruction)?;
        let callees = |register: &Register| CALLEES.iter().find(|(own, _)| own == register);
        let first = effect.reads.iter().filter(|register| !written.contains(*register)).find_map(callees);
        if let Some((_, name)) = first {
            return Some(name);
        }
        written.extend(effect.writes);
    }
    None
}

/// Whether a whole function surely leaves a register as it was.
pub fn preserves(code: &[u8], register: &str) -> bool {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    while decoder.can_decode() {
        let instruction = decoder.decode();
        match effect(&instruction) {
            Some(effect) => {
                let named =
                    |own: &Register| CALLEES.iter().any(|(known, name)| known == own && *name == register);
                if effect.changes.iter().any(named) {
                    return false;
                }
            }
            None if instruction.mnemonic() == Mnemonic::Ret => {}
            None => return false,
        }
    }
    true
}

/// Whether a short or a near branch around here goes to the offset in `behind`.
fn is_branched_to(before: &[u8], behind: &[u8], offset: usize) -> bool {
    /// Functions in C are rarely longer.
    const AROUND: usize = 4096;
    let before = &before[before.len().saturating_sub(AROUND)..];
    let code = [before, &behind[..behind.len().min(AROUND)]].concat();
    let to = before.len() + offset;
    let hits = |end: usize, distance: i64| end as i64 + distance == to as i64;
    (0..code.len().saturating_sub(6)).any(|at| match code[at] {
        // 70+cc cb   jcc       EB cb   jmp
        0x70..=0x7F | 0xEB => hits(at + 2, i64::from(code[at + 1] as i8)),
        // E9 cd      jmp
        0xE9 => hits(at + 5, field(&code[at + 1..])),
        // 0F 80+cc cd  jcc
        0x0F if code[at + 1] >> 4 == 8 => hits(at + 6, field(&code[at + 2..])),
        _ => false,
    })
}

fn field(bytes: &[u8]) -> i64 {
    bytes.first_chunk().map_or(i64::MAX >> 1, |field| i64::from(i32::from_le_bytes(*field)))
}

/// What an instruction does with registers, in their full width.
struct Effect {
    reads: Vec<Register>,
    /// Written as a whole.
    writes: Vec<Register>,
    /// Written, if only in part.
    changes: Vec<Register>,
}

/// `None` where the instruction leaves the straight line, or does more than its operands tell.
fn effect(instruction: &Instruction) -> Option<Effect> {
    let (first_reads, first_writes) = first_operand(instruction)?;
    let mut effect = Effect { reads: Vec::new(), writes: Vec::new(), changes: Vec::new() };
    for operand in 0..instruction.op_count() {
        match instruction.op_kind(operand) {
            OpKind::Register => {
                let register = instruction.op_register(operand);
                let full = full(register);
                // Part of a register that is written leaves the rest of it as it was.
                let part = register.is_gpr8() || register.is_gpr16();
                if operand != 0 || first_reads {
                    effect.reads.push(full);
                }
                if operand == 0 && first_writes {
                    effect.changes.push(full);
                }
                if operand == 0 && first_writes && !part {
                    effect.writes.push(full);
                }
            }
            OpKind::Memory => {
                effect.reads.extend([instruction.memory_base(), instruction.memory_index()].map(full));
            }
            OpKind::Immediate8
            | OpKind::Immediate8to16
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate16
            | OpKind::Immediate32
            | OpKind::Immediate32to64
            | OpKind::Immediate64 => {}
            _ => return None,
        }
    }
    let same = instruction.op_count() == 2
        && instruction.op0_kind() == OpKind::Register
        && instruction.op1_kind() == OpKind::Register
        && instruction.op0_register() == instruction.op1_register();
    if same
        && matches!(instruction.mnemonic(), Mnemonic::Xor | Mnemonic::Sub | Mnemonic::Pxor | Mnemonic::Xorps)
    {
        // Zero, whatever was there.
        effect.reads.clear();
    }
    Some(effect)
}

/// The whole of a register that the name is a part of.
fn full(register: Register) -> Register {
    let number = |first: Register| register as usize - first as usize;
    let number = match register {
        _ if register.is_gpr64() => number(Register::RAX),
        _ if register.is_gpr32() => number(Register::EAX),
        _ if register.is_gpr16() => number(Register::AX),
        // al, cl, dl, bl, and ah, ch, dh, bh; from spl on the first four are counted twice.
        _ if register.is_gpr8() => match number(Register::AL) {
            low @ 0..4 => low,
            rest => rest - 4,
        },
        _ => return register,
    };
    Register::try_from(Register::RAX as usize + number).unwrap_or(register)
}

/// Whether the first operand is read, and whether it is written.
fn first_operand(instruction: &Instruction) -> Option<(bool, bool)> {
    use Mnemonic::{
        Add, Addsd, And, Cmp, Endbr64, Lea, Mov, Movapd, Movaps, Movd, Movdqa, Movdqu, Movq, Movsd, Movss,
        Movsx, Movsxd, Movupd, Movups, Movzx, Mulsd, Nop, Or, Pop, Push, Pxor, Sub, Subsd, Test, Xor, Xorps,
    };
    let mnemonic = instruction.mnemonic();
    let loads = instruction.op_count() == 2 && instruction.op1_kind() == OpKind::Memory;
    let general = instruction.op0_kind() == OpKind::Register && instruction.op0_register().is_gpr();
    match mnemonic {
        Lea | Movzx | Movsx | Movsxd | Movaps | Movapd | Movups | Movupd | Movdqa | Movdqu | Movd | Movq
        | Pop => Some((false, true)),
        // Between registers a part of the first one stays.
        Movsd | Movss if loads => Some((false, true)),
        Movsd | Movss if instruction.op0_kind() == OpKind::Memory => Some((false, false)),
        Mov if general || instruction.op0_kind() == OpKind::Memory => Some((false, true)),
        Add | Sub | And | Or | Xor | Pxor | Xorps | Addsd | Subsd | Mulsd => Some((true, true)),
        Cmp | Test | Push => Some((true, false)),
        Nop | Endbr64 if instruction.op_count() == 0 => Some((false, false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(behind: &[u8]) -> Option<&'static str> {
        let mut code = behind.to_vec();
        // ret, and room
        code.extend([0xC3; 16]);
        read_first(&code, &[0xE8, 0, 0, 0, 0], 0x1000)
    }

    #[test]
    fn what_is_kept_is_found() {
        // mov [r11], rax; and with something else before it; behind results
        assert_eq!(first(&[0x49, 0x89, 0x03]), Some("r11"));
        assert_eq!(first(&[0x89, 0xC3, 0x49, 0x89, 0x03]), Some("r11"));
        // add rax, rcx; lea rax, [rdi+8]; cmp esi, 1; mov eax, [rbx+r9*4]; movaps [rsp], xmm5
        assert_eq!(first(&[0x48, 0x01, 0xC8]), Some("rcx"));
        assert_eq!(first(&[0x48, 0x8D, 0x47, 0x08]), Some("rdi"));
        assert_eq!(first(&[0x83, 0xFE, 0x01]), Some("rsi"));
        assert_eq!(first(&[0x42, 0x8B, 0x04, 0x8B]), Some("r9"));
        assert_eq!(first(&[0x0F, 0x29, 0x2C, 0x24]), Some("xmm5"));
        // mov cl, 1; mov eax, ecx: three bytes of it are kept
        assert_eq!(first(&[0xB1, 0x01, 0x89, 0xC8]), Some("rcx"));
        // push r10
        assert_eq!(first(&[0x41, 0x52]), Some("r10"));
    }

    #[test]
    fn what_any_caller_may_do_is_fine() {
        // test eax, eax; mov rcx, rdx; mov rdx, xmm0; pop rbx
        assert_eq!(first(&[0x85, 0xC0, 0x48, 0x89, 0xD1, 0x66, 0x48, 0x0F, 0x7E, 0xC2, 0x5B]), None);
        // mov rdi, rbx; mov rax, [rdi]
        assert_eq!(first(&[0x48, 0x89, 0xDF, 0x48, 0x8B, 0x07]), None);
        // xor ecx, ecx; add rax, rcx; pxor xmm2, xmm2; movaps [rsp], xmm2
        assert_eq!(
            first(&[0x31, 0xC9, 0x48, 0x01, 0xC8, 0x66, 0x0F, 0xEF, 0xD2, 0x0F, 0x29, 0x14, 0x24]),
            None
        );
        // mov [rsp+8], rax; ret; what is behind it
        assert_eq!(first(&[0x48, 0x89, 0x44, 0x24, 0x08, 0xC3, 0x49, 0x89, 0x03]), None);
        // jmp +0; call +0; rep movsb; syscall: not looked further
        for ends in [&[0xEB, 0x00][..], &[0xE8, 0, 0, 0, 0], &[0xF3, 0xA4], &[0x0F, 0x05], &[0x06]] {
            assert_eq!(first(&[ends, &[0x49, 0x89, 0x03]].concat()), None, "{ends:x?}");
        }
        assert_eq!(first(&[]), None);
    }

    #[test]
    fn what_changes_nothing_else_preserves() {
        // mov [rsp-4], edi; xor eax, eax; ret
        let harmless = [0x89, 0x7C, 0x24, 0xFC, 0x31, 0xC0, 0xC3];
        assert!(preserves(&harmless, "r11"));
        assert!(!preserves(&[0x49, 0x89, 0xC3, 0xC3], "r11"), "mov r11, rax");
        assert!(preserves(&[0x49, 0x89, 0xC3, 0xC3], "r10"));
        for other in [&[0xE8, 0, 0, 0, 0, 0xC3][..], &[0x0F, 0x05, 0xC3], &[0xFF, 0xE0], &[0x41, 0xB3, 0x01]]
        {
            assert!(!preserves(other, "r11"), "{other:x?}");
        }
    }

    #[test]
    fn code_that_is_branched_to_is_somebody_elses() {
        // mov [r11], rax; .. jmp back to it
        let behind = [&[0x49, 0x89, 0x03, 0xEB, 0xFB][..], &[0xC3; 16]].concat();
        assert_eq!(read_first(&behind, &[0xE8, 0, 0, 0, 0], 0x1000), None);
        // je over the call
        let behind = [&[0x49, 0x89, 0x03][..], &[0xC3; 16]].concat();
        assert_eq!(read_first(&behind, &[0x74, 0x05, 0xE8, 0, 0, 0, 0], 0x1000), None);
        assert_eq!(read_first(&behind, &[0x74, 0x06, 0xE8, 0, 0, 0, 0], 0x1000), Some("r11"));
    }
}
