//! Memory that may go away meanwhile, memory for good, and standard error.
use super::pages;
use mach2::kern_return::KERN_SUCCESS;
use mach2::vm::mach_vm_read_overwrite;

/// Reads from an address; how many bytes there were. Never a fault, whatever the address.
pub fn read_memory(address: usize, bytes: &mut [u8]) -> usize {
    let page = pages::page_size();
    let mut done = 0;
    // A page is there as a whole or not at all.
    while done < bytes.len() {
        let at = address.wrapping_add(done);
        let length = (page - at % page).min(bytes.len() - done);
        if !read_part(at, &mut bytes[done..done + length]) {
            break;
        }
        done += length;
    }
    done
}

fn read_part(address: usize, bytes: &mut [u8]) -> bool {
    let (size, into) = (bytes.len() as u64, bytes.as_mut_ptr() as u64);
    let mut read = 0;
    // SAFETY: the kernel writes into `bytes`, as many as there are, and looks itself what it can read of the address.
    let told =
        unsafe { mach_vm_read_overwrite(pages::this_task(), address as u64, size, into, &raw mut read) };
    told == KERN_SUCCESS && read == size
}

/// New memory, all zeros, for the life of the process; its address.
#[must_use]
pub fn memory(size: usize) -> Option<usize> {
    pages::anywhere(size)
}

/// Writes to standard error, also from a signal handler.
pub fn write_stderr(bytes: &[u8]) {
    // SAFETY: write(2) reads as many bytes as there are.
    unsafe { libc::write(2, bytes.as_ptr().cast(), bytes.len()) };
}
