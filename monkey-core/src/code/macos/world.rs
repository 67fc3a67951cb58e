//! All other threads of the process, suspended for a moment.
//!
//! Meanwhile nothing is allocated, locked or waited for: they may hold whatever lock there is. What is called are the kernel's own
//! functions.
use super::pages::this_task;
use mach2::kern_return::KERN_SUCCESS;
use mach2::mach_port::mach_port_deallocate;
use mach2::mach_types::thread_act_t;
use mach2::message::mach_msg_type_number_t;
use mach2::task::task_threads;
use mach2::thread_act::{thread_resume, thread_suspend};
use mach2::vm::mach_vm_deallocate;

unsafe extern "C" {
    fn mach_thread_self() -> thread_act_t;
}

/// The process's threads, as the kernel lists them, in memory that it has mapped for that.
#[derive(Debug)]
pub struct Listed {
    start: *mut thread_act_t,
    count: mach_msg_type_number_t,
}

impl Listed {
    pub fn read() -> Option<Self> {
        let mut listed = Self { start: std::ptr::null_mut(), count: 0 };
        // SAFETY: writes an address and a number.
        let told = unsafe { task_threads(this_task(), &raw mut listed.start, &raw mut listed.count) };
        (told == KERN_SUCCESS).then_some(listed)
    }

    pub fn threads(&self) -> &[thread_act_t] {
        // SAFETY: the kernel has written that many there, and they stay until this is dropped.
        unsafe { std::slice::from_raw_parts(self.start, self.count as usize) }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        for thread in self.threads() {
            // SAFETY: the list gave this process one right to each.
            unsafe { mach_port_deallocate(this_task(), *thread) };
        }
        let size = self.count as usize * size_of::<thread_act_t>();
        // SAFETY: the kernel mapped the list for us, and nobody uses it any more.
        unsafe { mach_vm_deallocate(this_task(), self.start as u64, size as u64) };
    }
}

/// The calling thread's port; a right that is given back at once, as the C library keeps one.
pub fn own() -> thread_act_t {
    // SAFETY: gives a right to the calling thread.
    let own = unsafe { mach_thread_self() };
    // SAFETY: given just now.
    unsafe { mach_port_deallocate(this_task(), own) };
    own
}

/// While it lives, no other thread runs.
#[derive(Debug)]
pub struct World {
    stopped: Listed,
}

impl World {
    /// Suspends all others: again until a listing has none that was not there before, as each may have been starting another.
    pub fn stop() -> Option<Self> {
        let own = own();
        let mut stopped: Option<Self> = None;
        loop {
            let listed = Listed::read()?;
            let known = |thread: &thread_act_t| {
                stopped.as_ref().is_some_and(|before| before.stopped.threads().contains(thread))
            };
            let all_known = listed.threads().iter().all(|thread| *thread == own || known(thread));
            if all_known && let Some(world) = stopped {
                return Some(world);
            }
            for thread in listed.threads().iter().filter(|thread| **thread != own && !known(thread)) {
                // SAFETY: a thread of this process; resumed when this is dropped.
                unsafe { thread_suspend(*thread) };
            }
            // What the list before had is in this one, or has ended.
            let before = stopped.replace(Self { stopped: listed });
            before.into_iter().for_each(Self::forget);
            if stopped.as_ref().is_some_and(|world| world.others(own).next().is_none()) {
                return stopped;
            }
        }
    }

    /// Gives the list back, without resuming anybody.
    fn forget(self) {
        let world = std::mem::ManuallyDrop::new(self);
        // SAFETY: read once, as the value around is never dropped.
        drop(unsafe { std::ptr::read(&raw const world.stopped) });
    }

    fn others(&self, own: thread_act_t) -> impl Iterator<Item = thread_act_t> + '_ {
        self.stopped.threads().iter().copied().filter(move |thread| *thread != own)
    }

    /// The threads that are suspended.
    pub fn threads(&self) -> impl Iterator<Item = thread_act_t> + '_ {
        self.others(own())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for thread in self.others(own()) {
            // SAFETY: suspended by `stop`, once.
            unsafe { thread_resume(thread) };
        }
    }
}
