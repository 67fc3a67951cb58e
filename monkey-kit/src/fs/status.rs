//! What is asked of a path: whether it is there, how large, of which kind.
use super::Op;
use super::path::given;
use crate::border::{fail, functions};
use crate::world;
use libc::{c_char, c_int, c_uint, ssize_t, stat, statx};
use monkey_core::border::Bypass;
use std::ffi::CStr;
use std::os::unix::ffi::OsStrExt as _;

functions! {
    STATX = statx(folder: c_int, path: *const c_char, flags: c_int, mask: c_uint, to: *mut statx) -> c_int => statx_;
    STAT = stat(path: *const c_char, to: *mut stat) -> c_int => stat_;
    LSTAT = lstat(path: *const c_char, to: *mut stat) -> c_int => lstat_;
    FSTATAT = fstatat(folder: c_int, path: *const c_char, to: *mut stat, flags: c_int) -> c_int => fstatat_;
    ACCESS = access(path: *const c_char, mode: c_int) -> c_int => access;
    FACCESSAT = faccessat(folder: c_int, path: *const c_char, mode: c_int, flags: c_int) -> c_int => faccessat;
    REALPATH = realpath(path: *const c_char, to: *mut c_char) -> *mut c_char => realpath;
    READLINK = readlink(path: *const c_char, to: *mut c_char, size: usize) -> ssize_t => readlink;
    READLINKAT = readlinkat(folder: c_int, path: *const c_char, to: *mut c_char, size: usize) -> ssize_t => readlinkat;
}

/// What a world says of a path.
pub enum Asked {
    Original,
    Failed(i32),
    /// As this descriptor's.
    File(c_int),
    /// A folder that there is because something in memory lies below it.
    Folder,
}

/// # Safety
/// The path is null or ends with a zero.
unsafe fn ask(folder: c_int, path: *const c_char) -> Asked {
    // SAFETY: as the caller says.
    unsafe { ask_for(Op::Metadata, folder, path) }
}

/// What becomes of an operation on a path. An empty one stands for the descriptor.
///
/// # Safety
/// The path is null or ends with a zero.
pub unsafe fn ask_for(op: Op, folder: c_int, path: *const c_char) -> Asked {
    let Some(world) = world::enter().filter(|world| !world.fs.is_empty()) else { return Asked::Original };
    let _bypass = Bypass::begin();
    // SAFETY: the caller's path.
    let Some(path) = (unsafe { given(folder, path) }) else {
        return world.fs.failure_of(op, folder).map_or(Asked::Original, Asked::Failed);
    };
    if let Some(errno) = world.fs.failure(op, &path) {
        return Asked::Failed(errno);
    }
    if let Some(descriptor) = world.fs.in_memory(&path) {
        return Asked::File(descriptor);
    }
    if world.fs.has_below(&path) {
        // If the system has such a folder, it is that one.
        return if path.exists() { Asked::Original } else { Asked::Folder };
    }
    if world.fs.hides(&path) { Asked::Failed(libc::ENOENT) } else { Asked::Original }
}

const EMPTY: &CStr = c"";
/// Stands for folders that are not there.
const SOME_FOLDER: &CStr = c"/";

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn statx_(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mask: c_uint,
    to: *mut statx,
) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { ask(folder, path) } {
        // SAFETY: the caller's arguments.
        Asked::Original => unsafe { original::statx(folder, path, flags, mask, to) },
        Asked::Failed(errno) => fail(errno),
        // SAFETY: a descriptor of our own.
        Asked::File(file) => unsafe { original::statx(file, EMPTY.as_ptr(), libc::AT_EMPTY_PATH, mask, to) },
        // SAFETY: a path of our own.
        Asked::Folder => unsafe { original::statx(libc::AT_FDCWD, SOME_FOLDER.as_ptr(), 0, mask, to) },
    }
}

