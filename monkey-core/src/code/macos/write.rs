//! Changing bytes of code, in the two ways that macOS has.
//!
//! *Replacing the page*: a copy of it is changed, made executable, and mapped over the original in one step. Whoever runs that page
//! runs the old one or the new one; none is ever writable and executable. *Copy on write*: `__TEXT` cannot be made writable
//! by `mprotect` since Catalina, as its maximum protection does not allow it, but `mach_vm_protect` with `VM_PROT_COPY` gives the
//! process a copy that may be written. On Apple silicon a page that may be written does not run meanwhile, so all other
//! threads are suspended for the moment of the write.
//!
//! Both are refused where the signature of the program says so; see [`policy`].
use super::pages::{self, page_size, protect, result, this_task};
use super::policy;
use super::world::World;
use crate::code::arch;
use crate::error::Cause;
use mach2::kern_return::{KERN_NO_SPACE, KERN_PROTECTION_FAILURE, KERN_SUCCESS, kern_return_t};
use mach2::vm::mach_vm_remap;
use mach2::vm_inherit::VM_INHERIT_COPY;
use mach2::vm_prot::{VM_PROT_COPY, VM_PROT_EXECUTE, VM_PROT_READ, VM_PROT_WRITE, vm_prot_t};
use mach2::vm_statistics::{VM_FLAGS_FIXED, VM_FLAGS_OVERWRITE};
use once_cell::race::OnceBox;

/// Forces one way, for tests: `remap` or `copy`.
const FORCED: &str = "MONKEY_CODE_WRITE";
const RUN: vm_prot_t = VM_PROT_READ | VM_PROT_EXECUTE;

unsafe extern "C" {
    fn sys_icache_invalidate(start: *mut std::ffi::c_void, size: usize);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Replace,
    Copy,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Replace => "mach_vm_remap of a changed copy over the page",
            Self::Copy => "mach_vm_protect with VM_PROT_COPY",
        }
    }
}

static WAYS: OnceBox<Vec<Way>> = OnceBox::new();

/// Finds out which way is asked for, before a lock is taken: asks the environment.
pub fn choose_way() {
    ways();
}

fn ways() -> &'static [Way] {
    WAYS.get_or_init(|| {
        Box::new(match std::env::var(FORCED).as_deref() {
            Ok("remap") => vec![Way::Replace],
            Ok("copy") => vec![Way::Copy],
            _ => vec![Way::Replace, Way::Copy],
        })
    })
}

/// What each way that was tried was refused with. It is made while other threads are suspended, so nothing is allocated for it.
#[derive(Debug, Default)]
pub struct Refusals([Option<(Way, kern_return_t)>; 2]);

impl Refusals {
    fn add(&mut self, way: Way, told: kern_return_t) {
        if let Some(free) = self.0.iter_mut().find(|refusal| refusal.is_none()) {
            *free = Some((way, told));
        }
    }

    /// The error for `length` bytes at `address`: says why in the kernel's words, and names the policy.
    pub fn cause(self, address: usize, length: usize) -> Cause {
        let reasons = self.0.into_iter().flatten().map(|(way, told)| {
            if way == Way::Copy && stands_on(address, length) {
                return format!("{}: it lies on the page that the writer runs on", way.name());
            }
            format!("{}: {}", way.name(), result(told).err().unwrap_or_default())
        });
        let reasons = reasons.collect::<Vec<_>>().join("; ");
        Cause::NotWritable { reason: format!("{reasons}{}", policy::in_the_way()) }
    }
}

/// Writes `bytes` at `address`; the pages can be read and executed afterwards, as text is. Up to eight bytes within an
/// aligned eight are written at once.
///
/// # Errors
/// When the kernel refuses every way; the cause says in which words, and names the policy.
pub fn write(address: usize, bytes: &[u8]) -> Result<(), Cause> {
    let written = by_any(ways(), |way| match way {
        Way::Replace => replace(address, bytes),
        Way::Copy => World::stop().map_or(KERN_NO_SPACE, |_stopped| copy(address, bytes)),
    });
    written.map_err(|refusals| refusals.cause(address, bytes.len()))
}

/// The same while all other threads are suspended: allocates nothing, takes no lock.
pub fn write_alone(address: usize, bytes: &[u8]) -> Result<(), Refusals> {
    // The ways were chosen before: see `choose_way`.
    let ways = WAYS.get().map_or([Way::Replace, Way::Copy].as_slice(), |ways| ways.as_slice());
    by_any(ways, |way| match way {
        Way::Replace => replace(address, bytes),
        Way::Copy => copy(address, bytes),
    })
}

/// By the first way that is not refused.
fn by_any(ways: &[Way], write: impl Fn(Way) -> kern_return_t) -> Result<(), Refusals> {
    let mut refusals = Refusals::default();
    for way in ways {
        match write(*way) {
            KERN_SUCCESS => return Ok(()),
            told => refusals.add(*way, told),
        }
    }
    Err(refusals)
}

/// The pages that bytes lie on: where they begin, and their size.
fn pages_of(address: usize, length: usize) -> (usize, usize) {
    let page = page_size();
    let start = address / page * page;
    (start, (address + length).next_multiple_of(page) - start)
}

