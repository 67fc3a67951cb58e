//! The process's other threads: what they are called, and where each of them stands.
use super::map;
use super::world::Listed;
use mach2::kern_return::KERN_SUCCESS;
use mach2::mach_types::thread_act_t;
use mach2::thread_act::{thread_get_state, thread_set_state};
use std::mem::MaybeUninit;

#[cfg(target_arch = "aarch64")]
use mach2::{structs::arm_thread_state64_t as State, thread_status::ARM_THREAD_STATE64 as FLAVOUR};
#[cfg(target_arch = "x86_64")]
use mach2::{structs::x86_thread_state64_t as State, thread_status::x86_THREAD_STATE64 as FLAVOUR};

/// The calling thread's id.
pub fn own() -> i32 {
    let mut id = 0;
    // SAFETY: null stands for the calling thread; writes one number.
    unsafe { libc::pthread_threadid_np(0, &raw mut id) };
    id as i32
}

/// What the kernel tells of a thread of this process by its id.
fn information(thread: i32) -> Option<libc::proc_threadinfo> {
    /// `PROC_PIDTHREADID64INFO`
    const BY_ID: libc::c_int = 15;
    let mut information = MaybeUninit::<libc::proc_threadinfo>::zeroed();
    let size = size_of::<libc::proc_threadinfo>() as libc::c_int;
    // SAFETY: takes nothing, changes nothing.
    let process = unsafe { libc::getpid() };
    let into = information.as_mut_ptr().cast();
    // SAFETY: writes at most so many bytes.
    let told = unsafe { libc::proc_pidinfo(process, BY_ID, u64::from(thread as u32), into, size) };
    // SAFETY: all bytes are zero or written, and any are valid.
    (told == size).then(|| unsafe { information.assume_init() })
}

/// Whether there are no others.
pub fn alone() -> bool {
    Listed::read().is_some_and(|listed| listed.threads().len() == 1)
}

/// Whether a thread is still there.
#[must_use]
pub fn exists(thread: i32) -> bool {
    information(thread).is_some()
}

/// The name that a thread has given itself; empty when it is gone.
#[must_use]
pub fn name(thread: i32) -> String {
    let Some(information) = information(thread) else { return String::new() };
    let name: Vec<u8> =
        information.pth_name.iter().map(|letter| *letter as u8).take_while(|letter| *letter != 0).collect();
    String::from_utf8_lossy(&name).into_owned()
}

/// Where a suspended thread stands. Allocates nothing.
#[derive(Debug, Clone, Copy)]
pub struct Stand {
    state: State,
}

impl Stand {
    pub fn read(thread: thread_act_t) -> Option<Self> {
        let mut state = State::new();
        let mut count = State::count();
        // SAFETY: the count is that of the state's words.
        let told = unsafe { thread_get_state(thread, FLAVOUR, (&raw mut state).cast(), &raw mut count) };
        (told == KERN_SUCCESS).then_some(Self { state })
    }

    pub fn address(&self) -> usize {
        #[cfg(target_arch = "aarch64")]
        return self.state.__pc as usize;
        #[cfg(target_arch = "x86_64")]
        return self.state.__rip as usize;
    }

    pub fn stack(&self) -> usize {
        #[cfg(target_arch = "aarch64")]
        return self.state.__sp as usize;
        #[cfg(target_arch = "x86_64")]
        return self.state.__rsp as usize;
    }

    /// Lets the thread go on elsewhere, once it is resumed.
    pub fn go_on_at(mut self, thread: thread_act_t, address: usize) -> bool {
        #[cfg(target_arch = "aarch64")]
        let counter = &mut self.state.__pc;
        #[cfg(target_arch = "x86_64")]
        let counter = &mut self.state.__rip;
        *counter = address as u64;
        // SAFETY: what was read, but for a program counter that means the same: see `Redirect::moves`.
        unsafe {
            thread_set_state(thread, FLAVOUR, (&raw mut self.state).cast(), State::count()) == KERN_SUCCESS
        }
    }
}

/// Whether one of the addresses lies on a suspended thread's stack, from its stack pointer on: a signal handler will return
/// there. Allocates nothing.
pub fn stack_holds(stack: usize, addresses: &[usize]) -> bool {
    /// How much of a stack is looked at, in bytes.
    const DEEPEST: usize = 8 << 20;
    let start = stack.next_multiple_of(8);
    let Some(region) = map::query(start).filter(|region| region.start <= start) else { return false };
    let end = region.end.min(start.saturating_add(DEEPEST));
    (start..end & !7).step_by(8).any(|at| {
        // SAFETY: the stack of a thread that is suspended, in a region that is mapped.
        let word = unsafe { (at as *const usize).read_volatile() };
        addresses.contains(&word)
    })
}
