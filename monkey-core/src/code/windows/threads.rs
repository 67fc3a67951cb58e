//! The process's other threads: which there are, and where each of them stands.
//!
//! One is suspended at a time, for as long as it takes to read its program counter and perhaps to set it. Meanwhile nothing is
//! allocated, locked or waited for: it may hold the heap's lock, or the loader's.
use super::api::{self, Handle, ThreadEntry};
use std::ffi::c_void;
use std::io;

/// The calling thread's id.
pub fn own() -> i32 {
    // SAFETY: takes nothing, changes nothing.
    unsafe { api::GetCurrentThreadId() as i32 }
}

/// A handle of ours, closed with it.
struct Owned(Handle);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: opened for this value, and closed once.
        unsafe { api::CloseHandle(self.0) };
    }
}

fn open(thread: i32, access: u32) -> Option<Owned> {
    // SAFETY: gives a handle or none.
    let handle = unsafe { api::OpenThread(access, 0, thread as u32) };
    (!handle.is_null()).then_some(Owned(handle))
}

/// All threads of the process.
pub fn list() -> io::Result<Vec<i32>> {
    // SAFETY: gives a handle or none.
    let snapshot = unsafe { api::CreateToolhelp32Snapshot(api::THREADS, 0) };
    if snapshot == api::NO_FILE {
        return Err(io::Error::last_os_error());
    }
    let snapshot = Owned(snapshot);
    // SAFETY: takes nothing, changes nothing.
    let process = unsafe { api::GetCurrentProcessId() };
    let size = size_of::<ThreadEntry>() as u32;
    let mut entry =
        ThreadEntry { size, usage: 0, thread: 0, process: 0, base_priority: 0, delta_priority: 0, flags: 0 };
    let mut threads = Vec::new();
    // SAFETY: the snapshot is open, and the entry says its size.
    let mut more = unsafe { api::Thread32First(snapshot.0, &raw mut entry) };
    while more != 0 {
        if entry.process == process {
            threads.push(entry.thread as i32);
        }
        entry.size = size;
        // SAFETY: as above.
        more = unsafe { api::Thread32Next(snapshot.0, &raw mut entry) };
    }
    Ok(threads)
}

/// Whether there are no others.
pub fn alone() -> bool {
    list().is_ok_and(|all| all.len() == 1)
}

/// Whether a thread is still there.
#[must_use]
pub fn exists(thread: i32) -> bool {
    // SAFETY: the handle is open, and nobody waits.
    let state = open(thread, api::SYNCHRONIZE).map(|open| unsafe { api::WaitForSingleObject(open.0, 0) });
    state == Some(api::WAIT_TIMEOUT)
}

/// The name that a thread has given itself; empty when it is gone.
#[must_use]
pub fn name(thread: i32) -> String {
    let Some(open) = open(thread, api::THREAD_QUERY) else { return String::new() };
    let mut text = std::ptr::null_mut::<u16>();
    // SAFETY: the handle is open; writes one pointer, to text that is ours to free.
    let told = unsafe { api::GetThreadDescription(open.0, &raw mut text) };
    if told < 0 || text.is_null() {
        return String::new();
    }
    let mut length = 0;
    // SAFETY: the system's text ends with a zero, up to which it is read.
    while unsafe { text.wrapping_add(length).read() } != 0 {
        length += 1;
    }
    // SAFETY: as counted.
    let name = String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(text, length) });
    // SAFETY: the text was allocated for us, and nobody else has it.
    unsafe { api::LocalFree(text.cast()) };
    name
}

/// `CONTEXT` of x86-64.
#[repr(C, align(16))]
struct Context([u64; 154]);

impl Context {
    /// `CONTEXT_CONTROL` of x86-64.
    const CONTROL: u64 = 0x10_0001;
    /// Where `ContextFlags`, `Rsp` and `Rip` lie, in words.
    const FLAGS: usize = 0x30 / 8;
    const STACK: usize = 0x98 / 8;
    const PROGRAM_COUNTER: usize = 0xF8 / 8;
}

/// Where a thread stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    pub address: usize,
    pub stack: usize,
}

/// Looks at a thread, and lets it go on elsewhere if `elsewhere` says so of its program counter. `None` when it is gone, or does
/// not let itself be looked at.
///
/// `elsewhere` runs while the thread is suspended: it allocates nothing and takes no lock.
pub fn look(thread: i32, elsewhere: &dyn Fn(usize) -> Option<usize>) -> Option<Stand> {
    let open = open(thread, api::THREAD_LOOK)?;
    let mut context = Context([0; 154]);
    context.0[Context::FLAGS] = Context::CONTROL;
    let pointer = (&raw mut context).cast::<c_void>();
    // SAFETY: the handle is open; resumed below.
    if unsafe { api::SuspendThread(open.0) } == u32::MAX {
        return None;
    }
    // SAFETY: the structure has the system's size and alignment. This call waits until the thread has stopped.
    let told = unsafe { api::GetThreadContext(open.0, pointer) };
    let address = context.0[Context::PROGRAM_COUNTER] as usize;
    if told != 0
        && let Some(to) = elsewhere(address)
    {
        context.0[Context::PROGRAM_COUNTER] = to as u64;
        // SAFETY: what was read, but for a program counter that means the same: see `Redirect::moves`.
        unsafe { api::SetThreadContext(open.0, pointer) };
    }
    // SAFETY: suspended above.
    unsafe { api::ResumeThread(open.0) };
    (told != 0).then(|| Stand { address, stack: context.0[Context::STACK] as usize })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeper_is_found_and_looked_at() {
        let (send, wait) = std::sync::mpsc::channel::<()>();
        let (told, asked) = std::sync::mpsc::channel();
        let sleeper = std::thread::spawn(move || {
            told.send(own()).unwrap();
            wait.recv()
        });
        let thread = asked.recv().unwrap();
        assert!(list().unwrap().contains(&thread) && list().unwrap().contains(&own()) && !alone());
        let stand = look(thread, &|_| None).unwrap();
        assert!(stand.address != 0 && stand.stack != 0);
        assert!(exists(thread));
        drop(send);
        sleeper.join().unwrap().unwrap_err();
        assert!(!exists(thread) && name(thread).is_empty());
    }
}
