//! Windows: kernelbase's and ntdll's functions that read clocks and wait.
mod handles;
mod ports;
mod read;
mod timers;
mod wait;

use crate::border::Entry;
use crate::windows::{CreateEventW, GetModuleHandleExW, Handle, MODULE_FROM_ADDRESS, SetEvent};
use crate::world::{self, Inside};
use std::cell::Cell;
use std::ptr;

pub use super::ledger::State;
pub use read::real;
pub use timers::Timers;

pub static ENTRIES: [&Entry; 28] = [
    &read::PRECISE_FILE_TIME,
    &read::FILE_TIME,
    &read::SYSTEM_TIME,
    &read::LOCAL_TIME,
    &read::COUNTER,
    &read::TICKS,
    &read::SHORT_TICKS,
    &read::UNBIASED,
    &read::UNBIASED_PRECISE,
    &read::INTERRUPT_TIME,
    &read::INTERRUPT_TIME_PRECISE,
    &wait::SLEEP,
    &wait::SLEEP_EX,
    &wait::WAIT_ON_ADDRESS,
    &wait::WAKE_SINGLE,
    &wait::WAKE_ALL,
    &handles::WAIT_SINGLE,
    &handles::WAIT_SINGLE_EX,
    &handles::WAIT_MULTIPLE,
    &handles::WAIT_MULTIPLE_EX,
    &ports::GET_STATUS,
    &ports::GET_STATUS_EX,
    &timers::CREATE_TIMER,
    &timers::CREATE_TIMER_EX,
    &timers::SET_TIMER,
    &timers::SET_TIMER_EX,
    &timers::CANCEL_TIMER,
    &timers::CLOSE,
];

/// The caller's world, if its clock is paused.
fn paused() -> Option<Inside> {
    world::enter().filter(|world| world.clock.counts())
}

const MILLISECOND: i64 = 1_000_000;

/// When so many milliseconds are over; `None` for ever.
fn moment_in(world: &Inside, milliseconds: u32) -> Option<u64> {
    let ends = milliseconds != crate::windows::INFINITE;
    ends.then(|| world.clock.time().after(i64::from(milliseconds) * MILLISECOND))
}

thread_local! {
    /// Lets the thread come back from a wait for other things.
    static EVENT: Cell<usize> = const { Cell::new(0) };
}

/// The calling thread's event. It stays when the thread ends: somebody may be about to set it.
fn own_event() -> usize {
    if EVENT.get() == 0 {
        // SAFETY: takes numbers and null pointers.
        EVENT.set(unsafe { CreateEventW(ptr::null(), 0, 0, ptr::null()) } as usize);
    }
    EVENT.get()
}

/// Lets a thread that waits for this event come back.
pub fn nudge(event: usize) {
    // SAFETY: an event that is never closed.
    unsafe { SetEvent(event as Handle) };
}

/// Whether an address is within the program or one of its libraries.
pub fn is_static(address: usize) -> bool {
    let mut library = ptr::null_mut();
    // SAFETY: any address may be asked for; room for a handle, which is not counted.
    unsafe { GetModuleHandleExW(MODULE_FROM_ADDRESS, address as *const u16, &raw mut library) != 0 }
}
