//! Windows: `VirtualQuery`, `VirtualAlloc`, `VirtualProtect`, a vectored handler, threads suspended one at a time.
pub mod api;
mod debugger;
mod dispatcher;
mod map;
mod memory;
mod pages;
mod policy;
mod redirect;
mod threads;
mod trap;
mod write;

pub use debugger::Tracer;
pub use dispatcher::takes_exceptions;
pub use map::read_map;
pub use memory::{memory, read_memory, write_stderr};
pub use pages::{granularity, map_block, map_code, page_size};
#[cfg(test)]
pub use pages::{tests::unmapped, unmap};
pub use redirect::{barrier, has_barrier, redirect, synchronize};
pub use threads::{alone as is_only_thread, exists as thread_exists, name as thread_name, own as own_thread};
pub use write::write;

/// What gives memory, and where the map is read, for messages.
pub const ALLOCATES: &str = "VirtualAlloc";
/// As above.
pub const MAP: &str = "the process's map (VirtualQuery)";

/// There is one way of writing. Where no trap may stand is found out.
pub fn choose_way() {
    dispatcher::find();
}

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
