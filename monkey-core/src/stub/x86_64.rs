//! The stub on x86-64. Only `r11` is free; the slow ways save what else they need on the stack.
//!
//! ```text
//! stub:     mov  r11, fs:[scope]
//!           cmp  r11, [owner]          the first slot's scope?
//!           je   hit
//!           test r11, r11
//!           js   bypassing
//!           cmp  [look], 0             anything further to look at?
//!           jne  walk
//! original: the displaced instructions
//!           jmp  behind them in the target
//! hit:      test r11b, SHARED
//!           jnz  shared
//!           inc  [calls]
//!           jmp  [replacement]
//! ```
//!
//! A scope of one thread counts with a plain `inc`. In one of several, another of its threads may take the patch away
//! while this one is in the stub, and the slot may get another owner. So the counter is read first, then the
//! replacement, then the owner once more; and the call counts only if the counter is still what it was, or all is read
//! again. The counter changes whenever a slot gets or loses its owner (`hook::TENURE`): what was read belongs together, and
//! a patch that is taken away has exactly the calls that went to its replacement.
use super::{Layout, OUTSIDE, cell};
use crate::thread::BYPASS_OFFSET;

mod assembler;
use assembler::{Assembler, Label};

/// `gettid`, in the kernel's table for x86-64.
const GETTID: u32 = 186;

/// Where the way to the original begins in the stub, in bytes from its start.
pub const ORIGINAL: usize = 48;

/// Code for the address `at`, on the way to the original, that goes to the function at `to` instead, wherever that is.
#[must_use]
pub fn detour(_body: &[u8], at: u64, to: u64) -> Vec<u8> {
    jump(at, to, FAR)
}

/// Assembles the stub for the target with this body, around the code that is the way to the original.
///
/// # Panics
/// When the thread's words are further than 2 GiB from the thread pointer, or the cell from the stub; neither
/// happens with words in the static thread-local block and a cell in the stub's own memory block.
#[must_use]
pub fn assemble(layout: &Layout, _body: &[u8], original: &[u8]) -> Vec<u8> {
    let mut stub = Stub::new(layout);
    stub.fast();
    stub.original(original);
    stub.hit();
    stub.hit_shared();
    stub.bypass();
    stub.walk();
    stub.found();
    stub.outside();
    stub.asm.finish()
}

struct Stub {
    asm: Assembler,
    cell: u64,
    scope: i32,
    bypass: i32,
    shared: Label,
    hit: Label,
    bypassing: Label,
    walk: Label,
    walk_unmarked: Label,
    found: Label,
    found_shared: Label,
    outside: Label,
    original: Label,
}

impl Stub {
    fn new(layout: &Layout) -> Self {
        let scope = i32::try_from(layout.thread).expect("thread words within 2 GiB of the thread pointer");
        let mut asm = Assembler::new(layout.stub);
        Self {
            cell: layout.cell,
            scope,
            bypass: scope + BYPASS_OFFSET as i32,
            shared: asm.label(),
            hit: asm.label(),
            bypassing: asm.label(),
            walk: asm.label(),
            walk_unmarked: asm.label(),
            found: asm.label(),
            found_shared: asm.label(),
            outside: asm.label(),
            original: asm.label(),
            asm,
        }
    }

    fn field(&self, offset: u64) -> u64 {
        self.cell + offset
    }

    fn fast(&mut self) {
        let (owner, look) = (self.field(cell::OWNER), self.field(cell::LOOK));
        // 64 4C 8B 1C 25 disp32     mov r11, fs:[scope]
        self.asm.absolute(&[0x64, 0x4C, 0x8B, 0x1C, 0x25], self.scope, &[]);
        // 4C 3B 1D rel32            cmp r11, [rip+owner]
        self.asm.relative(&[0x4C, 0x3B, 0x1D], owner, &[]);
        // 0F 84 rel32               je hit
        self.asm.branch(&[0x0F, 0x84], self.hit);
        // 4D 85 DB                  test r11, r11
        self.asm.bytes(&[0x4D, 0x85, 0xDB]);
        // 0F 88 rel32               js bypassing
        self.asm.branch(&[0x0F, 0x88], self.bypassing);
        // 48 83 3D rel32 00         cmp qword [rip+look], 0
        self.asm.relative(&[0x48, 0x83, 0x3D], look, &[0]);
        // 0F 85 rel32               jne walk
        self.asm.branch(&[0x0F, 0x85], self.walk);
        // 0F 1F 00                  nop
        self.asm.bytes(&[0x0F, 0x1F, 0x00]);
    }

