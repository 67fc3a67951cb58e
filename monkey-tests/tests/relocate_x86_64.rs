//! Relocation of x86-64 code: each rule by hand, then every function of real programs.

#[path = "relocate_x86_64/branches.rs"]
mod branches;
#[path = "relocate_x86_64/calls.rs"]
mod calls;
#[path = "relocate_x86_64/checker.rs"]
mod checker;
#[path = "relocate_x86_64/loops.rs"]
mod loops;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[path = "relocate_x86_64/sweep.rs"]
mod sweep;

use checker::{Job, check, justified};
use monkey_core::relocate::{Refusal, Relocated, x86_64};

// The sign bit of the lower half is set, as a pushed half is sign-extended.
const FROM: u64 = 0x7F12_8000_1000;
const TO: u64 = FROM + (16 << 20);
const FAR: u64 = FROM + (1 << 40);

/// Relocates by 16 MiB, and has the result checked.
fn moved(body: &[u8], need: usize, extent: Option<usize>) -> Relocated {
    moved_to(TO, body, need, extent)
}

fn moved_to(to: u64, body: &[u8], need: usize, extent: Option<usize>) -> Relocated {
    let relocated = x86_64::relocate(body, FROM, to, need, extent).unwrap();
    let job = Job { body, from: FROM, to, need, extent, truth: extent };
    check(&job, &relocated).unwrap();
    assert!(relocated.code.len() <= x86_64::LONGEST);
    relocated
}

fn refused(body: &[u8], need: usize, extent: Option<usize>) -> Refusal {
    refused_at(TO, body, need, extent)
}

fn refused_at(to: u64, body: &[u8], need: usize, extent: Option<usize>) -> Refusal {
    let refusal = x86_64::relocate(body, FROM, to, need, extent).unwrap_err();
    let job = Job { body, from: FROM, to, need, extent, truth: extent };
    if !matches!(refusal, Refusal::Immovable { .. }) {
        justified(&job, &refusal).unwrap();
    }
    refusal
}

/// The instructions, `ret`, and enough of it that no padding is needed.
fn then_rets(instructions: &[u8]) -> Vec<u8> {
    [instructions, &[0xC3; 20]].concat()
}

/// `opcode` and the distance from behind it, in the code, to the target's `offset`.
fn relative(opcode: &[u8], at: usize, offset: usize) -> Vec<u8> {
    let end = TO + (at + opcode.len() + 4) as u64;
    let distance = (FROM + offset as u64).wrapping_sub(end) as i32;
    [opcode, &distance.to_le_bytes()].concat()
}

fn jump(at: usize, offset: usize) -> Vec<u8> {
    relative(&[0xE9], at, offset)
}

fn branch_into(offset: u64, to: u64) -> Refusal {
    Refusal::BranchInto { from: FROM + offset, to: FROM + to }
}

/// For branches back from offset five: `inc rdi; xor eax, eax`.
fn five_bytes_then(rest: &[u8]) -> Vec<u8> {
    [&[0x48, 0xFF, 0xC7, 0x31, 0xC0], rest].concat()
}

mod copied {
    use super::*;

    #[test]
    fn whole_instructions_and_a_jump_back() {
        // push rbp; mov rbp, rsp; push r15; push r14
        let body = then_rets(&[0x55, 0x48, 0x89, 0xE5, 0x41, 0x57, 0x41, 0x56]);
        let relocated = moved(&body, 5, None);
        assert_eq!(relocated.displaced, 6);
        assert_eq!(relocated.boundaries, [(0, 0), (1, 1), (4, 4)]);
        assert_eq!(relocated.code, [&body[..6], &jump(6, 6)].concat());
    }

    #[test]
    fn a_row_of_pushes() {
        // push r15; push r14; push r13; push r12; push rbx; sub rsp, 0x88
        let body =
            [0x41, 0x57, 0x41, 0x56, 0x41, 0x55, 0x41, 0x54, 0x53, 0x48, 0x81, 0xEC, 0x88, 0, 0, 0, 0xC3];
        let relocated = moved(&body, 14, Some(17));
        assert_eq!(relocated.code, [&body[..16], &jump(16, 16)].concat());
        assert_eq!(moved(&body, 5, Some(17)).displaced, 6);
    }

