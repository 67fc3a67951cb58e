//! Whether a panic would reach somebody who catches it, or end the process on the way.
//!
//! It does where it would leave a function of C's ABI, or the destructor of a thread-local. And to the compiler a call of the C
//! library does not unwind, so the frame that made it may have no place for one in its table. That is read from the tables before
//! anything is thrown.
//! Source: Itanium C++ ABI, "Exception Handling Tables"; the standard library's `sys::personality::gcc`.
use crate::image;
use std::ffi::c_void;

type Trace = extern "C" fn(*mut c_void, *mut c_void) -> i32;

// To the compiler it may unwind: a call that may not has no place in its caller's table, and the caller, in which an optimised build may
// have inlined all of this, is the first frame that is looked at.
unsafe extern "C-unwind" {
    fn _Unwind_Backtrace(trace: Trace, argument: *mut c_void) -> i32;
}

unsafe extern "C" {
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
    fn _Unwind_GetRegionStart(context: *mut c_void) -> usize;
    fn _Unwind_GetLanguageSpecificData(context: *mut c_void) -> *const u8;
}

const GO_ON: i32 = 0;
const END: i32 = 5;

/// What a frame does to a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Passes,
    Catches,
    Aborts,
}

/// The way of a panic.
struct Way {
    /// What the last frame does.
    end: Frame,
    /// The functions that it leaves before.
    left: Vec<usize>,
}

extern "C" fn look(context: *mut c_void, way: *mut c_void) -> i32 {
    // SAFETY: `follow` passed its own.
    let way = unsafe { &mut *way.cast::<Way>() };
    // SAFETY: the unwinder's context of this frame.
    let at = unsafe { _Unwind_GetIP(context) };
    // SAFETY: as above.
    let begin = unsafe { _Unwind_GetRegionStart(context) };
    // SAFETY: as above.
    let table = unsafe { _Unwind_GetLanguageSpecificData(context) };
    let frame =
        if table.is_null() { Some(Frame::Passes) } else { Reader(table).frame(at.wrapping_sub(begin)) };
    way.end = frame.unwrap_or(Frame::Aborts);
    way.left.push(begin);
    if way.end == Frame::Passes { GO_ON } else { END }
}

fn follow() -> Way {
    let mut way = Way { end: Frame::Passes, left: Vec::new() };
    // SAFETY: `look` takes what it is given here.
    unsafe { _Unwind_Backtrace(look, (&raw mut way).cast()) };
    way.left.pop();
    way
}

/// Whether somebody catches what the calling thread throws, and everybody lets it pass until there.
#[must_use]
pub fn is_possible() -> bool {
    follow().end == Frame::Catches
}

/// The same where it leaves functions of Rust alone. One that C calls has a place for a panic in its table, as if to drop
/// something, and ends the process there. Where every panic does, that is what somebody has asked for, and it says why.
#[must_use]
pub fn is_possible_in_rust() -> bool {
    if cfg!(panic = "abort") {
        return true;
    }
    let Way { end, left } = follow();
    end == Frame::Catches && !left.into_iter().any(image::is_foreign)
}

/// Reads a table of exceptions.
struct Reader(*const u8);

impl Reader {
    fn byte(&mut self) -> u8 {
        // SAFETY: within the table, which the compiler has written.
        let byte = unsafe { self.0.read() };
        self.0 = self.0.wrapping_add(1);
        byte
    }

    /// A number without a sign, seven bits a byte.
    fn number(&mut self) -> usize {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    }

    /// A number in one of the encodings that call sites have; `None` for others.
    fn encoded(&mut self, encoding: u8) -> Option<usize> {
        const ULEB128: u8 = 0x01;
        const UDATA4: u8 = 0x03;
        match encoding {
            ULEB128 => Some(self.number()),
            UDATA4 => {
                let bytes = [self.byte(), self.byte(), self.byte(), self.byte()];
                Some(u32::from_le_bytes(bytes) as usize)
            }
            _ => None,
        }
    }

    /// What the frame does whose call returns to `offset` within its function.
    fn frame(mut self, offset: usize) -> Option<Frame> {
        const OMITTED: u8 = 0xFF;
        if self.byte() != OMITTED {
            return None;
        }
        if self.byte() != OMITTED {
            self.number();
        }
        let encoding = self.byte();
        let length = self.number();
        let actions = self.0 as usize + length;
        while (self.0 as usize) < actions {
            let (start, size) = (self.encoded(encoding)?, self.encoded(encoding)?);
            let (pad, action) = (self.encoded(encoding)?, self.number());
            if (start + 1..=start + size).contains(&offset) {
                return Some(effect(pad, action, actions));
            }
        }
        Some(Frame::Aborts)
    }
}

fn effect(pad: usize, action: usize, actions: usize) -> Frame {
    if pad == 0 || action == 0 {
        return Frame::Passes;
    }
    // The kind, with a sign in its seventh bit.
    match Reader((actions + action - 1) as *const u8).byte() & 0x7F {
        0 => Frame::Passes,
        1..0x40 => Frame::Catches,
        _ => Frame::Aborts,
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, Reader, is_possible};
    use std::panic::catch_unwind;

    struct Dropped;
    impl Drop for Dropped {
        fn drop(&mut self) {}
    }

    extern "C-unwind" fn open() -> bool {
        let _dropped = Dropped;
        std::hint::black_box(is_possible())
    }

    #[test]
    fn who_catches_is_found() {
        assert!(catch_unwind(|| open()).unwrap());
    }

    #[test]
    fn a_call_that_is_not_in_the_table_aborts() {
        // No base, no types, numbers of seven bits; two call sites of four bytes, the second of which catches.
        let table = [0xFF, 0xFF, 0x01, 8, 0, 4, 0, 0, 8, 4, 9, 1, 1, 0];
        let frame = |offset| Reader(table.as_ptr()).frame(offset);
        assert_eq!([frame(1), frame(4)], [Some(Frame::Passes); 2]);
        assert_eq!([frame(5), frame(8), frame(20)], [Some(Frame::Aborts); 3]);
        assert_eq!(frame(9), Some(Frame::Catches));
        let filtered = [0xFF, 0xFF, 0x01, 4, 0, 4, 9, 1, 0x7F, 0];
        assert_eq!(Reader(filtered.as_ptr()).frame(2), Some(Frame::Aborts));
    }
}
