//! The stub on x86-64. On every way each register is what it was: what the search needs is saved on the stack meanwhile,
//! and the jump to a replacement reads its target from there.
//!
//! ```text
//! stub:     cmp  [active], 0           has anybody patched this hook?
//!           jne  active
//! original: the displaced instructions
//!           jmp  behind them in the target
//! active:   in no scope, and nothing to look at?     original
//!           rcx = fs:[scope]
//!           is it the first slot's owner?            search
//!           does it ask for the trampoline?          bypass
//!           is there anything further to look at?    search, or original
//! search:   the first slot, those behind it, then that of the process: whose owner is the caller's scope?  found
//!           none's: a call from outside              outside, then original
//! found:    counter, replacement, owner; one more, if the counter has not changed, and
//!           jmp  replacement
//! ```
//!
//! Any thread of the scope may take the patch away while this one is in the stub, and the slot may get another owner. So
//! the counter is read first, then the replacement, then the owner once more; and the call counts only if the counter is
//! still what it was, or the search begins anew. The counter changes whenever a slot gets or loses its owner
//! (`hook::next_tenure`): what was read belongs together, and a patch that is taken away has exactly the calls that went to
//! its replacement. It is one locked instruction, so a signal handler that comes between loses no count either.
use super::{BYPASS_WINDOW, Layout, OUTSIDE, RETURNS, cell, slot};
use crate::thread::{ALL, BYPASS, BYPASS_OFFSET, BYPASS_STACK_OFFSET, PROCESS};

mod assembler;
mod record;
use assembler::{Assembler, Label};
pub use record::note;

/// Where the trampoline begins in the stub, in bytes from its start.
pub const ORIGINAL: usize = 16;

/// Bytes that `call` puts on the stack.
const RETURN_ADDRESS: u64 = 8;

/// Code for the address `at`, in front of the trampoline, that goes to the function at `to` instead, wherever that is.
#[must_use]
pub fn detour(_body: &[u8], at: u64, to: u64) -> Vec<u8> {
    jump(at, to, FAR)
}

/// Assembles the stub for the target with this body, around its trampoline.
///
/// # Panics
/// When the thread's words are further than 2 GiB from the thread pointer, or the cell from the stub; neither
/// happens with words in the static thread-local block and a cell in the stub's own memory block.
#[must_use]
pub fn assemble(layout: &Layout, _body: &[u8], original: &[u8]) -> Vec<u8> {
    let mut stub = Stub::new(layout);
    stub.idle();
    stub.original(original);
    stub.active();
    stub.search();
    stub.process();
    stub.found();
    stub.bypassing();
    stub.outside();
    stub.asm.finish()
}

struct Stub {
    asm: Assembler,
    cell: u64,
    /// The thread's words, from the thread pointer.
    scope: i32,
    original: Label,
    active: Label,
    search: Label,
    again: Label,
    found: Label,
    bypassing: Label,
    outside: Label,
}

impl Stub {
    fn new(layout: &Layout) -> Self {
        let scope = i32::try_from(layout.thread).expect("thread words within 2 GiB of the thread pointer");
        let mut asm = Assembler::new(layout.stub);
        Self {
            cell: layout.cell,
            scope,
            original: asm.label(),
            active: asm.label(),
            search: asm.label(),
            again: asm.label(),
            found: asm.label(),
            bypassing: asm.label(),
            outside: asm.label(),
            asm,
        }
    }

    fn field(&self, offset: u64) -> u64 {
        self.cell + offset
    }

    fn idle(&mut self) {
        let active = self.field(cell::ACTIVE);
        // 83 3D rel32 00            cmp dword [rip+active], 0
        self.asm.relative(&[0x83, 0x3D], active, &[0]);
        // 0F 85 rel32               jne active
        self.asm.branch(&[0x0F, 0x85], self.active);
        // 0F 1F 00                  nop
        self.asm.bytes(&[0x0F, 0x1F, 0x00]);
    }

    /// Calls of a hook that nobody has patched run into it.
    fn original(&mut self, trampoline: &[u8]) {
        debug_assert_eq!(self.asm.length(), ORIGINAL);
        self.asm.bind(self.original);
        self.asm.bytes(trampoline);
    }