unsafe extern "C-unwind" fn fstatat_(
    folder: c_int,
    path: *const c_char,
    to: *mut stat,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { ask(folder, path) } {
        // SAFETY: the caller's arguments.
        Asked::Original => unsafe { original::fstatat(folder, path, to, flags) },
        Asked::Failed(errno) => fail(errno),
        // SAFETY: a descriptor of our own.
        Asked::File(file) => unsafe { libc::fstat(file, to) },
        // SAFETY: a path of our own.
        Asked::Folder => unsafe { original::stat(SOME_FOLDER.as_ptr(), to) },
    }
}

unsafe extern "C-unwind" fn stat_(path: *const c_char, to: *mut stat) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe { fstatat_(libc::AT_FDCWD, path, to, 0) }
}

unsafe extern "C-unwind" fn lstat_(path: *const c_char, to: *mut stat) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe { fstatat_(libc::AT_FDCWD, path, to, libc::AT_SYMLINK_NOFOLLOW) }
}

unsafe extern "C-unwind" fn access(path: *const c_char, mode: c_int) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { ask(libc::AT_FDCWD, path) } {
        // SAFETY: the caller's arguments.
        Asked::Original => unsafe { original::access(path, mode) },
        Asked::Failed(errno) => fail(errno),
        Asked::File(_) | Asked::Folder => 0,
    }
}

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn faccessat(
    folder: c_int,
    path: *const c_char,
    mode: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { ask(folder, path) } {
        // SAFETY: the caller's arguments.
        Asked::Original => unsafe { original::faccessat(folder, path, mode, flags) },
        Asked::Failed(errno) => fail(errno),
        Asked::File(_) | Asked::Folder => 0,
    }
}

unsafe extern "C-unwind" fn realpath(path: *const c_char, to: *mut c_char) -> *mut c_char {
    // SAFETY: the caller's path.
    match unsafe { ask(libc::AT_FDCWD, path) } {
        // SAFETY: the caller's arguments.
        Asked::Original => unsafe { original::realpath(path, to) },
        Asked::Failed(errno) => {
            fail(errno);
            std::ptr::null_mut()
        }
        // SAFETY: the caller's path, and his room if he has any.
        Asked::File(_) | Asked::Folder => unsafe { give_clean(path, to) },
    }
}

/// # Safety
/// The path ends with a zero; there is room for a path, or null.
unsafe fn give_clean(path: *const c_char, to: *mut c_char) -> *mut c_char {
    let _bypass = Bypass::begin();
    // SAFETY: as the caller says.
    let Some(clean) = (unsafe { given(libc::AT_FDCWD, path) }) else { return std::ptr::null_mut() };
    let bytes = clean.as_os_str().as_bytes();
    // SAFETY: takes a number.
    let room = if to.is_null() { unsafe { libc::malloc(bytes.len() + 1) }.cast::<c_char>() } else { to };
    if room.is_null() || bytes.len() >= libc::PATH_MAX as usize {
        fail(libc::ENAMETOOLONG);
        return std::ptr::null_mut();
    }
    // SAFETY: room for this many, and a zero.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), room.cast(), bytes.len()) };
    // SAFETY: as above.
    unsafe { room.wrapping_add(bytes.len()).write(0) };
    room
}

unsafe extern "C-unwind" fn readlink(path: *const c_char, to: *mut c_char, size: usize) -> ssize_t {
    // SAFETY: the caller's path.
    match unsafe { ask(libc::AT_FDCWD, path) } {
        // SAFETY: the caller's arguments.
        Asked::Original => unsafe { original::readlink(path, to, size) },
        Asked::Failed(errno) => fail(errno) as ssize_t,
        // It is no link.
        Asked::File(_) | Asked::Folder => fail(libc::EINVAL) as ssize_t,
    }
}

unsafe extern "C-unwind" fn readlinkat(
    folder: c_int,
    path: *const c_char,
    to: *mut c_char,
    size: usize,
) -> ssize_t {
    // SAFETY: the caller's path.
    match unsafe { ask(folder, path) } {
        // SAFETY: the caller's arguments.
        Asked::Original => unsafe { original::readlinkat(folder, path, to, size) },
        Asked::Failed(errno) => fail(errno) as ssize_t,
        // It is no link.
        Asked::File(_) | Asked::Folder => fail(libc::EINVAL) as ssize_t,
    }
}
