//! Linux: `/proc/self/maps`, `mmap`, `/proc/self/mem` or `mprotect`, signals.
mod map;
mod memory;
mod objects;
mod pages;
mod process;
mod redirect;
pub mod signal;
mod system_call;
mod threads;
mod tracer;
mod trap;
mod write;

#[cfg(target_arch = "x86_64")]
use std::io;

pub use map::read_map;
pub use memory::read_memory;
pub use objects::{ask_loader_again, each_loaded_file, let_loader_rest, loads};
use pages::Place;
pub use pages::map_block;
#[cfg(all(test, target_arch = "x86_64"))]
pub use pages::tests::unmapped;
pub(in crate::code) use pages::unmap;
pub use redirect::{barrier, early, has_barrier, redirect, synchronize};
pub use system_call::write_stderr;
pub use threads::{
    alone as is_only_thread, exists as thread_exists, name as thread_name, own_kept as own_thread,
};
pub use tracer::Tracer;
pub use write::{Writing, choose_way, write};

/// What gives memory, and where the map is read, for messages.
pub const ALLOCATES: &str = "mmap";
/// As above.
pub const MAP: &str = "/proc/self/maps";

/// At multiples of what new memory may begin, in bytes.
#[must_use]
pub fn granularity() -> usize {
    page_size()
}

/// New memory at an address where nothing is, to be read and executed. Only a jump of x86-64 lands where it has to.
#[cfg(target_arch = "x86_64")]
pub fn map_code(start: usize, size: usize) -> io::Result<usize> {
    pages::map(Place::At(start), size, libc::PROT_READ | libc::PROT_EXEC)
}

/// The size of a page, in bytes.
#[must_use]
pub fn page_size() -> usize {
    // SAFETY: reads a constant of the system.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as usize }
}

/// New memory, all zeros, for the life of the process; its address.
#[must_use]
pub fn memory(size: usize) -> Option<usize> {
    pages::map(Place::Anywhere, size, libc::PROT_READ | libc::PROT_WRITE).ok()
}

/// Interrupts every core that runs this process, by taking write permission from a page of its own.
fn interrupt_all() {
    let size = page_size();
    let Ok(page) = pages::map(Place::Anywhere, size, libc::PROT_READ | libc::PROT_WRITE) else { return };
    // SAFETY: the page is ours; touching it makes other cores have something to drop.
    unsafe { (page as *mut u8).write_volatile(1) };
    // SAFETY: the page is ours.
    unsafe { libc::mprotect(page as *mut libc::c_void, size, libc::PROT_READ) };
    // SAFETY: the page is ours, and nobody else knows of it.
    unsafe { unmap(page, size) };
}
