//! Files of a scope alone: one that is not there, one that is hidden, operations that fail.
mod changes;
mod directory;
mod errors;
mod memory;
mod names;
mod path;
mod rules;
mod status;

use crate::border::Entry;
use crate::files;
use crate::guard::Guard;
use crate::system_call;
use monkey_core::border::Bypass;
use std::path::Path;

pub use crate::op::Op;
pub(crate) use directory::Folders;
pub use errors::IntoErrno;
pub(crate) use names::{mkdirat, renameat2, unlinkat};
pub(crate) use path::{absolute, given};
use rules::Kind;
pub(crate) use rules::{Opened, State};
pub(crate) use status::{faccessat, statx_ as statx};

static ENTRIES: [&Entry; 57] = [
    &system_call::SYSCALL,
    &files::OPEN,
    &files::OPENAT,
    &files::READ,
    &files::READV,
    &files::PREAD,
    &files::WRITE,
    &files::WRITEV,
    &files::PWRITE,
    &files::PREADV,
    &files::PWRITEV,
    &files::FSYNC,
    &files::FDATASYNC,
    &names::UNLINK,
    &names::UNLINKAT,
    &names::RMDIR,
    &names::RENAME,
    &names::RENAMEAT,
    &names::RENAMEAT2,
    &names::MKDIR,
    &names::MKDIRAT,
    &status::STATX,
    &status::STAT,
    &status::LSTAT,
    &status::FSTATAT,
    &status::ACCESS,
    &status::FACCESSAT,
    &status::REALPATH,
    &status::READLINK,
    &status::READLINKAT,
    &directory::OPENDIR,
    &directory::READDIR,
    &directory::CLOSEDIR,
    &files::CREAT,
    &changes::CHMOD,
    &changes::FCHMODAT,
    &changes::FCHMOD,
    &changes::CHOWN,
    &changes::LCHOWN,
    &changes::FCHOWNAT,
    &changes::FCHOWN,
    &changes::TRUNCATE,
    &changes::FTRUNCATE,
    &changes::SYMLINK,
    &changes::SYMLINKAT,
    &changes::LINK,
    &changes::LINKAT,
    &changes::UTIMENSAT,
    &changes::FUTIMENS,
    &changes::FLOCK,
    &changes::LSEEK,
    &changes::CHDIR,
    &changes::COPY_FILE_RANGE,
    &changes::SENDFILE,
    &changes::FALLOCATE,
    &changes::POSIX_FALLOCATE,
    &changes::POSIX_FALLOCATE64,
];

/// Takes its change of the files away when it is dropped.
#[must_use = "the files are the system's again when the guard is dropped"]
#[derive(Debug)]
pub struct Change {
    guard: Guard,
    id: u64,
}

#[track_caller]
fn change(path: &Path, kind: impl FnOnce() -> std::io::Result<Kind>) -> Change {
    let guard = Guard::new(&ENTRIES);
    let made = {
        let _bypass = Bypass::begin();
        kind().map(|kind| guard.fs.add(absolute(path), kind))
    };
    match made {
        Ok(id) => Change { guard, id },
        Err(error) => panic!("`monkey::fs`: no memory for `{}`: {error}", path.display()),
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        let _bypass = Bypass::begin();
        self.guard.fs.remove(self.id);
    }
}

/// Puts a file in the caller's scope, in memory; what the system has at this path is not touched.
///
/// Opening, reading, metadata, `exists` and `read_dir` of its folder see it. What is written to it stays in memory.
///
/// ```
/// let _file = monkey_kit::fs::file("/etc/app/config.toml", "port = 80");
/// assert_eq!(std::fs::read_to_string("/etc/app/config.toml")?, "port = 80");
/// assert_eq!(std::fs::metadata("/etc/app/config.toml")?.len(), 9);
/// assert_eq!(std::fs::read_dir("/etc/app")?.count(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// When there is no memory for it, or a function cannot be replaced.
#[track_caller]
pub fn file(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Change {
    change(path.as_ref(), || Ok(Kind::File(memory::File::new(contents.as_ref())?)))
}

/// Hides a file, or a folder with all in it, from the caller's scope.
///
/// What the scope then makes there is in memory, and the scope's alone.
///
/// ```
/// let _hidden = monkey_kit::fs::missing("/etc/passwd");
/// assert!(!std::path::Path::new("/etc/passwd").exists());
/// assert_eq!(std::fs::read("/etc/passwd").unwrap_err().kind(), std::io::ErrorKind::NotFound);
/// ```
///
/// # Panics
/// When a function cannot be replaced.
#[track_caller]
pub fn missing(path: impl AsRef<Path>) -> Change {
    change(path.as_ref(), || Ok(Kind::Missing))
}

/// Lets operations succeed again when it is dropped.
#[must_use = "operations succeed again when the guard is dropped"]
#[derive(Debug)]
pub struct Failing(Change);

/// Lets an operation on a file fail in the caller's scope: each time, if [`after`](Failing::after) and
/// [`times`](Failing::times) do not say otherwise.
///
/// The error is an [`ErrorKind`](std::io::ErrorKind) or an `errno`. Of `Interrupted` say how often: the standard library tries again.
///
/// ```
/// use monkey_kit::fs::{self, Op};
/// use std::io::{ErrorKind, Write};
///
/// let _log = fs::file("/var/log/app.log", "");
/// let _full = fs::fail(Op::Write, "/var/log/app.log", ErrorKind::StorageFull).after(1);
/// let mut log = std::fs::File::options().append(true).open("/var/log/app.log")?;
/// log.write_all(b"one")?;
/// assert_eq!(log.write_all(b"two").unwrap_err().kind(), ErrorKind::StorageFull);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// When no error of the system has this kind, or a function cannot be replaced.
#[track_caller]
pub fn fail(op: Op, path: impl AsRef<Path>, error: impl IntoErrno) -> Failing {
    let errno = error.into_errno();
    Failing(change(path.as_ref(), || Ok(Kind::fail(op, errno))))
}

impl Failing {
    /// Lets the first of them succeed.
    pub fn after(self, operations: u64) -> Self {
        self.0.guard.fs.limit(self.0.id, |limits| limits.after = operations);
        self
    }

    /// Lets only this many fail, and the later ones succeed.
    pub fn times(self, operations: u64) -> Self {
        self.0.guard.fs.limit(self.0.id, |limits| limits.times = operations);
        self
    }
}
