//! Which files are loaded where: Windows.
use super::elf::Elf;
use super::pe::{self, PdbLink};
use crate::append_only::AppendOnly;
use crate::code::api::{self, Handle, THIS_PROCESS};
use std::ffi::OsString;
use std::fs::File;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// One program or library in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    /// Its file; empty for the program itself.
    pub path: Vec<u8>,
    /// What to add to an address of the file.
    pub bias: usize,
    base: usize,
    size: usize,
}

/// What has been found out of a file. Those that were closed stay: another one at the same place has another path.
#[derive(Debug)]
struct Known {
    loaded: Loaded,
    path: String,
    file: Option<&'static [u8]>,
}

static KNOWN: AppendOnly<Known> = AppendOnly::new();

impl Loaded {
    /// Whether `address` lies in it.
    pub fn holds(&self, address: usize) -> bool {
        address.wrapping_sub(self.base) < self.size
    }

    /// From its first address to its last.
    pub fn extent(&self) -> (usize, usize) {
        (self.base, self.base.wrapping_add(self.size))
    }

    /// Where the code around `address` ends: the process's map tells.
    #[expect(clippy::unused_self, reason = "as where the headers tell")]
    pub fn code_end(&self, _address: usize) -> Option<usize> {
        None
    }

    /// What to call it in a message.
    pub fn label(&self) -> String {
        let path = String::from_utf8_lossy(&self.path);
        let name = Path::new(&*path).file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| "the program".to_owned())
    }
}

/// Everything that is loaded now.
pub(super) fn loaded() -> (u64, Vec<Loaded>) {
    let modules = modules();
    let loads = number(&modules);
    let known = modules.into_iter().enumerate().filter_map(|(index, module)| known(module, index == 0));
    (loads, known.map(|known| known.loaded.clone()).collect())
}

/// The handles of what is loaded, which are the addresses; the program's comes first.
fn modules() -> Vec<usize> {
    let mut handles: Vec<Handle> = vec![std::ptr::null_mut(); 64];
    loop {
        let room = size_of_val(&handles[..]) as u32;
        let mut needed = 0;
        // SAFETY: writes as many handles as there is room for, and the size of all.
        let told =
            unsafe { api::K32EnumProcessModules(THIS_PROCESS, handles.as_mut_ptr(), room, &raw mut needed) };
        let count = if told == 0 { 0 } else { needed as usize / size_of::<Handle>() };
        if count <= handles.len() {
            return handles[..count].iter().map(|handle| *handle as usize).collect();
        }
        handles.resize(2 * count, std::ptr::null_mut());
    }
}

fn known(module: usize, program: bool) -> Option<&'static Known> {
    let path = path_of(module)?;
    let is_it = |known: &Known| known.loaded.base == module && known.path == path;
    Some(KNOWN.find_or_add(is_it, || find_out(module, path.clone(), program)))
}

fn find_out(module: usize, path: String, program: bool) -> Known {
    let file = map_file(&path);
    let image_base = file.and_then(pe::image_base).unwrap_or(module as u64);
    let name = if program { Vec::new() } else { path.clone().into_bytes() };
    let loaded = Loaded {
        path: name,
        bias: module.wrapping_sub(image_base as usize),
        base: module,
        size: size_of_image(module),
    };
    Known { loaded, path, file }
}

fn path_of(module: usize) -> Option<String> {
    let mut path = vec![0_u16; 1024];
    // SAFETY: writes as many units as there is room for. A handle that is none any more is refused.
    let length = unsafe { api::GetModuleFileNameW(module as Handle, path.as_mut_ptr(), path.len() as u32) };
    let path = path.get(..length as usize).filter(|path| !path.is_empty())?;
    OsString::from_wide(path).into_string().ok()
}

/// By the header in memory; nothing where it was unloaded meanwhile.
fn size_of_image(module: usize) -> usize {
    let word = |address: usize| {
        let mut bytes = [0; 4];
        let read = crate::code::read_memory(address, &mut bytes);
        if read == bytes.len() { u32::from_le_bytes(bytes) as usize } else { 0 }
    };
    // `e_lfanew`; `OptionalHeader.SizeOfImage`.
    word(module + word(module + 0x3C) + 24 + 56)
}

/// The bytes of a file, mapped for the rest of the process.
fn map_file(path: &str) -> Option<&'static [u8]> {
    let file = File::open(path).ok()?;
    // SAFETY: the system lets nobody write to the file of a program or a library that is loaded.
    let map = unsafe { memmap2::Mmap::map(&file) }.ok()?;
    let map = std::mem::ManuallyDrop::new(map);
    // SAFETY: the mapping is never taken away, as nobody drops it.
    Some(unsafe { std::slice::from_raw_parts(map.as_ptr(), map.len()) })
}

/// Reads a file's parts.
pub(super) fn parse(data: &'static [u8]) -> Option<Elf> {
    let path = || {
        KNOWN.find(|known| known.file.is_some_and(|file| std::ptr::eq(file, data))).map(|known| &*known.path)
    };
    pe::parse(data, |link| map_pdbs(link, path()))
}

/// What may be the PDB of a program or library: where the linker has put it, and beside the file.
fn map_pdbs(link: &PdbLink, program: Option<&str>) -> Vec<&'static [u8]> {
    let name = link.path.rsplit(['/', '\\']).next().filter(|name| !name.contains('%'));
    let beside = program.map(Path::new).map(|file| match name {
        Some(name) => file.with_file_name(name),
        None => file.with_extension("pdb"),
    });
    let recorded = link.path.contains(['/', '\\']).then(|| PathBuf::from(&link.path));
    recorded.into_iter().chain(beside).filter_map(|path| map_unchanged(&path)).collect()
}

/// The bytes of a file to which nobody writes from now on.
fn map_unchanged(path: &Path) -> Option<&'static [u8]> {
    /// `FILE_SHARE_READ`.
    const NO_WRITERS: u32 = 1;
    let file = File::options().read(true).share_mode(NO_WRITERS).open(path).ok()?;
    // SAFETY: the system lets nobody open the file for writing while this handle is open, which stays so.
    let map = unsafe { memmap2::Mmap::map(&file) }.ok()?;
    let (_file, map) = (std::mem::ManuallyDrop::new(file), std::mem::ManuallyDrop::new(map));
    // SAFETY: the mapping is never taken away, as nobody drops it.
    Some(unsafe { std::slice::from_raw_parts(map.as_ptr(), map.len()) })
}

/// A number that is another one when files were loaded or closed.
pub(super) fn loads() -> u64 {
    number(&modules())
}

fn number(modules: &[usize]) -> u64 {
    modules.iter().fold(0, |sum: u64, module| sum.rotate_left(7) ^ *module as u64)
}

/// The bytes of the file. `None` when there is none.
pub(super) fn open(loaded: &Loaded) -> Option<&'static [u8]> {
    known(loaded.base, loaded.path.is_empty())?.file
}

/// The pointer that the program holds at `address`, a place in `loaded`.
pub(super) fn pointer(loaded: &Loaded, address: usize) -> Option<usize> {
    let whole = loaded.holds(address) && loaded.holds(address.checked_add(size_of::<usize>() - 1)?);
    let mut bytes = [0; size_of::<usize>()];
    (whole && crate::code::read_memory(address, &mut bytes) == bytes.len())
        .then(|| usize::from_le_bytes(bytes))
}

/// Programs have no linkage tables here: a function of another file is reached by a thunk, which is followed.
pub(super) fn resolve(_name: &[u8], _jump: usize) -> Option<usize> {
    None
}
