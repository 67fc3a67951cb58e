//! Changing bytes of code, in the two ways that Linux has.
//!
//! `/proc/self/mem` writes through page protections: no page is ever writable and executable, no other core has to
//! drop its view of the page, and policies against such pages (`PR_SET_MDWE`, seccomp) do not see it. `mprotect` is
//! there for kernels and sandboxes without it, and for emulators that would go on running what they translated
//! before. Never readable-and-writable first and executable afterwards: other threads run that page all the time, and
//! a policy may refuse the way back.
use super::map::Map;
use super::pages::{self, Place};
use crate::code::{arch, valgrind};
use crate::error::Cause;
use once_cell::race::OnceBox;
use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd as _, FromRawFd as _, RawFd};
use std::os::unix::fs::FileExt;

/// Forces one way, for tests: `mem` or `mprotect`.
const FORCED: &str = "MONKEY_CODE_WRITE";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WriteMethod {
    Memory,
    Protection,
}

#[derive(Debug)]
struct Choice {
    ways: Vec<WriteMethod>,
    /// Why the other one is not among them.
    without: Option<String>,
}

static CHOICE: OnceBox<Choice> = OnceBox::new();

/// Finds out which ways there are, before a lock is taken: asks the environment.
pub fn choose_way() {
    CHOICE.get_or_init(|| Box::new(choose()));
}

/// Writes `bytes` at `address`, whatever the pages' protection, which is the same again afterwards. Up to eight bytes
/// within an aligned eight are written at once.
///
/// # Errors
/// When the system refuses every way; the cause says in which words.
pub fn write(address: usize, bytes: &[u8]) -> Result<(), Cause> {
    let choice = CHOICE.get_or_init(|| Box::new(choose()));
    let mut reasons: Vec<String> = choice.without.iter().cloned().collect();
    for way in &choice.ways {
        let written = match way {
            WriteMethod::Memory => {
                write_memory(address, bytes).map_err(|error| format!("writing to /proc/self/mem: {error}"))
            }
            WriteMethod::Protection => write_unprotected(address, bytes)
                .map_err(|error| format!("mprotect to write and execute: {error}")),
        };
        match written {
            Ok(()) => {
                publish(address, bytes.len());
                return Ok(());
            }
            Err(reason) => reasons.push(reason),
        }
    }
    Err(Cause::NotWritable { reason: reasons.join("; ") })
}

/// Makes written code what runs: in the processor's caches, and in valgrind's.
fn publish(address: usize, length: usize) {
    arch::flush(address, length);
    valgrind::discard_translations(address, length);
}

fn choose() -> Choice {
    let only = |way: WriteMethod, name: &str| Choice {
        ways: vec![way],
        without: Some(format!("{FORCED}={name} allows one way only")),
    };
    match std::env::var(FORCED).as_deref() {
        Ok("mem") => only(WriteMethod::Memory, "mem"),
        Ok("mprotect") => only(WriteMethod::Protection, "mprotect"),
        _ => match try_memory() {
            Ok(()) => Choice { ways: vec![WriteMethod::Memory, WriteMethod::Protection], without: None },
            Err(reason) => Choice {
                ways: vec![WriteMethod::Protection],
                without: Some(format!("writing to /proc/self/mem: {reason}")),
            },
        },
    }
}

/// Whether what is written through `/proc/self/mem` is what runs, found out on a page of our own. An emulator may
/// take the bytes and go on running what it translated before.
fn try_memory() -> Result<(), String> {
    let size = super::page_size();
    let page = pages::map(Place::Anywhere, size, libc::PROT_READ | libc::PROT_EXEC)
        .map_err(|error| format!("no page to try it on: {error}"))?;
    let tried = [1, 2].into_iter().try_for_each(|value| try_value(page, value));
    // SAFETY: mapped above, and nothing in it is running any more.
    unsafe { pages::unmap(page, size) };
    tried
}

fn try_value(page: usize, value: u32) -> Result<(), String> {
    let code = arch::returning(value);
    write_memory(page, &code).map_err(|error| error.to_string())?;
    publish(page, code.len());
    // SAFETY: the page is readable, mapped by `try_memory`, and longer than the code.
    let there = unsafe { std::slice::from_raw_parts(page as *const u8, code.len()) };
    if there != code {
        return Err("what is written does not arrive".into());
    }
    // SAFETY: the page is executable and holds, as just compared, a whole function of this type.
    let function = unsafe { std::mem::transmute::<usize, extern "C" fn() -> u32>(page) };
    if function() == value { Ok(()) } else { Err("what is written does not run (an emulator?)".into()) }
}

