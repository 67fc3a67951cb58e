//! The cases of x86-64.
use super::{Fate, Function, Prologue};
use std::arch::{global_asm, is_x86_feature_detected};

// What is said of a function beside its code. On Windows there is one table for where it ends and how it is unwound.
#[cfg(windows)]
macro_rules! directives {
    () => {
        ".macro typed name\n.seh_proc \\name\n.endm
         .macro sized name\n.seh_endproc\n.endm
         .macro cfi directive:vararg\n.endm
         .macro saves register\n.seh_pushreg \\register\n.seh_endprologue\n.endm"
    };
}
#[cfg(not(windows))]
macro_rules! directives {
    () => {
        ".macro typed name\n.type \\name, @function\n.endm
         .macro sized name\n.size \\name, . - \\name\n.endm
         .macro cfi directive:vararg\n.cfi_\\directive\n.endm
         .macro saves register\n.cfi_def_cfa_offset 16\n.endm"
    };
}

global_asm!(
    directives!(),
    ".macro subject name",
    "    .balign 32, 0xCC",
    "    .globl \\name",
    "    typed \\name",
    "\\name:",
    "    cfi startproc",
    ".endm",
    ".macro end name",
    "    cfi endproc",
    "    sized \\name",
    ".endm",
    ".pushsection .data.subjects, \"aw\"",
    ".balign 64",
    "subject_data: .quad 11, 22, 33, 44, 55, 66, 77, 88",
    "subject_scratch: .quad 0",
    ".popsection",
    ".pushsection .text.subjects, \"ax\"",
    "subject subject_rip_load",
    "    mov rax, [rip + subject_data]",
    "    add rax, rdi",
    "    ret",
    "end subject_rip_load",
    "subject subject_rip_imm8",
    "    cmp dword ptr [rip + subject_data], 11",
    "    sete al",
    "    movzx eax, al",
    "    add rax, rdi",
    "    ret",
    "end subject_rip_imm8",
    "subject subject_rip_imm32",
    "    mov dword ptr [rip + subject_scratch], 0x12345",
    "    mov eax, [rip + subject_scratch]",
    "    add rax, rdi",
    "    ret",
    "end subject_rip_imm32",
    "subject subject_jcc8",
    "    test edi, edi",
    "    jz 1f",
    "    mov eax, 1",
    "    ret",
    "1:  mov eax, 2",
    "    ret",
    "end subject_jcc8",
    "subject subject_jmp8",
    "    jmp 1f",
    "    .byte 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC",
    "1:  lea rax, [rdi + 3]",
    "    ret",
    "end subject_jmp8",
    "subject subject_jcc32",
    "    test edi, edi",
    "    .byte 0x0F, 0x84",
    "    .long 1f - . - 4",
    "    mov eax, 1",
    "    ret",
    "1:  mov eax, 2",
    "    ret",
    "end subject_jcc32",
    "subject subject_call",
    "    push rbx",
    "    saves rbx",
    "    call {callee}",
    "    pop rbx",
    "    cfi def_cfa_offset 8",
    "    ret",
    "end subject_call",
    "subject subject_call_indirect",
    "    push rbx",
    "    saves rbx",
    "    call [rip + subject_callee]",
    "    pop rbx",
    "    cfi def_cfa_offset 8",
    "    ret",
    "end subject_call_indirect",
    "subject subject_call_short",
    "    push rbx",
    "    saves rbx",
    "    call rdi",
    "    pop rbx",
    "    cfi def_cfa_offset 8",
    "    ret",
    "end subject_call_short",
    "subject subject_imul",
    "    imul rax, rdi, 1000",
    "    ret",
    "end subject_imul",
    "subject subject_imul8",
    "    imul rax, rdi, 100",
    "    ret",
    "end subject_imul8",
    "subject subject_vex",
    "    vmovq xmm0, qword ptr [rip + subject_data]",
    "    vmovq rax, xmm0",
    "    add rax, rdi",
    "    ret",
    "end subject_vex",
    "subject subject_evex",
    "    vmovdqu64 zmm0, [rip + subject_data]",
    "    vmovq rax, xmm0",
    "    vzeroupper",
    "    add rax, rdi",
    "    ret",
    "end subject_evex",
    "subject subject_sse_imm",
    "    pshufd xmm0, [rip + subject_data], 0xE4",
    "    movq rax, xmm0",
    "    add rax, rdi",
    "    ret",
    "end subject_sse_imm",
    "subject subject_endbr",
    "    endbr64",
    "    lea rax, [rdi + 1]",
    "    ret",
    "end subject_endbr",
    "subject subject_pushes",
    "    push rax",
    "    push rcx",
    "    push rdx",
    "    push rbx",
    "    push rbp",
    "    push rsi",
    "    push rdi",
    "    mov ebx, 5",
    "    lea rsi, [rdi + rbx]",
    "    pop rdi",
    "    mov [rsp], rsi",
    "    pop rsi",
    "    pop rbp",
    "    pop rbx",
    "    pop rdx",
    "    pop rcx",
    "    pop rax",
    "    mov rax, rsi",
    "    ret",
    "end subject_pushes",
    "subject subject_frame",
    "    push rbp",
    "    mov rbp, rsp",
    "    sub rsp, 16",
    "    mov [rbp - 8], rdi",
    "    mov rax, [rbp - 8]",
    "    leave",
    "    ret",
    "end subject_frame",
    "subject subject_five",
    "    mov eax, 0x1000",
    "    add rax, rdi",
    "    ret",
    "end subject_five",
    "subject subject_loop_0_inside",
    "1:  dec rdi",
    "    jnz 1b",
    "    mov eax, 7",
    "    ret",
    "end subject_loop_0_inside",
    "subject subject_loop_0",
    "1:  sub rdi, 1",
    "    lea rax, [rdi + 7]",
    "    jnz 1b",
    "    ret",
    "end subject_loop_0",
    "subject subject_loop_2",
    "    xor eax, eax",
    "1:  add eax, 1",
    "    sub rdi, 1",
    "    jnz 1b",
    "    ret",
    "end subject_loop_2",
    "subject subject_loop_8",
    "    xor eax, eax",
    "    nop dword ptr [rax + rax]",
    "    nop",
    "1:  inc eax",
    "    dec rdi",
    "    jnz 1b",
    "    ret",
    "end subject_loop_8",
    "subject subject_ret_padded",
    "    ret",
    "end subject_ret_padded",
    "    .balign 32, 0xCC",
    "subject subject_ret_bare",
    "    ret",
    "end subject_ret_bare",
    "    .globl subject_neighbour",
    "    typed subject_neighbour",
    "subject_neighbour:",
    "    lea rax, [rdi + 9]",
    "    ret",
    "    sized subject_neighbour",
    "    typed subject_before_short",
    "subject_before_short: ret",
    "    sized subject_before_short",
    "    .balign 32, 0xCC",
    "    .globl subject_short",
    "    typed subject_short",
    "subject_short:",
    "    cfi startproc",
    // 8D 47 01 C3          lea eax, [rdi + 1]; ret, and no padding behind
    "    lea eax, [rdi + 1]",
    "    ret",
    "end subject_short",
    "    typed subject_before_nops",
    "subject_before_nops: ret",
    "    sized subject_before_nops",
    "    .p2align 4",
    "    .globl subject_short_nops",
    "    typed subject_short_nops",
    "subject_short_nops:",
    "    cfi startproc",
    "    lea eax, [rdi + 2]",
    "    ret",
    "end subject_short_nops",
    "    typed subject_before_code",
    "subject_before_code: .skip 28, 0x90",
    "    sized subject_before_code",
    "    .globl subject_short_code",
    "    typed subject_short_code",
    "subject_short_code:",
    "    cfi startproc",
    "    lea eax, [rdi + 3]",
    "    ret",
    "end subject_short_code",
    "    typed subject_before_data",
    "subject_before_data: ret",
    "    sized subject_before_data",
    "    .byte 0xCC, 0xCC, 1, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC",
    "    .globl subject_short_data",
    "    typed subject_short_data",
    "subject_short_data:",
    "    cfi startproc",
    "    lea eax, [rdi + 4]",
    "    ret",
    "end subject_short_data",
    "    typed subject_before_loop",
    "subject_before_loop: ret",
    "    sized subject_before_loop",
    "    .balign 32, 0xCC",
    "    .globl subject_short_loop",
    "    typed subject_short_loop",
    "subject_short_loop:",
    "    cfi startproc",
    "    xor eax, eax",
    "1:  inc eax",
    "    dec edi",
    "    jnz 1b",
    "    ret",
    "end subject_short_loop",
    "    .balign 4096, 0xCC",
    "    .skip 4094, 0xCC",
    "    .globl subject_page",
    "    typed subject_page",
    "subject_page:",
    "    cfi startproc",
    "    mov eax, 0x2000",
    "    add rax, rdi",
    "    ret",
    "end subject_page",
    "    .balign 64, 0xCC",
    "    .skip 61, 0xCC",
    "    .globl subject_line",
    "    typed subject_line",
    "subject_line:",
    "    cfi startproc",
    "    push rdi",
    "    push rdi",
    "    mov eax, 0x3000",
    "    pop rdi",
    "    add rax, rdi",
    "    pop rdi",
    "    ret",
    "end subject_line",
    ".popsection",
    ".pushsection .data.rel.subjects, \"aw\"",
    "subject_callee: .quad {callee}",
    ".popsection",
    ".purgem subject",
    ".purgem end",
    ".purgem typed",
    ".purgem sized",
    ".purgem cfi",
    ".purgem saves",
    callee = sym callee,
);

