//! The system's functions that the engine calls, from `kernel32.dll`, and what they take.
//!
//! Declared here: they are few, and a crate of them would be built before anything of ours.
use std::ffi::c_void;

pub type Handle = *mut c_void;

/// What `GetCurrentProcess` gives: a constant.
pub const THIS_PROCESS: Handle = -1_isize as Handle;
/// `INVALID_HANDLE_VALUE`.
pub const NO_FILE: Handle = -1_isize as Handle;

pub const PAGE_NOACCESS: u32 = 0x01;
pub const PAGE_READWRITE: u32 = 0x04;
pub const PAGE_EXECUTE_READ: u32 = 0x20;
pub const PAGE_EXECUTE_READWRITE: u32 = 0x40;
pub const MEM_COMMIT: u32 = 0x1000;
pub const MEM_RESERVE: u32 = 0x2000;
pub const MEM_FREE: u32 = 0x1_0000;
#[cfg(test)]
pub const MEM_RELEASE: u32 = 0x8000;

/// `THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT | THREAD_SET_CONTEXT | THREAD_QUERY_INFORMATION`.
pub const THREAD_LOOK: u32 = 0x2 | 0x8 | 0x10 | 0x40;
/// `THREAD_QUERY_LIMITED_INFORMATION`.
pub const THREAD_QUERY: u32 = 0x800;
/// `SYNCHRONIZE`.
pub const SYNCHRONIZE: u32 = 0x10_0000;
pub const WAIT_TIMEOUT: u32 = 0x102;
/// `TH32CS_SNAPTHREAD`.
pub const THREADS: u32 = 4;
/// `STD_ERROR_HANDLE`.
pub const STANDARD_ERROR: u32 = -12_i32 as u32;

/// `MEMORY_BASIC_INFORMATION`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MemoryInformation {
    pub base: usize,
    pub allocation: usize,
    pub allocation_protection: u32,
    pub partition: u16,
    pub size: usize,
    pub state: u32,
    pub protection: u32,
    pub kind: u32,
}

/// `SYSTEM_INFO`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct SystemInformation {
    pub architecture: u32,
    pub page_size: u32,
    pub lowest: usize,
    pub highest: usize,
    pub processors: usize,
    pub processor_count: u32,
    pub processor_type: u32,
    pub granularity: u32,
    pub level: u16,
    pub revision: u16,
}

/// `THREADENTRY32`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ThreadEntry {
    pub size: u32,
    pub usage: u32,
    pub thread: u32,
    pub process: u32,
    pub base_priority: i32,
    pub delta_priority: i32,
    pub flags: u32,
}

/// `EXCEPTION_POINTERS`.
#[repr(C)]
#[derive(Debug)]
pub struct ExceptionPointers {
    pub record: *const ExceptionRecord,
    pub context: *mut c_void,
}

/// `EXCEPTION_RECORD`, the part that is looked at.
#[repr(C)]
#[derive(Debug)]
pub struct ExceptionRecord {
    pub code: u32,
    pub flags: u32,
    pub next: *const ExceptionRecord,
    pub address: usize,
    pub parameters: u32,
}

pub type ExceptionHandler = unsafe extern "system" fn(*const ExceptionPointers) -> i32;

#[link(name = "kernel32")]
unsafe extern "system" {
    pub fn VirtualAlloc(address: *mut c_void, size: usize, kind: u32, protection: u32) -> *mut c_void;
    #[cfg(test)]
    pub fn VirtualFree(address: *mut c_void, size: usize, kind: u32) -> i32;
    pub fn VirtualProtect(address: *mut c_void, size: usize, protection: u32, before: *mut u32) -> i32;
    pub fn VirtualQuery(address: *const c_void, into: *mut MemoryInformation, size: usize) -> usize;
    pub fn FlushInstructionCache(process: Handle, address: *const c_void, size: usize) -> i32;
    pub fn FlushProcessWriteBuffers();
    pub fn ReadProcessMemory(
        process: Handle,
        address: *const c_void,
        into: *mut c_void,
        size: usize,
        read: *mut usize,
    ) -> i32;
    pub fn GetSystemInfo(into: *mut SystemInformation);
    pub fn GetCurrentProcessId() -> u32;
    pub fn GetCurrentThreadId() -> u32;
    pub fn CreateToolhelp32Snapshot(what: u32, process: u32) -> Handle;
    pub fn Thread32First(snapshot: Handle, entry: *mut ThreadEntry) -> i32;
    pub fn Thread32Next(snapshot: Handle, entry: *mut ThreadEntry) -> i32;
    pub fn OpenThread(access: u32, inherit: i32, thread: u32) -> Handle;
    pub fn SuspendThread(thread: Handle) -> u32;
    pub fn ResumeThread(thread: Handle) -> u32;
    pub fn GetThreadContext(thread: Handle, context: *mut c_void) -> i32;
    pub fn SetThreadContext(thread: Handle, context: *const c_void) -> i32;
    pub fn GetThreadDescription(thread: Handle, text: *mut *mut u16) -> i32;
    pub fn LocalFree(memory: *mut c_void) -> *mut c_void;
    pub fn WaitForSingleObject(object: Handle, milliseconds: u32) -> u32;
    pub fn CloseHandle(object: Handle) -> i32;
    pub fn GetStdHandle(which: u32) -> Handle;
    pub fn WriteFile(
        file: Handle,
        bytes: *const u8,
        size: u32,
        written: *mut u32,
        overlapped: *mut c_void,
    ) -> i32;
    pub fn AddVectoredExceptionHandler(first: u32, handler: ExceptionHandler) -> Handle;
    pub fn RemoveVectoredExceptionHandler(handler: Handle) -> u32;
    pub fn SetUnhandledExceptionFilter(filter: Option<ExceptionHandler>) -> Option<ExceptionHandler>;
    pub fn IsDebuggerPresent() -> i32;
    pub fn GetProcessMitigationPolicy(process: Handle, policy: u32, into: *mut u32, size: usize) -> i32;
    pub fn K32EnumProcessModules(process: Handle, into: *mut Handle, size: u32, needed: *mut u32) -> i32;
    pub fn GetModuleFileNameW(module: Handle, into: *mut u16, size: u32) -> u32;
    pub fn GetModuleHandleA(name: *const std::ffi::c_char) -> Handle;
    pub fn GetProcAddress(module: Handle, name: *const std::ffi::c_char) -> *const c_void;
}

/// The address of a function of a library that is loaded.
pub fn function(library: &std::ffi::CStr, name: &std::ffi::CStr) -> Option<usize> {
    // SAFETY: the name ends with a zero byte. The library is not held, so only for those that stay.
    let library = unsafe { GetModuleHandleA(library.as_ptr()) };
    // SAFETY: as above; for no library it gives no function.
    let function = unsafe { GetProcAddress(library, name.as_ptr()) } as usize;
    (!library.is_null() && function != 0).then_some(function)
}
