//! What the stack of a thread that waits for good says: whether a panic may leave it.
use super::slot::Slot;
use crate::place::Frames;
use monkey_core::image::{self, DebugInfo};
use std::sync::PoisonError;

/// Who waits there for threads that borrow its stack: it must not go before they have ended.
const LENDS: [&str; 3] = ["thread::scoped", "rayon_core", "crossbeam_utils::thread"];

/// Where a runtime's or a pool's own threads wait for something to do. One that is thrown out of there ends the process.
const IDLE: [&str; 4] = [
    "tokio::runtime::park",
    "tokio::runtime::scheduler::multi_thread::park",
    "tokio::runtime::scheduler::multi_thread::worker::Context::park",
    "rayon_core::sleep",
];

/// Where a thread waits, once it has said so.
pub fn frames(slot: &Slot) -> Option<Frames> {
    *slot.frames.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a thread may have lent its stack to others; also where that cannot be told.
pub fn is_lent(slot: &Slot) -> bool {
    let Some(frames) = frames(slot) else { return true };
    frames.functions().any(|function| is_of(&function, &LENDS)) || parks_for_somebody(&frames)
}

/// Whether it is a thread of a runtime's that has nothing to do, rather than a task that waits; also where that cannot be told.
pub fn is_idle(slot: &Slot) -> bool {
    frames(slot).is_none_or(|frames| frames.functions().any(|function| is_of(&function, &IDLE)))
}

/// Whether it waits in the main thread of a tokio runtime, for its future.
pub fn blocks_on_tokio(slot: &Slot) -> bool {
    frames(slot).is_none_or(|frames| frames.functions().any(|function| function.contains(IDLE[0])))
}

fn is_of(function: &str, paths: &[&str]) -> bool {
    paths.iter().any(|path| function.contains(path))
}

/// Whether it was parked by the program's own code, as far as names tell: where that was optimised, `std::thread::scope` may be part of it.
fn parks_for_somebody(frames: &Frames) -> bool {
    let parks = |function: &str| function.contains("thread::") && function.ends_with("::park");
    let mut callers = frames.callers().skip_while(|(function, _)| !parks(function));
    let by = callers.find(|(function, _)| !parks(function));
    by.is_some_and(|(function, address)| {
        !function.starts_with("std::") && image::debug_info(address) != DebugInfo::Full
    })
}
