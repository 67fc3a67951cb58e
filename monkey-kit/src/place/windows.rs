//! By the system's own unwinder, all at once.
use super::{DEPTH, Frames};
use crate::windows::RtlCaptureStackBackTrace;
use std::ptr;

pub fn trace(frames: &mut Frames) {
    // SAFETY: room for so many addresses.
    let count =
        unsafe { RtlCaptureStackBackTrace(0, DEPTH as u32, frames.addresses.as_mut_ptr(), ptr::null_mut()) };
    frames.count = usize::from(count);
}
