//! Relocation of `AArch64` code, on any host: each rule by hand, any word by chance, every function of real programs.
use checker::{Job, check, justified};
use monkey_core::relocate::{Refusal, Relocated, aarch64};
use monkey_core::stub::aarch64::{FAR, NEAR, jump, skipped};
use op::Op;

#[path = "relocate_aarch64/checker.rs"]
mod checker;
#[path = "relocate_aarch64/op.rs"]
mod op;
#[path = "relocate_aarch64/sweep.rs"]
mod sweep;

const FROM: u64 = 0x1234_5678_9000;
/// In reach of `b`, but of no other branch.
const NEARBY: u64 = FROM + (16 << 20);
/// In reach of nothing but numbers.
const AWAY: u64 = FROM + (64 << 30);

const NOP: u32 = 0xD503_201F;
const RET: u32 = 0xD65F_03C0;

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A function of these words and some `nop`s.
fn relocate(words: &[u32], to: u64, need: usize) -> Result<Relocated, Refusal> {
    let body = bytes(&[words, &[NOP; 8], &[RET]].concat());
    let extent = Some(body.len());
    let job = Job { body: &body, from: FROM, to, need, extent, truth: extent };
    let result = aarch64::relocate(&body, FROM, to, need, extent);
    let verdict = match &result {
        Ok(relocated) => check(&job, relocated),
        Err(refusal) => justified(&job, refusal),
    };
    assert_eq!(verdict, Ok(()), "{words:08x?} gave {result:x?}");
    result
}

/// The relocated code as text, after one instruction was displaced.
fn listing(word: u32, to: u64) -> Vec<String> {
    let code = relocate(&[word], to, NEAR).unwrap().code;
    let text = |(at, word): (usize, &[u8])| Op::decode(word, to + 4 * at as u64).unwrap().to_string();
    code.chunks(4).enumerate().map(text).collect()
}

/// The jump back behind so many words at `NEARBY`.
fn back(words: i64) -> String {
    format!("b $-{:#x}", (16 << 20) + 4 * words - 4)
}

#[test]
fn what_does_not_name_an_address_is_copied() {
    // stp x29, x30, [sp, #-16]!; paciasp; bti c; nop; mrs x0, tpidr_el0; svc #0; dup v16.4s, w0
    for word in [0xA9BF_7BFD, 0xD503_233F, 0xD503_245F, NOP, 0xD53B_D040, 0xD400_0001, 0x4E04_0C10] {
        assert_eq!(relocate(&[word], NEARBY, NEAR).unwrap().code[..4], word.to_le_bytes());
    }
    // ret; br x0; retaa; eret: nothing comes back
    for word in [RET, 0xD61F_0000, 0xD65F_0BFF, 0xD69F_03E0] {
        assert_eq!(relocate(&[word], NEARBY, NEAR).unwrap().code, word.to_le_bytes());
    }
    // brk #1: a debugger may go on behind it
    assert_eq!(relocate(&[0xD420_0020], NEARBY, NEAR).unwrap().code.len(), 8);
}

#[test]
fn branches_go_where_they_went() {
    // b .+0x40
    assert_eq!(listing(0x1400_0010, NEARBY), ["b $-0xffffc0"]);
    assert_eq!(listing(0x1400_0010, FROM + 0x1000), ["b $-0xfc0"]);
    let [first, .., last] = &listing(0x1400_0010, AWAY)[..] else { panic!() };
    assert_eq!((first.as_str(), last.as_str()), ("mov x16, #0x9040", "ret x16"));
    // b.ne .+0x40: in reach, nearby, away
    assert_eq!(listing(0x5400_0201, FROM + 0x1000), ["b.ne $-0xfc0", "b $-0x1000"]);
    assert_eq!(listing(0x5400_0201, NEARBY), ["b.ne $+0x8", "b $+0x8", "b $-0xffffc8", &back(3)]);
    assert_eq!(listing(0x5400_0201, AWAY).len(), 2 + 4 + 4);
    // cbz x5, .+0x40; cbnz w6; tbz w7, #3; tbnz x8, #33; bc.eq
    for word in [0xB400_0205, 0x3500_0206, 0x3618_0207, 0xB708_0208, 0x5400_0210] {
        assert_eq!(listing(word, FROM + 0x1000).len(), 2);
        assert_eq!(listing(word, NEARBY).len(), 4);
        assert_eq!(listing(word, AWAY).len(), 10);
    }
    // tbz w7, #3: its reach ends at 32 KiB
    assert_eq!(listing(0x3618_0207, FROM + 0x8000).len(), 2);
    assert_eq!(listing(0x3618_0207, FROM + 0x8044).len(), 4);
}

