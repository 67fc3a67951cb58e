//! A displaced call: pushes the address behind the original call and jumps.
//!
//! With the address behind its copy the unwinder would find no description of the frame there: a panic below the
//! call would abort, and a backtrace would end.
use super::{Block, branch_target};
use crate::relocate::Refusal;
use iced_x86::{Code, Instruction, OpKind, Register};

pub(super) fn encode(block: &mut Block, call: &Instruction) -> Result<(), Refusal> {
    let jump = match call.code() {
        Code::Call_rel32_64 => None,
        Code::Call_rm64 => Some(jump_indirect(call)?),
        _ => return Err(immovable(call, "a far call pushes its own address")),
    };
    block.bytes(&push_address(call.next_ip()), call.ip())?;
    match (jump, branch_target(call)) {
        (Some(jump), _) => block.push(jump),
        (None, Some(target)) => block.jump(target)?,
        (None, None) => return Err(immovable(call, "the call has no target")),
    }
    Ok(())
}

// 68 id              push low half (sign-extended)
// C7 44 24 04 id     mov dword [rsp + 4], high half
//
// No register is free here: a callee may take arguments in any of them.
fn push_address(address: u64) -> [u8; 13] {
    let mut code = [0x68, 0, 0, 0, 0, 0xC7, 0x44, 0x24, 0x04, 0, 0, 0, 0];
    code[1..5].copy_from_slice(&(address as u32).to_le_bytes());
    code[9..13].copy_from_slice(&((address >> 32) as u32).to_le_bytes());
    code
}

// FF /2   call r/m64   becomes   FF /4   jmp r/m64
fn jump_indirect(call: &Instruction) -> Result<Instruction, Refusal> {
    let mut jump = *call;
    jump.set_code(Code::Jmp_rm64);
    match call.op0_kind() {
        OpKind::Register if call.op0_register() == Register::RSP => {
            Err(immovable(call, "it calls the address in rsp"))
        }
        OpKind::Memory if matches!(call.memory_base(), Register::RSP | Register::ESP) => {
            let displacement = call.memory_displacement64() as i64;
            // Below rsp the pushed address would overwrite what is to be called.
            if displacement < 0 || displacement > i64::from(i32::MAX) - 8 {
                return Err(immovable(call, "it calls an address below rsp"));
            }
            // The push has moved rsp by eight. The encoder shortens a displacement of one byte or makes it four.
            jump.set_memory_displacement64((displacement + 8) as u64);
            jump.set_memory_displ_size(1);
            Ok(jump)
        }
        _ => Ok(jump),
    }
}

fn immovable(call: &Instruction, why: &'static str) -> Refusal {
    Refusal::Immovable { at: call.ip(), why }
}