fn replace(address: usize, bytes: &[u8]) -> kern_return_t {
    let (start, size) = pages_of(address, bytes.len());
    let Some(copy) = pages::anywhere(size) else { return KERN_NO_SPACE };
    for offset in (0..size).step_by(8) {
        // SAFETY: a word of a page of code, which is readable: the target's instructions were decoded.
        let word = unsafe { ((start + offset) as *const u64).read_volatile() };
        // SAFETY: a word of the copy, which is ours.
        unsafe { ((copy + offset) as *mut u64).write_volatile(word) };
    }
    store(copy + (address - start), bytes);
    let mut told = protect(copy, size, RUN);
    if told == KERN_SUCCESS {
        flush(copy, size);
        told = map_over(start, copy, size);
    }
    // SAFETY: mapped above; what was mapped over the page has its own reference to it.
    unsafe { pages::unmap(copy, size) };
    flush(start, size);
    told
}

/// Maps pages over others, in one step.
fn map_over(start: usize, from: usize, size: usize) -> kern_return_t {
    let (mut target, mut current, mut most) = (start as u64, 0, 0);
    let flags = VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE;
    // SAFETY: what comes to the place of the pages is their copy, changed where the caller answers for it. Nobody sees a
    // moment in which they are not there.
    unsafe {
        mach_vm_remap(
            this_task(),
            &raw mut target,
            size as u64,
            0,
            flags,
            this_task(),
            from as u64,
            0,
            &raw mut current,
            &raw mut most,
            VM_INHERIT_COPY,
        )
    }
}

/// Code that runs between the two changes of a page's protection. What else the compiler has put beside it lies near.
fn writer() -> [usize; 6] {
    [
        copy as *const () as usize,
        store as *const () as usize,
        protect as *const () as usize,
        arch::store_eight as *const () as usize,
        arch::store_byte as *const () as usize,
        mach2::vm::mach_vm_protect as *const () as usize,
    ]
}

/// Whether the writer would make the page unrunnable that it runs on.
fn stands_on(address: usize, length: usize) -> bool {
    let (start, size) = pages_of(address, length);
    writer().into_iter().any(|code| is_beneath(code, start, size))
}

/// Whether one of these pages is among those that code lies on, from the first byte to the last that it may have.
fn is_beneath(code: usize, start: usize, size: usize) -> bool {
    /// No function of those is longer.
    const LONGEST: usize = 1024;
    code < start + size && start < code + LONGEST
}

fn copy(address: usize, bytes: &[u8]) -> kern_return_t {
    let (start, size) = pages_of(address, bytes.len());
    // While a page can be written it does not run, and whoever runs it then dies.
    if stands_on(address, bytes.len()) {
        return KERN_PROTECTION_FAILURE;
    }
    let told = protect(start, size, VM_PROT_READ | VM_PROT_WRITE | VM_PROT_COPY);
    if told != KERN_SUCCESS {
        return told;
    }
    store(address, bytes);
    let told = protect(start, size, RUN);
    flush(address, bytes.len());
    told
}

fn flush(address: usize, length: usize) {
    // SAFETY: the bytes are mapped and readable: they were just written.
    unsafe { sys_icache_invalidate(address as *mut _, length) };
}

fn store(address: usize, bytes: &[u8]) {
    let (base, offset) = (address & !7, address & 7);
    if bytes.len() > 1 && offset + bytes.len() <= 8 {
        // SAFETY: an aligned word of a page that may be written. The bytes around are written back as they are; only we
        // write code, under the lock.
        let mut word = unsafe { (base as *const u64).read_volatile() }.to_ne_bytes();
        word[offset..offset + bytes.len()].copy_from_slice(bytes);
        // SAFETY: as above.
        unsafe { arch::store_eight(base, u64::from_ne_bytes(word)) };
        return;
    }
    for (index, byte) in bytes.iter().enumerate() {
        // SAFETY: a byte of a page that may be written.
        unsafe { arch::store_byte(address + index, *byte) };
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::query;
    use super::*;

    #[test]
    fn the_writer_does_not_write_the_page_that_it_runs_on() {
        assert!(is_beneath(0x4000, 0x4000, 0x1000) && is_beneath(0x3F00, 0x4000, 0x1000));
        assert!(!is_beneath(0x5000, 0x4000, 0x1000) && !is_beneath(0x3C00, 0x4000, 0x1000));
        assert_eq!(copy(copy as *const () as usize, &[0]), KERN_PROTECTION_FAILURE);
    }

    #[test]
    fn both_ways_write_over_the_end_of_a_page_and_leave_it_executable() {
        for way in [replace, copy] {
            let (page, start) = (page_size(), pages::tests::unmapped(1 << 16));
            pages::map_code(start, 2 * page).unwrap();
            let _stopped = World::stop();
            assert_eq!(way(start + page - 2, &[1, 2, 3, 4]), KERN_SUCCESS);
            // SAFETY: both pages are readable.
            assert_eq!(unsafe { ((start + page - 2) as *const [u8; 4]).read_unaligned() }, [1, 2, 3, 4]);
            assert_eq!(query(start).unwrap().protection, RUN);
        }
    }
}
