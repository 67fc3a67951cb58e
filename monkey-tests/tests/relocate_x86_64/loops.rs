//! What goes back from the rest of the function into the overwritten bytes.
use super::*;

#[test]
fn back_into_the_overwritten_bytes_are_refused() {
    // jne, jmp, loopne, loope, loop, jrcxz; jmp, jne with 32 bits
    let opcodes: [&[u8]; 8] = [&[0x75], &[0xEB], &[0xE0], &[0xE1], &[0xE2], &[0xE3], &[0xE9], &[0x0F, 0x85]];
    for (index, opcode) in opcodes.into_iter().enumerate() {
        let width = if index < 6 { 1 } else { 4 };
        for to in [0, 2, 3, 4] {
            let distance = to - (5 + opcode.len() + width) as i32;
            let body = five_bytes_then(&[opcode, &distance.to_le_bytes()[..width], &[0xC3]].concat());
            for extent in [None, Some(body.len())] {
                assert_eq!(refused(&body, 5, extent), branch_into(5, to as u64));
            }
        }
    }
}

#[test]
fn back_to_what_stays_are_fine() {
    // inc rdi; xor eax, eax; again: dec rdi; jne again; ret
    let body = five_bytes_then(&[0x48, 0xFF, 0xCF, 0x75, 0xFB, 0xC3]);
    for extent in [None, Some(body.len())] {
        moved(&body, 5, extent);
        // Displaced itself, it goes to the copy.
        moved(&body, 9, extent);
        assert_eq!(refused(&body, 6, Some(10)), branch_into(8, 5));
    }
    // push rax; mov eax, imm32 (displaced up to 6); jmp to 5: inside the mov, but nothing is overwritten there
    let body = [0x50, 0xB8, 1, 2, 3, 4, 0xEB, 0xFD];
    moved(&body, 5, Some(8));
}

#[test]
fn far_behind_are_found() {
    let body =
        five_bytes_then(&[vec![0x90; 3000], vec![0x0F, 0x84], (-3011_i32).to_le_bytes().to_vec()].concat());
    for extent in [None, Some(body.len())] {
        assert_eq!(refused(&body, 5, extent), branch_into(3005, 0));
    }
    // Behind the end it is another function's.
    moved(&body, 5, Some(3005));
}

#[test]
fn that_are_none_are_seen_through() {
    // mov eax, imm32 that reads like jne to the first byte; ret
    let body = five_bytes_then(&[0xB8, 0x75, 0xF8, 0x90, 0x90, 0xC3]);
    moved(&body, 5, None);
    moved(&body, 5, Some(body.len()));
}

#[test]
fn in_another_function_do_not_count() {
    // ret; jne to the first byte
    let body = five_bytes_then(&[0xC3, 0x75, 0xF8]);
    moved(&body, 5, None);
    moved(&body, 5, Some(6));
    assert_eq!(refused(&body, 5, Some(8)), branch_into(6, 0));
}

#[test]
fn in_the_cases_of_a_table_are_found() {
    // jmp [rax*8 + 0x1000]; ret; a case: jmp to the first byte
    let body = five_bytes_then(&[0xFF, 0x24, 0xC5, 0, 0x10, 0, 0, 0xC3, 0xEB, 0xF1]);
    assert_eq!(refused(&body, 5, None), branch_into(13, 0));
}

#[test]
fn behind_a_forward_branch_are_found() {
    // je over; ret; trap; over: jmp to offset 3
    let body = five_bytes_then(&[0x74, 0x02, 0xC3, 0xCC, 0xEB, 0xF8]);
    assert_eq!(refused(&body, 5, None), branch_into(9, 3));
}

#[test]
fn behind_data_cannot_be_told() {
    let body = five_bytes_then(&[0xC3, 0x06, 0x75, 0xF7]);
    assert_eq!(refused(&body, 5, Some(9)), Refusal::Undecodable { at: FROM + 6 });
    moved(&body, 5, None);
}
