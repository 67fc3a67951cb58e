//! Which files are loaded where: macOS. Libraries of the system lie in one cache without files of their own: of those nothing is
//! read.
use super::macho;
use std::ffi::{CStr, OsStr, c_char};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

unsafe extern "C" {
    fn _dyld_image_count() -> u32;
    fn _dyld_get_image_header(index: u32) -> *const u8;
    fn _dyld_get_image_name(index: u32) -> *const c_char;
    fn _dyld_get_image_vmaddr_slide(index: u32) -> isize;
}

/// One program or library in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    /// Its file; empty for the program itself.
    pub path: Vec<u8>,
    /// What to add to an address of the file.
    pub bias: usize,
    header: usize,
    /// Address in the file and size in memory of each segment.
    segments: Vec<(u64, u64)>,
    /// The `LC_UUID`: other files of this path have others.
    uuid: Vec<u8>,
}

impl Loaded {
    /// Whether `address` lies in one of its segments.
    pub fn holds(&self, address: usize) -> bool {
        let inside = address.wrapping_sub(self.bias) as u64;
        self.segments.iter().any(|(begin, size)| inside >= *begin && inside - *begin < *size)
    }

    /// From the begin of its first segment to the end of the last.
    pub fn extent(&self) -> (usize, usize) {
        let address = |inside: u64| self.bias.wrapping_add(inside as usize);
        let ends =
            self.segments.iter().map(|(begin, size)| (address(*begin), address(begin.saturating_add(*size))));
        ends.reduce(|all, own| (all.0.min(own.0), all.1.max(own.1))).unwrap_or_default()
    }

    /// Where the code around `address` ends: the process's map tells.
    #[expect(clippy::unused_self, reason = "as where the headers tell")]
    pub fn code_end(&self, _address: usize) -> Option<usize> {
        None
    }

    /// What to call it in a message.
    pub fn label(&self) -> String {
        let path = Path::new(OsStr::from_bytes(&self.path));
        path.file_name().map_or_else(|| "the program".to_owned(), |name| name.to_string_lossy().into_owned())
    }
}

/// Everything that is loaded now.
pub(super) fn loaded() -> (u64, Vec<Loaded>) {
    let loads = loads();
    // SAFETY: asks for a number.
    let count = unsafe { _dyld_image_count() };
    (loads, (0..count).filter_map(image).collect())
}

fn image(index: u32) -> Option<Loaded> {
    // SAFETY: an index that is out of range gives null.
    let header = unsafe { _dyld_get_image_header(index) };
    // SAFETY: as above.
    let name = unsafe { _dyld_get_image_name(index) };
    // SAFETY: as above, zero.
    let bias = unsafe { _dyld_get_image_vmaddr_slide(index) } as usize;
    if header.is_null() || name.is_null() {
        return None;
    }
    // SAFETY: the loader's names end with a zero byte, and stay while the file is loaded.
    let path = if index == 0 { Vec::new() } else { unsafe { CStr::from_ptr(name) }.to_bytes().to_vec() };
    let size_of_commands = header.wrapping_add(20).cast::<[u8; 4]>();
    // SAFETY: a loaded file has its header there, which says how long the commands behind it are.
    let size = u32::from_le_bytes(unsafe { size_of_commands.read() }) as usize;
    // SAFETY: as above; what is loaded by a program stays, or is closed by who knows that nobody uses it.
    let commands = unsafe { std::slice::from_raw_parts(header, 32 + size) };
    let segments = macho::segments(commands)?;
    // `__PAGEZERO` is no memory, and all files of the cache share one `__LINKEDIT`.
    let segments =
        segments.into_iter().filter(|segment| segment.is_memory).map(|segment| (segment.begin, segment.size));
    Some(Loaded {
        path,
        bias,
        header: header as usize,
        segments: segments.collect(),
        uuid: macho::uuid(commands).unwrap_or_default().to_vec(),
    })
}

/// A number that is another one when files were loaded or closed.
pub(super) fn loads() -> u64 {
    // SAFETY: asks for a number.
    let count = unsafe { _dyld_image_count() };
    // SAFETY: an index that is out of range gives null.
    let last = unsafe { _dyld_get_image_header(count.saturating_sub(1)) } as u64;
    last.rotate_left(16) ^ u64::from(count)
}

/// The bytes of the file, mapped for the rest of the process. `None` when there is none, or another one than was loaded.
pub(super) fn open(loaded: &Loaded) -> Option<&'static [u8]> {
    let data = map(&path_of(loaded)?)?;
    let data = macho::own_part(data)?;
    (macho::uuid(data)? == loaded.uuid).then_some(data)
}

fn path_of(loaded: &Loaded) -> Option<PathBuf> {
    if loaded.path.is_empty() {
        return std::env::current_exe().ok();
    }
    Some(PathBuf::from(OsStr::from_bytes(&loaded.path)))
}

/// The file's parts, with the debug information of the `.dSYM` beside it, if there is one of the same build.
pub(super) fn parse(data: &'static [u8]) -> Option<super::elf::Elf> {
    let beside = loaded().1.iter().find_map(|loaded| {
        let own = macho::uuid(data)?;
        (own == loaded.uuid).then(|| debug_file(&path_of(loaded)?, own)).flatten()
    });
    macho::parse(data, beside)
}

/// `NAME.dSYM/Contents/Resources/DWARF/NAME`
fn debug_file(path: &Path, uuid: &[u8]) -> Option<&'static [u8]> {
    let name = path.file_name()?;
    let mut folder = path.as_os_str().to_owned();
    folder.push(".dSYM");
    let file = Path::new(&folder).join("Contents/Resources/DWARF").join(name);
    let data = macho::own_part(map(&file)?)?;
    (macho::uuid(data)? == uuid).then_some(data)
}

fn map(path: &Path) -> Option<&'static [u8]> {
    let file = File::open(path).ok()?;
    // SAFETY: the file is a program that runs from the same pages, or its debug information; linkers replace such files
    // instead of writing into them.
    let map = unsafe { memmap2::Mmap::map(&file) }.ok()?;
    let map = std::mem::ManuallyDrop::new(map);
    // SAFETY: the mapping is never taken away, as nobody drops it.
    Some(unsafe { std::slice::from_raw_parts(map.as_ptr(), map.len()) })
}

/// The pointer that the program holds at `address`, a place in `loaded`.
pub(super) fn pointer(loaded: &Loaded, address: usize) -> Option<usize> {
    let whole = loaded.holds(address) && loaded.holds(address.checked_add(size_of::<usize>() - 1)?);
    let mut bytes = [0; size_of::<usize>()];
    (whole && crate::code::read_memory(address, &mut bytes) == bytes.len())
        .then(|| usize::from_le_bytes(bytes))
}

/// A stub of the program's is followed to where it leads, and needs no name.
pub(super) fn resolve(_name: &[u8], _jump: usize) -> Option<usize> {
    None
}
