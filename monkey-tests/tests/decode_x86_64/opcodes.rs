//! Every opcode of every map with every mandatory prefix and kind of operand; random bytes.
use super::{Tally, all};

const AT: u64 = 0x7F12_8000_1000;

/// What comes behind the `ModRM` byte: a SIB byte with an index and one without, and different immediates.
const REST: [[u8; 12]; 2] =
    [[0x31, 0x92, 0x83, 0x74, 5, 6, 7, 8, 9, 10, 11, 12], [0x25, 2, 3, 4, 0xF0, 0, 0, 0, 0, 0, 0, 0]];

/// Tries the opcodes behind `head`, in two threads.
fn opcodes(title: &str, heads: &[Vec<u8>]) {
    let step = if all() { 1 } else { 7 };
    let half = |half: u8| {
        let mut tally = Tally::default();
        for head in heads {
            for (opcode, modrm) in
                (half..=255).step_by(2).flat_map(|opcode| (0..=255_u8).map(move |m| (opcode, m)))
            {
                // Each opcode with other ones, and all groups with all of theirs that are no operand in memory.
                let sampled = (usize::from(modrm) + usize::from(opcode)) % step == 0;
                if !sampled {
                    continue;
                }
                for rest in REST {
                    let code = [&head[..], &[opcode, modrm], &rest[..]].concat();
                    tally.add(&code, AT);
                }
            }
        }
        tally
    };
    let tally = std::thread::scope(|scope| {
        let odd = scope.spawn(|| half(1));
        half(0).merge(odd.join().unwrap())
    });
    tally.judge(title);
    assert!(tally.agreed() > 0);
}

fn with_prefixes(escape: &[u8]) -> Vec<Vec<u8>> {
    let few: &[&[u8]] = &[&[], &[0x66], &[0xF3], &[0xF2]];
    let more: &[&[u8]] = &[
        &[0x48],
        &[0x41],
        &[0x66, 0x48],
        &[0x67],
        &[0xF0],
        &[0x66, 0xF2],
        &[0x66, 0xF3],
        &[0xF2, 0x66, 0x4F],
        &[0x2E],
        &[0x64, 0x67, 0x42],
        &[0xF0, 0x48],
        &[0xF2, 0xF3],
        &[0x48, 0x66],
        &[0x67, 0xF3, 0x48],
    ];
    let more = if all() { more } else { &more[..3] };
    few.iter().chain(more).map(|prefixes| [prefixes, escape].concat()).collect()
}

#[test]
fn of_the_legacy_maps() {
    opcodes("one byte", &with_prefixes(&[]));
    opcodes("0F", &with_prefixes(&[0x0F]));
    opcodes("0F 38", &with_prefixes(&[0x0F, 0x38]));
    opcodes("0F 3A", &with_prefixes(&[0x0F, 0x3A]));
}

#[test]
fn of_vex_and_xop() {
    let second = if all() { (0..=255).collect() } else { vec![0x78, 0x79, 0x7A, 0x7B, 0xFD, 0x04, 0x85] };
    let heads = |first: u8, maps: &[u8]| -> Vec<Vec<u8>> {
        let heads =
            maps.iter().flat_map(|map| second.iter().map(move |second| vec![first, 0xE0 | map, *second]));
        heads.collect()
    };
    opcodes("VEX", &heads(0xC4, &[1, 2, 3]));
    opcodes("XOP", &heads(0x8F, &[8, 9, 10]));
    opcodes("VEX of two bytes", &second.iter().map(|second| vec![0xC5, *second]).collect::<Vec<_>>());
    // No maps, or no prefix of a vector instruction may stand there.
    let none: [&[u8]; 6] = [
        &[0xC4, 0xE0, 0x78],
        &[0xC4, 0xE4, 0x78],
        &[0x8F, 0xEB, 0x78],
        &[0x66, 0xC5, 0xF8],
        &[0x48, 0xC5, 0xF8],
        &[0xD5, 0x08],
    ];
    for head in none {
        for opcode in 0..=255 {
            let code = [head, &[opcode, 0xC1], &REST[0][..]].concat();
            assert!(super::readings::by_monkey(&code, AT).is_err(), "{code:02x?}");
        }
    }
}

#[test]
fn of_evex() {
    let third: &[u8] = if all() {
        &[0x08, 0x00, 0x28, 0x48, 0x68, 0x18, 0x58, 0x78, 0x09, 0x89, 0x49, 0xC9, 0x80]
    } else {
        &[0x49]
    };
    let maps = [1, 2, 3, 5, 6].into_iter();
    let seconds = maps.flat_map(|map| [0x7C, 0x7D, 0x7E, 0x7F, 0xFD].map(|second| (map, second)));
    let heads = seconds
        .flat_map(|(map, second)| third.iter().map(move |third| vec![0x62, 0xF0 | map, second, *third]));
    opcodes("EVEX", &heads.collect::<Vec<_>>());
    // APX: other maps, and bits that were fixed.
    for first in [0xF0, 0xF4, 0xF7, 0xF9] {
        assert!(super::readings::by_monkey(&[0x62, first, 0x7C, 0x48, 0x58, 0xC1, 0, 0, 0, 0], AT).is_err());
    }
    assert!(super::readings::by_monkey(&[0x62, 0xF1, 0x78, 0x48, 0x58, 0xC1], AT).is_err());
}

#[test]
fn at_random() {
    let count = if all() { 50_000_000 } else { 100_000 };
    let half = |seed: u64| {
        let (mut tally, mut state) = (Tally::default(), seed);
        for _ in 0..count / 2 {
            let mut code = [0; 24];
            for eight in code.chunks_mut(8) {
                eight.copy_from_slice(&random(&mut state).to_le_bytes());
            }
            let choice = random(&mut state);
            lead_to_maps(&mut code, choice);
            tally.add(&code, AT);
            // Cut off: no other length, and nothing is read beyond.
            tally.add(&code[..choice as usize >> 40 & 7], AT);
        }
        tally
    };
    let tally = std::thread::scope(|scope| {
        let one = scope.spawn(|| half(1));
        half(1 << 40).merge(one.join().unwrap())
    });
    tally.judge("random bytes");
}

/// Makes rare maps and prefixes frequent.
fn lead_to_maps(code: &mut [u8; 24], choice: u64) {
    let prefixes = [0x66, 0xF2, 0xF3, 0x67, 0x48, 0x2E, 0x41, 0xF0];
    let mut at = 0;
    for bits in 0..2 {
        if choice >> bits & 1 == 0 {
            code[at] = prefixes[choice as usize >> (8 + 3 * bits) & 7];
            at += 1;
        }
    }
    let map = (choice >> 24 & 3) as u8;
    let second = code[at + 1];
    match choice >> 16 & 7 {
        0 => code[at] = 0x0F,
        1 => code[at..at + 2].copy_from_slice(&[0x0F, 0x38]),
        2 => code[at..at + 2].copy_from_slice(&[0x0F, 0x3A]),
        3 => code[at..at + 2].copy_from_slice(&[0xC4, second & 0xE0 | map]),
        4 => code[at] = 0xC5,
        5 => code[at..at + 2].copy_from_slice(&[0x62, second & 0xF7]),
        6 => code[at..at + 2].copy_from_slice(&[0x8F, second & 0xE0 | 8 | map]),
        _ => {}
    }
}

/// `SplitMix64`.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
