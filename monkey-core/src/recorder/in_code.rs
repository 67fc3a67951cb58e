//! Thunks of hooks, many at a time: their code is the same but for where it lies, and is written before anybody runs it.
use super::Recorder;
use crate::code;
use crate::error::Cause;
use crate::record::Way;
use crate::stub::{Noting, System, arch, noting};
use crate::thread;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::SeqCst};

/// One thunk's part of a block's code, in bytes.
const UNIT: usize = 128;
/// Bytes of a block's code, or a page if that is more.
const CODE: usize = 16 << 10;

/// What a thunk's code reads.
#[repr(C)]
#[derive(Debug)]
struct Data {
    recorder: AtomicU64,
    target: AtomicU64,
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Data, recorder) as u64 == noting::RECORDER);
    assert!(offset_of!(Data, target) as u64 == noting::TARGET);
    assert!(size_of::<Data>() as u64 == noting::SIZE);
};

/// Memory of many thunks, which are taken one after the other.
#[derive(Debug)]
struct Block {
    start: usize,
    code: usize,
    taken: AtomicUsize,
    /// Kept reachable: threads may be in its thunks.
    _before: Option<&'static Self>,
}

static CURRENT: AtomicPtr<Block> = AtomicPtr::new(ptr::null_mut());

impl Block {
    fn allocate(before: Option<&'static Self>) -> Result<Box<Self>, Cause> {
        code::choose_way();
        let page = code::page_size();
        let size = CODE.next_multiple_of(page);
        let data = (size / UNIT * size_of::<Data>()).next_multiple_of(page);
        let memory = code::allocate(0, None, usize::MAX >> 1, size, data)?;
        let block = Self { start: memory.start, code: size, taken: AtomicUsize::new(0), _before: before };
        code::write(block.start, &block.assemble())?;
        Ok(Box::new(block))
    }

    fn assemble(&self) -> Vec<u8> {
        let thread_id = thread::id_offset().map(|offset| offset as i64);
        let mut all = Vec::with_capacity(self.code);
        for index in 0..self.code / UNIT {
            let layout = Noting {
                code: self.code_of(index) as u64,
                data: ptr::from_ref(self.data(index)) as u64,
                thread_id,
                system: System::OWN,
            };
            let code = arch::note(&layout);
            assert!(code.len() <= UNIT, "a thunk fits in its unit");
            all.extend(code);
            all.resize((index + 1) * UNIT, 0);
        }
        all
    }

    fn code_of(&self, index: usize) -> usize {
        self.start + index * UNIT
    }

    fn data(&self, index: usize) -> &'static Data {
        let data = (self.start + self.code + index * size_of::<Data>()) as *const Data;
        // SAFETY: in the data part of the block, which is mapped for good, aligned and zero at first.
        unsafe { &*data }
    }

    fn take(&self) -> Option<Thunk> {
        let index = self.taken.fetch_add(1, SeqCst);
        (index < self.code / UNIT).then(|| Thunk { code: self.code_of(index), data: self.data(index) })
    }
}

/// Notes calls in a record, and goes on.
#[derive(Debug, Clone, Copy)]
pub struct Thunk {
    code: usize,
    data: &'static Data,
}

impl Thunk {
    /// A new one. Where it leads has to be said before its first call.
    pub fn new(recorder: &Recorder) -> Result<Self, Cause> {
        let thunk = Self::take()?;
        thunk.data.recorder.store(recorder.address() as u64, SeqCst);
        Ok(thunk)
    }

    fn take() -> Result<Self, Cause> {
        loop {
            let place = CURRENT.load(SeqCst);
            // SAFETY: null, or a block, which is never freed.
            let current = unsafe { place.as_ref() };
            if let Some(thunk) = current.and_then(Block::take) {
                return Ok(thunk);
            }
            let next = Box::into_raw(Block::allocate(current)?);
            if CURRENT.compare_exchange(place, next, SeqCst, SeqCst).is_err() {
                // Somebody was first; the pages of this one are lost, once in a while.
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(next) });
            }
        }
    }

    /// Where calls go in.
    pub fn way(self) -> Way {
        Way::to(self.code)
    }

    /// What its notes call it.
    pub fn id(self) -> usize {
        ptr::from_ref(self.data) as usize
    }

    /// Where calls go on to.
    pub fn lead_to(self, target: Way) {
        self.data.target.store(target.0, SeqCst);
    }
}
