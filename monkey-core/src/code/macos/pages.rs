//! Pages of our own, and what may be done with pages.
use crate::code::Block;
use mach2::kern_return::{KERN_SUCCESS, kern_return_t};
use mach2::port::mach_port_t;
use mach2::traps::mach_task_self;
use mach2::vm::{mach_vm_allocate, mach_vm_deallocate, mach_vm_protect};
use mach2::vm_prot::{VM_PROT_EXECUTE, VM_PROT_READ, vm_prot_t};
use mach2::vm_statistics::{VM_FLAGS_ANYWHERE, VM_FLAGS_FIXED};
use std::ffi::{CStr, c_char};
use std::io;

unsafe extern "C" {
    fn mach_error_string(code: kern_return_t) -> *const c_char;
}

/// The port of this process.
pub fn this_task() -> mach_port_t {
    // SAFETY: reads a variable that the C library has set.
    unsafe { mach_task_self() }
}

/// The kernel's answer in words.
pub fn result(code: kern_return_t) -> Result<(), String> {
    if code == KERN_SUCCESS {
        return Ok(());
    }
    // SAFETY: gives a text for any number.
    let text = unsafe { mach_error_string(code) };
    // SAFETY: it lives for ever, and ends with a zero byte.
    let text = unsafe { CStr::from_ptr(text) };
    Err(format!("{} ({code:#x})", text.to_string_lossy()))
}

/// The size of a page, in bytes: 4 KiB, or 16 KiB on Apple silicon.
#[must_use]
pub fn page_size() -> usize {
    // SAFETY: reads a constant of the system.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// At multiples of what new memory may begin, in bytes.
#[must_use]
pub fn granularity() -> usize {
    page_size()
}

/// Zeros to be read and written, wherever the kernel puts them. Allocates nothing else.
pub fn anywhere(size: usize) -> Option<usize> {
    let mut address = 0;
    // SAFETY: new memory; its address is written to a variable.
    let told = unsafe { mach_vm_allocate(this_task(), &raw mut address, size as u64, VM_FLAGS_ANYWHERE) };
    (told == KERN_SUCCESS).then_some(address as usize)
}

/// Zeros at an address where nothing is.
fn map_zeros(start: usize, size: usize) -> io::Result<()> {
    let mut address = start as u64;
    // SAFETY: new memory; without the flag to overwrite, the kernel takes nothing that is there.
    let told = unsafe { mach_vm_allocate(this_task(), &raw mut address, size as u64, VM_FLAGS_FIXED) };
    result(told).map_err(io::Error::other)
}

/// Gives pages a protection. Allocates nothing.
pub fn protect(start: usize, size: usize, protection: vm_prot_t) -> kern_return_t {
    // SAFETY: changes what may be done with the pages, which the caller answers for.
    unsafe { mach_vm_protect(this_task(), start as u64, size as u64, 0, protection) }
}

/// Maps a block: code to be read and executed, data behind it to be written.
pub fn map_block(start: usize, code: usize, data: usize) -> io::Result<Block> {
    map_zeros(start, code + data)?;
    if let Err(error) = result(protect(start, code, VM_PROT_READ | VM_PROT_EXECUTE)) {
        // SAFETY: mapped above, and known to nobody.
        unsafe { unmap(start, code + data) };
        return Err(io::Error::other(error));
    }
    Ok(Block { start, code, data })
}

/// New memory at an address where nothing is, to be read and executed.
#[cfg(any(target_arch = "x86_64", test))]
pub fn map_code(start: usize, size: usize) -> io::Result<usize> {
    map_block(start, size, 0).map(|block| block.start)
}

/// Takes memory away again.
///
/// # Safety
/// It was mapped here, and nobody uses it any more.
pub unsafe fn unmap(address: usize, size: usize) {
    // SAFETY: the caller's.
    unsafe { mach_vm_deallocate(this_task(), address as u64, size as u64) };
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Where nothing is mapped, nor will be: the kernel gives memory elsewhere.
    pub fn unmapped(size: usize) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(0x2000_0000_0000);
        NEXT.fetch_add(size.next_multiple_of(1 << 14) + (1 << 14), Ordering::Relaxed)
    }

    #[test]
    fn what_is_there_is_not_taken() {
        let (size, place) = (page_size(), unmapped(1 << 14));
        map_code(place, size).unwrap();
        map_code(place, size).unwrap_err();
        // SAFETY: nobody uses the page.
        unsafe { unmap(place, size) };
        map_code(place, size).unwrap();
        // SAFETY: as above.
        unsafe { unmap(place, size) };
    }
}
