//! Files in memory.
use libc::{c_int, mode_t};
use std::fs;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _};

/// One; gone when it and all descriptors of it are.
#[derive(Debug)]
pub struct File(fs::File);

const MODE: mode_t = 0o644;

impl File {
    pub fn new(contents: &[u8]) -> io::Result<Self> {
        // SAFETY: a name that ends with a zero.
        let descriptor = unsafe { libc::memfd_create(c"monkey".as_ptr(), libc::MFD_CLOEXEC) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: nobody else's.
        let mut file = unsafe { fs::File::from_raw_fd(descriptor) };
        file.write_all(contents)?;
        // SAFETY: takes numbers.
        unsafe { libc::fchmod(descriptor, MODE) };
        Ok(Self(file))
    }

    pub fn descriptor(&self) -> c_int {
        self.0.as_raw_fd()
    }

    /// A further descriptor, with a position of its own.
    pub fn open(&self, flags: c_int) -> c_int {
        let path = format!("/proc/self/fd/{}\0", self.descriptor());
        let flags = flags & !(libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW);
        // SAFETY: a path that ends with a zero.
        unsafe { libc::open(path.as_ptr().cast(), flags) }
    }
}