thread_local! {
    /// `/proc/self/mem`, while this thread has it open; otherwise -1.
    static OPENED: Cell<RawFd> = const { Cell::new(-1) };
}

/// While it lives, this thread's writes go through one descriptor. Who begins it holds a lock that a fork waits for: an open
/// descriptor would, after a fork, still mean the parent's memory.
#[derive(Debug)]
pub struct Writing {
    _memory: Option<File>,
}

impl Writing {
    pub fn begin() -> Self {
        let choice = CHOICE.get_or_init(|| Box::new(choose()));
        let memory = choice.ways.contains(&WriteMethod::Memory).then(open_memory);
        let memory = memory.and_then(Result::ok);
        if let Some(memory) = &memory {
            OPENED.set(memory.as_raw_fd());
        }
        Self { _memory: memory }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        OPENED.set(-1);
    }
}

fn open_memory() -> io::Result<File> {
    OpenOptions::new().write(true).open("/proc/self/mem")
}

fn write_memory(address: usize, bytes: &[u8]) -> io::Result<()> {
    let opened = OPENED.get();
    if opened >= 0 {
        // SAFETY: open as long as `Writing` lives, which this thread has, and not closed here.
        let memory = ManuallyDrop::new(unsafe { File::from_raw_fd(opened) });
        return write_to(&memory, address, bytes);
    }
    write_to(&open_memory()?, address, bytes)
}

fn write_to(memory: &File, address: usize, bytes: &[u8]) -> io::Result<()> {
    match word_around(address, bytes) {
        // The kernel copies an aligned word in one piece, but five bytes in two or five.
        Some((base, word)) => memory.write_all_at(&word, base as u64),
        None => memory.write_all_at(bytes, address as u64),
    }
}

/// The aligned word that the bytes lie in, with them in it; `None` for a single byte, or where they lie in several.
fn word_around(address: usize, bytes: &[u8]) -> Option<(usize, [u8; 8])> {
    let (base, offset) = (address & !7, address & 7);
    if bytes.len() < 2 || offset + bytes.len() > 8 {
        return None;
    }
    // SAFETY: an aligned word of a page of code, which is readable: its instructions were decoded, or it is a new stub's.
    // The bytes around are written back as they are; only we write code, under the lock.
    let mut word = unsafe { (base as *const u64).read_volatile() }.to_ne_bytes();
    word[offset..offset + bytes.len()].copy_from_slice(bytes);
    Some((base, word))
}

fn write_unprotected(address: usize, bytes: &[u8]) -> io::Result<()> {
    let pages = Pages::around(address, bytes.len());
    pages.unprotect()?;
    store(address, bytes);
    pages.protect()
}

/// The pages that a write touches, each with the protection it had. Without a map: text is readable and executable.
#[derive(Debug)]
struct Pages(Vec<(usize, libc::c_int)>);

impl Pages {
    fn around(address: usize, length: usize) -> Self {
        let page = super::page_size();
        let first = address / page * page;
        let map = Map::read().ok();
        let protection = |at| map.as_ref().and_then(|map| map.find(at)).map_or(5, bits);
        Self((first..address + length).step_by(page).map(|at| (at, protection(at))).collect())
    }

    fn unprotect(&self) -> io::Result<()> {
        for (index, (page, protection)) in self.0.iter().enumerate() {
            if let Err(error) = protect(*page, protection | libc::PROT_WRITE) {
                Self(self.0[..index].to_vec()).protect()?;
                return Err(error);
            }
        }
        Ok(())
    }

    fn protect(&self) -> io::Result<()> {
        self.0.iter().try_for_each(|(page, protection)| protect(*page, *protection))
    }
}

fn bits(region: &super::map::Region) -> libc::c_int {
    let bit = |set, bit| if set { bit } else { 0 };
    bit(region.read, libc::PROT_READ)
        | bit(region.write, libc::PROT_WRITE)
        | bit(region.execute, libc::PROT_EXEC)
}