    /// Threads in no scope need no register, as long as there is nothing to look at.
    fn active(&mut self) {
        let look = self.field(cell::LOOK);
        let scoped = self.asm.label();
        self.asm.bind(self.active);
        // 64 48 83 3C 25 disp32 00  cmp qword fs:[scope], 0
        self.asm.absolute(&[0x64, 0x48, 0x83, 0x3C, 0x25], self.scope, &[0]);
        // 0F 85 rel32               jne scoped
        self.asm.branch(&[0x0F, 0x85], scoped);
        // 48 83 3D rel32 00         cmp qword [rip+look], 0
        self.asm.relative(&[0x48, 0x83, 0x3D], look, &[0]);
        // 0F 84 rel32               je original
        self.asm.branch(&[0x0F, 0x84], self.original);
        self.asm.bind(scoped);
        self.scoped();
    }

    fn scoped(&mut self) {
        let (owner, look) = (self.field(cell::FIRST + slot::OWNER), self.field(cell::LOOK));
        // 51                        push rcx
        self.asm.bytes(&[0x51]);
        // 64 48 8B 0C 25 disp32     mov rcx, fs:[scope]
        self.asm.absolute(&[0x64, 0x48, 0x8B, 0x0C, 0x25], self.scope, &[]);
        // 48 3B 0D rel32            cmp rcx, [rip+owner]
        self.asm.relative(&[0x48, 0x3B, 0x0D], owner, &[]);
        // 0F 84 rel32               je search
        self.asm.branch(&[0x0F, 0x84], self.search);
        // 48 85 C9                  test rcx, rcx
        self.asm.bytes(&[0x48, 0x85, 0xC9]);
        // 0F 88 rel32               js bypassing
        self.asm.branch(&[0x0F, 0x88], self.bypassing);
        // 48 83 3D rel32 00         cmp qword [rip+look], 0
        self.asm.relative(&[0x48, 0x83, 0x3D], look, &[0]);
        // 0F 85 rel32               jne search
        self.asm.branch(&[0x0F, 0x85], self.search);
        // 59                        pop rcx
        self.asm.bytes(&[0x59]);
        // E9 rel32                  jmp original
        self.asm.branch(&[0xE9], self.original);
    }

    /// `rcx` is saved. Whoever comes here has not asked for the trampoline, so the bypass bit is another hook's concern.
    fn search(&mut self) {
        let (owner, next) = (slot::OWNER as u8, slot::NEXT as u8);
        let further = self.asm.label();
        self.asm.bind(self.search);
        // 52                        push rdx
        // 50                        push rax
        // 41 53                     push r11
        self.asm.bytes(&[0x52, 0x50, 0x41, 0x53]);
        self.asm.bind(self.again);
        self.scope_without_bypass();
        // 48 8D 15 rel32            lea rdx, [rip+first]
        self.asm.relative(&[0x48, 0x8D, 0x15], self.field(cell::FIRST), &[]);
        self.asm.bind(further);
        // 48 3B 4A disp8            cmp rcx, [rdx+OWNER]
        self.asm.bytes(&[0x48, 0x3B, 0x4A, owner]);
        // 0F 84 rel32               je found
        self.asm.branch(&[0x0F, 0x84], self.found);
        // 48 8B 52 disp8            mov rdx, [rdx+NEXT]
        // 48 85 D2                  test rdx, rdx
        self.asm.bytes(&[0x48, 0x8B, 0x52, next, 0x48, 0x85, 0xD2]);
        // 0F 85 rel32               jnz further
        self.asm.branch(&[0x0F, 0x85], further);
    }

    fn scope_without_bypass(&mut self) {
        // 64 48 8B 0C 25 disp32     mov rcx, fs:[scope]
        self.asm.absolute(&[0x64, 0x48, 0x8B, 0x0C, 0x25], self.scope, &[]);
        self.clear_bypass();
    }

    fn clear_bypass(&mut self) {
        // 48 0F BA F1 imm8          btr rcx, BYPASS
        self.asm.bytes(&[0x48, 0x0F, 0xBA, 0xF1, BYPASS.trailing_zeros() as u8]);
    }

