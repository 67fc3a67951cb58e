//! Which files are loaded where: Linux. What another system has to offer in place of this is `loaded`, `open`,
//! `pointer` and `resolve`.
use super::elf::{self, Elf};
use crate::code::{self, each_loaded_file};
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The machine's, as the crate `libc` has them.
type ProgramHeader = libc::Elf64_Phdr;
type FileHeader = libc::Elf64_Ehdr;

/// One program or library in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    /// Its file; empty for the program itself.
    pub path: Vec<u8>,
    /// What to add to an address of the file.
    pub bias: usize,
    /// Kind, address in the file, size in memory.
    segments: Vec<(u32, u64, u64)>,
    /// Begin and end in memory of those that are read and executed.
    code: Vec<(usize, usize)>,
    /// The file's header, which says where its section headers are, and its notes (the build id): other files of this
    /// path have others.
    marks: Vec<Vec<u8>>,
}

/// The most of a note that is compared.
const NOTE: usize = 256;

impl Loaded {
    /// Whether `address` lies in one of its segments.
    pub fn holds(&self, address: usize) -> bool {
        let inside = address.wrapping_sub(self.bias) as u64;
        self.segments
            .iter()
            .any(|(kind, begin, size)| *kind == libc::PT_LOAD && inside >= *begin && inside - *begin < *size)
    }

    /// From the begin of its first segment to the end of the last.
    pub fn extent(&self) -> (usize, usize) {
        let segments = self.segments.iter().filter(|(kind, ..)| *kind == libc::PT_LOAD);
        let address = |inside: u64| self.bias.wrapping_add(inside as usize);
        let ends = segments.map(|(_, begin, size)| (address(*begin), address(begin.saturating_add(*size))));
        ends.reduce(|all, own| (all.0.min(own.0), all.1.max(own.1))).unwrap_or_default()
    }

    /// Where the code around `address` ends.
    pub fn code_end(&self, address: usize) -> Option<usize> {
        self.code.iter().find(|(begin, end)| address >= *begin && address < *end).map(|(_, end)| *end)
    }

    /// What to call it in a message.
    pub fn label(&self) -> String {
        let path = Path::new(OsStr::from_bytes(&self.path));
        path.file_name().map_or_else(|| "the program".to_owned(), |name| name.to_string_lossy().into_owned())
    }
}

/// Everything that is loaded now, and how many files have been.
pub(super) fn loaded() -> (u64, Vec<Loaded>) {
    let (mut loads, mut all) = (0, Vec::<Loaded>::new());
    each_loaded_file(|file| {
        loads = file.loads;
        // The crate `libc` has these fields in the widths of the machine.
        let segments = file.headers.iter().map(|header| (header.p_type, header.p_vaddr, header.p_memsz));
        let marks = file.headers.iter().filter_map(|header| mark(file.bias, header)).collect();
        let segments = segments.collect();
        let code = file.headers.iter().filter_map(|header| code(file.bias, header)).collect();
        all.push(Loaded { path: file.path.to_vec(), bias: file.bias, segments, code, marks });
        ControlFlow::Continue(())
    });
    (loads, all)
}

/// Where a segment is, if it is mapped to be read and executed.
fn code(bias: usize, header: &ProgramHeader) -> Option<(usize, usize)> {
    let begin = bias.wrapping_add(header.p_vaddr as usize);
    let flags = libc::PF_R | libc::PF_X;
    let is_code = header.p_type == libc::PT_LOAD && header.p_flags & flags == flags;
    is_code.then(|| (begin, begin.saturating_add(header.p_memsz as usize)))
}

/// What tells a file apart, from one of its segments in memory.
fn mark(bias: usize, header: &ProgramHeader) -> Option<Vec<u8>> {
    let size = match header.p_type {
        libc::PT_LOAD if header.p_offset == 0 => size_of::<FileHeader>(),
        libc::PT_NOTE => NOTE,
        _ => return None,
    };
    let at = bias.wrapping_add(header.p_vaddr as usize);
    let readable = header.p_flags & libc::PF_R != 0;
    // SAFETY: the loader holds the file during the iteration in which this is called, and maps the first `p_filesz` bytes
    // of its readable segments, notes being part of one.
    let bytes = || unsafe { std::slice::from_raw_parts(at as *const u8, size.min(header.p_filesz as usize)) };
    readable.then(|| bytes().to_vec())
}

