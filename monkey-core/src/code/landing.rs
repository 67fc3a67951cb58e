//! Code at one certain address, on pages of ours.
use super::system::{self, granularity, write};
use crate::error::Cause;
use parking_lot::Mutex;
use std::ops::Range;

/// Pages that were mapped for it, and what of them is taken. They stay for the life of the process.
#[derive(Debug)]
struct Landings {
    pages: Vec<usize>,
    taken: Vec<Range<usize>>,
}

/// Taken under the lock of the program's code alone, so that a fork finds it free.
static LANDINGS: Mutex<Landings> = Mutex::new(Landings { pages: Vec::new(), taken: Vec::new() });

/// Writes code to an address where nothing of anybody else's is mapped.
///
/// # Errors
/// When something is there, or the system does not allow it.
pub fn place(address: usize, code: &[u8]) -> Result<(), Cause> {
    let refused =
        |error: &dyn std::fmt::Display| Cause::NoMemory { reason: format!("at {address:#x}: {error}") };
    let end = address.checked_add(code.len()).ok_or_else(|| refused(&"no such address"))?;
    let size = granularity();
    let mut landings = LANDINGS.lock();
    if landings.taken.iter().any(|taken| taken.start < end && address < taken.end) {
        return Err(refused(&"other code of ours is there"));
    }
    for page in (address / size * size..end).step_by(size) {
        if !landings.pages.contains(&page) {
            system::map_code(page, size).map_err(|error| refused(&error))?;
            landings.pages.push(page);
        }
    }
    write(address, code)?;
    landings.taken.push(address..end);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_placed_once_and_only_where_nothing_is() {
        let size = granularity();
        let free = system::unmapped(2 * size);
        system::map_code(free, 2 * size).unwrap();
        place(free + 8, &[1]).unwrap_err();
        // SAFETY: nobody uses the pages.
        unsafe { system::unmap(free, 2 * size) };
        place(free + size - 2, &[1, 2, 3]).unwrap();
        place(free + size, &[4]).unwrap_err();
        place(free + size + 1, &[4]).unwrap();
        assert!(super::super::holds(free + size - 2, &[1, 2, 3, 4]));
        place(usize::MAX - 1, &[1, 2, 3]).unwrap_err();
    }
}
