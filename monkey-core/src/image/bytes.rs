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

/// Every place of `needle` in `hay`, searched when it is asked for.
pub(super) fn find_all<'a>(hay: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    // Addresses end with zero bytes, of which debug information is full: libc's search looks at a needle's end first.
    let zeros = needle.iter().rev().take_while(|byte| **byte == 0).count();
    let short = &needle[..(needle.len() - zeros).max(needle.len().min(2))];
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let at = from + find(hay.get(from..)?, short)?;
            from = at + 1;
            if hay[at..].starts_with(needle) {
                return Some(at);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_all_places_in_order() {
        let places = |hay: &[u8], needle: &[u8]| find_all(hay, needle).collect::<Vec<_>>();
        assert_eq!(places(b"abcabca", b"abca"), [0, 3]);
        assert_eq!(places(&[1, 0, 0, 1, 0, 1, 0, 0], &[1, 0, 0]), [0, 5]);
        assert_eq!(places(&[0, 0, 0], &[0, 0]), [0, 1]);
        assert_eq!(places(b"", b"a"), [0_usize; 0]);
    }

    #[test]
    fn numbers_end_where_the_bytes_do() {
        let data = [0xe5, 0x8e, 0x26, 0x7f, 0x80];
        let mut cursor = Cursor { data: &data, at: 0 };
        assert_eq!(
            (cursor.uleb(), cursor.sleb(), cursor.uleb(), cursor.u8()),
            (Some(624_485), Some(-1), None, None)
        );
        assert_eq!(number(&data, 1, 4), Some(0x807f_268e));
        assert_eq!((number(&data, 2, 4), number(&data, 9, 1), number(&data, 0, 9)), (None, None, None));
        assert_eq!((text(b"ab\0c", 0), text(b"ab\0c", 3), text(b"", 1)), (Some(&b"ab"[..]), None, None));
    }
}
