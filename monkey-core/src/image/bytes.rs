//! Reading bytes that nobody has checked, in code that is fast without optimisation.
//!
//! The library is built with the tests, so unoptimised: indexing a slice is cheap there, every call into a generic of
//! the standard library is not. That is why the loops over symbols and debug information are written out.

/// A place in some bytes. Reading past the end gives `None`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub data: &'a [u8],
    pub at: usize,
}

impl Cursor<'_> {
    pub fn u8(&mut self) -> Option<u8> {
        if self.at >= self.data.len() {
            return None;
        }
        let byte = self.data[self.at];
        self.at += 1;
        Some(byte)
    }

    /// A little-endian number of `size` bytes, at most 8.
    pub fn number(&mut self, size: usize) -> Option<u64> {
        let value = number(self.data, self.at, size)?;
        self.at += size;
        Some(value)
    }

    pub fn uleb(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = self.u8()?;
            if shift < 64 {
                value |= u64::from(byte & 0x7f) << shift;
            }
            shift += 7;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
    }

    pub fn sleb(&mut self) -> Option<i64> {
        let (mut value, mut shift) = (0_i64, 0_u32);
        loop {
            let byte = self.u8()?;
            if shift < 64 {
                value |= i64::from(byte & 0x7f) << shift;
            }
            shift += 7;
            if byte & 0x80 == 0 {
                let negative = byte & 0x40 != 0 && shift < 64;
                return Some(if negative { value | (-1_i64 << shift) } else { value });
            }
        }
    }

    pub fn skip(&mut self, bytes: u64) -> Option<()> {
        let at = self.at.checked_add(usize::try_from(bytes).ok()?)?;
        if at > self.data.len() {
            return None;
        }
        self.at = at;
        Some(())
    }
}

/// The little-endian number of `size` bytes at `at`.
pub(super) fn number(data: &[u8], at: usize, size: usize) -> Option<u64> {
    if size > 8 || at > data.len() || data.len() - at < size {
        return None;
    }
    let (mut value, mut byte) = (0_u64, 0);
    while byte < size {
        value |= u64::from(data[at + byte]) << (8 * byte);
        byte += 1;
    }
    Some(value)
}

/// The four bytes at `at`, which must be there.
#[allow(clippy::cast_lossless, reason = "`u64::from` is a call in unoptimised code")]
pub(super) fn quad(data: &[u8], at: usize) -> u64 {
    data[at] as u64 | (data[at + 1] as u64) << 8 | (data[at + 2] as u64) << 16 | (data[at + 3] as u64) << 24
}

/// The eight bytes at `at`, which must be there.
pub(super) fn long(data: &[u8], at: usize) -> u64 {
    quad(data, at) | quad(data, at + 4) << 32
}

/// The text that begins at `at` and ends before the next zero byte.
pub(super) fn text(data: &[u8], at: usize) -> Option<&[u8]> {
    let rest = data.get(at..)?;
    std::ffi::CStr::from_bytes_until_nul(rest).ok().map(std::ffi::CStr::to_bytes)
}

/// The first place of `needle` in `hay`.
#[cfg(unix)]
pub(super) fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    // SAFETY: both pointers and lengths come from slices that live until the call returns; libc's search reads nothing
    // else. It is called because it is optimised, which this crate is not.
    let hit = unsafe { libc::memmem(hay.as_ptr().cast(), hay.len(), needle.as_ptr().cast(), needle.len()) };
    if hit.is_null() { None } else { Some(hit as usize - hay.as_ptr() as usize) }
}

/// The first place of `needle` in `hay`.
#[cfg(not(unix))]
pub(super) fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// Every place of `needle` in `hay`.
pub(super) fn find_all(hay: &[u8], needle: &[u8]) -> Vec<usize> {
    let (mut places, mut from) = (Vec::new(), 0);
    while let Some(at) = hay.get(from..).and_then(|rest| find(rest, needle)) {
        places.push(from + at);
        from += at + 1;
    }
    places
}
