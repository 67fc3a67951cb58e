//! PLT entries: how a program that is not position-independent names a library's function. The decoding is pure: bytes and addresses in,
//! an address out; every architecture is compiled on every host.
#[cfg_attr(not(target_arch = "aarch64"), allow(dead_code, reason = "tested on every host"))]
mod aarch64;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "tested on every host"))]
mod x86_64;

#[cfg(target_arch = "aarch64")]
use aarch64::slot_of;
#[cfg(target_arch = "x86_64")]
use x86_64::slot_of;

/// Where the PLT entry at `address` leads, if there is one: what its slot holds.
pub fn followed(address: usize) -> Option<usize> {
    let byte = |offset: usize| {
        // SAFETY: a function's code is readable, and each byte is asked for only where those before it say that the
        // instructions go on.
        Some(unsafe { ((address + offset) as *const u8).read_volatile() })
    };
    let slot = slot_of(byte, address)?;
    // SAFETY: the entry at `address`, which the program can run, reads its target there.
    Some(unsafe { (slot as *const usize).read_unaligned() })
}

/// The PLT slot from which the entry `code`, which lies at `address`, takes its target.
pub fn slot(code: &[u8], address: usize) -> Option<usize> {
    slot_of(|offset| code.get(offset).copied(), address)
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::followed;

    /// A PLT entry with its slot right behind it.
    #[repr(C, align(8))]
    struct Entry([u8; 16], usize);

    #[test]
    fn plt_entries_are_followed_and_nothing_else() {
        let plain = Entry([0xFF, 0x25, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0x1234);
        let guarded = [0xF3, 0x0F, 0x1E, 0xFA, 0xF2, 0xFF, 0x25, 5, 0, 0, 0, 0, 0, 0, 0, 0];
        let guarded = Entry(guarded, 0x5678);
        assert_eq!(followed(plain.0.as_ptr() as usize), Some(0x1234));
        assert_eq!(followed(guarded.0.as_ptr() as usize), Some(0x5678));
        assert_eq!(followed(followed as *const () as usize), None);
    }
}
