//! Linux: `/proc/self/maps`, `mmap`, `/proc/self/mem` or `mprotect`, signals.
mod map;
mod near;
mod redirect;
pub mod signal;
mod stacks;
mod system_call;
mod threads;
mod trap;
mod write;

pub use map::Map;
pub use near::allocate;
pub use redirect::redirect;
pub use system_call::say;
pub use threads::name as thread_name;
pub use write::write;

/// The size of a page, in bytes.
#[must_use]
pub fn page_size() -> usize {
    // SAFETY: reads a constant of the system.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// Interrupts every core that runs this process, by taking write permission from a page of its own.
fn interrupt_all() {
    let size = page_size();
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping wherever the kernel likes.
    let page =
        unsafe { libc::mmap(std::ptr::null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return;
    }
    // SAFETY: the page is ours; touching it makes other cores have something to drop.
    unsafe { page.cast::<u8>().write_volatile(1) };
    // SAFETY: the page is ours.
    unsafe { libc::mprotect(page, size, libc::PROT_READ) };
    // SAFETY: the page is ours, and nobody else knows of it.
    unsafe { libc::munmap(page, size) };
}
