//! Making folders, renaming and removing at the border.
use super::status::{Asked, ask_for};
use super::{Op, State, absolute, given};
use crate::border::{fail, functions};
use crate::files::ask;
use libc::{AT_FDCWD, c_char, c_int, c_uint, mode_t};
use std::path::Path;

functions! {
    UNLINK = unlink(path: *const c_char) -> c_int => unlink;
    UNLINKAT = unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int => unlinkat;
    RMDIR = rmdir(path: *const c_char) -> c_int => rmdir;
    MKDIR = mkdir(path: *const c_char, mode: mode_t) -> c_int => mkdir;
    MKDIRAT = mkdirat(folder: c_int, path: *const c_char, mode: mode_t) -> c_int => mkdirat;
    RENAME = rename(from: *const c_char, to: *const c_char) -> c_int => rename;
    RENAMEAT = renameat(from_folder: c_int, from: *const c_char, to_folder: c_int, to: *const c_char) -> c_int => renameat;
    RENAMEAT2 = renameat2(from_folder: c_int, from: *const c_char, to_folder: c_int, to: *const c_char, flags: c_uint) -> c_int => renameat2;
}

/// 0, or the number of an error.
fn done(result: c_int) -> c_int {
    if result == 0 { 0 } else { fail(result) }
}

/// What removing a path gives in the world's memory; `None`: it is the system's.
fn removed(files: &State, path: &Path) -> Option<c_int> {
    files.failure(Op::Remove, path).or_else(|| files.unlink(path))
}

unsafe extern "C-unwind" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { ask(AT_FDCWD, path, &removed) } {
        Some(result) => done(result),
        // SAFETY: the caller's path.
        None => unsafe { original::unlink(path) },
    }
}

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
    let removed = match flags & libc::AT_REMOVEDIR {
        // SAFETY: the caller's path.
        0 => unsafe { ask(folder, path, &removed) },
        // SAFETY: as above.
        _ => unsafe { removed_folder(folder, path) },
    };
    match removed {
        Some(result) => done(result),
        // SAFETY: the caller's arguments.
        None => unsafe { original::unlinkat(folder, path, flags) },
    }
}

/// The same for a folder. One that something in memory lies in is not empty, whatever the system has there.
///
/// # Safety
/// The path is null or ends with a zero.
unsafe fn removed_folder(folder: c_int, path: *const c_char) -> Option<c_int> {
    // SAFETY: as the caller says.
    match unsafe { ask_for(Op::Remove, folder, path) } {
        // SAFETY: as above.
        Asked::Original => unsafe {
            ask(folder, path, &|files, path| files.has_below(path).then_some(libc::ENOTEMPTY))
        },
        Asked::Failed(errno) => Some(errno),
        Asked::File(_) => Some(libc::ENOTDIR),
        Asked::Folder => Some(libc::ENOTEMPTY),
    }
}

unsafe extern "C-unwind" fn rmdir(path: *const c_char) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { removed_folder(AT_FDCWD, path) } {
        Some(result) => done(result),
        // SAFETY: the caller's path.
        None => unsafe { original::rmdir(path) },
    }
}

/// What making a folder fails with.
fn making(files: &State, path: &Path) -> Option<c_int> {
    let is_there = || files.in_memory(path).is_some() || files.has_below(path);
    files.failure(Op::CreateDir, path).or_else(|| is_there().then_some(libc::EEXIST))
}

unsafe extern "C-unwind" fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { ask(AT_FDCWD, path, &making) } {
        Some(errno) => fail(errno),
        // SAFETY: the caller's arguments.
        None => unsafe { original::mkdir(path, mode) },
    }
}

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn mkdirat(folder: c_int, path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { ask(folder, path, &making) } {
        Some(errno) => fail(errno),
        // SAFETY: the caller's arguments.
        None => unsafe { original::mkdirat(folder, path, mode) },
    }
}

/// What renaming gives where one of the two is in the world's memory; `None`: both are the system's.
///
/// # Safety
/// The paths are null or end with a zero.
unsafe fn renamed(from: (c_int, *const c_char), to: (c_int, *const c_char), flags: c_uint) -> Option<c_int> {
    let rename = |files: &State, from: &Path| {
        // SAFETY: as the caller says.
        let to = &absolute(&unsafe { given(to.0, to.1) }?);
        let failure = files.failure(Op::Rename, from).or_else(|| files.failure(Op::Rename, to));
        failure
            .or_else(|| refused(files, (from, to), flags))
            .or_else(|| files.rename(from, to))
            .or_else(|| files.rename_into(from, to))
    };
    // SAFETY: as the caller says.
    unsafe { ask(from.0, from.1, &rename) }
}

/// What renaming in memory cannot do, or must not.
fn refused(files: &State, (from, to): (&Path, &Path), flags: c_uint) -> Option<c_int> {
    let [is_from, is_to] = [from, to].map(|path| files.in_memory(path).is_some());
    if flags & libc::RENAME_EXCHANGE != 0 {
        return (is_from || is_to).then_some(libc::EINVAL);
    }
    let is_taken = is_to || is_from && !files.hides(to) && to.symlink_metadata().is_ok();
    (flags & libc::RENAME_NOREPLACE != 0 && is_taken).then_some(libc::EEXIST)
}

unsafe extern "C-unwind" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the caller's paths.
    match unsafe { renamed((AT_FDCWD, from), (AT_FDCWD, to), 0) } {
        Some(result) => done(result),
        // SAFETY: the caller's arguments.
        None => unsafe { original::rename(from, to) },
    }
}

unsafe extern "C-unwind" fn renameat(
    from_folder: c_int,
    from: *const c_char,
    to_folder: c_int,
    to: *const c_char,
) -> c_int {
    // SAFETY: the caller's paths.
    match unsafe { renamed((from_folder, from), (to_folder, to), 0) } {
        Some(result) => done(result),
        // SAFETY: the caller's arguments.
        None => unsafe { original::renameat(from_folder, from, to_folder, to) },
    }
}

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn renameat2(
    from_folder: c_int,
    from: *const c_char,
    to_folder: c_int,
    to: *const c_char,
    flags: c_uint,
) -> c_int {
    // SAFETY: the caller's paths.
    match unsafe { renamed((from_folder, from), (to_folder, to), flags) } {
        Some(result) => done(result),
        // SAFETY: the caller's arguments.
        None => unsafe { original::renameat2(from_folder, from, to_folder, to, flags) },
    }
}