    /// Calls that no patch is for run into it.
    fn original(&mut self, code: &[u8]) {
        debug_assert_eq!(self.asm.length(), ORIGINAL);
        self.asm.bind(self.original);
        self.asm.bytes(code);
    }

    fn hit(&mut self) {
        let (calls, replacement) = (self.field(cell::CALLS), self.field(cell::REPLACEMENT));
        self.asm.bind(self.hit);
        // 41 F6 C3 01               test r11b, SHARED
        self.asm.bytes(&[0x41, 0xF6, 0xC3, 0x01]);
        // 0F 85 rel32               jnz shared
        self.asm.branch(&[0x0F, 0x85], self.shared);
        // 48 FF 05 rel32            inc qword [rip+calls]
        self.asm.relative(&[0x48, 0xFF, 0x05], calls, &[]);
        // FF 25 rel32               jmp [rip+replacement]
        self.asm.relative(&[0xFF, 0x25], replacement, &[]);
    }

    /// `found_shared` comes in with the slot in `rax`, which is saved, and the scope in `r11`.
    fn hit_shared(&mut self) {
        let (again, gone) = (self.asm.label(), self.asm.label());
        let (calls, replacement) = (cell::CALLS as u8, cell::REPLACEMENT as u8);
        self.asm.bind(self.shared);
        // 50                        push rax
        self.asm.bytes(&[0x50]);
        // 48 8D 05 rel32            lea rax, [rip+cell]
        self.asm.relative(&[0x48, 0x8D, 0x05], self.cell, &[]);
        self.asm.bind(self.found_shared);
        // 51                        push rcx
        // 52                        push rdx
        // 48 89 C1                  mov rcx, rax
        self.asm.bytes(&[0x51, 0x52, 0x48, 0x89, 0xC1]);
        self.asm.bind(again);
        // 48 8B 41 10               mov rax, [rcx+CALLS]
        // 48 8B 51 08               mov rdx, [rcx+REPLACEMENT]
        // 4C 3B 19                  cmp r11, [rcx+OWNER]
        self.asm.bytes(&[0x48, 0x8B, 0x41, calls, 0x48, 0x8B, 0x51, replacement, 0x4C, 0x3B, 0x19]);
        // 0F 85 rel32               jne gone
        self.asm.branch(&[0x0F, 0x85], gone);
        // 52                        push rdx
        // 48 8D 50 01               lea rdx, [rax+1]
        // F0 48 0F B1 51 10         lock cmpxchg [rcx+CALLS], rdx
        // 5A                        pop rdx    (leaves the flags alone)
        self.asm.bytes(&[0x52, 0x48, 0x8D, 0x50, 0x01, 0xF0, 0x48, 0x0F, 0xB1, 0x51, calls, 0x5A]);
        // 0F 85 rel32               jne again
        self.asm.branch(&[0x0F, 0x85], again);
        // 49 89 D3                  mov r11, rdx
        // 5A                        pop rdx
        // 59                        pop rcx
        // 58                        pop rax
        // 41 FF E3                  jmp r11
        self.asm.bytes(&[0x49, 0x89, 0xD3, 0x5A, 0x59, 0x58, 0x41, 0xFF, 0xE3]);
        self.asm.bind(gone);
        // 5A                        pop rdx
        // 59                        pop rcx
        // 58                        pop rax
        self.asm.bytes(&[0x5A, 0x59, 0x58]);
        // E9 rel32                  jmp walk
        self.asm.branch(&[0xE9], self.walk);
    }

