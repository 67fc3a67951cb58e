//! What changes files without writing to them, and what goes past reading and writing.
use super::status::{Asked, ask_for};
use super::{Op, State, absolute, given};
use crate::border::{fail, functions};
use crate::world;
use libc::{AT_FDCWD, c_char, c_int, c_uint, gid_t, mode_t, off_t, size_t, ssize_t, timespec, uid_t};
use monkey_core::border::Bypass;
use std::path::Path;

functions! {
    CHMOD = chmod(path: *const c_char, mode: mode_t) -> c_int => chmod;
    FCHMODAT = fchmodat(folder: c_int, path: *const c_char, mode: mode_t, flags: c_int) -> c_int => fchmodat;
    FCHMOD = fchmod(descriptor: c_int, mode: mode_t) -> c_int => fchmod;
    CHOWN = chown(path: *const c_char, user: uid_t, group: gid_t) -> c_int => chown;
    LCHOWN = lchown(path: *const c_char, user: uid_t, group: gid_t) -> c_int => lchown;
    FCHOWNAT = fchownat(folder: c_int, path: *const c_char, user: uid_t, group: gid_t, flags: c_int) -> c_int => fchownat;
    FCHOWN = fchown(descriptor: c_int, user: uid_t, group: gid_t) -> c_int => fchown;
    TRUNCATE = truncate(path: *const c_char, length: off_t) -> c_int => truncate;
    FTRUNCATE = ftruncate(descriptor: c_int, length: off_t) -> c_int => ftruncate;
    UTIMENSAT = utimensat(folder: c_int, path: *const c_char, times: *const timespec, flags: c_int) -> c_int => utimensat;
    FUTIMENS = futimens(descriptor: c_int, times: *const timespec) -> c_int => futimens;
    FLOCK = flock(descriptor: c_int, operation: c_int) -> c_int => flock;
    LSEEK = lseek(descriptor: c_int, by: off_t, whence: c_int) -> off_t => lseek;
    FALLOCATE = fallocate(descriptor: c_int, mode: c_int, from: off_t, length: off_t) -> c_int => fallocate;
    POSIX_FALLOCATE = posix_fallocate(descriptor: c_int, from: off_t, length: off_t) -> c_int => posix_fallocate;
    POSIX_FALLOCATE64 = posix_fallocate64(descriptor: c_int, from: off_t, length: off_t) -> c_int => posix_fallocate64;
    CHDIR = chdir(path: *const c_char) -> c_int => chdir;
    SYMLINK = symlink(target: *const c_char, path: *const c_char) -> c_int => symlink;
    SYMLINKAT = symlinkat(target: *const c_char, folder: c_int, path: *const c_char) -> c_int => symlinkat;
    LINK = link(from: *const c_char, to: *const c_char) -> c_int => link;
    LINKAT = linkat(from_folder: c_int, from: *const c_char, to_folder: c_int, to: *const c_char, flags: c_int) -> c_int => linkat;
    COPY_FILE_RANGE = copy_file_range(from: c_int, from_at: *mut off_t, to: c_int, to_at: *mut off_t, length: size_t, flags: c_uint) -> ssize_t => copy_file_range;
    SENDFILE = sendfile(to: c_int, from: c_int, at: *mut off_t, length: size_t) -> ssize_t => sendfile;
}

/// # Safety
/// The path is null or ends with a zero.
unsafe fn on_path(
    op: Op,
    (folder, path): (c_int, *const c_char),
    in_memory: &dyn Fn(c_int) -> c_int,
    original: &dyn Fn() -> c_int,
) -> c_int {
    // SAFETY: as the caller says.
    match unsafe { ask_for(op, folder, path) } {
        Asked::Original => original(),
        Asked::Failed(errno) => fail(errno),
        Asked::File(descriptor) => in_memory(descriptor),
        // One that is there in memory alone has neither owner nor times that would show.
        Asked::Folder => 0,
    }
}

/// The error that an operation on a descriptor fails with in the caller's world, if it does.
fn failure(op: Op, descriptor: c_int) -> Option<c_int> {
    let world = world::enter().filter(|world| !world.fs.is_empty())?;
    let _bypass = Bypass::begin();
    world.fs.failure_of(op, descriptor)
}

fn on_descriptor<R: From<c_int>>(op: Op, descriptor: c_int, original: &dyn Fn() -> R) -> R {
    match failure(op, descriptor) {
        Some(errno) => fail(errno).into(),
        None => original(),
    }
}

unsafe extern "C-unwind" fn chmod(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: a descriptor of our own.
    let in_memory = |file: c_int| unsafe { original::fchmod(file, mode) };
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::chmod(path, mode) };
    // SAFETY: the caller's path.
    unsafe { on_path(Op::SetMetadata, (AT_FDCWD, path), &in_memory, &system) }
}

