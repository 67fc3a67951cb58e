//! Timers that are handles, by which the standard library sleeps. The kernel's own is never set while the clock stands.
use super::paused;
use crate::border::functions;
use crate::clock::time::Time;
use crate::windows::Handle;
use monkey_core::border::Bypass;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

functions! {
    CREATE_TIMER = CreateWaitableTimerW(security: *const c_void, manual: i32, name: *const u16) -> Handle => create;
    CREATE_TIMER_EX = CreateWaitableTimerExW(security: *const c_void, name: *const u16, flags: u32, access: u32) -> Handle => create_ex;
    SET_TIMER = SetWaitableTimer(timer: Handle, due: *const i64, period: i32, routine: *const c_void, argument: *const c_void, resume: i32) -> i32 => set;
    SET_TIMER_EX = SetWaitableTimerEx(timer: Handle, due: *const i64, period: i32, routine: *const c_void, argument: *const c_void, reason: *const c_void, tolerance: u32) -> i32 => set_ex;
    CANCEL_TIMER = CancelWaitableTimer(timer: Handle) -> i32 => cancel;
    CLOSE = CloseHandle(handle: Handle) -> i32 => close;
}

/// In nanoseconds.
const MILLISECOND: u64 = 1_000_000;

#[derive(Debug, Clone, Copy)]
struct Timer {
    handle: usize,
    /// Stays set off until it is set anew.
    manual: bool,
    /// `None`: not set.
    deadline: Option<u64>,
    period: u64,
}

/// A scope's.
#[derive(Debug, Default)]
pub struct Timers(Mutex<Vec<Timer>>);

impl Timers {
    fn all(&self) -> MutexGuard<'_, Vec<Timer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn clear(&self) {
        self.all().clear();
    }

    /// When one of these is set off first, and which.
    pub fn earliest(&self, handles: &[Handle]) -> Option<(u64, usize)> {
        let all = self.all();
        let of_handle = |handle: &Handle| all.iter().find(|timer| timer.handle == *handle as usize)?.deadline;
        let set = handles.iter().enumerate().filter_map(|(index, handle)| Some((of_handle(handle)?, index)));
        set.min()
    }

    /// Which of these is set off by now. Who waited for it takes it away, unless all are to see it.
    pub fn take(&self, handles: &[Handle], time: &Time) -> Option<usize> {
        let (deadline, index) = self.earliest(handles).filter(|(deadline, _)| *deadline <= time.elapsed())?;
        let mut all = self.all();
        let timer = all.iter_mut().find(|timer| timer.handle == handles[index] as usize)?;
        if timer.period != 0 {
            timer.deadline = Some(deadline + timer.period);
        } else if !timer.manual {
            timer.deadline = None;
        }
        Some(index)
    }

    fn change(&self, handle: Handle, deadline: Option<u64>, period: u64) -> bool {
        let mut all = self.all();
        let known = all.iter_mut().find(|timer| timer.handle == handle as usize);
        known.map(|timer| (timer.deadline, timer.period) = (deadline, period)).is_some()
    }
}

/// Notes a timer that was created while the clock stands.
fn note(handle: Handle, manual: bool) -> Handle {
    if let Some(world) = paused().filter(|_| !handle.is_null()) {
        let _bypass = Bypass::begin();
        let timer = Timer { handle: handle as usize, manual, deadline: None, period: 0 };
        let mut all = world.clock.timers.all();
        all.retain(|known| known.handle != timer.handle);
        all.push(timer);
    }
    handle
}

unsafe extern "C-unwind" fn create(security: *const c_void, manual: i32, name: *const u16) -> Handle {
    // SAFETY: the caller's arguments.
    let handle = unsafe { original::CreateWaitableTimerW(security, manual, name) };
    note(handle, manual != 0)
}

unsafe extern "C-unwind" fn create_ex(
    security: *const c_void,
    name: *const u16,
    flags: u32,
    access: u32,
) -> Handle {
    /// `CREATE_WAITABLE_TIMER_MANUAL_RESET`
    const MANUAL: u32 = 1;
    // SAFETY: the caller's arguments.
    let handle = unsafe { original::CreateWaitableTimerExW(security, name, flags, access) };
    note(handle, flags & MANUAL != 0)
}

/// Sets a timer of the paused clock; false: it is the system's. With a routine it is: such a one is called by the kernel.
///
/// # Safety
/// The time is null or the caller's.
unsafe fn set_here(timer: Handle, due: *const i64, period: i32, routine: *const c_void) -> bool {
    let Some(world) = paused().filter(|_| routine.is_null()) else { return false };
    // SAFETY: as the caller says.
    let Some(due) = (unsafe { due.as_ref() }).copied() else { return false };
    let time = world.clock.time();
    // Hundreds of nanoseconds: from now if there are less than none of them, otherwise since 1601.
    let left =
        if due < 0 { due.saturating_neg().saturating_mul(100) } else { super::read::wall(due) - time.wall() };
    let _bypass = Bypass::begin();
    world.clock.timers.change(timer, Some(time.after(left)), period.max(0) as u64 * MILLISECOND)
}

unsafe extern "C-unwind" fn set(
    timer: Handle,
    due: *const i64,
    period: i32,
    routine: *const c_void,
    argument: *const c_void,
    resume: i32,
) -> i32 {
    // SAFETY: the caller's arguments.
    if unsafe { set_here(timer, due, period, routine) } {
        return 1;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::SetWaitableTimer(timer, due, period, routine, argument, resume) }
}

unsafe extern "C-unwind" fn set_ex(
    timer: Handle,
    due: *const i64,
    period: i32,
    routine: *const c_void,
    argument: *const c_void,
    reason: *const c_void,
    tolerance: u32,
) -> i32 {
    // SAFETY: the caller's arguments.
    if unsafe { set_here(timer, due, period, routine) } {
        return 1;
    }
    // SAFETY: the caller's arguments.
    unsafe { original::SetWaitableTimerEx(timer, due, period, routine, argument, reason, tolerance) }
}

unsafe extern "C-unwind" fn cancel(timer: Handle) -> i32 {
    if let Some(world) = paused() {
        let _bypass = Bypass::begin();
        world.clock.timers.change(timer, None, 0);
    }
    // SAFETY: the caller's argument.
    unsafe { original::CancelWaitableTimer(timer) }
}

unsafe extern "C-unwind" fn close(handle: Handle) -> i32 {
    if let Some(world) = paused() {
        let _bypass = Bypass::begin();
        world.clock.timers.all().retain(|timer| timer.handle != handle as usize);
    }
    // SAFETY: the caller's argument.
    unsafe { original::CloseHandle(handle) }
}
