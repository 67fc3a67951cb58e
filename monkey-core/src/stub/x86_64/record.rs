//! The thunk that notes a call, on x86-64. Every register is what it was; only the flags are not kept.
use super::Assembler;
use crate::stub::{Noting, noted, noting, record};

/// Bytes that the three saved registers take from the stack.
const SAVED: u8 = 24;

/// Code that notes a call and goes on to where its data says.
///
/// # Panics
/// When the data is further than 2 GiB away, or the thread's id from the thread pointer.
#[must_use]
pub fn note(layout: &Noting) -> Vec<u8> {
    let (recorder, target) = (layout.data + noting::RECORDER, layout.data + noting::TARGET);
    let mut asm = Assembler::new(layout.code);
    let full = asm.label();
    // 50 51 52                  push rax; push rcx; push rdx
    asm.bytes(&[0x50, 0x51, 0x52]);
    // 48 8B 0D rel32            mov rcx, [rip+recorder]
    asm.relative(&[0x48, 0x8B, 0x0D], recorder, &[]);
    // B8 01 00 00 00            mov eax, 1
    // F0 48 0F C1 01            lock xadd [rcx], rax
    asm.bytes(&[0xB8, 1, 0, 0, 0, 0xF0, 0x48, 0x0F, 0xC1, 0x01]);
    // 48 3D imm32               cmp rax, CALLS
    asm.absolute(&[0x48, 0x3D], record::CALLS as i32, &[]);
    // 0F 83 rel32               jae full
    asm.branch(&[0x0F, 0x83], full);
    // C1 E0 imm8                shl eax, log2(SIZE)
    asm.bytes(&[0xC1, 0xE0, noted::SIZE.trailing_zeros() as u8]);
    // 48 8D 4C 01 disp8         lea rcx, [rcx+rax+FIRST]
    asm.bytes(&[0x48, 0x8D, 0x4C, 0x01, record::FIRST as u8]);
    // 48 8B 54 24 disp8         mov rdx, [rsp+SAVED]
    // 48 89 51 disp8            mov [rcx+RETURN], rdx
    asm.bytes(&[0x48, 0x8B, 0x54, 0x24, SAVED, 0x48, 0x89, 0x51, noted::RETURN as u8]);
    match layout.thread_id {
        // 64 8B 14 25 disp32    mov edx, fs:[id]
        Some(offset) => {
            let offset = i32::try_from(offset).expect("the id lies near the thread pointer");
            asm.absolute(&[0x64, 0x8B, 0x14, 0x25], offset, &[]);
        }
        // 31 D2                 xor edx, edx
        None => asm.bytes(&[0x31, 0xD2]),
    }
    // 48 89 51 disp8            mov [rcx+THREAD], rdx
    asm.bytes(&[0x48, 0x89, 0x51, noted::THREAD as u8]);
    // 48 8D 15 rel32            lea rdx, [rip+data]
    asm.relative(&[0x48, 0x8D, 0x15], layout.data, &[]);
    // 48 89 11                  mov [rcx], rdx
    asm.bytes(&[0x48, 0x89, 0x11]);
    asm.bind(full);
    // 5A 59 58                  pop rdx; pop rcx; pop rax
    asm.bytes(&[0x5A, 0x59, 0x58]);
    // FF 25 rel32               jmp [rip+target]
    asm.relative(&[0xFF, 0x25], target, &[]);
    asm.finish()
}
