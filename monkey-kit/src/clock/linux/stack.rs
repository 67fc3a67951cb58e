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
    is_below(slot, &LENDS) || frames(slot).is_some_and(|frames| parks_for_somebody(&frames))
}

/// Whether it is a thread of a runtime's that has nothing to do, rather than a task that waits; also where that cannot be told.
pub fn is_idle(slot: &Slot) -> bool {
    is_below(slot, &IDLE)
}

/// Whether it waits in the main thread of a tokio runtime, for its future.
pub fn blocks_on_tokio(slot: &Slot) -> bool {
    is_below(slot, &IDLE[..1])
}

/// Whether its channel will not take it well that somebody is thrown out of a wait: dropped, it asserts that nobody is on its list, and a
/// panic in a destructor ends the process.
pub fn is_on_a_list(slot: &Slot) -> bool {
    frames(slot).is_some() && is_below(slot, &["crossbeam_channel::"])
}

fn is_below(slot: &Slot, paths: &[&str]) -> bool {
    let Some(frames) = frames(slot) else { return true };
    frames.functions().iter().any(|(function, _)| paths.iter().any(|path| function.contains(path)))
}

/// Whether it was parked by the program's own code, as far as names tell: where that was optimised, `std::thread::scope` may be part of it.
fn parks_for_somebody(frames: &Frames) -> bool {
    let mut is_parked = false;
    for (function, address) in frames.functions() {
        let parks = function.contains("thread::") && function.ends_with("::park");
        if is_parked && !parks {
            return !function.starts_with("std::") && image::debug_info(address) != DebugInfo::Full;
        }
        is_parked |= parks;
    }
    false
}
