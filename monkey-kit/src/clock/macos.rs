//! macOS: the C library's functions that read clocks, and those that wait. It was built and linked, and not run there.
mod poll;
mod read;
mod semaphore;
mod wait;

use super::posix;
use crate::border::Entry;
use crate::world::{self, Inside};
use libc::{clockid_t, timespec};
use std::ffi::c_void;
use std::mem::MaybeUninit;

pub use super::ledger::State;
pub use posix::real;

pub static ENTRIES: [&Entry; 21] = [
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
    &semaphore::TIME,
    &semaphore::WAIT,
    &semaphore::SIGNAL,
    &poll::KEVENT,
    &poll::POLL,
];

/// There are none.
#[derive(Debug, Default)]
pub struct Timers(());

impl Timers {
    pub fn clear(&self) {
        let Self(()) = self;
    }
}

/// The caller's world, if its clock is paused.
fn paused() -> Option<Inside> {
    world::enter().filter(|world| world.clock.counts())
}

/// When a clock will show a time; `None` for none.
///
/// # Safety
/// It is null or the caller's.
unsafe fn clock_moment(world: &Inside, clock: clockid_t, until: *const timespec) -> Option<u64> {
    // SAFETY: as the caller says.
    unsafe { until.as_ref() }.and_then(|until| world.clock.time().moment(clock, *until))
}

/// How many nanoseconds a span is; `None` for ever.
///
/// # Safety
/// It is null or the caller's.
unsafe fn clock_span(span: *const timespec) -> Option<i64> {
    // SAFETY: as the caller says.
    unsafe { span.as_ref() }.map(|span| posix::nanoseconds(*span))
}

/// Whether an address is within the program or one of its libraries.
pub fn is_static(address: usize) -> bool {
    let mut found = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: any address may be asked for; there is room for what is found.
    unsafe { libc::dladdr(address as *const c_void, found.as_mut_ptr()) != 0 }
}