    fn bypass(&mut self) {
        let group = self.field(cell::GROUP);
        self.asm.bind(self.bypassing);
        // 64 48 83 3C 25 disp32 00  cmp qword fs:[bypass], ALL
        self.asm.absolute(&[0x64, 0x48, 0x83, 0x3C, 0x25], self.bypass, &[0]);
        // 0F 84 rel32               je original
        self.asm.branch(&[0x0F, 0x84], self.original);
        // 50                        push rax
        self.asm.bytes(&[0x50]);
        // 64 48 8B 04 25 disp32     mov rax, fs:[bypass]
        self.asm.absolute(&[0x64, 0x48, 0x8B, 0x04, 0x25], self.bypass, &[]);
        // 48 3B 05 rel32            cmp rax, [rip+group]
        self.asm.relative(&[0x48, 0x3B, 0x05], group, &[]);
        // 58                        pop rax
        self.asm.bytes(&[0x58]);
        // 0F 85 rel32               jne walk_unmarked
        self.asm.branch(&[0x0F, 0x85], self.walk_unmarked);
        // 49 0F BA F3 3F            btr r11, 63
        self.asm.bytes(&[0x49, 0x0F, 0xBA, 0xF3, 0x3F]);
        // 64 4C 89 1C 25 disp32     mov fs:[scope], r11
        self.asm.absolute(&[0x64, 0x4C, 0x89, 0x1C, 0x25], self.scope, &[]);
        // E9 rel32                  jmp original
        self.asm.branch(&[0xE9], self.original);
        self.asm.bind(self.walk_unmarked);
        // 49 0F BA F3 3F            btr r11, 63
        self.asm.bytes(&[0x49, 0x0F, 0xBA, 0xF3, 0x3F]);
    }

    /// All slots, then the patch that the whole process sees.
    fn walk(&mut self) {
        let next = self.asm.label();
        self.asm.bind(self.walk);
        // 50                        push rax
        self.asm.bytes(&[0x50]);
        // 48 8D 05 rel32            lea rax, [rip+cell]
        self.asm.relative(&[0x48, 0x8D, 0x05], self.cell, &[]);
        self.asm.bind(next);
        // 4C 3B 18                  cmp r11, [rax+OWNER]
        self.asm.bytes(&[0x4C, 0x3B, 0x18]);
        // 0F 84 rel32               je found
        self.asm.branch(&[0x0F, 0x84], self.found);
        // 48 8B 40 18               mov rax, [rax+NEXT]
        // 48 85 C0                  test rax, rax
        self.asm.bytes(&[0x48, 0x8B, 0x40, cell::NEXT as u8, 0x48, 0x85, 0xC0]);
        // 0F 85 rel32               jnz next
        self.asm.branch(&[0x0F, 0x85], next);
        // 58                        pop rax
        self.asm.bytes(&[0x58]);
        self.process();
    }

    fn process(&mut self) {
        let (replacement, calls) = (self.field(cell::PROCESS_REPLACEMENT), self.field(cell::PROCESS_CALLS));
        let (again, gone) = (self.asm.label(), self.asm.label());
        // 4C 8B 1D rel32            mov r11, [rip+process_replacement]
        self.asm.relative(&[0x4C, 0x8B, 0x1D], replacement, &[]);
        // 4D 85 DB                  test r11, r11
        self.asm.bytes(&[0x4D, 0x85, 0xDB]);
        // 0F 84 rel32               jz outside
        self.asm.branch(&[0x0F, 0x84], self.outside);
        // 50                        push rax
        // 51                        push rcx
        self.asm.bytes(&[0x50, 0x51]);
        self.asm.bind(again);
        // 48 8B 05 rel32            mov rax, [rip+process_calls]
        self.asm.relative(&[0x48, 0x8B, 0x05], calls, &[]);
        // 4C 8B 1D rel32            mov r11, [rip+process_replacement]
        self.asm.relative(&[0x4C, 0x8B, 0x1D], replacement, &[]);
        // 4D 85 DB                  test r11, r11
        self.asm.bytes(&[0x4D, 0x85, 0xDB]);
        // 0F 84 rel32               jz gone
        self.asm.branch(&[0x0F, 0x84], gone);
        // 48 8D 48 01               lea rcx, [rax+1]
        self.asm.bytes(&[0x48, 0x8D, 0x48, 0x01]);
        // F0 48 0F B1 0D rel32      lock cmpxchg [rip+process_calls], rcx
        self.asm.relative(&[0xF0, 0x48, 0x0F, 0xB1, 0x0D], calls, &[]);
        // 0F 85 rel32               jne again
        self.asm.branch(&[0x0F, 0x85], again);
        // 59                        pop rcx
        // 58                        pop rax
        // 41 FF E3                  jmp r11
        self.asm.bytes(&[0x59, 0x58, 0x41, 0xFF, 0xE3]);
        self.asm.bind(gone);
        // 59                        pop rcx
        // 58                        pop rax
        self.asm.bytes(&[0x59, 0x58]);
        // E9 rel32                  jmp outside
        self.asm.branch(&[0xE9], self.outside);
    }

