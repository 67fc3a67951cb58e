//! Mach-O: a section of the data segment, whose beginning and end the linker names.
use super::{Asked, Described, describe};
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
    let (start, end) = (&raw const START, &raw const END);
    let count = (end as usize - start as usize) / size_of::<usize>();
    let records = (0..count).map(move |index| start.wrapping_add(index));
    records.filter_map(|record| {
        // SAFETY: within the section, which is there and readable as long as this code is, and written by the loader alone.
        let describe = unsafe { record.read() };
        if describe == 0 {
            return None;
        }
        // SAFETY: `leave` has written the address of an instance of `describe`.
        let describe = unsafe { std::mem::transmute::<*const (), fn() -> Described>(describe as *const ()) };
        Some(describe())
    })
}