macro_rules! functions {
    ($abi:literal) => {
        unsafe extern $abi {
            safe fn subject_rip_load(x: u64) -> u64;
            safe fn subject_rip_imm8(x: u64) -> u64;
            safe fn subject_rip_imm32(x: u64) -> u64;
            safe fn subject_jcc8(x: u64) -> u64;
            safe fn subject_jmp8(x: u64) -> u64;
            safe fn subject_jcc32(x: u64) -> u64;
            safe fn subject_call(x: u64) -> u64;
            safe fn subject_call_indirect(x: u64) -> u64;
            safe fn subject_call_short(x: u64) -> u64;
            safe fn subject_imul(x: u64) -> u64;
            safe fn subject_imul8(x: u64) -> u64;
            safe fn subject_vex(x: u64) -> u64;
            safe fn subject_evex(x: u64) -> u64;
            safe fn subject_sse_imm(x: u64) -> u64;
            safe fn subject_endbr(x: u64) -> u64;
            safe fn subject_pushes(x: u64) -> u64;
            safe fn subject_frame(x: u64) -> u64;
            safe fn subject_five(x: u64) -> u64;
            safe fn subject_loop_0_inside(x: u64) -> u64;
            safe fn subject_loop_0(x: u64) -> u64;
            safe fn subject_loop_2(x: u64) -> u64;
            safe fn subject_loop_8(x: u64) -> u64;
            safe fn subject_ret_padded(x: u64) -> u64;
            safe fn subject_ret_bare(x: u64) -> u64;
            safe fn subject_short(x: u64) -> u64;
            safe fn subject_short_nops(x: u64) -> u64;
            safe fn subject_short_code(x: u64) -> u64;
            safe fn subject_short_data(x: u64) -> u64;
            safe fn subject_short_loop(x: u64) -> u64;
            safe fn subject_page(x: u64) -> u64;
            safe fn subject_line(x: u64) -> u64;
        }

        /// What two of the functions call: panics when asked to.
        extern $abi fn callee(x: u64) -> u64 {
            assert!(x != super::PANIC, "asked to panic");
            x + 50
        }
    };
}
#[cfg(not(windows))]
functions!("C-unwind");
#[cfg(windows)]
functions!("sysv64-unwind");

