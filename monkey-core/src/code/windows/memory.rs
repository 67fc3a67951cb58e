//! Memory that may go away meanwhile, memory for good, and standard error.
use super::api::{self, MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE, THIS_PROCESS};
use std::ptr;

/// Reads from an address; how many bytes there were. Never a fault, whatever the address.
pub fn read_memory(address: usize, bytes: &mut [u8]) -> usize {
    let mut read = 0;
    let (into, size) = (bytes.as_mut_ptr().cast(), bytes.len());
    // SAFETY: the system writes into `bytes`, as many as there are, and looks itself what it can read of the address.
    let whole =
        unsafe { api::ReadProcessMemory(THIS_PROCESS, address as *const _, into, size, &raw mut read) };
    if whole != 0 { size } else { part(address, bytes, read) }
}

/// Where not all is there: up to the end of the page, which is there as a whole or not at all.
fn part(address: usize, bytes: &mut [u8], read: usize) -> usize {
    let first = (super::page_size() - address % super::page_size()).min(bytes.len());
    if read != 0 || first == bytes.len() {
        return read.min(bytes.len());
    }
    let here = read_memory(address, &mut bytes[..first]);
    if here < first { here } else { first + read_memory(address + first, &mut bytes[first..]) }
}

/// New memory, all zeros, for the life of the process; its address.
#[must_use]
pub fn memory(size: usize) -> Option<usize> {
    // SAFETY: new memory, wherever the system puts it.
    let memory =
        unsafe { api::VirtualAlloc(ptr::null_mut(), size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE) };
    (!memory.is_null()).then_some(memory as usize)
}

/// Writes to standard error, also from an exception handler.
pub fn write_stderr(bytes: &[u8]) {
    // SAFETY: asks for a handle of the process's.
    let error = unsafe { api::GetStdHandle(api::STANDARD_ERROR) };
    let mut written = 0;
    let (start, size) = (bytes.as_ptr(), bytes.len() as u32);
    // SAFETY: reads as many bytes as there are, and writes their number.
    unsafe { api::WriteFile(error, start, size, &raw mut written, ptr::null_mut()) };
}

#[cfg(test)]
mod tests {
    use super::super::pages;
    use super::*;

    #[test]
    fn bytes_at_the_end_of_what_is_mapped_are_fewer() {
        let (size, place) = (pages::page_size(), pages::tests::unmapped(1 << 16));
        // One page of the 64 KiB that are reserved.
        let start = pages::map_code(place, size).unwrap();
        let mut bytes = [1; 4];
        assert_eq!((read_memory(start + size - 2, &mut bytes), bytes), (2, [0, 0, 1, 1]));
        assert_eq!(read_memory(8, &mut bytes), 0);
        // SAFETY: nobody uses the page.
        unsafe { pages::unmap(start, size) };
        assert_eq!(read_memory(start, &mut bytes), 0);
    }
}