#[test]
fn compare_and_branch_of_armv9_6() {
    // cbgt x1, x2, .+0x20; cblt w1, #5, .+0x20: the checker's decoder does not know them.
    for word in [0xF402_0101_u32, 0x7522_8101] {
        let body = bytes(&[word, NOP, NOP, NOP, NOP, RET]);
        let got = aarch64::relocate(&body, FROM, NEARBY, NEAR, Some(body.len())).unwrap().code;
        // The distance is in bits 5 to 13: two words.
        assert_eq!(got[..4], (word & !0x3FE0 | 2 << 5).to_le_bytes());
        assert_eq!(got[4..8], 0x1400_0002_u32.to_le_bytes());
        assert_eq!(got.len(), 16);
        // cbgt x1, x2, .-4 and the like, in the rest of the body
        let loops = bytes(&[NOP, word | 0x1FF << 5, RET]);
        assert_eq!(
            aarch64::relocate(&loops, FROM, NEARBY, NEAR, Some(loops.len())),
            Err(Refusal::BranchInto { from: FROM + 4, to: FROM })
        );
    }
}

#[test]
fn calls_return_into_the_original() {
    // bl .+0x40
    assert_eq!(listing(0x9400_0010, NEARBY), ["adrp x30, $-0x1000000", "add x30, x30, #0x4", "b $-0xffffc8"]);
    assert_eq!(listing(0x9400_0010, FROM + 0x1000), ["adr x30, $-0xffc", "b $-0xfc4"]);
    // bl .: a recursion, which goes through the hook again
    assert_eq!(listing(0x9400_0000, FROM + 0x1000), ["adr x30, $-0xffc", "b $-0x1004"]);
    // blr x8; blr x30; blr x17 would expect something in x17
    assert_eq!(listing(0xD63F_0100, FROM + 0x1000), ["mov x16, x8", "adr x30, $-0x1000", "br x16"]);
    assert_eq!(listing(0xD63F_03C0, FROM + 0x1000)[0], "mov x16, x30");
    assert!(matches!(relocate(&[0xD63F_0220], NEARBY, NEAR), Err(Refusal::Immovable { .. })));
    // blraaz x8; blraa x8, sp; blrab x8, x30
    assert_eq!(listing(0xD63F_091F, FROM + 0x1000)[2], "braaz x16");
    assert_eq!(listing(0xD73F_091F, FROM + 0x1000)[2], "braa x16, sp");
    let both = listing(0xD73F_0D1E, FROM + 0x1000);
    assert_eq!(both, ["mov x16, x8", "mov x17, x30", "adr x30, $-0x1004", "brab x16, x17"]);
}

#[test]
fn addresses_stay_what_they_were() {
    // adr x3, .+0x40; adrp x3, .+0x10000; adr xzr, .
    assert_eq!(listing(0x1000_0203, FROM + 0x1000)[0], "adr x3, $-0xfc0");
    assert_eq!(listing(0x1000_0203, NEARBY)[..2], ["adrp x3, $-0x1000000", "add x3, x3, #0x40"]);
    assert_eq!(listing(0x9000_0083, NEARBY), ["adrp x3, $-0xff0000", &back(1)]);
    let away = listing(0x9000_0083, AWAY);
    assert_eq!(away[..3], ["mov x3, #0x9000", "movk x3, #0x5679, lsl #16", "movk x3, #0x1234, lsl #32"]);
    assert_eq!(listing(0x1000_001F, NEARBY), ["nop", &back(1)]);
    // adr x0, .: the function's own address, not the trampoline's
    assert_eq!(listing(0x1000_0000, FROM + 0x1000)[0], "adr x0, $-0x1000");
}