/// How many files the loader has ever loaded, for noticing that there are more.
pub(super) fn loads() -> u64 {
    code::loads()
}

/// The bytes of the file, mapped for the rest of the process. `None` when there is none, or when it is not the one that
/// was loaded (replaced meanwhile): it begins otherwise then, and has other segments.
pub(super) fn open(loaded: &Loaded) -> Option<&'static [u8]> {
    let path = if loaded.path.is_empty() { b"/proc/self/exe" } else { loaded.path.as_slice() };
    let Ok(file) = File::open(OsStr::from_bytes(path)) else { return vdso(loaded) };
    // SAFETY: the file is a program that runs from the same pages. Whoever shortens it in place kills the process
    // anyway, and linkers and package managers replace such files instead of writing into them.
    let map = unsafe { memmap2::Mmap::map(&file) }.ok()?;
    // Kept for good: the names and debug information are read from here whenever a patch is made.
    let map = std::mem::ManuallyDrop::new(map);
    // SAFETY: the mapping is never taken away, as nobody drops it.
    let data: &'static [u8] = unsafe { std::slice::from_raw_parts(map.as_ptr(), map.len()) };
    let header = data.get(..size_of::<FileHeader>())?;
    let begins_alike =
        loaded.marks.iter().filter(|mark| mark.starts_with(b"\x7fELF")).all(|mark| mark == header);
    (begins_alike && elf::segments(data)? == loaded.segments).then_some(data)
}

/// The parts of a file.
pub(super) fn parse(data: &'static [u8]) -> Option<Elf> {
    Elf::parse(data)
}

/// The kernel's own library has no file: all of it is in memory, headers included.
fn vdso(loaded: &Loaded) -> Option<&'static [u8]> {
    // SAFETY: asks for a number that the kernel gave the process.
    let header = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) } as usize;
    let (_, begin, size) = *loaded.segments.iter().find(|(kind, ..)| *kind == libc::PT_LOAD)?;
    if header == 0 || header != loaded.bias.wrapping_add(begin as usize) {
        return None;
    }
    // The section headers stand behind the segment, in its last page.
    let size = (size as usize).next_multiple_of(4096);
    // SAFETY: the kernel maps its library readable at this address for the life of the process, in whole pages of at
    // least this size.
    Some(unsafe { std::slice::from_raw_parts(header as *const u8, size) })
}

/// The pointer that the program holds at `address`, a place in `loaded`.
pub(super) fn pointer(loaded: &Loaded, address: usize) -> Option<usize> {
    let whole = loaded.holds(address) && loaded.holds(address.checked_add(size_of::<usize>() - 1)?);
    if !whole || !address.is_multiple_of(align_of::<usize>()) {
        return None;
    }
    // SAFETY: the place is aligned and lies in a segment of a loaded file, which the loader maps readable. The loader may
    // write it at the same time, one whole word, hence volatile.
    Some(unsafe { (address as *const usize).read_volatile() })
}

/// The address that the loader gives for a C symbol, apart from `jump`, which only leads there: a program's own jump
/// counts as the symbol's definition.
pub(super) fn resolve(name: &[u8], jump: usize) -> Option<usize> {
    let name = CString::new(name).ok()?;
    [libc::RTLD_DEFAULT, libc::RTLD_NEXT].into_iter().find_map(|place| {
        // SAFETY: the name ends with a zero byte; the handles are the loader's own, for "in the usual order" and for
        // "behind the caller".
        let address = unsafe { libc::dlsym(place, name.as_ptr()) } as usize;
        (address != 0 && address != jump).then_some(address)
    })
}
