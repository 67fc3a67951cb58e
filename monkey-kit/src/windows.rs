//! The system's functions that the kit itself calls, and what they take.
//!
//! Declared here: they are few, and a crate of them would be built before anything of ours.
use std::ffi::{c_char, c_void};

pub type Handle = *mut c_void;

/// `GetCurrentProcess` gives this constant.
pub const THIS_PROCESS: Handle = -1_isize as Handle;
/// `GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT`
pub const MODULE_FROM_ADDRESS: u32 = 4 | 2;
pub const INFINITE: u32 = u32::MAX;
pub const WAIT_OBJECT_0: u32 = 0;
pub const WAIT_TIMEOUT: u32 = 0x102;
pub const ERROR_TIMEOUT: u32 = 1460;
pub const ERROR_ENVVAR_NOT_FOUND: u32 = 203;

#[link(name = "kernel32")]
unsafe extern "system" {
    pub fn GetModuleHandleA(name: *const c_char) -> Handle;
    pub fn GetProcAddress(library: Handle, name: *const c_char) -> *const c_void;
    pub fn SetLastError(error: u32);
    pub fn GetLastError() -> u32;
    pub fn ReadProcessMemory(
        process: Handle,
        address: *const c_void,
        into: *mut c_void,
        size: usize,
        read: *mut usize,
    ) -> i32;
    pub fn TlsGetValue(slot: u32) -> *mut c_void;
    pub fn CreateEventW(security: *const c_void, manual: i32, signalled: i32, name: *const u16) -> Handle;
    pub fn SetEvent(event: Handle) -> i32;
    pub fn GetModuleHandleExW(flags: u32, name: *const u16, library: *mut Handle) -> i32;
    pub fn FileTimeToSystemTime(time: *const [u32; 2], to: *mut c_void) -> i32;
    pub fn FileTimeToLocalFileTime(time: *const [u32; 2], to: *mut [u32; 2]) -> i32;
    pub fn RtlCaptureStackBackTrace(skip: u32, most: u32, to: *mut usize, hash: *mut u32) -> u16;
    pub fn QueryPerformanceFrequency(into: *mut i64) -> i32;
}
