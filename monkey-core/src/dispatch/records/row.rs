//! A section's words, one for each record, as the linker has put them in a row.
#[cfg(not(records = "coff"))]
use super::Described;

/// The words that are not zero, and where each is.
///
/// # Safety
/// From `start` to `end` there are words of this type, readable as long as this code is, and written by the loader alone.
pub unsafe fn words<W: Copy + Default + PartialEq>(
    start: *const W,
    end: *const W,
) -> impl Iterator<Item = (*const W, W)> {
    let count = (end as usize - start as usize) / size_of::<W>();
    (0..count).map(move |index| start.wrapping_add(index)).filter_map(|place| {
        // SAFETY: the caller's.
        let word = unsafe { place.read() };
        (word != W::default()).then_some((place, word))
    })
}

/// What the function at an address tells.
///
/// # Safety
/// It is an instance of `super::describe`.
#[cfg(not(records = "coff"))]
pub unsafe fn described(address: usize) -> Described {
    // SAFETY: the caller's.
    let describe = unsafe { std::mem::transmute::<*const (), fn() -> Described>(address as *const ()) };
    describe()
}
