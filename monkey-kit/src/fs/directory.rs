//! Listing folders: what is in memory comes last, and what is hidden not at all.
use super::{Op, path};
use crate::border::{fail, functions};
use crate::world;
use libc::{DIR, c_char, c_int, dirent};
use monkey_core::border::Bypass;
use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

functions! {
    OPENDIR = opendir(path: *const c_char) -> *mut DIR => opendir;
    READDIR = readdir(folder: *mut DIR) -> *mut dirent => readdir;
    CLOSEDIR = closedir(folder: *mut DIR) -> c_int => closedir;
}

/// A folder that is being listed.
struct Listed {
    /// Its address.
    folder: usize,
    /// Its descriptor, and the path that it was opened by: the system may have another one.
    descriptor: c_int,
    path: PathBuf,
    /// Names, each with whether it is a folder.
    shown: Vec<(OsString, bool)>,
    hidden: Vec<OsString>,
    entry: Box<dirent>,
}

impl std::fmt::Debug for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listed")
            .field("shown", &self.shown)
            .field("hidden", &self.hidden)
            .finish_non_exhaustive()
    }
}

/// The folders that a scope lists.
#[derive(Debug, Default)]
pub struct Folders(Mutex<Vec<Listed>>);

impl Folders {
    /// Of a scope that ends. Who lists one still sees the system's.
    pub fn clear(&self) {
        self.all().clear();
    }

    /// The path of a folder that is being listed, by its descriptor.
    pub fn path_of(&self, descriptor: c_int) -> Option<PathBuf> {
        let all = self.all();
        all.iter().find(|listed| listed.descriptor == descriptor).map(|listed| listed.path.clone())
    }

    fn all(&self) -> MutexGuard<'_, Vec<Listed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

unsafe extern "C-unwind" fn opendir(path: *const c_char) -> *mut DIR {
    let world = world::enter().filter(|world| !world.fs.is_empty());
    let bypass = Bypass::begin();
    // SAFETY: the caller's path.
    let clean = unsafe { path::given(libc::AT_FDCWD, path) };
    let (Some(world), Some(clean)) = (world, clean) else {
        drop(bypass);
        // SAFETY: the caller's path.
        return unsafe { original::opendir(path) };
    };
    let failure = world.fs.failure(Op::List, &clean);
    let lies_below = world.fs.has_below(&clean);
    let hidden = (world.fs.hides(&clean) && !lies_below).then_some(libc::ENOENT);
    if let Some(errno) = failure.or(hidden) {
        fail(errno);
        return ptr::null_mut();
    }
    let (mut shown, hidden) = world.fs.names_in(&clean);
    let is_there = clean.is_dir();
    shown.retain(|(name, _)| !is_there || !clean.join(name).exists());
    // SAFETY: the caller's path.
    let folder = if is_there || !lies_below { unsafe { original::opendir(path) } } else { open_empty() };
    if !folder.is_null() {
        // SAFETY: a struct of numbers.
        let entry = Box::new(unsafe { std::mem::zeroed::<dirent>() });
        let mut all = world.folders.all();
        // One that was closed past us had the same address.
        all.retain(|listed| listed.folder != folder as usize);
        // SAFETY: an open folder.
        let descriptor = unsafe { libc::dirfd(folder) };
        all.push(Listed { folder: folder as usize, descriptor, path: clean, shown, hidden, entry });
    }
    folder
}

/// A folder without anything in it, for one that is not there: removed as soon as it is open.
fn open_empty() -> *mut DIR {
    let mut template = *b"/tmp/monkey-XXXXXX\0";
    // SAFETY: a template that ends with a zero.
    let made = unsafe { libc::mkdtemp(template.as_mut_ptr().cast()) };
    if made.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the path of what was made.
    let folder = unsafe { original::opendir(made) };
    // SAFETY: as above.
    unsafe { libc::rmdir(made) };
    folder
}

unsafe extern "C-unwind" fn readdir(folder: *mut DIR) -> *mut dirent {
    let world = world::enter();
    let _bypass = Bypass::begin();
    loop {
        // SAFETY: the caller's folder.
        let entry = unsafe { original::readdir(folder) };
        let Some(world) = &world else { return entry };
        let mut all = world.folders.all();
        let Some(listed) = all.iter_mut().find(|listed| listed.folder == folder as usize) else {
            return entry;
        };
        // SAFETY: null, or an entry that is there until the next is read.
        let Some(found) = (unsafe { entry.as_ref() }) else { return listed.next() };
        // SAFETY: a name that ends with a zero.
        let name = unsafe { CStr::from_ptr(found.d_name.as_ptr()) };
        if !listed.hidden.iter().any(|hidden| hidden == OsStr::from_bytes(name.to_bytes())) {
            return entry;
        }
    }
}

impl Listed {
    fn next(&mut self) -> *mut dirent {
        let Some((name, is_folder)) = self.shown.pop() else { return ptr::null_mut() };
        let entry = &mut *self.entry;
        entry.d_ino = 1;
        entry.d_reclen = size_of::<dirent>() as u16;
        entry.d_type = if is_folder { libc::DT_DIR } else { libc::DT_REG };
        let room = entry.d_name.len() - 1;
        for (place, byte) in entry.d_name.iter_mut().zip(name.as_bytes().iter().take(room).chain([&0])) {
            *place = *byte as c_char;
        }
        ptr::from_mut(entry)
    }
}

unsafe extern "C-unwind" fn closedir(folder: *mut DIR) -> c_int {
    if let Some(world) = world::enter() {
        let _bypass = Bypass::begin();
        world.folders.all().retain(|listed| listed.folder != folder as usize);
    }
    // SAFETY: the caller's folder.
    unsafe { original::closedir(folder) }
}