    /// No slot is the scope's.
    fn process(&mut self) {
        let owner = slot::OWNER as u8;
        // 48 8D 15 rel32            lea rdx, [rip+process]
        self.asm.relative(&[0x48, 0x8D, 0x15], self.field(cell::PROCESS), &[]);
        // B9 imm32                  mov ecx, PROCESS
        self.asm.absolute(&[0xB9], PROCESS as i32, &[]);
        // 48 3B 4A disp8            cmp rcx, [rdx+OWNER]
        self.asm.bytes(&[0x48, 0x3B, 0x4A, owner]);
        // 0F 85 rel32               jne outside
        self.asm.branch(&[0x0F, 0x85], self.outside);
    }

    /// `rdx` is the slot, `rcx` its owner.
    fn found(&mut self) {
        let (owner, replacement) = (slot::OWNER as u8, slot::REPLACEMENT as u8);
        let (calls, returns) = (slot::CALLS as u8, slot::RETURNS as u8);
        self.asm.bind(self.found);
        // 48 8B 42 disp8            mov rax, [rdx+CALLS]
        // 4C 8B 5A disp8            mov r11, [rdx+REPLACEMENT]
        // 48 3B 4A disp8            cmp rcx, [rdx+OWNER]
        self.asm.bytes(&[0x48, 0x8B, 0x42, calls, 0x4C, 0x8B, 0x5A, replacement, 0x48, 0x3B, 0x4A, owner]);
        // 0F 85 rel32               jne again
        self.asm.branch(&[0x0F, 0x85], self.again);
        // 48 8D 48 01               lea rcx, [rax+1]
        // F0 48 0F B1 4A disp8      lock cmpxchg [rdx+CALLS], rcx
        self.asm.bytes(&[0x48, 0x8D, 0x48, 0x01, 0xF0, 0x48, 0x0F, 0xB1, 0x4A, calls]);
        // 0F 85 rel32               jne again
        self.asm.branch(&[0x0F, 0x85], self.again);
        // 83 E0 imm8                and eax, RETURNS-1
        // 48 8B 4C 24 20            mov rcx, [rsp+32]    (four registers are saved)
        // 48 89 4C C2 disp8         mov [rdx+rax*8+RETURNS], rcx
        self.asm.bytes(&[0x83, 0xE0, RETURNS as u8 - 1, 0x48, 0x8B, 0x4C, 0x24, 0x20]);
        self.asm.bytes(&[0x48, 0x89, 0x4C, 0xC2, returns]);
        // 48 8B 0C 24               mov rcx, [rsp]       (r11's)
        // 4C 89 1C 24               mov [rsp], r11
        // 49 89 CB                  mov r11, rcx
        // 48 8D 64 24 08            lea rsp, [rsp+8]
        // 58                        pop rax
        // 5A                        pop rdx
        // 59                        pop rcx
        // FF 64 24 E0               jmp [rsp-32]         (in the red zone, which signal handlers leave alone)
        self.asm.bytes(&[0x48, 0x8B, 0x0C, 0x24, 0x4C, 0x89, 0x1C, 0x24, 0x49, 0x89, 0xCB]);
        self.asm.bytes(&[0x48, 0x8D, 0x64, 0x24, 0x08, 0x58, 0x5A, 0x59, 0xFF, 0x64, 0x24, 0xE0]);
    }

