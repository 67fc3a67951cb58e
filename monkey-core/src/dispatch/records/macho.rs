//! Mach-O: a section of the data segment, whose beginning and end the linker names.
use super::{Asked, Described, describe, row};
use std::arch::asm;

macro_rules! name {
    () => {
        // Two versions of this crate may meet in one program. Sixteen bytes at the most.
        concat!(
            "__mky_",
            env!("CARGO_PKG_VERSION_MAJOR"),
            "_",
            env!("CARGO_PKG_VERSION_MINOR"),
            "_",
            env!("CARGO_PKG_VERSION_PATCH")
        )
    };
}

// Addresses, which the loader fills in: so in the data. `no_dead_strip`: kept, though nothing refers to it.
macro_rules! record {
    ($of:literal) => {
        concat!(
            ".pushsection __DATA,",
            name!(),
            ",regular,no_dead_strip\n.p2align 3\n.quad ",
            $of,
            "\n.popsection"
        )
    };
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "the record goes where the function does")]
pub fn leave<C, A: Asked>() {
    // SAFETY: no instruction; a constant in a section of its own.
    unsafe {
        asm!(record!("{}"), sym describe::<C, A>, options(nomem, nostack, preserves_flags));
    }
}

unsafe extern "C" {
    #[link_name = concat!("\x01section$start$__DATA$", name!())]
    static START: usize;
    #[link_name = concat!("\x01section$end$__DATA$", name!())]
    static END: usize;
}

pub fn records() -> impl Iterator<Item = Described> {
    // SAFETY: one record that says nothing, so that there is a section in every program.
    unsafe {
        asm!(record!("0"), options(nomem, nostack, preserves_flags));
    }
    // SAFETY: the section, of addresses that the loader fills in before anything runs.
    let addresses = unsafe { row::words(&raw const START, &raw const END) };
    addresses.map(|(_, address)| {
        // SAFETY: `leave` has written the address of an instance of `describe`.
        unsafe { row::described(address) }
    })
}
