//! A byte in many.

/// The first place of a byte. By the C library: a loop over all of it, not optimised, would take milliseconds.
pub fn find_byte(hay: &[u8], byte: u8) -> Option<usize> {
    // SAFETY: pointer and length come from a slice that lives until the call returns.
    let hit = unsafe { libc::memchr(hay.as_ptr().cast(), byte.into(), hay.len()) };
    if hit.is_null() { None } else { Some(hit as usize - hay.as_ptr() as usize) }
}

#[cfg(test)]
mod tests {
    use super::find_byte;

    #[test]
    fn the_first_place_is_found() {
        assert_eq!((find_byte(b"abca", b'c'), find_byte(b"abca", b'd')), (Some(2), None));
        assert_eq!((find_byte(b"abca", b'a'), find_byte(b"", b'a')), (Some(0), None));
    }
}
