//! Opening, reading, writing and closing at the border.
use crate::border::{fail, functions};
use crate::clock::Room;
use crate::fs::{Op, Opened, State, absolute};
use crate::{clock, fs, random, world};
use libc::{c_char, c_int, c_void, iovec, mode_t, off_t, size_t, ssize_t};
use monkey_core::border::Bypass;
use std::path::Path;

// On machines of 64 bits the names that end with `64` are other names of these functions.
functions! {
    OPEN = open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int => open;
    OPENAT = openat(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int => openat;
    CREAT = creat(path: *const c_char, mode: mode_t) -> c_int => creat;
    READ = read(descriptor: c_int, buffer: *mut c_void, length: size_t) -> ssize_t => read;
    READV = readv(descriptor: c_int, parts: *const iovec, count: c_int) -> ssize_t => readv;
    PREAD = pread(descriptor: c_int, buffer: *mut c_void, length: size_t, at: off_t) -> ssize_t => pread;
    WRITE = write(descriptor: c_int, buffer: *const c_void, length: size_t) -> ssize_t => write;
    WRITEV = writev(descriptor: c_int, parts: *const iovec, count: c_int) -> ssize_t => writev;
    PREADV = preadv(descriptor: c_int, parts: *const iovec, count: c_int, at: off_t) -> ssize_t => preadv;
    PWRITEV = pwritev(descriptor: c_int, parts: *const iovec, count: c_int, at: off_t) -> ssize_t => pwritev;
    PWRITE = pwrite(descriptor: c_int, buffer: *const c_void, length: size_t, at: off_t) -> ssize_t => pwrite;
    FSYNC = fsync(descriptor: c_int) -> c_int => fsync;
    FDATASYNC = fdatasync(descriptor: c_int) -> c_int => fdatasync;
    CLOSE = close(descriptor: c_int) -> c_int => close;
}

/// Asks the files of the caller's world, if it has any of its own, about a path.
///
/// # Safety
/// The path is null or ends with a zero.
pub(crate) unsafe fn ask<R>(
    folder: c_int,
    path: *const c_char,
    ask: &dyn Fn(&State, &Path) -> Option<R>,
) -> Option<R> {
    let world = world::enter().filter(|world| !world.fs.is_empty())?;
    let _bypass = Bypass::begin();
    // SAFETY: the caller's path.
    let path = unsafe { fs::given(folder, path) }?;
    ask(&world.fs, &absolute(&path))
}

/// Opens a path: in the world's memory, or, by `original`, the system's.
///
/// # Safety
/// The path is null or ends with a zero.
unsafe fn open_by(folder: c_int, path: *const c_char, flags: c_int, original: &dyn Fn() -> c_int) -> c_int {
    // SAFETY: the caller's path.
    match unsafe { ask(folder, path, &|files, path| Some(files.open(path, flags))) } {
        Some(Opened::Descriptor(descriptor)) => descriptor,
        Some(Opened::Failed(errno)) => fail(errno),
        Some(Opened::Original) | None => original(),
    }
}

unsafe extern "C-unwind" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::open(path, flags, mode) };
    // SAFETY: the caller's path.
    unsafe { open_by(libc::AT_FDCWD, path, flags, &system) }
}

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn openat(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    // SAFETY: the caller's arguments.
    let system = || unsafe { original::openat(folder, path, flags, mode) };
    // SAFETY: the caller's path.
    unsafe { open_by(folder, path, flags, &system) }
}

unsafe extern "C-unwind" fn creat(path: *const c_char, mode: mode_t) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe { open(path, libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC, mode) }
}