/// All cases that this processor can run.
#[must_use]
pub fn all() -> Vec<Prologue> {
    use Fate::{Refused, Works};
    let case = |name, function: Function, model, fate| Prologue { name, function, model, fate };
    let mut all = vec![
        case("rip-relative operand", subject_rip_load, |x| x + 11, Works),
        case("rip-relative operand and imm8", subject_rip_imm8, |x| x + 1, Works),
        case("rip-relative operand and imm32", subject_rip_imm32, |x| x + 0x12345, Works),
        case("jcc rel8", subject_jcc8, |x| if x == 0 { 2 } else { 1 }, Works),
        case("jmp rel8", subject_jmp8, |x| x + 3, Works),
        case("jcc rel32", subject_jcc32, |x| if x == 0 { 2 } else { 1 }, Works),
        case("call", subject_call, |x| x + 50, Works),
        case("call through memory", subject_call_indirect, |x| x + 50, Works),
        case("call that returns into the jump", subject_call_short, |x| x, Works),
        case("imul imm32", subject_imul, |x| x * 1000, Works),
        case("imul imm8", subject_imul8, |x| x * 100, Works),
        case("SSE with imm8", subject_sse_imm, |x| x + 11, Works),
        case("endbr64", subject_endbr, |x| x + 1, Works),
        case("row of pushes", subject_pushes, |x| x + 5, Works),
        case("frame pointer", subject_frame, |x| x, Works),
        case("one instruction of five bytes", subject_five, |x| x + 0x1000, Works),
        case("loop to byte 0, all displaced", subject_loop_0_inside, |_| 7, Works),
        case("loop to byte 0", subject_loop_0, |_| 7, Refused("into the displaced bytes")),
        case("loop to byte 2", subject_loop_2, |x| x, Works),
        case("loop to byte 8", subject_loop_8, |x| x, Works),
        case("ret without padding", subject_ret_bare, |x| x, Refused("only 1 bytes")),
        case("short body", subject_short, |x| x + 1, Works),
        case("short body behind nops", subject_short_nops, |x| x + 2, Works),
        case("short body behind code", subject_short_code, |x| x + 3, Refused("only 4 bytes")),
        case("short body behind data", subject_short_data, |x| x + 4, Refused("only 4 bytes")),
        case("short loop to byte 2", subject_short_loop, |x| x, Works),
        case("page boundary", subject_page, |x| x + 0x2000, Works),
        case("cache line boundary", subject_line, |x| x + 0x3000, Works),
    ];
    if is_x86_feature_detected!("avx") {
        all.push(case("VEX", subject_vex, |x| x + 11, Works));
    }
    if is_x86_feature_detected!("avx512f") {
        all.push(case("EVEX", subject_evex, |x| x + 11, Works));
    }
    all
}

/// A `ret` with padding behind it: it has no result, but it can be replaced.
#[must_use]
pub fn padded_ret() -> Function {
    subject_ret_padded
}