unsafe extern "C-unwind" fn fchmodat(
    folder: c_int,
    path: *const c_char,
    mode: mode_t,
    flags: c_int,
) -> c_int {
    // SAFETY: a descriptor of our own.
    let in_memory = |file: c_int| unsafe { original::fchmod(file, mode) };
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::fchmodat(folder, path, mode, flags) };
    // SAFETY: the caller's path.
    unsafe { on_path(Op::SetMetadata, (folder, path), &in_memory, &system) }
}

unsafe extern "C-unwind" fn fchmod(descriptor: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::fchmod(descriptor, mode) };
    on_descriptor(Op::SetMetadata, descriptor, &system)
}

unsafe extern "C-unwind" fn chown(path: *const c_char, user: uid_t, group: gid_t) -> c_int {
    // SAFETY: a descriptor of our own.
    let in_memory = |file: c_int| unsafe { original::fchown(file, user, group) };
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::chown(path, user, group) };
    // SAFETY: the caller's path.
    unsafe { on_path(Op::SetMetadata, (AT_FDCWD, path), &in_memory, &system) }
}

unsafe extern "C-unwind" fn lchown(path: *const c_char, user: uid_t, group: gid_t) -> c_int {
    // SAFETY: a descriptor of our own.
    let in_memory = |file: c_int| unsafe { original::fchown(file, user, group) };
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::lchown(path, user, group) };
    // SAFETY: the caller's path.
    unsafe { on_path(Op::SetMetadata, (AT_FDCWD, path), &in_memory, &system) }
}

unsafe extern "C-unwind" fn fchownat(
    folder: c_int,
    path: *const c_char,
    user: uid_t,
    group: gid_t,
    flags: c_int,
) -> c_int {
    // SAFETY: a descriptor of our own.
    let in_memory = |file: c_int| unsafe { original::fchown(file, user, group) };
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::fchownat(folder, path, user, group, flags) };
    // SAFETY: the caller's path.
    unsafe { on_path(Op::SetMetadata, (folder, path), &in_memory, &system) }
}

unsafe extern "C-unwind" fn fchown(descriptor: c_int, user: uid_t, group: gid_t) -> c_int {
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::fchown(descriptor, user, group) };
    on_descriptor(Op::SetMetadata, descriptor, &system)
}

unsafe extern "C-unwind" fn truncate(path: *const c_char, length: off_t) -> c_int {
    // SAFETY: a descriptor of our own.
    let in_memory = |file: c_int| unsafe { original::ftruncate(file, length) };
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::truncate(path, length) };
    // SAFETY: the caller's path.
    unsafe { on_path(Op::SetLen, (AT_FDCWD, path), &in_memory, &system) }
}

unsafe extern "C-unwind" fn ftruncate(descriptor: c_int, length: off_t) -> c_int {
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::ftruncate(descriptor, length) };
    on_descriptor(Op::SetLen, descriptor, &system)
}

unsafe extern "C-unwind" fn utimensat(
    folder: c_int,
    path: *const c_char,
    times: *const timespec,
    flags: c_int,
) -> c_int {
    // SAFETY: a descriptor of our own.
    let in_memory = |file: c_int| unsafe { original::futimens(file, times) };
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::utimensat(folder, path, times, flags) };
    // SAFETY: the caller's path.
    unsafe { on_path(Op::SetMetadata, (folder, path), &in_memory, &system) }
}

unsafe extern "C-unwind" fn futimens(descriptor: c_int, times: *const timespec) -> c_int {
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::futimens(descriptor, times) };
    on_descriptor(Op::SetMetadata, descriptor, &system)
}

unsafe extern "C-unwind" fn flock(descriptor: c_int, operation: c_int) -> c_int {
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::flock(descriptor, operation) };
    on_descriptor(Op::Lock, descriptor, &system)
}

unsafe extern "C-unwind" fn lseek(descriptor: c_int, by: off_t, whence: c_int) -> off_t {
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::lseek(descriptor, by, whence) };
    on_descriptor(Op::Seek, descriptor, &system)
}

unsafe extern "C-unwind" fn fallocate(descriptor: c_int, mode: c_int, from: off_t, length: off_t) -> c_int {
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::fallocate(descriptor, mode, from, length) };
    on_descriptor(Op::SetLen, descriptor, &system)
}

unsafe extern "C-unwind" fn posix_fallocate(descriptor: c_int, from: off_t, length: off_t) -> c_int {
    match failure(Op::SetLen, descriptor) {
        Some(errno) => errno,
        // SAFETY: the caller's arguments.
        None => unsafe { original::posix_fallocate(descriptor, from, length) },
    }
}