/// The error that an operation on a descriptor fails with in the caller's world, if it does.
fn failure(op: Op, descriptor: c_int) -> Option<c_int> {
    let world = world::enter().filter(|world| !world.fs.is_empty())?;
    let _bypass = Bypass::begin();
    world.fs.failure_of(op, descriptor)
}

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn read(
    descriptor: c_int,
    buffer: *mut c_void,
    length: size_t,
) -> ssize_t {
    if let Some(errno) = failure(Op::Read, descriptor) {
        return fail(errno) as ssize_t;
    }
    // SAFETY: the caller's memory.
    if let Some(read) = unsafe { random(descriptor, buffer, length) } {
        return read;
    }
    if let Err(errno) = clock::before_reading(descriptor) {
        return fail(errno) as ssize_t;
    }
    // SAFETY: the caller's arguments. Nobody is in the world while it blocks.
    unsafe { original::read(descriptor, buffer, length) }
}

/// Fills parts, if what is read is random and the world is seeded.
///
/// # Safety
/// So many parts are there, and theirs is the caller's memory.
unsafe fn random_parts(descriptor: c_int, parts: *const iovec, count: c_int) -> Option<ssize_t> {
    let world = world::enter().filter(|_| !parts.is_null() && count > 0)?;
    let mut sum = 0;
    // SAFETY: as the caller says.
    for part in unsafe { std::slice::from_raw_parts(parts, count as usize) } {
        if part.iov_base.is_null() || part.iov_len == 0 {
            continue;
        }
        // SAFETY: as the caller says.
        let buffer = unsafe { std::slice::from_raw_parts_mut(part.iov_base.cast::<u8>(), part.iov_len) };
        if !random::read(&world, descriptor, buffer) {
            return None;
        }
        sum += part.iov_len;
    }
    (sum > 0).then_some(sum as ssize_t)
}

/// # Safety
/// The memory is the caller's.
unsafe fn random(descriptor: c_int, buffer: *mut c_void, length: size_t) -> Option<ssize_t> {
    let part = iovec { iov_base: buffer, iov_len: length };
    // SAFETY: as the caller says.
    unsafe { random_parts(descriptor, &raw const part, 1) }
}

unsafe extern "C-unwind" fn readv(descriptor: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: the caller's memory.
    if let Some(read) = unsafe { random_parts(descriptor, parts, count) } {
        return read;
    }
    match failure(Op::Read, descriptor).map_or_else(|| clock::before_reading(descriptor), Err) {
        Err(errno) => fail(errno) as ssize_t,
        // SAFETY: the caller's arguments.
        Ok(()) => unsafe { original::readv(descriptor, parts, count) },
    }
}

unsafe extern "C-unwind" fn pread(
    descriptor: c_int,
    buffer: *mut c_void,
    length: size_t,
    at: off_t,
) -> ssize_t {
    // SAFETY: the caller's memory.
    if let Some(read) = unsafe { random(descriptor, buffer, length) } {
        return read;
    }
    match failure(Op::Read, descriptor) {
        Some(errno) => fail(errno) as ssize_t,
        // SAFETY: the caller's arguments.
        None => unsafe { original::pread(descriptor, buffer, length, at) },
    }
}

/// How much may be written to a descriptor in the caller's world, if nothing fails.
fn room(descriptor: c_int) -> Result<Room, c_int> {
    failure(Op::Write, descriptor).map_or_else(|| clock::before_writing(descriptor), Err)
}

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn write(
    descriptor: c_int,
    buffer: *const c_void,
    length: size_t,
) -> ssize_t {
    match room(descriptor) {
        Err(errno) => fail(errno) as ssize_t,
        // SAFETY: the caller's arguments.
        Ok(Room::Any) => unsafe { original::write(descriptor, buffer, length) },
        // SAFETY: as above, or less.
        Ok(Room::Some(most)) => unsafe { original::write(descriptor, buffer, length.min(most)) },
        // SAFETY: as above.
        Ok(Room::Socket) => unsafe { clock::send_some(descriptor, buffer, length, 0) },
    }
}

