//! Displaced calls.
use super::*;

/// Push of the address behind a call of `length` bytes at the start of the function.
fn push(length: u64) -> Vec<u8> {
    let address = (FROM + length).to_le_bytes();
    [&[0x68], &address[..4], &[0xC7, 0x44, 0x24, 0x04], &address[4..]].concat()
}

#[test]
fn push_the_original_return_address() {
    let body = then_rets(&[0xE8, 0x00, 0x01, 0, 0]);
    assert_eq!(moved(&body, 5, None).code, [push(5), jump(13, 0x105)].concat());
    assert_eq!(push(5)[..5], [0x68, 0x05, 0x10, 0, 0x80]);
    moved_to(FAR, &body, 5, None);
    // call the next instruction, for its address
    assert_eq!(moved(&then_rets(&[0xE8, 0, 0, 0, 0]), 5, None).code, [push(5), jump(13, 5)].concat());
    // With prefixes that do nothing, as linkers leave them.
    for prefixes in [&[0x67][..], &[0x66, 0x66, 0x48]] {
        let body = then_rets(&[prefixes, &[0xE8, 0, 1, 0, 0]].concat());
        let length = prefixes.len() + 5;
        let expected = [push(length as u64), jump(13, length + 0x100)].concat();
        assert_eq!(moved(&body, 5, None).code, expected);
    }
}

#[test]
fn indirect() {
    let forms: [(&[u8], &[u8]); 12] = [
        // call [rax + 8] with a displacement of 32 bits; call [r11 + 8]; call fs:[0x20]
        (&[0xFF, 0x90, 8, 0, 0, 0], &[0xFF, 0xA0, 8, 0, 0, 0]),
        (&[0x41, 0xFF, 0x53, 8], &[0x41, 0xFF, 0x63, 8]),
        (&[0x64, 0xFF, 0x14, 0x25, 0x20, 0, 0, 0], &[0x64, 0xFF, 0x24, 0x25, 0x20, 0, 0, 0]),
        // call [rbp - 8]; call [rax*8 + 0x1000]; notrack call rax
        (&[0xFF, 0x55, 0xF8], &[0xFF, 0x65, 0xF8]),
        (&[0xFF, 0x14, 0xC5, 0, 0x10, 0, 0], &[0xFF, 0x24, 0xC5, 0, 0x10, 0, 0]),
        (&[0x3E, 0xFF, 0xD0], &[0x3E, 0xFF, 0xE0]),
        // call rax; call r11
        (&[0xFF, 0xD0], &[0xFF, 0xE0]),
        (&[0x41, 0xFF, 0xD3], &[0x41, 0xFF, 0xE3]),
        // call [rsp]; call [rsp + 8]; call [rsp + 0x7C]; call [rsp + rax*8 + 0x10]: rsp is eight less
        (&[0xFF, 0x14, 0x24], &[0xFF, 0x64, 0x24, 8]),
        (&[0xFF, 0x54, 0x24, 8], &[0xFF, 0x64, 0x24, 16]),
        (&[0xFF, 0x54, 0x24, 0x7C], &[0xFF, 0xA4, 0x24, 0x84, 0, 0, 0]),
        (&[0xFF, 0x54, 0xC4, 0x10], &[0xFF, 0x64, 0xC4, 0x18]),
    ];
    for (call, jump) in forms {
        let relocated = moved(&then_rets(call), call.len(), None);
        assert_eq!(relocated.code, [&push(call.len() as u64), jump].concat());
    }
    // call [rip + 0x100]
    let relocated = moved(&then_rets(&[0xFF, 0x15, 0, 1, 0, 0]), 5, None);
    assert_eq!(relocated.code, [push(6), relative(&[0xFF, 0x25], 13, 0x106)].concat());
}

#[test]
fn of_the_function_itself_are_not_calls_of_the_copy() {
    let body = then_rets(&[0x50, 0xE8, 0xFA, 0xFF, 0xFF, 0xFF]);
    assert_eq!(moved(&body, 5, None).code[14..], jump(14, 0));
    moved(&five_bytes_then(&[0xE8, 0xF6, 0xFF, 0xFF, 0xFF, 0xC3]), 5, Some(11));
}

#[test]
fn into_the_overwritten_bytes_are_refused() {
    let displaced = then_rets(&[0x50, 0xE8, 0xFB, 0xFF, 0xFF, 0xFF]);
    assert_eq!(refused(&displaced, 5, None), branch_into(1, 1));
    let behind = five_bytes_then(&[0xE8, 0xF9, 0xFF, 0xFF, 0xFF, 0xC3]);
    assert_eq!(refused(&behind, 5, None), branch_into(5, 3));
}

#[test]
fn that_return_into_the_overwritten_bytes_are_refused() {
    assert_eq!(refused(&then_rets(&[0xFF, 0xD0]), 5, Some(22)), Refusal::ReturnInto { call: FROM });
    let body = then_rets(&[0x50, 0xE8, 0, 1, 0, 0]);
    moved(&body, 6, None);
    assert_eq!(refused(&body, 7, Some(26)), Refusal::ReturnInto { call: FROM + 1 });
    assert_eq!(refused(&body, 14, Some(26)), Refusal::ReturnInto { call: FROM + 1 });
}

#[test]
fn that_need_their_place_are_refused() {
    // call [rsp - 8]; call rsp; call far [rax + 0x100]
    let calls: [&[u8]; 3] =
        [&[0x90, 0xFF, 0x54, 0x24, 0xF8], &[0x0F, 0x1F, 0, 0xFF, 0xD4], &[0xFF, 0x98, 0, 1, 0, 0]];
    for call in calls {
        let refusal = refused(&then_rets(call), 5, None);
        assert!(matches!(refusal, Refusal::Immovable { .. }), "{refusal}");
    }
}
