//! Pages of our own, and what the system says of pages.
use super::api::{
    self, MEM_COMMIT, MEM_RESERVE, PAGE_EXECUTE_READ, PAGE_NOACCESS, PAGE_READWRITE, SystemInformation,
};
use crate::code::Block;
use std::io;

fn system() -> SystemInformation {
    let mut information = SystemInformation {
        architecture: 0,
        page_size: 0,
        lowest: 0,
        highest: 0,
        processors: 0,
        processor_count: 0,
        processor_type: 0,
        granularity: 0,
        level: 0,
        revision: 0,
    };
    // SAFETY: writes one structure.
    unsafe { api::GetSystemInfo(&raw mut information) };
    information
}

/// The size of a page, in bytes.
#[must_use]
pub fn page_size() -> usize {
    system().page_size as usize
}

/// At multiples of what new memory may begin, in bytes: 64 KiB.
#[must_use]
pub fn granularity() -> usize {
    system().granularity as usize
}

/// The first address that is not the program's to use.
pub fn highest() -> usize {
    system().highest
}

/// Maps zeros at an address where nothing is, in one piece, with each part's protection.
fn map(start: usize, parts: &[(usize, u32)]) -> io::Result<usize> {
    let size = parts.iter().map(|(size, _)| size).sum();
    let kind = MEM_COMMIT | MEM_RESERVE;
    // SAFETY: new memory; the system takes this address or refuses, and never takes what is there.
    let mapped = unsafe { api::VirtualAlloc(start as *mut _, size, kind, PAGE_NOACCESS) } as usize;
    if mapped == 0 {
        return Err(io::Error::last_os_error());
    }
    if mapped != start {
        // The address was rounded down. The memory stays, known to nobody.
        return Err(io::ErrorKind::AddrInUse.into());
    }
    let mut at = start;
    for (size, protection) in parts {
        protect(at, *size, *protection)?;
        at += size;
    }
    Ok(mapped)
}

/// Gives pages a protection; the one that the first of them had.
pub fn protect(start: usize, size: usize, protection: u32) -> io::Result<u32> {
    let mut before = 0;
    // SAFETY: changes what may be done with the pages, which the caller answers for; writes one number.
    let done = unsafe { api::VirtualProtect(start as *mut _, size, protection, &raw mut before) };
    if done != 0 { Ok(before) } else { Err(io::Error::last_os_error()) }
}

/// Maps a block: code to be read and executed, data behind it to be written.
pub fn map_block(start: usize, code: usize, data: usize) -> io::Result<Block> {
    map(start, &[(code, PAGE_EXECUTE_READ), (data, PAGE_READWRITE)])?;
    Ok(Block { start, code, data })
}

/// New memory at an address where nothing is, to be read and executed.
pub fn map_code(start: usize, size: usize) -> io::Result<usize> {
    map(start, &[(size, PAGE_EXECUTE_READ)])
}

/// Takes memory away again, all that was mapped at once.
///
/// # Safety
/// It was mapped here, and nobody uses it any more.
#[cfg(test)]
pub unsafe fn unmap(address: usize, _size: usize) {
    // SAFETY: the caller's.
    unsafe { api::VirtualFree(address as *mut _, 0, api::MEM_RELEASE) };
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Where nothing is mapped, nor will be: the system gives memory elsewhere.
    pub fn unmapped(size: usize) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(0x2000_0000_0000);
        NEXT.fetch_add(size.next_multiple_of(1 << 16) + (1 << 16), Ordering::Relaxed)
    }

    #[test]
    fn what_is_there_is_not_taken() {
        let first = map_code(unmapped(1 << 16), 1 << 16).unwrap();
        map_code(first, 1 << 16).unwrap_err();
        // SAFETY: nobody uses the page.
        unsafe { unmap(first, 1 << 16) };
        assert_eq!(map_code(first, 1 << 16).unwrap(), first);
        // SAFETY: as above.
        unsafe { unmap(first, 1 << 16) };
    }
}
