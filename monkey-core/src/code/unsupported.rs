//! Where code cannot be changed: what the engine asks of a system all the same.
use crate::error::Cause;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

/// Why nothing can be patched here.
pub fn refusal() -> Cause {
    Cause::Unsupported { platform: env!("MONKEY_TARGET") }
}

/// Changes nothing.
///
/// # Errors
/// Always.
pub fn write(_address: usize, _bytes: &[u8]) -> Result<(), Cause> {
    Err(refusal())
}

/// Reads nothing: only what was changed is looked at again.
pub fn read_memory(_address: usize, _bytes: &mut [u8]) -> usize {
    0
}

/// The calling thread's id: a number of our own.
pub fn own_thread() -> i32 {
    static NEXT: AtomicI32 = AtomicI32::new(1);
    thread_local! {
        static OWN: i32 = NEXT.fetch_add(1, Relaxed);
    }
    OWN.with(|own| *own)
}

/// Whether a thread is still there: nobody knows that it is not.
pub fn thread_exists(_thread: i32) -> bool {
    true
}

/// Whether there are no others: nobody knows.
pub fn is_only_thread() -> bool {
    false
}

/// The name of a thread, where there is one.
#[must_use]
pub fn thread_name(_thread: i32) -> String {
    String::new()
}

/// Writes to standard error.
pub fn write_stderr(bytes: &[u8]) {
    use std::io::Write as _;
    let _ = std::io::stderr().write_all(bytes);
}

/// New memory, all zeros, for the life of the process; its address.
#[must_use]
pub fn memory(size: usize) -> Option<usize> {
    let words: &'static mut [u64] = vec![0; size.div_ceil(size_of::<u64>())].leak();
    Some(words.as_ptr() as usize)
}

/// There is no barrier for all threads.
pub const fn has_barrier() -> bool {
    false
}

/// As above.
pub const fn barrier() {}

/// While it lives, a thread writes code: it never does.
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
