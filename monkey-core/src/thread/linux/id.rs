//! From a thread pointer, which is what a stub leaves of a caller, to the thread's id.
//!
//! The C library keeps a thread's id in a descriptor at a fixed distance from its thread pointer. Which one is found out
//! on the calling thread, whose id is known. The other thread may have ended, and its memory be gone; so it is the kernel
//! that reads there, and says so.
use super::pointer;
use once_cell::race::OnceBox;
use std::ops::Range;

/// Where the descriptor may lie, from the thread pointer: in front of it on machines whose thread-local blocks lie behind
/// it, and the other way round. Source: Ulrich Drepper, "ELF Handling For Thread-Local Storage", section 3.
#[cfg(target_arch = "aarch64")]
const DESCRIPTOR: Range<isize> = -4096..0;
#[cfg(target_arch = "x86_64")]
const DESCRIPTOR: Range<isize> = 0..4096;

const ID: isize = size_of::<i32>() as isize;

static OFFSET: OnceBox<Option<isize>> = OnceBox::new();

/// The id of the thread with this thread pointer; `None` if there is none any more, or the C library is not known.
pub fn id_of(pointer: usize) -> Option<i32> {
    if pointer == 0 {
        return None;
    }
    let reader = Reader::open()?;
    let offset = (*OFFSET.get_or_init(|| Box::new(find(&reader))))?;
    reader.read(pointer.wrapping_add_signed(offset)).filter(|id| *id > 0)
}

/// How far behind the thread pointer a thread's id lies, in bytes; `None` if the C library is not known.
pub fn id_offset() -> Option<isize> {
    *OFFSET.get_or_init(|| Box::new(Reader::open().and_then(|reader| find(&reader))))
}

/// The distance at which the calling thread's id is; the one nearest to the thread pointer if it is at several.
fn find(reader: &Reader) -> Option<isize> {
    // SAFETY: takes nothing, changes nothing.
    let own = unsafe { libc::gettid() };
    let mut offsets = DESCRIPTOR.step_by(ID as usize);
    let next = || if DESCRIPTOR.start < 0 { offsets.next_back() } else { offsets.next() };
    let mut nearest_first = std::iter::from_fn(next);
    nearest_first.find(|offset| reader.read(pointer().wrapping_add_signed(*offset)) == Some(own))
}

/// A pipe: the kernel copies what is written to it, and refuses what is not mapped.
struct Reader {
    out: libc::c_int,
    into: libc::c_int,
}

impl Reader {
    fn open() -> Option<Self> {
        let mut ends = [0; 2];
        // SAFETY: room for the two descriptors that are written there.
        let opened = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) };
        (opened == 0).then_some(Self { out: ends[0], into: ends[1] })
    }

    /// The number at an address, if anything is.
    fn read(&self, address: usize) -> Option<i32> {
        // SAFETY: the kernel checks the address; memory is only read.
        let written = unsafe { libc::write(self.into, address as *const libc::c_void, ID as usize) };
        if written != ID {
            return None;
        }
        let mut number = 0_i32;
        // SAFETY: room for the bytes that are asked for.
        let read = unsafe { libc::read(self.out, (&raw mut number).cast(), ID as usize) };
        (read == ID).then_some(number)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        for end in [self.out, self.into] {
            // SAFETY: opened by this value, and closed once.
            unsafe { libc::close(end) };
        }
    }
}