    #[test]
    fn what_does_not_depend_on_its_place_keeps_its_bytes() {
        let instructions: [&[u8]; 10] = [
            // endbr64; push rbp
            &[0xF3, 0x0F, 0x1E, 0xFA, 0x55],
            // mov rax, fs:[0x28], in its long form
            &[0x64, 0x48, 0x8B, 0x04, 0x25, 0x28, 0, 0, 0],
            // mov rax, [0x1122334455667788]
            &[0x48, 0xA1, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11],
            // movabs r11, imm64
            &[0x49, 0xBB, 1, 2, 3, 4, 5, 6, 7, 8],
            // mov rax, [rax + 0] with 32 bits of displacement; the prefix does nothing
            &[0x3E, 0x48, 0x8B, 0x80, 0, 0, 0, 0],
            // vaddps zmm1{k1}, zmm2, [rdi + 64]
            &[0x62, 0xF1, 0x6C, 0x49, 0x58, 0x4F, 0x01],
            // lock cmpxchg [rdi], esi; nop
            &[0xF0, 0x0F, 0xB1, 0x37, 0x90],
            // notrack jmp [rdi + 0x12345678]
            &[0x3E, 0xFF, 0xA7, 0x78, 0x56, 0x34, 0x12],
            // rep stosq; mov eax, eax
            &[0xF3, 0x48, 0xAB, 0x89, 0xC0],
            // mov eax, 39; syscall
            &[0xB8, 39, 0, 0, 0, 0x0F, 0x05],
        ];
        for bytes in instructions {
            let relocated = moved(&then_rets(bytes), 5, None);
            assert_eq!(relocated.code[..relocated.displaced], bytes[..relocated.displaced]);
        }
    }
}

mod padding {
    use super::*;

    #[test]
    fn behind_a_return_is_taken() {
        let paddings: [&[u8]; 5] = [
            &[0xCC; 4],
            &[0x90; 4],
            &[0x0F, 0x1F, 0x80, 0, 0, 0, 0],
            &[0x66, 0x2E, 0x0F, 0x1F, 0x84, 0, 0, 0, 0, 0],
            &[0x66, 0x90, 0xCC, 0x0F, 0x1F, 0],
        ];
        for padding in paddings {
            let body = [&[0xC3], padding].concat();
            for extent in [None, Some(1)] {
                let relocated = moved(&body, 5, extent);
                assert_eq!((relocated.code, relocated.boundaries), (vec![0xC3], vec![(0, 0)]));
                assert!(relocated.displaced >= 5);
            }
        }
    }

    #[test]
    fn behind_every_end() {
        // xor eax, eax; ret / jmp rax / ud2; nop / hlt / jmp [rdi]
        let ends: [&[u8]; 5] = [&[0x31, 0xC0, 0xC3], &[0xFF, 0xE0], &[0x0F, 0x0B], &[0xF4], &[0xFF, 0x27]];
        for end in ends {
            let body = [end, &[0xCC; 16]].concat();
            assert_eq!(moved(&body, 5, Some(end.len())).code, end);
            assert_eq!(moved(&body, 14, None).code, end);
        }
    }

    #[test]
    fn missing() {
        let too_short = |length| Refusal::TooShort { length, need: 5 };
        for extent in [None, Some(1)] {
            assert_eq!(refused(&[0xC3], 5, extent), too_short(1));
            // The next function: push rbp; mov rbp, rsp
            assert_eq!(refused(&[0xC3, 0x55, 0x48, 0x89, 0xE5, 0xC3], 5, extent), too_short(1));
            // Zeros are an instruction, and may be data.
            assert_eq!(refused(&[0xC3, 0, 0, 0, 0, 0, 0], 5, extent), too_short(1));
            assert_eq!(refused(&[0xC3, 0xCC, 0x90, 0x55, 0x55, 0x55], 5, extent), too_short(3));
            // A nop that is cut off.
            assert_eq!(refused(&[0xC3, 0x0F, 0x1F, 0x80, 0, 0], 5, extent), too_short(1));
        }
        assert_eq!(refused(&[0x55, 0x55, 0x55], 5, None), too_short(3));
        assert_eq!(refused(&[], 5, None), too_short(0));
        assert_eq!(refused(&[0xCC, 0x55, 0x55, 0x55, 0x55, 0x55], 5, None), too_short(1));
    }

    #[test]
    fn is_executed_behind_a_function_that_runs_off_its_end() {
        // xor eax, eax, and a nop of three bytes
        let body = [0x31, 0xC0, 0x0F, 0x1F, 0, 0xC3];
        let relocated = moved(&body, 5, Some(2));
        assert_eq!(relocated.code, [&body[..5], &jump(5, 5)].concat());
    }

    #[test]
    fn between_early_returns_there_is_code() {
        // test edi, edi; je over; ret; over: xor eax, eax; ret
        let body = [0x85, 0xFF, 0x74, 0x01, 0xC3, 0x31, 0xC0, 0xC3];
        assert_eq!(moved(&body, 8, Some(8)).code, body);
        assert_eq!(moved(&body, 5, Some(8)).displaced, 5);
        // It might be the next function, which a conditional tail call goes to.
        assert_eq!(refused(&body, 8, None), Refusal::TooShort { length: 5, need: 8 });
    }
}

mod operands {
    use super::*;