    /// `rax` is the slot, and saved; `r11` the scope.
    fn found(&mut self) {
        let (calls, replacement) = (cell::CALLS as u8, cell::REPLACEMENT as u8);
        self.asm.bind(self.found);
        // 41 F6 C3 01               test r11b, SHARED
        self.asm.bytes(&[0x41, 0xF6, 0xC3, 0x01]);
        // 0F 85 rel32               jnz found_shared
        self.asm.branch(&[0x0F, 0x85], self.found_shared);
        // 48 FF 40 10               inc qword [rax+CALLS]
        // 4C 8B 58 08               mov r11, [rax+REPLACEMENT]
        // 58                        pop rax
        // 41 FF E3                  jmp r11
        self.asm.bytes(&[0x48, 0xFF, 0x40, calls, 0x4C, 0x8B, 0x58, replacement, 0x58, 0x41, 0xFF, 0xE3]);
    }

    /// Somebody has the target patched, but not for this thread: the first few such calls leave their thread's id.
    fn outside(&mut self) {
        let (count, threads) = (self.field(cell::OUTSIDE_CALLS), self.field(cell::OUTSIDE_THREADS));
        let armed = self.field(cell::ARMED);
        let full = self.asm.label();
        self.asm.bind(self.outside);
        // 83 3D rel32 00            cmp dword [rip+armed], 0
        self.asm.relative(&[0x83, 0x3D], armed, &[0]);
        // 0F 84 rel32               je original
        self.asm.branch(&[0x0F, 0x84], self.original);
        // 50                        push rax
        // 51                        push rcx
        // B8 01 00 00 00            mov eax, 1
        self.asm.bytes(&[0x50, 0x51, 0xB8, 1, 0, 0, 0]);
        // F0 48 0F C1 05 rel32      lock xadd [rip+outside_calls], rax
        self.asm.relative(&[0xF0, 0x48, 0x0F, 0xC1, 0x05], count, &[]);
        // 48 83 F8 08               cmp rax, OUTSIDE
        self.asm.bytes(&[0x48, 0x83, 0xF8, OUTSIDE as u8]);
        // 0F 83 rel32               jae full
        self.asm.branch(&[0x0F, 0x83], full);
        // 50                        push rax
        // B8 imm32                  mov eax, GETTID
        // 0F 05                     syscall    (changes rax, rcx and r11)
        // 59                        pop rcx
        self.asm.absolute(&[0x50, 0xB8], GETTID as i32, &[0x0F, 0x05, 0x59]);
        // 4C 8D 1D rel32            lea r11, [rip+outside]
        self.asm.relative(&[0x4C, 0x8D, 0x1D], threads, &[]);
        // 49 89 04 CB               mov [r11+rcx*8], rax
        // 59                        pop rcx
        // 58                        pop rax
        self.asm.bytes(&[0x49, 0x89, 0x04, 0xCB, 0x59, 0x58]);
        // E9 rel32                  jmp original
        self.asm.branch(&[0xE9], self.original);
        self.asm.bind(full);
        // C7 05 rel32 imm32         mov dword [rip+armed], 0
        self.asm.relative(&[0xC7, 0x05], armed, &[0; 4]);
        // 59                        pop rcx
        // 58                        pop rax
        self.asm.bytes(&[0x59, 0x58]);
        // E9 rel32                  jmp original
        self.asm.branch(&[0xE9], self.original);
    }
}

/// Bytes of the jump to a stub that is near, and of the one to a stub anywhere.
pub const NEAR: usize = 5;
/// Bytes of the jump that reaches every address.
pub const FAR: usize = 14;
/// How far a near jump reaches, in bytes, less the size of any block of stubs.
pub const REACH: usize = 0x7FF0_0000;

/// The jump that a target begins with once it is hooked; near where the distance allows.
#[must_use]
pub fn jump(from: u64, to: u64, length: usize) -> Vec<u8> {
    let mut asm = Assembler::new(from);
    if length == NEAR {
        // E9 rel32                      jmp to
        asm.relative(&[0xE9], to, &[]);
    } else {
        // FF 25 00 00 00 00 imm64       jmp [rip+0]; to
        asm.absolute(&[0xFF, 0x25], 0, &to.to_le_bytes());
    }
    asm.finish()
}

/// How many bytes of the target stay in front of the jump.
#[must_use]
pub fn skipped(_body: &[u8]) -> usize {
    0
}
