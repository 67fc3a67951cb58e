//! Semaphores of dispatch queues, on which the standard library parks threads.
use super::{paused, read};
use crate::border::functions;
use crate::clock::ledger::{End, Reason};
use crate::clock::time::Shown;
use crate::world::Inside;
use libc::c_void;
use monkey_core::border::Bypass;

functions! {
    TIME = dispatch_time(from: u64, span: i64) -> u64 => time;
    WAIT = dispatch_semaphore_wait(semaphore: *mut c_void, until: u64) -> isize => wait;
    SIGNAL = dispatch_semaphore_signal(semaphore: *mut c_void) -> isize => signal;
}

const NOW: u64 = 0;
const FOR_EVER: u64 = u64::MAX;
/// The topmost bit: of the wall's clock, in nanoseconds, negated.
const WALL: u64 = 1 << 63;
/// What it gives for a wait that has timed out; any number but 0 would do.
const TIMED_OUT: isize = 49;

unsafe extern "C-unwind" fn time(from: u64, span: i64) -> u64 {
    if from == NOW
        && let Some(world) = paused()
    {
        let _bypass = Bypass::begin();
        let until = world.clock.time().shows(Shown::Monotonic).saturating_add(span);
        return read::ticks(until.max(1)).clamp(1, WALL - 1);
    }
    // SAFETY: takes numbers.
    unsafe { original::dispatch_time(from, span) }
}

fn moment(world: &Inside, until: u64) -> Option<u64> {
    let time = world.clock.time();
    match until {
        FOR_EVER => None,
        NOW => Some(time.elapsed()),
        wall if wall & WALL != 0 => {
            Some(time.after((wall as i64).wrapping_neg().saturating_sub(time.wall())))
        }
        ticks => Some(time.after(read::nanoseconds_of(ticks) - time.shows(Shown::Monotonic))),
    }
}

unsafe extern "C-unwind" fn wait(semaphore: *mut c_void, until: u64) -> isize {
    let Some(world) = paused() else {
        // SAFETY: the caller's arguments.
        return unsafe { original::dispatch_semaphore_wait(semaphore, until) };
    };
    let deadline = moment(&world, until);
    let bypass = Bypass::begin();
    loop {
        let mut taken = false;
        let end = world.clock.wait(Reason::Address(semaphore as usize), deadline, || {
            // SAFETY: the caller's semaphore, without waiting.
            taken = taken || unsafe { original::dispatch_semaphore_wait(semaphore, NOW) == 0 };
            taken
        });
        // SAFETY: as above. The first look of a wait whose time is over is here.
        if taken || unsafe { original::dispatch_semaphore_wait(semaphore, NOW) == 0 } {
            return 0;
        }
        match end {
            End::TimedOut => return TIMED_OUT,
            End::Gone => break,
            End::Woken => {}
        }
    }
    drop(bypass);
    // SAFETY: the caller's semaphore. How long it was to be is of a clock that is no more.
    unsafe { original::dispatch_semaphore_wait(semaphore, if deadline.is_some() { NOW } else { FOR_EVER }) }
}

unsafe extern "C-unwind" fn signal(semaphore: *mut c_void) -> isize {
    // SAFETY: the caller's argument.
    let woken = unsafe { original::dispatch_semaphore_signal(semaphore) };
    if let Some(world) = paused() {
        let _bypass = Bypass::begin();
        world.clock.wake(semaphore as usize, false);
    }
    woken
}
