//! Waiting for handles: a thread's end, an event, a timer, a process.
use super::{moment_in, own_event, paused};
use crate::border::functions;
use crate::clock::ledger::{End, Reason};
use crate::windows::{Handle, WAIT_OBJECT_0, WAIT_TIMEOUT};
use monkey_core::border::Bypass;

functions! {
    WAIT_SINGLE = WaitForSingleObject(handle: Handle, span: u32) -> u32 => wait_single;
    WAIT_SINGLE_EX = WaitForSingleObjectEx(handle: Handle, span: u32, alertable: i32) -> u32 => wait_single_ex;
    WAIT_MULTIPLE = WaitForMultipleObjects(count: u32, handles: *const Handle, all: i32, span: u32) -> u32 => wait_multiple;
    WAIT_MULTIPLE_EX = WaitForMultipleObjectsEx(count: u32, handles: *const Handle, all: i32, span: u32, alertable: i32) -> u32 => wait_multiple_ex;
}

/// As many as the system waits for at once.
const MOST: usize = 64;

/// What the system says of these now, or within a moment in which the thread's own event may end the wait.
fn ask(handles: &[Handle], all: bool, alertable: i32, slice: u32) -> u32 {
    let mut given = [std::ptr::null_mut(); MOST];
    given[..handles.len()].copy_from_slice(handles);
    let mut count = handles.len();
    // One more would be among those that all have to come.
    if !all && count < MOST && slice != 0 {
        given[count] = own_event() as Handle;
        count += 1;
    }
    // SAFETY: so many handles.
    let found = unsafe {
        original::WaitForMultipleObjectsEx(count as u32, given.as_ptr(), all.into(), slice, alertable)
    };
    if found == WAIT_OBJECT_0 + handles.len() as u32 { WAIT_TIMEOUT } else { found }
}

/// Waits; `None`: the clock is not paused.
fn wait(handles: &[Handle], all: bool, span: u32, alertable: i32) -> Option<u32> {
    let world = paused().filter(|_| !handles.is_empty() && handles.len() <= MOST && span != 0)?;
    let _bypass = Bypass::begin();
    let clock = &world.clock;
    let timer = |handles| if all { None } else { clock.timers.take(handles, clock.time()) };
    let limit = moment_in(&world, span);
    loop {
        if let Some(index) = timer(handles) {
            return Some(WAIT_OBJECT_0 + index as u32);
        }
        let set_off = if all { None } else { clock.timers.earliest(handles) };
        let deadline = set_off.map(|(deadline, _)| deadline).into_iter().chain(limit).min();
        let mut found = WAIT_TIMEOUT;
        let asked = |slice| {
            found = ask(handles, all, alertable, slice);
            found != WAIT_TIMEOUT
        };
        let end = clock.wait_in_kernel(Reason::Kernel(own_event()), deadline, asked);
        match end {
            // What was taken from the kernel is taken, whatever the clock says.
            _ if found != WAIT_TIMEOUT => return Some(found),
            End::TimedOut if limit.is_some_and(|limit| limit <= clock.time().elapsed()) => {
                return Some(timer(handles).map_or(WAIT_TIMEOUT, |index| WAIT_OBJECT_0 + index as u32));
            }
            End::Gone => return None,
            End::TimedOut | End::Woken => {}
        }
    }
}

/// The caller's handles.
///
/// # Safety
/// It is null or an array of this many.
unsafe fn given<'a>(handles: *const Handle, count: u32) -> &'a [Handle] {
    if handles.is_null() {
        return &[];
    }
    // SAFETY: as the caller says.
    unsafe { std::slice::from_raw_parts(handles, count as usize) }
}

unsafe extern "C-unwind" fn wait_single(handle: Handle, span: u32) -> u32 {
    // SAFETY: the caller's arguments.
    wait(&[handle], false, span, 0).unwrap_or_else(|| unsafe { original::WaitForSingleObject(handle, span) })
}

unsafe extern "C-unwind" fn wait_single_ex(handle: Handle, span: u32, alertable: i32) -> u32 {
    wait(&[handle], false, span, alertable)
        // SAFETY: the caller's arguments.
        .unwrap_or_else(|| unsafe { original::WaitForSingleObjectEx(handle, span, alertable) })
}

unsafe extern "C-unwind" fn wait_multiple(count: u32, handles: *const Handle, all: i32, span: u32) -> u32 {
    // SAFETY: the caller's handles.
    wait(unsafe { given(handles, count) }, all != 0, span, 0)
        // SAFETY: the caller's arguments.
        .unwrap_or_else(|| unsafe { original::WaitForMultipleObjects(count, handles, all, span) })
}

unsafe extern "C-unwind" fn wait_multiple_ex(
    count: u32,
    handles: *const Handle,
    all: i32,
    span: u32,
    alertable: i32,
) -> u32 {
    // SAFETY: the caller's handles.
    wait(unsafe { given(handles, count) }, all != 0, span, alertable)
        // SAFETY: the caller's arguments.
        .unwrap_or_else(|| unsafe {
            original::WaitForMultipleObjectsEx(count, handles, all, span, alertable)
        })
}
