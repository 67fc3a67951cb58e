//! Where short pieces of code lead: thunks and shims. Pure: bytes and addresses in, addresses out.

/// Where a jump through memory reads its target (`jmp [slot]`: what a PLT entry is).
pub(super) fn slot(code: &[u8], address: usize) -> Option<usize> {
    if cfg!(target_arch = "aarch64") { slot_aarch64(code, address) } else { slot_x86(code, address) }
}

/// Where a piece of code goes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Leads {
    /// What it calls or jumps to directly, outside of itself.
    pub functions: Vec<usize>,
    /// Places in memory from which it takes addresses, perhaps to call them.
    pub slots: Vec<usize>,
}

/// Where the function `code`, which begins at `address`, goes.
pub(super) fn leads(code: &[u8], address: usize) -> Leads {
    if cfg!(target_arch = "aarch64") { leads_aarch64(code, address) } else { leads_x86(code, address) }
}

fn slot_x86(code: &[u8], address: usize) -> Option<usize> {
    // `endbr64` and the prefix `bnd` stand there in programs built for control-flow enforcement.
    let mut skip = if code.starts_with(&[0xf3, 0x0f, 0x1e, 0xfa]) { 4 } else { 0 };
    skip += usize::from(code.get(skip) == Some(&0xf2));
    let jump = code.get(skip..skip + 6)?;
    let displacement = i32::from_le_bytes(jump[2..].try_into().ok()?);
    (jump[..2] == [0xff, 0x25])
        .then(|| address.wrapping_add(skip + 6).wrapping_add_signed(displacement as isize))
}

fn leads_x86(code: &[u8], address: usize) -> Leads {
    use iced_x86::{Decoder, DecoderOptions, Mnemonic};
    let own = address..address + code.len();
    let mut found = Leads::default();
    for instruction in Decoder::with_ip(64, code, address as u64, DecoderOptions::NONE) {
        let leaves = matches!(instruction.mnemonic(), Mnemonic::Call | Mnemonic::Jmp);
        let target = instruction.near_branch_target() as usize;
        if (leaves || instruction.mnemonic() == Mnemonic::Mov) && instruction.is_ip_rel_memory_operand() {
            found.slots.push(instruction.ip_rel_memory_address() as usize);
        } else if leaves && target != 0 && !own.contains(&target) {
            found.functions.push(target);
        }
    }
    found
}

fn words(code: &[u8]) -> impl Iterator<Item = u32> {
    code.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}

/// `[bti c;] adrp x16, page; ldr x17, [x16, #offset]; ..; br x17`.
fn slot_aarch64(code: &[u8], address: usize) -> Option<usize> {
    let words: Vec<u32> = words(code).take(5).collect();
    let skip = usize::from(words.first() == Some(&0xd503_245f));
    let (adrp, ldr) = (*words.get(skip)?, *words.get(skip + 1)?);
    let branches = words[skip..].contains(&0xd61f_0220);
    if adrp & 0x9f00_001f != 0x9000_0010 || ldr & 0xffc0_03ff != 0xf940_0211 || !branches {
        return None;
    }
    let pages = (((adrp >> 5) & 0x7_ffff) << 2) | ((adrp >> 29) & 3);
    let pages = (i64::from(pages) << 43) >> 43;
    let page = (address + 4 * skip) & !0xfff;
    let offset = ((ldr >> 10) & 0xfff) as usize * 8;
    Some(page.wrapping_add_signed((pages << 12) as isize).wrapping_add(offset))
}

/// Calls through memory are not followed here.
fn leads_aarch64(code: &[u8], address: usize) -> Leads {
    let own = address..address + code.len();
    let mut found = Leads::default();
    for (at, word) in words(code).enumerate() {
        if word & 0x7c00_0000 == 0x1400_0000 {
            let distance = i64::from((word << 6) as i32 >> 6) * 4;
            let target = (address + 4 * at).wrapping_add_signed(distance as isize);
            if !own.contains(&target) {
                found.functions.push(target);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_plt_entries() {
        assert_eq!(slot_x86(&[0xff, 0x25, 0x10, 0, 0, 0, 0x90], 0x1000), Some(0x1016));
        assert_eq!(
            slot_x86(&[0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0xf0, 0xff, 0xff, 0xff], 0x1000),
            Some(0xffb)
        );
        assert_eq!(slot_x86(&[0xff, 0x25, 0x10], 0x1000), None);
        assert_eq!(slot_x86(&[0x55, 0x48, 0x89, 0xe5, 0xc3, 0x90], 0x1000), None);
        // adrp x16, +1 page; ldr x17, [x16, #0x18]; add x16, x16, #0x18; br x17
        let plt: Vec<u8> = [0xb000_0010_u32, 0xf940_0e11, 0x9100_6210, 0xd61f_0220]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        assert_eq!(slot_aarch64(&plt, 0x40_0120), Some(0x40_1018));
        assert_eq!(slot_aarch64(&plt[..12], 0x40_0120), None);
    }

    #[test]
    fn reads_where_shims_lead() {
        // push rax; call +0x10; pop rcx; ret
        assert_eq!(leads_x86(&[0x50, 0xe8, 0x10, 0, 0, 0, 0x59, 0xc3], 0x1000).functions, [0x1016]);
        // lea rsi, [rip]; jmp -0x20; a jump within is none
        assert_eq!(
            leads_x86(&[0x48, 0x8d, 0x35, 0, 0, 0, 0, 0xe9, 0xe0, 0xff, 0xff, 0xff], 0x1000).functions,
            [0xfec]
        );
        assert_eq!(leads_x86(&[0xeb, 0x00, 0xc3], 0x1000), Leads::default());
        // call [rip + 0x10]; mov rax, [rip + 8]
        let through_memory = [0xff, 0x15, 0x10, 0, 0, 0, 0x48, 0x8b, 0x05, 8, 0, 0, 0];
        assert_eq!(leads_x86(&through_memory, 0x1000).slots, [0x1016, 0x1015]);
        // bl +8 (outside), b -4
        let code: Vec<u8> =
            [0x9400_0002_u32, 0x17ff_fffe].iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(leads_aarch64(&code, 0x1000).functions, [0x1008, 0xffc]);
    }
}
