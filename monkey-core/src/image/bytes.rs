//! Reading bytes that nobody has checked, in code that is fast without optimisation.
//!
//! The library is built with the tests, so unoptimised: indexing a slice is cheap there, every call into a generic of
//! the standard library is not. That is why the loops over symbols and debug information are written out.
use crate::memchr::find_byte;

/// Has a part of a file brought into memory at once that is about to be read all over: asked for page by page, each costs as
/// much as the reading does.
#[cfg(target_os = "linux")]
pub(super) fn bring(data: &[u8]) {
    const PAGE: usize = 4096;
    let begin = data.as_ptr() as usize & !(PAGE - 1);
    let size = data.as_ptr() as usize + data.len() - begin;
    // SAFETY: asks the system to map pages that are mapped to be read, as the slice says, and changes nothing in them. Where it does
    // not know how, they come one by one.
    unsafe { libc::madvise(begin as *mut libc::c_void, size, libc::MADV_POPULATE_READ) };
}

/// Elsewhere pages come one by one.
#[cfg(not(target_os = "linux"))]
pub(super) fn bring(_data: &[u8]) {}

/// The number of four bytes at `at`. Written out: it is read some hundred thousand times by unoptimised code.
#[expect(clippy::cast_lossless, reason = "`from` is a call without optimisation")]
pub(super) fn four(data: &[u8], at: usize) -> Option<usize> {
    if at > data.len() || data.len() - at < 4 {
        return None;
    }
    let number = data[at] as u32
        | (data[at + 1] as u32) << 8
        | (data[at + 2] as u32) << 16
        | (data[at + 3] as u32) << 24;
    Some(number as usize)
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
    find_by_search(hay, needle)
}

/// The same where the C library has no search for several bytes.
#[cfg(any(not(unix), test))]
fn find_by_search(hay: &[u8], needle: &[u8]) -> Option<usize> {
    if hay.len() < SAMPLE {
        return hay.windows(needle.len()).position(|window| window == needle);
    }
    // Nearly every text that is searched has some byte which is rare in what it is searched in.
    let counts = sample(hay);
    let rare = (0..needle.len()).min_by_key(|at| counts[needle[*at] as usize])?;
    find_by(hay, needle, rare).next()
}

/// Every place of `needle` in `hay`, searched when it is asked for.
pub(super) fn find_all<'a>(hay: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = hay.get(from..)?;
        let at = from + if let [byte] = needle { find_byte(rest, *byte) } else { find(rest, needle) }?;
        from = at + 1;
        Some(at)
    })
}

/// The same by a byte of `needle` that is rarer than its others, at the place `rare` in it: libc's search for a byte takes a tenth of that
/// for several.
pub(super) fn find_by<'a>(hay: &'a [u8], needle: &'a [u8], rare: usize) -> impl Iterator<Item = usize> + 'a {
    let mut from = rare;
    std::iter::from_fn(move || {
        while from < hay.len() {
            let at = from + find_byte(&hay[from..], needle[rare])?;
            from = at + 1;
            if hay[at - rare..].starts_with(needle) {
                return Some(at - rare);
            }
        }
        None
    })
}

/// Smaller bytes are too frequent in debug information to be searched.
const RARE: u8 = 0x20;

/// From this length on, in bytes, a sample of what is searched is worth its time.
const LONG: usize = 1 << 20;
/// The size of that sample.
const SAMPLE: usize = 2048;

/// How often each byte is in a sample of what is at least as long.
fn sample(hay: &[u8]) -> [u32; 256] {
    let (mut counts, step, mut at) = ([0; 256], hay.len() / SAMPLE, 0);
    while at < hay.len() {
        counts[hay[at] as usize] += 1;
        at += step;
    }
    counts
}

/// The place of a byte of `value` that is probably rare: debug information is full of small numbers, and of what all addresses near
/// by begin and end with.
fn likely_rare(value: &[u8]) -> usize {
    let rare = [1, 0, 2].into_iter().find(|at| value[*at] >= RARE);
    rare.unwrap_or(usize::from(value[1] > value[0]))
}

/// The place of that of the first three bytes of `value` which is the rarest in a sample.
fn rarest(hay: &[u8], value: &[u8]) -> usize {
    let all = sample(hay);
    let counts = [all[value[0] as usize], all[value[1] as usize], all[value[2] as usize]];
    let rarer = usize::from(counts[1] <= counts[0]);
    if counts[2] < counts[rarer] { 2 } else { rarer }
}

/// Every place of an address, searched when it is asked for.
pub(super) fn find_address(hay: &[u8], address: u64) -> impl Iterator<Item = usize> + '_ {
    find_value(hay, address.to_le_bytes())
}

