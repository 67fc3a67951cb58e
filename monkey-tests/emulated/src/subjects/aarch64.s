// On two pages of 16 KiB of their own.
.section __TEXT,__subjects,regular,pure_instructions
.p2align 14
.globl _subject_adds
_subject_adds: // x + 1
    add x0, x0, #1
    ret

.p2align 4
.globl _subject_loads
_subject_loads: // what stands in the data
    adrp x8, _subject_value@PAGE
    ldr x0, [x8, _subject_value@PAGEOFF]
    ret

.p2align 4
.globl _subject_branches
_subject_branches: // 1 for zero, else 2
    cbz x0, 1f
    mov x0, #2
    ret
1:  mov x0, #1
    ret

.p2align 4
.globl _subject_short
_subject_short: // x
    ret

.p2align 4
.globl _subject_walks
_subject_walks: // x + 31
    add x0, x0, #1
    add x0, x0, #2
    add x0, x0, #4
    add x0, x0, #8
    add x0, x0, #16
    ret

.p2align 4
    .ascii "monkey-mock stub"
1:  mov x0, #9
    ret
.p2align 4
.globl _subject_hooked
_subject_hooked: // 9, by the stub of another copy of the engine, which lies in front
    b 1b

.p2align 14
    .space 16384 - 8
.globl _subject_crosses
_subject_crosses: // x + 31, from one page to the next
    add x0, x0, #1
    add x0, x0, #2
    add x0, x0, #4
    add x0, x0, #8
    add x0, x0, #16
    ret
.p2align 14

.section __DATA,__data
.p2align 3
.globl _subject_value
_subject_value: .quad 4711
