//! x86-64: where thunks and shims lead.
use super::Destinations;
use crate::relocate::x86_64::decode::{decode, flow::Flow};

/// Where the function `code`, which begins at `address`, goes.
pub(in crate::image) fn destinations(code: &[u8], address: usize) -> Destinations {
    let own = address..address + code.len();
    let mut found = Destinations::default();
    let mut offset = 0;
    while let Ok(instruction) = decode(&code[offset..], (address + offset) as u64) {
        offset += instruction.bytes.len();
        let flow = instruction.flow;
        if let Some(slot) = instruction.rip_relative() {
            if matches!(flow, Flow::CallIndirect | Flow::JumpIndirect) || instruction.is_load() {
                found.slots.push(slot as usize);
            }
        } else if let Some(target) = instruction.branch_target()
            && matches!(flow, Flow::Call | Flow::Jump)
            && !own.contains(&(target as usize))
        {
            found.functions.push(target as usize);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_where_shims_lead() {
        // push rax; call +0x10; pop rcx; ret
        assert_eq!(destinations(&[0x50, 0xe8, 0x10, 0, 0, 0, 0x59, 0xc3], 0x1000).functions, [0x1016]);
        // lea rsi, [rip]; jmp -0x20; a jump within is none
        assert_eq!(
            destinations(&[0x48, 0x8d, 0x35, 0, 0, 0, 0, 0xe9, 0xe0, 0xff, 0xff, 0xff], 0x1000).functions,
            [0xfec]
        );
        assert_eq!(destinations(&[0xeb, 0x00, 0xc3], 0x1000), Destinations::default());
        // call [rip + 0x10]; mov rax, [rip + 8]
        let through_memory = [0xff, 0x15, 0x10, 0, 0, 0, 0x48, 0x8b, 0x05, 8, 0, 0, 0];
        assert_eq!(destinations(&through_memory, 0x1000).slots, [0x1016, 0x1015]);
    }
}