    /// Bytes before the displacement; how many come behind it.
    const RIP_RELATIVE: [(&[u8], usize); 19] = [
        // lea rdi, [rip + d]; mov rax, [rip + d]; mov fs:[rip + d], al
        (&[0x48, 0x8D, 0x3D], 0),
        (&[0x48, 0x8B, 0x05], 0),
        (&[0x64, 0x88, 0x05], 0),
        // imul rax, [rip + d], imm8; imul eax, [rip + d], imm32
        (&[0x48, 0x6B, 0x05], 1),
        (&[0x69, 0x05], 4),
        // cmp byte [rip + d], imm8; mov dword [rip + d], imm32; test word [rip + d], imm16
        (&[0x80, 0x3D], 1),
        (&[0xC7, 0x05], 4),
        (&[0x66, 0xF7, 0x05], 2),
        // lock inc dword [rip + d]; fld qword [rip + d]; jmp [rip + d]
        (&[0xF0, 0xFF, 0x05], 0),
        (&[0xDD, 0x05], 0),
        (&[0xFF, 0x25], 0),
        // movsd xmm0, [rip + d]; pshufd xmm0, [rip + d], imm8; roundsd xmm0, [rip + d], imm8
        (&[0xF2, 0x0F, 0x10, 0x05], 0),
        (&[0x66, 0x0F, 0x70, 0x05], 1),
        (&[0x66, 0x0F, 0x3A, 0x0B, 0x05], 1),
        // vpshufd xmm0, [rip + d], imm8; vinsertf128 ymm0, ymm0, [rip + d], imm8
        (&[0xC5, 0xF9, 0x70, 0x05], 1),
        (&[0xC4, 0xE3, 0x7D, 0x18, 0x05], 1),
        // vpternlogd zmm0, zmm0, [rip + d], imm8; vmovups zmm0{k1}, [rip + d]; vaddps with broadcast
        (&[0x62, 0xF3, 0x7D, 0x48, 0x25, 0x05], 1),
        (&[0x62, 0xF1, 0x7C, 0x49, 0x10, 0x05], 0),
        (&[0x62, 0xF1, 0x6C, 0x58, 0x58, 0x05], 0),
    ];

    #[test]
    fn relative_to_rip_keep_what_they_refer_to() {
        for (head, tail) in RIP_RELATIVE {
            let immediate = &[0x11, 0x22, 0x33, 0x44][..tail];
            let body = then_rets(&[head, &0x0123_4567_i32.to_le_bytes(), immediate].concat());
            let moved_by = (TO - FROM) as i32;
            let distance = (0x0123_4567 - moved_by).to_le_bytes();
            let expected = [head, &distance, immediate].concat();
            assert_eq!(moved(&body, 5, None).code[..expected.len()], expected);
        }
    }

    #[test]
    fn out_of_reach_are_refused() {
        for (head, tail) in RIP_RELATIVE {
            let body = then_rets(&[head, &[0; 4], &vec![1; tail]].concat());
            for to in [FAR, FROM - (1 << 31), FROM + (1 << 31)] {
                assert_eq!(refused_at(to, &body, 5, None), Refusal::OutOfReach { at: FROM });
            }
        }
    }

    #[test]
    fn the_address_of_the_function_itself_is_not_that_of_the_copy() {
        // push rax; lea rdi, [the function]
        let body = then_rets(&[0x50, 0x48, 0x8D, 0x3D, 0xF8, 0xFF, 0xFF, 0xFF]);
        assert_eq!(moved(&body, 5, None).code[1..8], relative(&[0x48, 0x8D, 0x3D], 1, 0));
    }

    #[test]
    fn relative_to_eip() {
        // lea eax, [eip + 5]: the result would be another one when it is not cut to 32 bits
        let body = then_rets(&[0x67, 0x8D, 0x05, 0x05, 0, 0, 0]);
        assert!(matches!(x86_64::relocate(&body, FROM, TO, 5, None), Err(Refusal::OutOfReach { .. })));
    }
}

#[test]
fn what_is_no_instruction_is_refused() {
    assert_eq!(refused(&then_rets(&[0x90, 0x06]), 5, None), Refusal::Undecodable { at: FROM + 1 });
}

#[test]
fn refusals_say_what_and_where() {
    let texts = [
        (Refusal::TooShort { length: 3, need: 5 }, "only 3 bytes can be overwritten, and the jump takes 5"),
        (branch_into(9, 2), "the branch at 0x7f1280001009 goes to 0x7f1280001002, into the displaced bytes"),
        (
            Refusal::ReturnInto { call: 16 },
            "the call at 0x10 returns into the bytes that the jump overwrites",
        ),
        (Refusal::Undecodable { at: 16 }, "no instruction at 0x10"),
        (
            Refusal::OutOfReach { at: 16 },
            "the operand of the instruction at 0x10 is out of reach of the trampoline",
        ),
        (
            Refusal::Immovable { at: 16, why: "it calls the address in rsp" },
            "the instruction at 0x10 cannot be moved: it calls the address in rsp",
        ),
    ];
    for (refusal, text) in texts {
        assert_eq!(refusal.to_string(), text);
    }
}
