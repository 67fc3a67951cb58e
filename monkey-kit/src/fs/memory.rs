//! Files in memory.
use libc::{c_int, mode_t};
use std::fs;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One; gone when it and all descriptors of it are.
#[derive(Debug)]
pub struct File {
    file: fs::File,
    number: u64,
}

const MODE: mode_t = 0o644;
/// What the system calls each, before its number: descriptors are told by it, whoever closes them and opens another one.
const NAME: &str = "monkey-file-";
static NEXT: AtomicU64 = AtomicU64::new(1);

impl File {
    pub fn new(contents: &[u8]) -> io::Result<Self> {
        let number = NEXT.fetch_add(1, Relaxed);
        let name = format!("{NAME}{number}\0");
        // SAFETY: a name that ends with a zero.
        let descriptor = unsafe { libc::memfd_create(name.as_ptr().cast(), libc::MFD_CLOEXEC) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: nobody else's.
        let mut file = unsafe { fs::File::from_raw_fd(descriptor) };
        file.write_all(contents)?;
        // SAFETY: takes numbers.
        unsafe { libc::fchmod(descriptor, MODE) };
        Ok(Self { file, number })
    }

    /// The same file once more.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, number: self.number })
    }

    /// Whether what `/proc` shows for a descriptor, such as `/memfd:monkey-file-7 (deleted)`, is this file.
    pub fn is_shown_as(&self, link: &Path) -> bool {
        let name = link.to_str().and_then(|link| link.strip_prefix("/memfd:")?.strip_prefix(NAME));
        let number = name.and_then(|name| name.split(' ').next()?.parse::<u64>().ok());
        number == Some(self.number)
    }

    pub fn descriptor(&self) -> c_int {
        self.file.as_raw_fd()
    }

    /// A further descriptor, with a position of its own.
    pub fn open(&self, flags: c_int) -> c_int {
        let path = format!("/proc/self/fd/{}\0", self.descriptor());
        let flags = flags & !(libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW);
        // SAFETY: a path that ends with a zero.
        unsafe { libc::open(path.as_ptr().cast(), flags) }
    }
}
