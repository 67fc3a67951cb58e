//! Which register of a callee's does the code behind a call read before it writes it?
//!
//! Along the straight line, up to the next branch, call or return. Only what is certain counts: an instruction whose operands
//! do not tell all that it reads and writes ends the search.
use crate::relocate::x86_64::decode::decode;
use effect::{Register, effect};

mod effect;

/// No straight line is followed further, in instructions.
const LONGEST: usize = 32;

/// The registers that belong to a callee and carry no result: `rcx`, `rsi`, `rdi`, `r8` to `r11`, `xmm2` to `xmm15`.
const CALLEES: [(Register, &str); 21] = [
    (Register::General(1), "rcx"),
    (Register::General(6), "rsi"),
    (Register::General(7), "rdi"),
    (Register::General(8), "r8"),
    (Register::General(9), "r9"),
    (Register::General(10), "r10"),
    (Register::General(11), "r11"),
    (Register::Vector(2), "xmm2"),
    (Register::Vector(3), "xmm3"),
    (Register::Vector(4), "xmm4"),
    (Register::Vector(5), "xmm5"),
    (Register::Vector(6), "xmm6"),
    (Register::Vector(7), "xmm7"),
    (Register::Vector(8), "xmm8"),
    (Register::Vector(9), "xmm9"),
    (Register::Vector(10), "xmm10"),
    (Register::Vector(11), "xmm11"),
    (Register::Vector(12), "xmm12"),
    (Register::Vector(13), "xmm13"),
    (Register::Vector(14), "xmm14"),
    (Register::Vector(15), "xmm15"),
];

fn name(register: Register) -> Option<&'static str> {
    CALLEES.iter().find(|(own, _)| *own == register).map(|(_, name)| *name)
}

/// The register, if there is one. `behind` is the code behind the call, for the address `at`; `before` what lies in front
/// of that, with the call. Code that is also reached by a branch has its registers from there.
pub fn read_first(behind: &[u8], before: &[u8], at: u64) -> Option<&'static str> {
    let mut written = Vec::new();
    let mut offset = 0;
    for _ in 0..LONGEST {
        if is_branched_to(before, behind, offset) {
            return None;
        }
        let instruction = decode(&behind[offset..], at + offset as u64).ok()?;
        let effect = effect(&instruction)?;
        let kept = effect.reads.iter().filter(|register| !written.contains(*register));
        if let Some(name) = kept.copied().find_map(name) {
            return Some(name);
        }
        written.extend(effect.writes);
        offset += instruction.bytes.len();
    }
    None
}

/// Whether a whole function surely leaves a register as it was.
pub fn preserves(code: &[u8], register: &str) -> bool {
    let mut offset = 0;
    while offset < code.len() {
        let Ok(instruction) = decode(&code[offset..], offset as u64) else { return false };
        let returns = matches!(instruction.one_byte(), Some(0xC2 | 0xC3));
        let changes = effect(&instruction).map(|effect| effect.changes);
        let leaves_it = |changes: Vec<Register>| changes.into_iter().all(|own| name(own) != Some(register));
        if !changes.map_or(returns, leaves_it) {
            return false;
        }
        offset += instruction.bytes.len();
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
        // xor esi, 1: not zero, though the operation's number is that of the register
        assert_eq!(first(&[0x83, 0xF6, 0x01]), Some("rsi"));
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
