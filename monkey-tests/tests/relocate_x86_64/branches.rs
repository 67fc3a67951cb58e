//! Displaced branches.
use super::*;

#[test]
fn to_elsewhere_grow() {
    // je +0x20; test rdi, rdi
    let body = [&[0x74, 0x20, 0x48, 0x85, 0xFF][..], &[0xC3; 64]].concat();
    let relocated = moved(&body, 5, None);
    assert_eq!(relocated.code[..6], relative(&[0x0F, 0x84], 0, 0x22));
    assert_eq!(relocated.boundaries, [(0, 0), (2, 6)]);
    // jmp +0x20, je +0x20 with 32 bits
    let body = [&[0xEB, 0x20][..], &[0xCC; 64]].concat();
    assert_eq!(moved(&body, 5, Some(2)).code, jump(0, 0x22));
    let body = [&[0x0F, 0x84, 0x20, 0, 0, 0][..], &[0xC3; 64]].concat();
    assert_eq!(moved(&body, 5, None).code[..6], relative(&[0x0F, 0x84], 0, 0x26));
}

#[test]
fn of_one_byte_alone_are_rewritten() {
    // loopne, loope, loop, jrcxz, jecxz
    let opcodes: [&[u8]; 5] = [&[0xE0], &[0xE1], &[0xE2], &[0xE3], &[0x67, 0xE3]];
    for opcode in opcodes {
        let body = [opcode, &[0x30, 0x31, 0xC0, 0x31, 0xC0], &[0xC3; 64]].concat();
        for to in [TO, FROM - (16 << 20), FAR] {
            let relocated = moved_to(to, &body, 5, None);
            assert!(relocated.boundaries[1].1 > opcode.len() + 5, "{relocated:x?}");
        }
    }
}

#[test]
fn among_the_displaced_go_to_the_copy() {
    // dec edi; jne the first byte; ret
    let body = [0xFF, 0xCF, 0x75, 0xFC, 0xC3];
    assert_eq!(moved(&body, 5, Some(5)).code, body);
    // again: inc eax; loop again; ret
    let body = [0xFF, 0xC0, 0xE2, 0xFC, 0xC3];
    assert_eq!(moved(&body, 5, Some(5)).code, body);
    // je over; call rdi, which grows, would be last; so: jne over; je out; over: ret
    let body = [&[0x75, 0x02, 0x74, 0x20, 0xC3][..], &[0xC3; 64]].concat();
    let relocated = moved(&body, 5, None);
    assert_eq!(relocated.boundaries, [(0, 0), (2, 2), (4, 8)]);
    assert_eq!(relocated.code[..2], [0x75, 0x06]);
}

#[test]
fn among_the_displaced_between_instructions_are_refused() {
    // jmp into the mov
    let body = then_rets(&[0xEB, 0x01, 0xB8, 1, 2, 3, 4]);
    assert_eq!(refused(&body, 5, Some(body.len())), branch_into(0, 3));
}

#[test]
fn out_of_reach_go_by_a_pointer() {
    for head in [&[0x74, 0x20][..], &[0xE2, 0x20], &[0x0F, 0x8F, 0, 1, 0, 0], &[0xE9, 0, 0, 1, 0]] {
        let body = [head, &[0x31, 0xC0, 0x31, 0xC0], &[0xC3; 64]].concat();
        moved_to(FAR, &body, 5, Some(body.len()));
        moved_to(FROM - (1 << 40) + 3, &body, 14, Some(body.len()));
    }
    // Seven loops: the most that fourteen bytes can become.
    let body = [[0xE2, 0x70].repeat(7), vec![0xC3; 200]].concat();
    for to in FAR..FAR + 8 {
        moved_to(to, &body, 14, Some(body.len()));
    }
}

#[test]
fn of_a_transaction() {
    // xbegin +0x10: to its handler when it is aborted
    let body = then_rets(&[0xC7, 0xF8, 0x10, 0, 0, 0]);
    assert_eq!(moved(&body, 5, None).code[..6], relative(&[0xC7, 0xF8], 0, 0x16));
    assert_eq!(refused_at(FAR, &body, 5, None), Refusal::OutOfReach { at: FROM });
    let back = five_bytes_then(&[0xC7, 0xF8, 0xF8, 0xFF, 0xFF, 0xFF, 0xC3]);
    assert_eq!(refused(&back, 5, None), branch_into(5, 3));
}