#[test]
fn literals_are_read_where_they_are() {
    // ldr w3, .+0x40; ldr x3; ldrsw x3; prfm pldl1keep; ldr s3; ldr d3; ldr q3
    let own = ["ldr w3, [x3]", "ldr x3, [x3]", "ldrsw x3, [x3]"];
    let scratch = ["prfm pldl1keep, [x16]", "ldr s3, [x16]", "ldr d3, [x16]", "ldr q3, [x16]"];
    let words = [0x1800_0203, 0x5800_0203, 0x9800_0203, 0xD800_0200, 0x1C00_0203, 0x5C00_0203, 0x9C00_0203];
    for (word, load) in words.into_iter().zip(own.into_iter().chain(scratch)) {
        assert_eq!(listing(word, FROM + 0x1000).len(), 2);
        assert_eq!(listing(word, NEARBY)[2], load);
        assert_eq!(listing(word, AWAY)[3], load);
    }
    // ldr xzr, .+0x40
    assert_eq!(listing(0x5800_021F, NEARBY)[2], "ldr xzr, [x16]");
    // ldr x0, .: the jump would be read
    assert!(matches!(relocate(&[0x5800_0000], NEARBY, NEAR), Err(Refusal::Immovable { .. })));
    // ldr q0, .-8, and the same of a later instruction
    assert!(matches!(relocate(&[NOP, 0x9CFF_FF80], NEARBY, NEAR), Err(Refusal::Immovable { .. })));
}

#[test]
fn the_rest_of_the_body_must_not_come_back() {
    let into = |from: u64, to: u64| Err(Refusal::BranchInto { from: FROM + from, to: FROM.wrapping_add(to) });
    // b .-4; cbz x0, .-8; tbz w0, #0, .-8
    assert_eq!(relocate(&[NOP, 0x17FF_FFFF], NEARBY, NEAR), into(4, 0));
    assert_eq!(relocate(&[NOP, NOP, 0xB4FF_FFC0], NEARBY, NEAR), into(8, 0));
    assert_eq!(relocate(&[NOP, NOP, 0x3607_FFC0], NEARBY, NEAR), into(8, 0));
    // b .-8, to the landing pad in front of the hook
    assert_eq!(relocate(&[NOP, 0x17FF_FFFE], NEARBY, NEAR), into(4, 4_u64.wrapping_neg()));
    // bl .-4 is a recursion; far, it would go into the jump
    assert!(relocate(&[NOP, 0x97FF_FFFF], NEARBY, NEAR).is_ok());
    assert_eq!(relocate(&[NOP, NOP, NOP, NOP, 0x97FF_FFFF], NEARBY, FAR), into(16, 12));
    // adr x0, .-4
    assert_eq!(relocate(&[NOP, NOP, NOP, NOP, 0x10FF_FFE0], NEARBY, FAR), into(16, 12));
    // A function of unknown length is followed: b .+8; (something else's) b .-4; b .-8
    let body = bytes(&[NOP, 0x1400_0002, 0x17FF_FFFE, 0x17FF_FFFD]);
    assert_eq!(aarch64::relocate(&body, FROM, NEARBY, NEAR, None), into(12, 0));
    let body = bytes(&[NOP, 0x1400_0002, 0x17FF_FFFE, RET]);
    assert!(aarch64::relocate(&body, FROM, NEARBY, NEAR, None).is_ok());
}

#[test]
fn several_instructions_may_branch_among_themselves() {
    // cbz x0, .+8; adr x0, .+0x40; sub x1, x1, #1; cbnz x1, .-12
    let loops = [0xB400_0040, 0x1000_0200, 0xD100_0421, 0xB5FF_FFA1];
    let got = relocate(&loops, NEARBY, FAR).unwrap();
    assert_eq!(got.boundaries, [(0, 0), (4, 4), (8, 12), (12, 16)]);
    assert_eq!(got.code.len(), 24);
    // mov x0, x1; ret; (zeros): what cannot be reached is left out
    let got = relocate(&[0xAA01_03E0, RET, 0, 0], NEARBY, FAR).unwrap();
    assert_eq!((got.boundaries.len(), got.code.len()), (2, 8));
    // bl returns into the jump, unless it is the last
    let call = 0x9400_0010;
    assert_eq!(relocate(&[NOP, call], NEARBY, FAR), Err(Refusal::ReturnInto { call: FROM + 4 }));
    assert!(relocate(&[NOP, NOP, NOP, call], NEARBY, FAR).is_ok());
    // ldxr x0, [x1]: the pair must not be taken apart
    assert!(matches!(relocate(&[0xC85F_7C20], NEARBY, FAR), Err(Refusal::Immovable { .. })));
    assert!(relocate(&[0xC85F_7C20], NEARBY, NEAR).is_ok());
}

