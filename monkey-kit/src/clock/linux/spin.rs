//! Waiting by looking again and again. Who gives the processor away so often that he does nothing else waits for somebody, as in a sleep
//! of no length: time goes on when all others wait.
use super::State;
use super::thread::paused;
use super::time::real_clock;
use crate::border::functions;
use libc::c_int;
use monkey_core::border::Bypass;
use std::cell::Cell;

functions! {
    SCHED_YIELD = sched_yield() -> c_int => sched_yield;
}

/// How many yields are looked at together.
const MANY: u32 = 1000;
/// How much of the processor's time one of them takes at most, in nanoseconds, where nothing is done between them.
const ONE: i64 = 10_000;

thread_local! {
    /// The calling thread's yields since it was looked at, and its processor time then.
    static YIELDS: Cell<(u32, i64)> = const { Cell::new((0, 0)) };
}

unsafe extern "C-unwind" fn sched_yield() -> c_int {
    if let Some(world) = paused() {
        world.clock.count_yield();
    }
    // SAFETY: takes nothing.
    unsafe { original::sched_yield() }
}

impl State {
    fn count_yield(&self) {
        let (count, begun) = YIELDS.get();
        if count < MANY {
            return YIELDS.set((count + 1, begun));
        }
        let now = real_clock(libc::CLOCK_THREAD_CPUTIME_ID);
        YIELDS.set((0, now));
        if begun != 0 && now - begun <= i64::from(MANY) * ONE {
            let _bypass = Bypass::begin();
            // SAFETY: takes nothing, changes nothing.
            self.look(unsafe { libc::gettid() }, &mut || false);
        }
    }
}