    /// `rcx` is saved, and the scope word, with the bit that says so. One call of the group takes the trampoline, if it is
    /// made by the frame that asked: right below where the stack was then.
    fn bypassing(&mut self) {
        let (group, stack) = (self.scope + BYPASS_OFFSET as i32, self.scope + BYPASS_STACK_OFFSET as i32);
        let (leave, others) = (self.asm.label(), self.asm.label());
        self.asm.bind(self.bypassing);
        // 50                        push rax
        self.asm.bytes(&[0x50]);
        // 64 48 8B 04 25 disp32     mov rax, fs:[group]
        self.asm.absolute(&[0x64, 0x48, 0x8B, 0x04, 0x25], group, &[]);
        // 48 83 F8 imm8             cmp rax, ALL
        self.asm.bytes(&[0x48, 0x83, 0xF8, ALL as u8]);
        // 0F 84 rel32               je leave
        self.asm.branch(&[0x0F, 0x84], leave);
        // 48 3B 05 rel32            cmp rax, [rip+group]
        self.asm.relative(&[0x48, 0x3B, 0x05], self.field(cell::GROUP), &[]);
        // 0F 85 rel32               jne others
        self.asm.branch(&[0x0F, 0x85], others);
        // 64 48 8B 04 25 disp32     mov rax, fs:[stack]
        self.asm.absolute(&[0x64, 0x48, 0x8B, 0x04, 0x25], stack, &[]);
        // 48 29 E0                  sub rax, rsp
        // 48 83 E8 10               sub rax, 16    (two registers are saved)
        self.asm.bytes(&[0x48, 0x29, 0xE0, 0x48, 0x83, 0xE8, 0x10]);
        // 48 3D imm32               cmp rax, BYPASS_WINDOW+RETURN_ADDRESS
        self.asm.absolute(&[0x48, 0x3D], (BYPASS_WINDOW + RETURN_ADDRESS) as i32, &[]);
        // 0F 87 rel32               ja others
        self.asm.branch(&[0x0F, 0x87], others);
        self.clear_bypass();
        // 64 48 89 0C 25 disp32     mov fs:[scope], rcx
        self.asm.absolute(&[0x64, 0x48, 0x89, 0x0C, 0x25], self.scope, &[]);
        self.asm.bind(leave);
        // 58                        pop rax
        // 59                        pop rcx
        self.asm.bytes(&[0x58, 0x59]);
        // E9 rel32                  jmp original
        self.asm.branch(&[0xE9], self.original);
        self.asm.bind(others);
        // 58                        pop rax
        self.asm.bytes(&[0x58]);
        // E9 rel32                  jmp search
        self.asm.branch(&[0xE9], self.search);
    }

    /// Somebody has the target patched, but not for this thread: the first few such calls are recorded.
    fn outside(&mut self) {
        let (count, records) = (self.field(cell::OUTSIDE_CALLS), self.field(cell::OUTSIDE_RECORDS));
        let armed = self.field(cell::ARMED);
        let (full, leave) = (self.asm.label(), self.asm.label());
        self.asm.bind(self.outside);
        // 83 3D rel32 00            cmp dword [rip+armed], 0
        self.asm.relative(&[0x83, 0x3D], armed, &[0]);
        // 0F 84 rel32               je leave
        self.asm.branch(&[0x0F, 0x84], leave);
        // B8 01 00 00 00            mov eax, 1
        self.asm.bytes(&[0xB8, 1, 0, 0, 0]);
        // F0 48 0F C1 05 rel32      lock xadd [rip+outside_calls], rax
        self.asm.relative(&[0xF0, 0x48, 0x0F, 0xC1, 0x05], count, &[]);
        // 48 83 F8 imm8             cmp rax, OUTSIDE
        self.asm.bytes(&[0x48, 0x83, 0xF8, OUTSIDE as u8]);
        // 0F 83 rel32               jae full
        self.asm.branch(&[0x0F, 0x83], full);
        // C1 E0 04                  shl eax, 4    (bytes of a record)
        self.asm.bytes(&[0xC1, 0xE0, 0x04]);
        // 48 8D 15 rel32            lea rdx, [rip+records]
        self.asm.relative(&[0x48, 0x8D, 0x15], records, &[]);
        self.scope_without_bypass();
        // 48 89 0C 02               mov [rdx+rax], rcx
        self.asm.bytes(&[0x48, 0x89, 0x0C, 0x02]);
        // 64 48 8B 0C 25 disp32     mov rcx, fs:[0]    (the thread pointer itself, by the psABI)
        self.asm.absolute(&[0x64, 0x48, 0x8B, 0x0C, 0x25], 0, &[]);
        // 48 89 4C 02 08            mov [rdx+rax+8], rcx
        self.asm.bytes(&[0x48, 0x89, 0x4C, 0x02, 0x08]);
        self.asm.bind(leave);
        self.leave();
        self.asm.bind(full);
        // C7 05 rel32 imm32         mov dword [rip+armed], 0
        self.asm.relative(&[0xC7, 0x05], armed, &[0; 4]);
        self.leave();
    }

    /// From the search to the trampoline.
    fn leave(&mut self) {
        // 41 5B                     pop r11
        // 58                        pop rax
        // 5A                        pop rdx
        // 59                        pop rcx
        self.asm.bytes(&[0x41, 0x5B, 0x58, 0x5A, 0x59]);
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
