//! What a crash says of each active patch.
//!
//! The parts lie ready in static memory, because a signal handler may neither allocate nor lock, and a patch costs no
//! formatting. They are written by a system call of our own, because `write` may be what a test replaced.
use crate::code::write_stderr;
use crate::request::Request;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicUsize, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst,
};

const LINES: usize = 128;
/// Bytes of a line.
const LENGTH: usize = 256;

/// A `&'static str` in two words.
#[derive(Debug)]
struct Text {
    start: AtomicPtr<u8>,
    length: AtomicUsize,
}

impl Text {
    const fn new() -> Self {
        Self { start: AtomicPtr::new(ptr::null_mut()), length: AtomicUsize::new(0) }
    }

    fn set(&self, text: &'static str) {
        // Never longer than what lies there: a handler may read between these.
        self.length.store(0, Release);
        self.start.store(text.as_ptr().cast_mut(), Release);
        self.length.store(text.len(), Release);
    }

    fn get(&self) -> &'static [u8] {
        let (start, length) = (self.start.load(SeqCst), self.length.load(SeqCst));
        if length == 0 {
            return &[];
        }
        // SAFETY: `set` stored both from one text that lives for ever, the length last and zero meanwhile.
        unsafe { std::slice::from_raw_parts(start, length) }
    }
}

#[derive(Debug)]
struct Record {
    taken: AtomicBool,
    target: Text,
    address: AtomicUsize,
    replacement: Text,
    replacement_address: AtomicUsize,
    location: AtomicPtr<Location<'static>>,
}

static RECORDS: [Record; LINES] = [const {
    Record {
        taken: AtomicBool::new(false),
        target: Text::new(),
        address: AtomicUsize::new(0),
        replacement: Text::new(),
        replacement_address: AtomicUsize::new(0),
        location: AtomicPtr::new(ptr::null_mut()),
    }
}; LINES];
/// Patches that found no place.
static FURTHER: AtomicUsize = AtomicUsize::new(0);
/// Where the next search begins: the one behind the last that was taken is mostly free. Or [`FULL`], until one is given back.
static NEXT: AtomicUsize = AtomicUsize::new(0);
/// No place was free when somebody last looked.
const FULL: usize = usize::MAX;

/// What is said of a patch if the process crashes while this lives.
#[derive(Debug)]
pub struct Line(Option<usize>);

impl Line {
    pub fn new(request: &Request) -> Self {
        let start = NEXT.load(Relaxed);
        if start != FULL {
            let mut step = 0;
            while step < LINES {
                let index = (start + step) % LINES;
                let record = &RECORDS[index];
                if record.try_take() {
                    NEXT.store(index + 1, Relaxed);
                    record.set(request);
                    return Self(Some(index));
                }
                step += 1;
            }
            NEXT.store(FULL, Relaxed);
        }
        FURTHER.fetch_add(1, SeqCst);
        Self(None)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        match self.0 {
            Some(index) => {
                RECORDS[index].address.store(0, Release);
                RECORDS[index].taken.store(false, Release);
                NEXT.store(index, Relaxed);
            }
            None => {
                FURTHER.fetch_sub(1, SeqCst);
            }
        }
    }
}

impl Record {
    fn try_take(&self) -> bool {
        !self.taken.load(Relaxed) && self.taken.compare_exchange(false, true, SeqCst, Relaxed).is_ok()
    }

    fn set(&self, request: &Request) {
        self.target.set(request.target_name);
        self.replacement.set(request.replacement_name);
        self.replacement_address.store(request.replacement, Release);
        self.location.store(ptr::from_ref(request.location).cast_mut(), Release);
        // Last: without it there is no line.
        self.address.store(request.target, Release);
    }

    fn write(&self, line: &mut Bytes) {
        line.add(b"`");
        line.add(self.target.get());
        line.add(b"` (");
        line.hexadecimal(self.address.load(SeqCst));
        line.add(b") by `");
        line.add(self.replacement.get());
        line.add(b"` (");
        line.hexadecimal(self.replacement_address.load(SeqCst));
        line.add(b") at ");
        // SAFETY: null, or a location that lives for ever.
        if let Some(location) = unsafe { self.location.load(SeqCst).as_ref() } {
            line.add(location.file().as_bytes());
            line.add(b":");
            line.decimal(location.line());
            line.add(b":");
            line.decimal(location.column());
        }
    }
}

/// A line of text in memory of its own, cut at its end.
struct Bytes {
    text: [u8; LENGTH],
    length: usize,
}

impl Bytes {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.length < LENGTH - 1 {
                self.text[self.length] = *byte;
                self.length += 1;
            }
        }
    }

    fn number(&mut self, mut number: usize, base: usize) {
        let (mut digits, mut first) = ([0; 20], 20);
        loop {
            first -= 1;
            digits[first] = b"0123456789abcdef"[number % base];
            number /= base;
            if number == 0 {
                break;
            }
        }
        self.add(&digits[first..]);
    }

    fn hexadecimal(&mut self, number: usize) {
        self.add(b"0x");
        self.number(number, 16);
    }

    fn decimal(&mut self, number: u32) {
        self.number(number as usize, 10);
    }
}

/// Whether anything is replaced.
pub fn is_empty() -> bool {
    RECORDS.iter().all(|record| record.address.load(SeqCst) == 0)
}

/// Writes a line for each active patch to standard error. For signal handlers.
pub fn write() {
    for record in RECORDS.iter().filter(|record| record.address.load(SeqCst) != 0) {
        let mut line = Bytes { text: [0; LENGTH], length: 0 };
        line.add(b"monkey:   ");
        record.write(&mut line);
        line.text[line.length] = b'\n';
        write_stderr(&line.text[..=line.length]);
    }
    if FURTHER.load(SeqCst) != 0 {
        write_stderr(b"monkey:   and more\n");
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn numbers_are_written_and_lines_are_cut() {
        let mut line = Bytes { text: [0; super::LENGTH], length: 0 };
        line.hexadecimal(0x55d0_c8a0_1230);
        line.add(b" ");
        line.decimal(0);
        line.decimal(1_234_567);
        assert_eq!(&line.text[..line.length], b"0x55d0c8a01230 01234567");
        line.add(&[b'x'; 1000]);
        assert_eq!(line.length, super::LENGTH - 1);
    }
}
