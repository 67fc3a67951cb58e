//! x86-64: `jmp [slot]`.

/// The slot of the entry at `address`. Asks for a byte only where those before it are of an entry.
pub fn slot_of(byte: impl Fn(usize) -> Option<u8>, address: usize) -> Option<usize> {
    let stands = |from: usize, bytes: &[u8]| {
        bytes.iter().enumerate().all(|(index, wanted)| byte(from + index) == Some(*wanted))
    };
    // What is built for control-flow enforcement begins with these two.
    // F3 0F 1E FA           endbr64
    // F2                    bnd
    // FF 25 rel32           jmp [rip+slot]
    let mut offset = if stands(0, &[0xF3, 0x0F, 0x1E, 0xFA]) { 4 } else { 0 };
    offset += usize::from(stands(offset, &[0xF2]));
    if !stands(offset, &[0xFF, 0x25]) {
        return None;
    }
    let mut displacement = [0; 4];
    for (index, part) in displacement.iter_mut().enumerate() {
        *part = byte(offset + 2 + index)?;
    }
    let displacement = i32::from_le_bytes(displacement);
    Some(address.wrapping_add(offset + 6).wrapping_add_signed(displacement as isize))
}

#[cfg(test)]
mod tests {
    fn slot(code: &[u8]) -> Option<usize> {
        super::slot_of(|offset| code.get(offset).copied(), 0x1000)
    }

    #[test]
    fn reads_plt_entries() {
        assert_eq!(slot(&[0xff, 0x25, 0x10, 0, 0, 0, 0x90]), Some(0x1016));
        assert_eq!(slot(&[0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0xf0, 0xff, 0xff, 0xff]), Some(0xffb));
        assert_eq!(slot(&[0xff, 0x25, 0x10]), None);
        assert_eq!(slot(&[0x55, 0x48, 0x89, 0xe5, 0xc3, 0x90]), None);
    }
}
