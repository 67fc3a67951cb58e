//! Changing bytes of code by `VirtualProtect`. What lies in a loaded file is copied for this process by its first change.
//!
//! Never readable-and-writable first and executable afterwards: other threads run that page all the time.
use super::api::{self, PAGE_EXECUTE_READWRITE, THIS_PROCESS};
use super::{pages, policy};
use crate::code::arch;
use crate::error::Cause;
use std::io;

/// Writes `bytes` at `address`, whatever the pages' protection, which is the same again afterwards. Up to eight bytes
/// within an aligned eight are written at once.
///
/// # Errors
/// When the system refuses; the cause says in which words, and names the policy.
pub fn write(address: usize, bytes: &[u8]) -> Result<(), Cause> {
    let refused = |error: io::Error| Cause::NotWritable {
        reason: format!("VirtualProtect to write and execute: {error}{}", policy::in_the_way()),
    };
    let protections = unprotect(address, bytes.len()).map_err(refused)?;
    store(address, bytes);
    protect(&protections).map_err(refused)?;
    // SAFETY: asks the system to flush what it holds of these bytes.
    unsafe { api::FlushInstructionCache(THIS_PROCESS, address as *const _, bytes.len()) };
    Ok(())
}

/// Makes each page of the bytes writable; their addresses, with the protection that each had.
fn unprotect(address: usize, length: usize) -> io::Result<Vec<(usize, u32)>> {
    let page = pages::page_size();
    let mut before = Vec::new();
    for at in (address / page * page..address + length).step_by(page) {
        match pages::protect(at, page, PAGE_EXECUTE_READWRITE) {
            Ok(protection) => before.push((at, protection)),
            Err(error) => {
                protect(&before)?;
                return Err(error);
            }
        }
    }
    Ok(before)
}

fn protect(before: &[(usize, u32)]) -> io::Result<()> {
    let page = pages::page_size();
    before.iter().try_for_each(|(at, protection)| pages::protect(*at, page, *protection).map(drop))
}

fn store(address: usize, bytes: &[u8]) {
    let (base, offset) = (address & !7, address & 7);
    if bytes.len() > 1 && offset + bytes.len() <= 8 {
        // SAFETY: an aligned word of a page that was just made writable. The bytes around are written back as they are;
        // only we write code, under the lock.
        let mut word = unsafe { (base as *const u64).read_volatile() }.to_ne_bytes();
        word[offset..offset + bytes.len()].copy_from_slice(bytes);
        // SAFETY: as above.
        unsafe { arch::store_eight(base, u64::from_ne_bytes(word)) };
        return;
    }
    for (index, byte) in bytes.iter().enumerate() {
        // SAFETY: a byte of a page that was just made writable.
        unsafe { arch::store_byte(address + index, *byte) };
    }
}

#[cfg(test)]
mod tests {
    use super::super::api::{PAGE_EXECUTE_READ, PAGE_READWRITE};
    use super::super::map::query;
    use super::*;

    #[test]
    fn each_page_gets_back_the_protection_it_had() {
        let (page, start) = (pages::page_size(), pages::tests::unmapped(1 << 16));
        for (first, second) in [
            (PAGE_EXECUTE_READ, PAGE_READWRITE),
            (PAGE_READWRITE, PAGE_EXECUTE_READ),
            (PAGE_EXECUTE_READ, PAGE_EXECUTE_READ),
        ] {
            pages::map_code(start, 2 * page).unwrap();
            pages::protect(start, page, first).unwrap();
            pages::protect(start + page, page, second).unwrap();
            for length in [2, 5, 14] {
                let bytes: Vec<u8> = (1..=length).collect();
                write(start + page - 1, &bytes).unwrap();
                let mut there = vec![0; bytes.len()];
                assert_eq!(super::super::read_memory(start + page - 1, &mut there), bytes.len());
                assert_eq!(there, bytes);
                assert_eq!(query(start).unwrap().protection, first);
                assert_eq!(query(start + page).unwrap().protection, second);
            }
            // SAFETY: nobody uses the pages.
            unsafe { pages::unmap(start, 2 * page) };
        }
    }

    #[test]
    fn nothing_changes_where_the_second_page_is_not_there() {
        let (page, start) = (pages::page_size(), pages::tests::unmapped(1 << 16));
        pages::map_code(start, page).unwrap();
        assert!(matches!(write(start + page - 2, &[1, 2, 3, 4]), Err(Cause::NotWritable { .. })));
        assert_eq!(query(start).unwrap().protection, PAGE_EXECUTE_READ);
        let mut there = [9; 2];
        super::super::read_memory(start + page - 2, &mut there);
        assert_eq!(there, [0, 0]);
    }
}
