//! From an error's kind to the number that the system would give.
use std::io::ErrorKind;

/// What an operation may fail with: an [`ErrorKind`], or the number itself.
pub trait IntoErrno {
    /// The number.
    fn into_errno(self) -> i32;
}

impl IntoErrno for i32 {
    fn into_errno(self) -> i32 {
        self
    }
}

impl IntoErrno for ErrorKind {
    #[track_caller]
    fn into_errno(self) -> i32 {
        // The standard library's own table, the other way round.
        let is_it = |errno: &i32| std::io::Error::from_raw_os_error(*errno).kind() == self;
        match self {
            // Of several numbers the usual one.
            Self::PermissionDenied => libc::EACCES,
            Self::WouldBlock => libc::EAGAIN,
            _ => match (1..134).find(is_it) {
                Some(errno) => errno,
                None => panic!(
                    "`monkey::fs::fail`: no error of the system is of the kind `{self:?}`\n  help: give its number"
                ),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IntoErrno as _;
    use std::io::ErrorKind;

    #[test]
    fn kinds_are_numbers() {
        assert_eq!(ErrorKind::StorageFull.into_errno(), libc::ENOSPC);
        assert_eq!(ErrorKind::NotFound.into_errno(), libc::ENOENT);
        assert_eq!(ErrorKind::Interrupted.into_errno(), libc::EINTR);
        assert_eq!(5.into_errno(), 5);
        assert!(std::panic::catch_unwind(|| ErrorKind::WriteZero.into_errno()).is_err());
    }
}
