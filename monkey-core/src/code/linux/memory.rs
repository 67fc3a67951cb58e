//! Reading memory that may change or go away meanwhile.
use super::page_size;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;

/// Reads from an address; how many bytes there were. Never a fault, whatever the address.
pub fn read_memory(address: usize, bytes: &mut [u8]) -> usize {
    let length = bytes.len();
    let local = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: length };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: length };
    // SAFETY: asks for a number.
    let process = unsafe { libc::getpid() };
    // SAFETY: the kernel writes into `bytes`, as many as there are, and looks itself what it can read of `remote`.
    let read = unsafe { libc::process_vm_readv(process, &raw const local, 1, &raw const remote, 1, 0) };
    // The call is not had everywhere: some sandboxes refuse it, and emulators do not know it. Nor is the file, of a process that is not
    // dumpable.
    usize::try_from(read)
        .ok()
        .or_else(|| read_file(address, bytes).ok())
        .or_else(|| read_by_pipe(address, bytes).ok())
        .unwrap_or(0)
}

/// The same through `/proc/self/mem`.
fn read_file(address: usize, bytes: &mut [u8]) -> io::Result<usize> {
    File::open("/proc/self/mem")?.read_at(bytes, address as u64)
}

/// The same through a pipe, which is there wherever programs run: the kernel looks itself what it can write into it.
fn read_by_pipe(address: usize, bytes: &mut [u8]) -> io::Result<usize> {
    let (mut from, to) = io::pipe()?;
    let mut done = 0;
    // A page at a time: a pipe takes one in whole or not at all, and has room for one.
    while done < bytes.len() {
        let place = address.wrapping_add(done);
        let length = (page_size() - place % page_size()).min(bytes.len() - done);
        // SAFETY: the kernel reads as many bytes there as it can, and looks itself whether it can.
        let written = unsafe { libc::write(to.as_raw_fd(), place as *const libc::c_void, length) };
        let Ok(written) = usize::try_from(written) else { break };
        from.read_exact(&mut bytes[done..done + written])?;
        done += written;
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::super::pages::{self, Place};
    use super::*;
    use crate::code::holds;

    #[test]
    fn the_file_gives_what_the_call_gives() {
        let there = std::hint::black_box([1_u8, 2, 3]);
        let address = there.as_ptr() as usize;
        let mut bytes = [0; 3];
        assert_eq!((read_file(address, &mut bytes).unwrap(), bytes), (3, there));
        assert!(read_file(8, &mut bytes).is_err() && read_memory(8, &mut bytes) == 0);
        bytes = [0; 3];
        assert_eq!((read_by_pipe(address, &mut bytes).unwrap(), bytes), (3, there));
        assert_eq!(read_by_pipe(8, &mut bytes).unwrap(), 0);
        assert!(holds(address, &there) && !holds(address, &[1, 2, 4]) && !holds(8, &[0]));
    }

    #[test]
    fn bytes_at_the_end_of_what_is_mapped_are_fewer() {
        let size = page_size();
        let start = pages::map(Place::At(pages::tests::unmapped(size)), size, libc::PROT_READ).unwrap();
        let mut bytes = [1; 4];
        assert_eq!(read_memory(start + size - 2, &mut bytes), 2);
        assert_eq!(read_by_pipe(start + size - 2, &mut bytes).unwrap(), 2);
        assert!(!holds(start + size - 2, &[0; 4]) && holds(start + size - 2, &[0; 2]));
        // SAFETY: nobody uses the page.
        unsafe { pages::unmap(start, size) };
        assert!(!holds(start, &[0; 2]));
    }
}