#[test]
fn scratch_registers_are_free_ones() {
    let away = |words: &[u32]| relocate(words, AWAY, FAR);
    // mov x16, #1 and the way back: by x17
    let got = away(&[0xD280_0030]).unwrap().code;
    assert_eq!(got[got.len() - 4..], 0xD65F_0220_u32.to_le_bytes());
    // mov x16, #1; mov x17, #1: nothing is left
    assert!(matches!(away(&[0xD280_0030, 0xD280_0031]), Err(Refusal::Immovable { .. })));
    // ... but near, nothing is needed; nor by a procedure linkage table's entry, which goes elsewhere
    assert!(relocate(&[0xD280_0030, 0xD280_0031], NEARBY, FAR).is_ok());
    // adrp x16, .; ldr x17, [x16, #8]; add x16, x16, #8; br x17
    assert!(away(&[0x9000_0010, 0xF940_0611, 0x9100_2210, 0xD61F_0220]).is_ok());
    // mov x0, x16; pacia1716: something would have to be in there
    assert!(matches!(relocate(&[0xAA10_03E0], NEARBY, NEAR), Err(Refusal::Immovable { .. })));
    assert!(matches!(relocate(&[0xD503_211F], NEARBY, NEAR), Err(Refusal::Immovable { .. })));
    // sub sp, sp, #16 has a 16 that is no register; ldr q16, .+0x40 one that is another
    assert!(relocate(&[0xD100_43FF], NEARBY, NEAR).is_ok());
    assert!(relocate(&[0x9C00_0210], NEARBY, NEAR).is_ok());
}

#[test]
fn what_is_too_short_or_no_code_is_refused() {
    let relocate = |words: &[u32], extent, need| {
        aarch64::relocate(&bytes(words), FROM, NEARBY, need, extent).map(|relocated| relocated.code.len())
    };
    let short = |length| Err(Refusal::TooShort { length, need: FAR });
    assert_eq!(relocate(&[], None, NEAR), Err(Refusal::TooShort { length: 0, need: NEAR }));
    assert_eq!(relocate(&[RET], None, NEAR), Ok(4));
    assert_eq!(relocate(&[RET, RET, RET, RET], Some(4), FAR), short(4));
    assert_eq!(relocate(&[RET, RET, RET, RET], None, FAR), short(4));
    assert_eq!(relocate(&[RET, NOP, NOP], Some(4), FAR), short(12));
    // Padding may go with it.
    assert_eq!(relocate(&[RET, NOP, NOP, 0], Some(4), FAR), Ok(4));
    assert_eq!(relocate(&[RET, NOP, 0, 0], None, FAR), Ok(4));
    assert_eq!(relocate(&[0], None, NEAR), Err(Refusal::Undecodable { at: FROM }));
    // paciasppc; retaasppc .-4; autiasppc .-4: their address is part of the signature
    for word in [0xDAC1_A3FE, 0x5500_003F, 0xF380_003F] {
        assert!(matches!(relocate(&[word, NOP], None, NEAR), Err(Refusal::Immovable { .. })), "{word:08x}");
    }
}

