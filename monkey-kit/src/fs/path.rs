//! Paths that are one whatever way they are written.
use crate::world;
use libc::{c_char, c_int};
use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

/// From the root, without `.` and `..`. Links are not followed.
pub fn absolute(path: &Path) -> PathBuf {
    let from = if path.is_absolute() { PathBuf::new() } else { std::env::current_dir().unwrap_or_default() };
    let mut clean = PathBuf::from("/");
    for component in from.join(path).components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            _ => {}
        }
    }
    clean
}

/// The path that a function is given, from the folder that a descriptor is. `None` where it is none.
///
/// # Safety
/// It is null or ends with a zero.
pub unsafe fn given(folder: c_int, path: *const c_char) -> Option<PathBuf> {
    if path.is_null() {
        return None;
    }
    // SAFETY: as the caller says.
    let path = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes()));
    if path.as_os_str().is_empty() {
        return None;
    }
    if path.is_absolute() || folder == libc::AT_FDCWD {
        return Some(absolute(path));
    }
    Some(absolute(&of_folder(folder)?.join(path)))
}

/// The path of an open folder. One that is listed may be another one's to the system.
fn of_folder(descriptor: c_int) -> Option<PathBuf> {
    let listed = world::own().and_then(|world| world.folders.path_of(descriptor));
    listed.or_else(|| of_descriptor(descriptor))
}

/// What `/proc` says the path of a descriptor is.
pub fn of_descriptor(descriptor: c_int) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()
}

#[cfg(test)]
mod tests {
    use super::absolute;
    use std::path::Path;

    #[test]
    fn ways_to_write_a_path_are_one() {
        assert_eq!(absolute(Path::new("/a/./b/../c//d")), Path::new("/a/c/d"));
        assert_eq!(absolute(Path::new("/../a")), Path::new("/a"));
        assert_eq!(absolute(Path::new("x")), std::env::current_dir().unwrap().join("x"));
    }
}
