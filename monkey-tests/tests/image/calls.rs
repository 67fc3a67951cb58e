//! What a function could be calling, by its machine code: more rather than less, for each architecture.

/// What the bytes at `at` could call.
#[cfg(target_arch = "x86_64")]
pub fn of(code: &[u8], address: usize) -> Vec<usize> {
    let mut found = Vec::new();
    for at in 0..code.len().saturating_sub(5) {
        let relative = |at: usize| {
            let distance = i32::from_le_bytes(code[at..at + 4].try_into().unwrap());
            (address + at + 4).wrapping_add_signed(distance as isize)
        };
        match code[at..] {
            [0xe8 | 0xe9, ..] => found.push(relative(at + 1)),
            // call [slot], mov rax, [slot]
            [0xff | 0x8b, 0x15 | 0x25 | 0x05, ..] if relative(at + 2) % 8 == 0 => {
                // SAFETY: these bytes are this instruction in a library built here, whose slots are aligned and readable.
                found.push(unsafe { (relative(at + 2) as *const usize).read() });
            }
            _ => {}
        }
    }
    found
}

/// What the words could call.
#[cfg(target_arch = "aarch64")]
pub fn of(code: &[u8], address: usize) -> Vec<usize> {
    let words: Vec<_> =
        code.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
    let mut found = slots(&words, address);
    for (at, word) in (address..).step_by(4).zip(&words) {
        // b, bl: x00101 imm26
        if word & 0x7c00_0000 == 0x1400_0000 {
            let to = at.wrapping_add_signed(((word << 6) as i32 >> 4) as isize);
            found.push(to);
            // What is exported is called through the linkage table: an entry of a few words that load the address.
            // SAFETY: a call in a library built here leads to code, which is readable, and no table's entry is shorter.
            let entry = unsafe { (to as *const [u32; 3]).read() };
            found.extend(slots(&entry, to));
        }
    }
    found
}

/// What the words load from places that they name.
#[cfg(target_arch = "aarch64")]
fn slots(words: &[u32], address: usize) -> Vec<usize> {
    let mut found = Vec::new();
    for (at, pair) in (address..).step_by(4).zip(words.windows(2)) {
        // adrp xN, page; ldr xM, [xN, #offset]
        let (adrp, ldr) = (pair[0], pair[1]);
        if adrp & 0x9f00_0000 == 0x9000_0000 && ldr & 0xffc0_0000 == 0xf940_0000 && ldr >> 5 & 31 == adrp & 31
        {
            let pages = ((adrp >> 5 & 0x7_ffff) << 2 | adrp >> 29 & 3) << 11;
            let page = (at & !0xfff).wrapping_add_signed((pages as i32 as isize >> 11) << 12);
            // SAFETY: these words load from a place of a library built here, aligned and readable.
            found.push(unsafe { ((page + (ldr >> 10 & 0xfff) as usize * 8) as *const usize).read() });
        }
    }
    found
}