/// Random words: whatever the other decoder takes for relative has to be treated as such, and all else is copied.
#[test]
fn any_word_is_moved_right_or_refused_for_a_reason() {
    let mut seed = 0;
    let mut random = || {
        seed += 1;
        sweep::scramble(seed)
    };
    let (mut moved, mut refused, mut doubtful) = (0, 0, 0);
    // Fewer on the architecture itself, where these tests run in an emulator; the host has all.
    while moved < if cfg!(target_arch = "aarch64") { 20_000 } else { 200_000 } {
        let mut word = random() as u32;
        // Every second one relative: literals, addresses, the branches.
        match random() % 12 {
            0 => word = word & !0x3B00_0000 | 0x1800_0000,
            1 => word = word & !0x1F00_0000 | 0x1000_0000,
            2 => word = word & !0x7C00_0000 | 0x1400_0000,
            3 => word = word & !0x7C00_0000 | 0x3400_0000,
            4 => word = word & !0xFF00_0000 | 0x5400_0000,
            5 => word = word & !0x0000_FC1F & !0xFE9F_0000 | 0xD61F_0000,
            _ => {}
        }
        let body = bytes(&[word, NOP, NOP, RET]);
        // Of SVE the checker knows nothing but that all of it is to be copied.
        if Op::decode(&body, FROM).is_none() || word >> 25 & 15 == 0b0010 {
            continue;
        }
        let distance = [0x1000, 16 << 20, -(1 << 27), 3 << 31, 1 << 45][random() as usize % 5];
        let to = FROM.wrapping_add_signed(distance);
        let extent = Some(body.len());
        let job = Job { body: &body, from: FROM, to, need: NEAR, extent, truth: extent };
        let verdict = match aarch64::relocate(&body, FROM, to, NEAR, extent) {
            Ok(relocated) => {
                moved += 1;
                check(&job, &relocated)
            }
            Err(refusal) => {
                let numbers = [0, 5, 10, 16].map(|at| word >> at & 31);
                let verdict = justified(&job, &refusal);
                // Where a pattern leaves it open whether a field is a register, it counts as one.
                let doubt = verdict.is_err() && numbers.iter().any(|number| matches!(number, 16 | 17));
                *if doubt { &mut doubtful } else { &mut refused } += 1;
                if doubt { Ok(()) } else { verdict }
            }
        };
        assert_eq!(verdict, Ok(()), "{word:08x} to {to:#x}");
    }
    println!("{moved} moved, {refused} refused, {doubtful} for what may be no register");
    assert!(doubtful < moved / 50);
}

/// The checker is one: it notices every bit that is wrong.
#[test]
fn a_wrong_bit_is_noticed() {
    // b, b.ne, tbz, bl, blr, adr, adrp, ldr x3 and ldr q3, stp
    let words = [
        0x1400_0010,
        0x5400_0201,
        0x3618_0207,
        0x9400_0010,
        0xD63F_0100,
        0x1000_0203,
        0x9000_0083,
        0x5800_0203,
        0x9C00_0203,
        0xA9BF_7BFD,
    ];
    for (word, to) in words.into_iter().flat_map(|word| [FROM + 0x1000, NEARBY, AWAY].map(|to| (word, to))) {
        let body = bytes(&[word, NOP, NOP, NOP, RET]);
        let extent = Some(body.len());
        let job = Job { body: &body, from: FROM, to, need: NEAR, extent, truth: extent };
        let right = aarch64::relocate(&body, FROM, to, NEAR, extent).unwrap();
        for bit in 0..right.code.len() * 8 {
            let mut wrong = right.clone();
            wrong.code[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&job, &wrong).is_err(), "{word:08x} to {to:#x}: bit {bit} of {:02x?}", right.code);
        }
    }
}

#[test]
fn jumps() {
    assert_eq!(jump(FROM, FROM + 0x40, NEAR), 0x1400_0010_u32.to_le_bytes());
    // ldr x17, .+8; br x17; the address
    let far = [bytes(&[0x5800_0051, 0xD61F_0220]), AWAY.to_le_bytes().to_vec()].concat();
    assert_eq!(jump(FROM, AWAY, FAR), far);
}

#[test]
fn landing_pads_stay() {
    // bti c; bti j; bti jc; paciasp; pacibsp, and some that are none: bti, nop, autiasp, xpaclri
    for pad in [0xD503_245F, 0xD503_249F, 0xD503_24DF, 0xD503_233F, 0xD503_237F] {
        assert_eq!(skipped(&bytes(&[pad])), 4);
    }
    for other in [0xD503_241F, NOP, 0xD503_23BF, 0xD503_20FF] {
        assert_eq!(skipped(&bytes(&[other])), 0);
    }
    assert_eq!(skipped(&[]), 0);
}