/// Every place of a number of at least four bytes, searched when it is asked for.
pub(super) fn find_value<const N: usize>(hay: &[u8], value: [u8; N]) -> impl Iterator<Item = usize> + '_ {
    const { assert!(N >= 4) };
    // libc's search for several bytes takes five times as long as that for one which is rare.
    let rare = if hay.len() < LONG { likely_rare(&value) } else { rarest(hay, &value) };
    let mut from = rare;
    std::iter::from_fn(move || {
        while from < hay.len() {
            let at = from + find_byte(&hay[from..], value[rare])?;
            from = at + 1;
            let begin = at - rare;
            if begin + 3 < hay.len()
                && hay[begin] == value[0]
                && hay[begin + 2] == value[2]
                && hay[begin..].starts_with(&value)
            {
                return Some(begin);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_all_places_in_order() {
        let places = |hay: &[u8], needle: &[u8]| find_all(hay, needle).collect::<Vec<_>>();
        assert_eq!(places(b"abcabca", b"abca"), [0, 3]);
        assert_eq!(places(b"", b"a"), [0_usize; 0]);
        assert_eq!((find_byte(b"abca", b'c'), find_byte(b"abca", b'd')), (Some(2), None));
        for hay in ["abcabca", "", "c", "bca", "abc", "aabcc", "cabcbabc", "abab"] {
            for rare in 0..3 {
                let by: Vec<_> = find_by(hay.as_bytes(), b"abc", rare).collect();
                assert_eq!(by, places(hay.as_bytes(), b"abc"), "{hay} {rare}");
            }
        }
    }

    #[test]
    fn a_search_by_bytes_finds_what_the_c_library_does() {
        let mut hay: Vec<u8> = b"core::option::Option::unwrap_or\0".repeat(200);
        hay.extend_from_slice(b"core::option::Option::unwrap\0shop::rate\0");
        for size in [0, 40, hay.len() - 3, hay.len()] {
            for needle in [&b"\0core::option::Option::unwrap\0"[..], b"shop", b"rate\0", b"zz", b"\0\0"] {
                let all = hay[..size].windows(needle.len());
                let found = all.into_iter().position(|window| window == needle);
                assert_eq!(find_by_search(&hay[..size], needle), found, "{size}");
            }
        }
    }

    #[test]
    fn finds_all_places_of_an_address_in_order() {
        for address in [0x1_2345_u64, 0x40, 0x1f00, 0x20_0000, 0, u64::MAX, 0x0101_0101_0101_0101] {
            for at in [0, 1, 5] {
                let mut hay = vec![0x11; at];
                hay.extend(address.to_le_bytes());
                hay.extend([0x11, 0x12]);
                hay.extend(address.to_le_bytes());
                assert_eq!(find_address(&hay, address).collect::<Vec<_>>(), [at, at + 10], "{address:#x}");
                assert_eq!(find_address(&hay[..at + 7], address).count(), 0, "{address:#x}");
            }
        }
        for value in [[0x34_u8, 0x12, 0, 0], [1, 2, 3, 4], [0, 0, 0x77, 0]] {
            let hay = [&[0x11], &value[..], &[0x34], &value[..], &value[..3]].concat();
            assert_eq!(find_value(&hay, value).collect::<Vec<_>>(), [1, 6], "{value:x?}");
        }
        // Long ones, by whichever byte is rare there.
        let mut long = vec![0x34_u8; LONG];
        for value in [[0x34_u8, 0x12, 0x56, 0], [0x34, 0x34, 0x12, 1], [0x12, 0x34, 0x34, 0], [0x34; 4]] {
            let start = LONG / 2;
            long[start..start + 4].copy_from_slice(&value);
            let naive = (0..LONG - 3).filter(|at| long[*at..at + 4] == value);
            assert!(find_value(&long, value).eq(naive), "{value:x?}");
            long[start..start + 4].fill(0x34);
        }
        // One may overlap the other.
        assert_eq!(find_address(&[7; 10], 0x0707_0707_0707_0707).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(find_address(b"", 7).count(), 0);
    }

    #[test]
    fn numbers_and_texts_end_where_the_bytes_do() {
        assert_eq!((number(b"\x01\x02", 0, 2), number(b"\x01\x02", 1, 2)), (Some(0x201), None));
        assert_eq!((number(&[1; 9], 1, 8), number(&[1; 9], 0, 9)), (Some(0x0101_0101_0101_0101), None));
        assert_eq!((text(b"ab\0c", 0), text(b"ab\0c", 3), text(b"ab", 7)), (Some(&b"ab"[..]), None, None));
    }
}
