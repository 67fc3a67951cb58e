//! A displaced call: pushes the address behind the original call and jumps.
//!
//! With the address behind its copy the unwinder would find no description of the frame there: a panic below the
//! call would abort, and a backtrace would end.
use super::{Encoder, Flow, Instruction};
use crate::relocate::Refusal;

pub(super) fn encode(encoder: &mut Encoder, call: &Instruction) -> Result<(), Refusal> {
    let indirect = call.flow == Flow::CallIndirect;
    let jump = if indirect { Some(jump_indirect(call)?) } else { None };
    match (jump, call.branch_target()) {
        (Some(jump), _) => {
            encoder.bytes(&push_address(call.next()));
            encoder.copy_changed(call, &jump)
        }
        (None, Some(target)) => {
            encoder.bytes(&push_address(call.next()));
            encoder.jump(target);
            Ok(())
        }
        (None, None) => Err(immovable(call, "a far call pushes its own address")),
    }
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
fn jump_indirect(call: &Instruction) -> Result<Vec<u8>, Refusal> {
    // FF D4   call rsp
    if call.modrm() == Some(0xD4) && call.prefixes.rex & 1 == 0 {
        return Err(immovable(call, "it calls the address in rsp"));
    }
    let mut bytes = call.bytes.to_vec();
    let modrm = call.opcode_at() + 1;
    bytes[modrm] ^= (2 ^ 4) << 3;
    if call.has_stack_base() {
        let displacement = call.displacement();
        // Below rsp the pushed address would overwrite what is to be called.
        if !(0..=i32::MAX - 8).contains(&displacement) {
            return Err(immovable(call, "it calls an address below rsp"));
        }
        // The push has moved rsp by eight.
        bytes.truncate(modrm + 2);
        displace(&mut bytes, modrm, displacement + 8);
    }
    if bytes.len() > super::decode::LONGEST {
        return Err(immovable(call, "with all its prefixes it has no longer form"));
    }
    Ok(bytes)
}

// 40+reg SIB cb      [rsp + one byte]
// 80+reg SIB cd      [rsp + four bytes]
fn displace(bytes: &mut Vec<u8>, modrm: usize, displacement: i32) {
    bytes[modrm] &= 0x3F;
    if let Ok(short) = i8::try_from(displacement) {
        bytes[modrm] |= 0x40;
        bytes.push(short as u8);
    } else {
        bytes[modrm] |= 0x80;
        bytes.extend(displacement.to_le_bytes());
    }
}

fn immovable(call: &Instruction, why: &'static str) -> Refusal {
    Refusal::Immovable { at: call.address, why }
}