fn protect(page: usize, protection: libc::c_int) -> io::Result<()> {
    // SAFETY: the page is mapped; write permission is added and taken away again, nothing else changes for anybody
    // who runs or reads it.
    let refused = unsafe { libc::mprotect(page as *mut libc::c_void, super::page_size(), protection) };
    if refused == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn store(address: usize, bytes: &[u8]) {
    if let Some((base, word)) = word_around(address, bytes) {
        // SAFETY: an aligned word of a page that was just made writable.
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
    use super::*;

    const NONE: libc::c_int = libc::PROT_NONE;
    const READ: libc::c_int = libc::PROT_READ;
    const WRITE: libc::c_int = libc::PROT_READ | libc::PROT_WRITE;
    const EXECUTE: libc::c_int = libc::PROT_READ | libc::PROT_EXEC;

    /// Pages with these protections, one behind the other.
    fn pages(protections: &[libc::c_int]) -> usize {
        let size = super::super::page_size();
        let start = pages::map(Place::Anywhere, size * protections.len(), WRITE).unwrap();
        for (index, protection) in protections.iter().enumerate() {
            protect(start + index * size, *protection).unwrap();
        }
        start
    }

    /// Whether the process's map tells of such pages. That of qemu 7 gives all that the host maps as one the protection
    /// of the first.
    fn told(start: usize, pages: &[libc::c_int]) -> bool {
        let told = protections(start, pages.len()) == pages;
        if !told {
            println!("skipped: the process's map is not true (an emulator?)");
        }
        told
    }

    fn protections(start: usize, count: usize) -> Vec<libc::c_int> {
        let map = Map::read().unwrap();
        let page = super::super::page_size();
        (0..count).map(|index| map.find(start + index * page).map_or(-1, bits)).collect()
    }

    #[test]
    #[cfg_attr(
        target_arch = "aarch64",
        ignore = "the map that qemu-user makes of pages like these is not true"
    )]
    fn each_page_gets_back_the_protection_it_had() {
        let all = EXECUTE | libc::PROT_WRITE;
        for pair in [
            [EXECUTE, READ],
            [READ, EXECUTE],
            [EXECUTE, all],
            [all, EXECUTE],
            [EXECUTE, EXECUTE],
            [WRITE, EXECUTE],
        ] {
            let around = [NONE, pair[0], pair[1], NONE];
            let start = pages(&around);
            if !told(start, &around) {
                continue;
            }
            let boundary = start + 2 * super::super::page_size();
            for length in [2, 5, 14] {
                let bytes: Vec<u8> = (1..=length).collect();
                write_unprotected(boundary - 1, &bytes).unwrap();
                // SAFETY: both pages are readable and hold what was just written.
                let there = unsafe { std::slice::from_raw_parts((boundary - 1) as *const u8, bytes.len()) };
                assert_eq!(there, bytes);
                assert_eq!(protections(start, 4), around);
            }
        }
    }

    #[test]
    fn what_lies_in_one_word_is_written_as_one() {
        let around = |offset: usize, bytes: &[u8]| {
            let there = [u64::from_ne_bytes([9; 8]), u64::from_ne_bytes([8; 8])];
            word_around(there.as_ptr() as usize + offset, bytes).map(|(_, word)| word)
        };
        assert_eq!(around(0, &[1, 2, 3, 4, 5]), Some([1, 2, 3, 4, 5, 9, 9, 9]));
        assert_eq!(around(11, &[1, 2, 3, 4, 5]), Some([8, 8, 8, 1, 2, 3, 4, 5]));
        assert_eq!(around(4, &[1, 2, 3, 4, 5]), None);
        assert_eq!(around(4, &[1]), None);
    }

    #[test]
    fn nothing_changes_where_the_second_page_is_not_there() {
        let size = super::super::page_size();
        let place = Place::At(pages::tests::unmapped(1 << 17));
        let start = pages::map(place, size, EXECUTE).unwrap();
        let boundary = start + size;
        let error = write_unprotected(boundary - 2, &[1, 2, 3, 4]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOMEM));
        assert_eq!(protections(start, 1), [EXECUTE]);
        // SAFETY: the page is readable.
        assert_eq!(unsafe { ((boundary - 1) as *const u8).read_volatile() }, 0);
    }

    #[test]
    fn memory_is_written_whatever_its_protection() {
        let start = pages(&[EXECUTE, READ]);
        let boundary = start + super::super::page_size();
        let told = told(start, &[EXECUTE, READ]);
        write_memory(boundary - 2, &[1, 2, 3, 4]).unwrap();
        assert!(!told || protections(start, 2) == [EXECUTE, READ]);
        // SAFETY: both pages are readable.
        assert_eq!(unsafe { ((boundary - 2) as *const [u8; 4]).read_unaligned() }, [1, 2, 3, 4]);
    }
}
