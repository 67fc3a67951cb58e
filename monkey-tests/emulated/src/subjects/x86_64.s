// On pages of 4 KiB of their own.
.section __TEXT,__subjects,regular,pure_instructions
.p2align 12
.globl _subject_adds
_subject_adds: // x + 1
    mov eax, 1
    add rax, rdi
    ret

.p2align 4
.globl _subject_loads
_subject_loads: // what stands in the data
    mov rax, [rip + _subject_value]
    ret

.p2align 4
.globl _subject_branches
_subject_branches: // 1 for zero, else 2
    test rdi, rdi
    je 1f
    mov eax, 2
    ret
1:  mov eax, 1
    ret

.p2align 4, 0xCC
    .space 16, 0xCC
.globl _subject_short
_subject_short: // x
    mov rax, rdi
    ret

.p2align 4
.globl _subject_walks
_subject_walks: // x + 31
    lea rax, [rdi + 1]
    add rax, 2
    add rax, 4
    add rax, 8
    add rax, 16
    ret

.p2align 4
    .ascii "monkey-mock stub"
1:  mov eax, 9
    ret
.p2align 4
.globl _subject_hooked
_subject_hooked: // 9, by the stub of another copy of the engine, which lies in front
    .byte 0xE9
    .long 1b - . - 4

.p2align 12
    .space 4096 - 6
.globl _subject_crosses
_subject_crosses: // x + 31, from one page to the next
    lea rax, [rdi + 1]
    add rax, 2
    add rax, 4
    add rax, 8
    add rax, 16
    ret
.p2align 12

.section __DATA,__data
.p2align 3
.globl _subject_value
_subject_value: .quad 4711