unsafe extern "C-unwind" fn writev(descriptor: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    let room = match room(descriptor) {
        Err(errno) => return fail(errno) as ssize_t,
        Ok(room) => room,
    };
    // SAFETY: the caller's parts.
    let first = unsafe { first_of_many(parts, count, &room) };
    match (first, room) {
        // A part of it is as much as a call may write.
        // SAFETY: the first of the caller's parts.
        (Some(first), Room::Socket) => unsafe {
            clock::send_some(descriptor, first.iov_base, first.iov_len, 0)
        },
        // SAFETY: as above, or less.
        (Some(first), Room::Some(most)) => unsafe {
            original::write(descriptor, first.iov_base, first.iov_len.min(most))
        },
        // SAFETY: the caller's arguments.
        _ => unsafe { original::writev(descriptor, parts, count) },
    }
}

/// The first part, if there is not room for all at once.
///
/// # Safety
/// The parts are null or so many.
unsafe fn first_of_many(parts: *const iovec, count: c_int, room: &Room) -> Option<iovec> {
    let most = match room {
        Room::Any => return None,
        Room::Some(most) => *most,
        Room::Socket => 0,
    };
    if parts.is_null() || count <= 0 {
        return None;
    }
    // SAFETY: as the caller says.
    let all = unsafe { std::slice::from_raw_parts(parts, count as usize) };
    let sum: usize = all.iter().map(|part| part.iov_len).sum();
    all.iter().find(|part| part.iov_len != 0 && sum > most).copied()
}

unsafe extern "C-unwind" fn pwrite(
    descriptor: c_int,
    buffer: *const c_void,
    length: size_t,
    at: off_t,
) -> ssize_t {
    match failure(Op::Write, descriptor) {
        Some(errno) => fail(errno) as ssize_t,
        // SAFETY: the caller's arguments.
        None => unsafe { original::pwrite(descriptor, buffer, length, at) },
    }
}

unsafe extern "C-unwind" fn preadv(
    descriptor: c_int,
    parts: *const iovec,
    count: c_int,
    at: off_t,
) -> ssize_t {
    match failure(Op::Read, descriptor) {
        Some(errno) => fail(errno) as ssize_t,
        // SAFETY: the caller's arguments.
        None => unsafe { original::preadv(descriptor, parts, count, at) },
    }
}

unsafe extern "C-unwind" fn pwritev(
    descriptor: c_int,
    parts: *const iovec,
    count: c_int,
    at: off_t,
) -> ssize_t {
    match failure(Op::Write, descriptor) {
        Some(errno) => fail(errno) as ssize_t,
        // SAFETY: the caller's arguments.
        None => unsafe { original::pwritev(descriptor, parts, count, at) },
    }
}

unsafe extern "C-unwind" fn fsync(descriptor: c_int) -> c_int {
    match failure(Op::Sync, descriptor) {
        Some(errno) => fail(errno),
        // SAFETY: the caller's argument.
        None => unsafe { original::fsync(descriptor) },
    }
}

unsafe extern "C-unwind" fn fdatasync(descriptor: c_int) -> c_int {
    match failure(Op::Sync, descriptor) {
        Some(errno) => fail(errno),
        // SAFETY: the caller's argument.
        None => unsafe { original::fdatasync(descriptor) },
    }
}

unsafe extern "C-unwind" fn close(descriptor: c_int) -> c_int {
    if let Some(world) = world::enter() {
        world.clock.forget_descriptor(descriptor);
    }
    // SAFETY: the caller's argument.
    unsafe { original::close(descriptor) }
}

#[cfg(test)]
mod tests {
    use crate::border::Entry;

    #[test]
    fn names_that_end_with_64_are_the_same_functions() {
        let address =
            |name| Entry::new("any", name, std::ptr::null()).function().map(|function| function.target);
        for (name, wide) in [(c"open", c"open64"), (c"stat", c"stat64"), (c"readdir", c"readdir64")] {
            assert!(address(name).is_some() && address(name) == address(wide));
        }
        for (name, wide) in [(c"pread", c"pread64"), (c"lseek", c"lseek64"), (c"sendfile", c"sendfile64")] {
            assert!(address(name).is_some() && address(name) == address(wide));
        }
    }
}