unsafe extern "C-unwind" fn posix_fallocate64(descriptor: c_int, from: off_t, length: off_t) -> c_int {
    match failure(Op::SetLen, descriptor) {
        Some(errno) => errno,
        // SAFETY: the caller's arguments.
        None => unsafe { original::posix_fallocate64(descriptor, from, length) },
    }
}

/// Entering a folder is opening it, and one that is there in memory alone is none to the system.
unsafe extern "C-unwind" fn chdir(path: *const c_char) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { ask_for(Op::Open, AT_FDCWD, path) } {
        // SAFETY: the caller's path.
        Asked::Original => unsafe { original::chdir(path) },
        Asked::Failed(errno) => fail(errno),
        Asked::File(_) => fail(libc::ENOTDIR),
        Asked::Folder => fail(libc::ENOENT),
    }
}

/// What becomes of making something at a path, which is no file in memory; `None`: it is made.
///
/// # Safety
/// The paths are null or end with a zero.
unsafe fn linked(from: Option<(c_int, *const c_char)>, to: (c_int, *const c_char)) -> Option<c_int> {
    let world = world::enter().filter(|world| !world.fs.is_empty())?;
    let _bypass = Bypass::begin();
    // SAFETY: as the caller says.
    let to = absolute(&unsafe { given(to.0, to.1) }?);
    // SAFETY: as above.
    let from = from.and_then(|(folder, path)| unsafe { given(folder, path) }).map(|from| absolute(&from));
    let files = &world.fs;
    let failed = |path: &Path| files.failure(Op::Link, path);
    from.as_deref()
        .and_then(failed)
        .or_else(|| failed(&to))
        .or_else(|| from.as_deref().and_then(|from| files.link(from, &to)))
        .or_else(|| kept(files, &to))
}

/// There are no links in memory.
fn kept(files: &State, path: &Path) -> Option<c_int> {
    if files.in_memory(path).is_some() || files.has_below(path) {
        return Some(libc::EEXIST);
    }
    let in_memory =
        files.hides(path) || path.parent().is_some_and(|folder| files.has_below(folder) && !folder.exists());
    in_memory.then_some(libc::EPERM)
}

/// 0, or the number of an error.
fn done(result: c_int) -> c_int {
    if result == 0 { 0 } else { fail(result) }
}

unsafe extern "C-unwind" fn symlink(target: *const c_char, path: *const c_char) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { linked(None, (AT_FDCWD, path)) } {
        Some(result) => done(result),
        // SAFETY: the caller's paths.
        None => unsafe { original::symlink(target, path) },
    }
}

unsafe extern "C-unwind" fn symlinkat(target: *const c_char, folder: c_int, path: *const c_char) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { linked(None, (folder, path)) } {
        Some(result) => done(result),
        // SAFETY: the caller's arguments.
        None => unsafe { original::symlinkat(target, folder, path) },
    }
}

unsafe extern "C-unwind" fn link(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the caller's paths.
    match unsafe { linked(Some((AT_FDCWD, from)), (AT_FDCWD, to)) } {
        Some(result) => done(result),
        // SAFETY: the caller's paths.
        None => unsafe { original::link(from, to) },
    }
}

unsafe extern "C-unwind" fn linkat(
    from_folder: c_int,
    from: *const c_char,
    to_folder: c_int,
    to: *const c_char,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's paths.
    match unsafe { linked(Some((from_folder, from)), (to_folder, to)) } {
        Some(result) => done(result),
        // SAFETY: the caller's arguments.
        None => unsafe { original::linkat(from_folder, from, to_folder, to, flags) },
    }
}

/// What goes from one descriptor to another in the kernel is read from the one and written to the other.
fn passing(from: c_int, to: c_int) -> Option<c_int> {
    failure(Op::Read, from).or_else(|| failure(Op::Write, to))
}

unsafe extern "C-unwind" fn copy_file_range(
    from: c_int,
    from_at: *mut off_t,
    to: c_int,
    to_at: *mut off_t,
    length: size_t,
    flags: c_uint,
) -> ssize_t {
    match passing(from, to) {
        Some(errno) => fail(errno) as ssize_t,
        // SAFETY: the caller's arguments.
        None => unsafe { original::copy_file_range(from, from_at, to, to_at, length, flags) },
    }
}

unsafe extern "C-unwind" fn sendfile(to: c_int, from: c_int, at: *mut off_t, length: size_t) -> ssize_t {
    match passing(from, to) {
        Some(errno) => fail(errno) as ssize_t,
        // SAFETY: the caller's arguments.
        None => unsafe { original::sendfile(to, from, at, length) },
    }
}
