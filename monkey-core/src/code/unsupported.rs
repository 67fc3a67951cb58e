//! Where code cannot be changed: what the engine asks of a system all the same.
use crate::error::Cause;

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

/// The calling thread's id: threads are not told apart.
pub fn own_thread() -> i32 {
    0
}

/// Whether a thread is still there.
pub fn thread_exists(_thread: i32) -> bool {
    true
}

/// The name of a thread, where there is one.
#[must_use]
pub fn thread_name(_thread: i32) -> String {
    String::new()
}

/// Writes to standard error.
pub fn say(bytes: &[u8]) {
    use std::io::Write as _;
    let _ = std::io::stderr().write_all(bytes);
}
