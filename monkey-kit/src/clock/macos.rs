//! macOS: the C library's functions that read clocks, and those that wait. None of it was ever run there by who wrote it.
mod read;
mod wait;

use super::posix;
use crate::border::Entry;
use crate::world::{self, Inside};
use std::ffi::c_void;
use std::mem::MaybeUninit;

pub use super::ledger::State;
pub use posix::real;

pub static ENTRIES: [&Entry; 22] = [
    &posix::CLOCK_GETTIME,
    &posix::GETTIMEOFDAY,
    &posix::TIME,
    &read::ABSOLUTE,
    &read::APPROXIMATE,
    &read::CONTINUOUS,
    &read::NANOSECONDS,
    &wait::NANOSLEEP,
    &wait::USLEEP,
    &wait::SLEEP,
    &wait::JOIN,
    &wait::CONDITION_WAIT,
    &wait::CONDITION_TIMED,
    &wait::CONDITION_RELATIVE,
    &wait::CONDITION_SIGNAL,
    &wait::CONDITION_BROADCAST,
    &wait::SEMAPHORE_WAIT,
    &wait::SEMAPHORE_SIGNAL,
    &wait::ADDRESS_WAIT,
    &wait::ADDRESS_WAIT_TIMEOUT,
    &wait::ADDRESS_WAKE_ANY,
    &wait::ADDRESS_WAKE_ALL,
];

/// There are none.
#[derive(Debug, Default)]
pub struct Timers(());

impl Timers {
    pub fn clear(&self) {
        let Self(()) = self;
    }
}
