//! COFF: a row of pointers among the C runtime's initialisers.
//!
//! No linker's own rules keep a section that nothing refers to, but for those of the initialisers, which all of them sort by name. The
//! runtime calls each before `main`. So a record is a function that may be called at any time, and tells by a static what it
//! describes.
use super::{Asked, Described, describe, row};
use parking_lot::Mutex;
use std::arch::asm;
use std::hint::black_box;

// Between those of the compiler (`U`) and the end (`Z`). Two versions of this crate may meet in one program.
macro_rules! section {
    ($part:literal) => {
        concat!(
            ".CRT$XCVmonkey_",
            env!("CARGO_PKG_VERSION_MAJOR"),
            "_",
            env!("CARGO_PKG_VERSION_MINOR"),
            "_",
            env!("CARGO_PKG_VERSION_PATCH"),
            $part
        )
    };
}

#[cfg(target_pointer_width = "64")]
macro_rules! record {
    () => {
        concat!(".pushsection ", section!("b"), ",\"dr\"\n.balign 8\n.quad {}\n.popsection")
    };
}
#[cfg(target_pointer_width = "32")]
macro_rules! record {
    () => {
        concat!(".pushsection ", section!("b"), ",\"dr\"\n.balign 4\n.long {}\n.popsection")
    };
}

/// A null pointer is no initialiser.
#[used]
#[unsafe(link_section = section!("a"))]
static START: usize = 0;
#[used]
#[unsafe(link_section = section!("c"))]
static END: usize = 0;

/// What was described last.
static TOLD: Mutex<Option<Described>> = Mutex::new(None);

extern "C" fn tell<C, A: Asked>() {
    let described = describe::<C, A>();
    // Whoever holds it asks for this one, or is the runtime's only thread so far.
    // SAFETY: `records` has the one lock there is while it calls this, and before `main` nobody asks.
    unsafe { *TOLD.data_ptr() = Some(described) };
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "the record goes where the function does")]
pub fn leave<C, A: Asked>() {
    // The other syntax of x86 swallows the name's `$`.
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    // SAFETY: no instruction; a constant in a section of its own.
    unsafe {
        asm!(record!(), sym tell::<C, A>, options(att_syntax, nomem, nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
    // SAFETY: the same.
    unsafe {
        asm!(record!(), sym tell::<C, A>, options(nomem, nostack, preserves_flags));
    }
}

pub fn records() -> impl Iterator<Item = Described> {
    let told = TOLD.lock();
    // Not to the compiler: what lies between two statics is none of its business.
    let (start, end) = black_box((&raw const START, &raw const END));
    // SAFETY: the section's part between the two, which nobody writes.
    let tells = unsafe { row::words(start, end) };
    let records = tells.filter_map(|(_, tell)| {
        // SAFETY: `leave` has written the address of an instance of `tell`; the rest is null.
        let tell = unsafe { std::mem::transmute::<*const (), extern "C" fn()>(tell as *const ()) };
        tell();
        // SAFETY: under the lock.
        unsafe { (*TOLD.data_ptr()).take() }
    });
    let all: Vec<_> = records.collect();
    drop(told);
    all.into_iter()
}
