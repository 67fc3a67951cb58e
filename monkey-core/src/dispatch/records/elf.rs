//! ELF: a section of the program, whose beginning and end the linker names.
use super::{Asked, Described, describe, row};
use std::arch::asm;

macro_rules! name {
    () => {
        // Two versions of this crate may meet in one program.
        concat!(
            "monkey_patchable_",
            env!("CARGO_PKG_VERSION_MAJOR"),
            "_",
            env!("CARGO_PKG_VERSION_MINOR"),
            "_",
            env!("CARGO_PKG_VERSION_PATCH")
        )
    };
}

// By distances, so that the loader has nothing to fill in. `R`: kept, though nothing refers to it.
macro_rules! record {
    ($of:literal) => {
        concat!(".pushsection ", name!(), ",\"aR\",%progbits\n.balign 4\n.long ", $of, "\n.popsection")
    };
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "the record goes where the function does")]
pub fn leave<C, A: Asked>() {
    // SAFETY: no instruction; a constant in a section of its own.
    unsafe {
        asm!(record!("{} - ."), sym describe::<C, A>, options(nomem, nostack, preserves_flags));
    }
}

unsafe extern "C" {
    #[link_name = concat!("__start_", name!())]
    static START: i32;
    #[link_name = concat!("__stop_", name!())]
    static END: i32;
}

pub fn records() -> impl Iterator<Item = Described> {
    // SAFETY: one record that says nothing, so that there is a section in every program.
    unsafe {
        asm!(record!("0"), options(nomem, nostack, preserves_flags));
    }
    // SAFETY: the section, of distances that the linker has filled in.
    let distances = unsafe { row::words(&raw const START, &raw const END) };
    distances.map(|(place, distance)| {
        let address = (place as usize).wrapping_add_signed(distance as isize);
        // SAFETY: `leave` has written the distance of an instance of `describe`.
        unsafe { row::described(address) }
    })
}
