//! Pages of our own.
use crate::code::Block;
use std::io;

/// Where new pages are to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Anywhere,
    /// Here and nowhere else, and only if nothing is here.
    At(usize),
}

/// Maps `size` bytes of zeros, private to the process.
pub fn map(place: Place, size: usize, protection: libc::c_int) -> io::Result<usize> {
    let (address, fixed) = match place {
        Place::Anywhere => (0, 0),
        Place::At(address) => (address, libc::MAP_FIXED_NOREPLACE),
    };
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | fixed;
    // SAFETY: new memory, which never takes the place of a mapping that is there: that is what MAP_FIXED_NOREPLACE is
    // for. Kernels before 4.17 take the address for a hint, which is why the result is compared.
    let mapped = unsafe { libc::mmap(address as *mut libc::c_void, size, protection, flags, -1, 0) };
    if mapped == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    if fixed != 0 && mapped as usize != address {
        // SAFETY: just mapped, elsewhere than wanted, and known to nobody.
        unsafe { unmap(mapped as usize, size) };
        return Err(io::ErrorKind::AddrInUse.into());
    }
    Ok(mapped as usize)
}

/// Maps a block: code to be read and executed, data behind it to be written.
pub fn map_block(start: usize, code: usize, data: usize) -> io::Result<Block> {
    let block = Block { start, code, data };
    let read_execute = libc::PROT_READ | libc::PROT_EXEC;
    map(Place::At(start), code, read_execute)?;
    if let Err(error) = map(Place::At(start + code), data, libc::PROT_READ | libc::PROT_WRITE) {
        // SAFETY: the pages were mapped two lines above and nobody knows of them yet.
        unsafe { unmap(start, code) };
        return Err(error);
    }
    Ok(block)
}

/// Takes pages away again.
///
/// # Safety
/// They were mapped here, and nobody uses them any more.
pub unsafe fn unmap(address: usize, size: usize) {
    // SAFETY: the caller's.
    unsafe { libc::munmap(address as *mut libc::c_void, size) };
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Where nothing is mapped, nor will be: the kernel gives other tests' threads memory from the top down, and never
    /// this far below.
    pub fn unmapped(size: usize) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(0x2000_0000_0000);
        // A page of the largest size there is between them.
        NEXT.fetch_add(size + (1 << 16), Ordering::Relaxed)
    }

    #[test]
    fn what_is_there_is_not_taken() {
        let size = super::super::page_size();
        let first = map(Place::At(unmapped(1 << 16)), size, libc::PROT_READ).unwrap();
        assert!(map(Place::At(first), size, libc::PROT_READ).is_err());
        // SAFETY: nobody uses the page.
        unsafe { unmap(first, size) };
        assert_eq!(map(Place::At(first), size, libc::PROT_READ).unwrap(), first);
        // SAFETY: as above.
        unsafe { unmap(first, size) };
    }
}
