//! macOS: `mach_vm_*`, a page replaced in one step, other threads suspended while several steps are written.
mod map;
mod memory;
mod pages;
mod policy;
mod redirect;
mod threads;
mod tracer;
mod world;
mod write;

pub use map::read_map;
pub use memory::{memory, read_memory, write_stderr};
#[cfg(target_arch = "x86_64")]
pub use pages::map_code;
pub use pages::{granularity, map_block, page_size};
#[cfg(all(test, target_arch = "x86_64"))]
pub use pages::{tests::unmapped, unmap};
pub use redirect::redirect;
pub use threads::{alone as is_only_thread, exists as thread_exists, name as thread_name, own as own_thread};
pub use tracer::Tracer;
pub use write::{choose_way, write};

/// What gives memory, and where the map is read, for messages.
pub const ALLOCATES: &str = "mach_vm_allocate";
/// As above.
pub const MAP: &str = "the process's map (mach_vm_region_recurse)";

/// The loader need not be waited for: it makes its locks anew in the child of a fork.
pub fn let_loader_rest() {}

/// As above.
pub fn ask_loader_again(_child: bool) {}

/// Nothing is cheaper before there are threads.
pub fn early() {}

/// There is no barrier for all threads.
pub const fn has_barrier() -> bool {
    false
}

/// As above.
pub const fn barrier() {}

/// While it lives, a thread writes code. Here each write is for itself.
#[derive(Debug)]
pub struct Writing(());

impl Writing {
    pub fn begin() -> Self {
        Self(())
    }
}

impl Drop for Writing {
    /// Nothing to give back; who ends it says so by `drop` all the same.
    fn drop(&mut self) {}
}
