//! By the unwinder, frame by frame.
use super::{DEPTH, Frames};
use std::ffi::c_void;

type Trace = extern "C" fn(*mut c_void, *mut c_void) -> i32;

unsafe extern "C-unwind" {
    fn _Unwind_Backtrace(trace: Trace, argument: *mut c_void) -> i32;
}

unsafe extern "C" {
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

const GO_ON: i32 = 0;
const END: i32 = 5;

extern "C" fn keep(context: *mut c_void, frames: *mut c_void) -> i32 {
    // SAFETY: `trace` passed its own, which nobody else has.
    let frames = unsafe { &mut *frames.cast::<Frames>() };
    // SAFETY: the unwinder's context of this frame.
    let address = unsafe { _Unwind_GetIP(context) };
    if frames.count == DEPTH || address == 0 {
        return END;
    }
    frames.addresses[frames.count] = address;
    frames.count += 1;
    GO_ON
}

pub fn trace(frames: &mut Frames) {
    // SAFETY: `keep` takes what it is given here.
    unsafe { _Unwind_Backtrace(keep, std::ptr::from_mut(frames).cast()) };
}
