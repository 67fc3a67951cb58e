//! Calls one by one, in the order in which they came.
use super::callers;
use crate::image;
use std::fmt::Write as _;

/// Calls that are worth a line each.
pub const LINES: usize = 16;

/// A call, with who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedCall {
    pub return_address: usize,
    /// The thread, as it is told: `on thread ..`.
    pub thread: String,
}

impl NotedCall {
    /// `from shop::total (src/shop.rs:12), on thread `worker` (7)`.
    pub fn describe(&self) -> String {
        match image::caller(self.return_address) {
            Some(mut caller) => {
                // The line says which closure; the words are about the function.
                caller.function = caller.function.replace("::{{closure}}", "");
                format!("from {}, {}", callers::place(&caller), self.thread)
            }
            None => self.thread.clone(),
        }
    }
}

/// Lists the calls of one function, if they are known. Whether they are.
pub fn tell(noted: &[NotedCall], calls: u64, text: &mut String) -> bool {
    if noted.is_empty() {
        return false;
    }
    text.push_str("\n  the calls that came, in their order:");
    for (index, call) in noted.iter().take(LINES).enumerate() {
        let _ = write!(text, "\n    {}. {}", index + 1, call.describe());
    }
    let further = calls.saturating_sub(noted.len().min(LINES) as u64);
    if further != 0 {
        let _ = write!(text, "\n    and {further} further ones");
    }
    true
}
