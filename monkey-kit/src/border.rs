//! The C library's functions that are replaced: for each the way to the original, and one replacement, whoever wants it.
//!
//! A replacement asks what the caller's world has to say of the call. Where that is nothing, it calls the original.
use monkey_core::border::{self, Function};
use std::ffi::CStr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A function at the border.
#[derive(Debug)]
pub struct Entry {
    name: &'static str,
    find: Find,
    replacement: fn() -> usize,
    target: AtomicUsize,
    original: AtomicUsize,
}

/// Where a function is.
#[derive(Debug)]
enum Find {
    Named(&'static CStr),
    /// Rust's own.
    Known(fn() -> usize),
}

impl Entry {
    /// A function of the C library.
    pub const fn new(name: &'static str, c_name: &'static CStr, replacement: fn() -> usize) -> Self {
        Self::found(name, Find::Named(c_name), replacement)
    }

    /// A function of Rust's.
    pub const fn known(name: &'static str, address: fn() -> usize, replacement: fn() -> usize) -> Self {
        Self::found(name, Find::Known(address), replacement)
    }

    const fn found(name: &'static str, find: Find, replacement: fn() -> usize) -> Self {
        Self { name, find, replacement, target: AtomicUsize::new(0), original: AtomicUsize::new(0) }
    }

    /// `None` where this C library does not have it.
    pub fn function(&self) -> Option<Function> {
        let target = match self.target.load(Relaxed) {
            0 => self.find()?,
            known => known,
        };
        Some(Function { name: self.name, target, replacement: (self.replacement)() })
    }

    fn find(&self) -> Option<usize> {
        let found = match self.find {
            // SAFETY: a name that ends with a zero.
            Find::Named(name) => unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) as usize },
            Find::Known(address) => address(),
        };
        self.target.store(found, Relaxed);
        (found != 0).then_some(found)
    }

    /// The way to the original. Takes no lock.
    #[inline]
    pub fn original(&self) -> usize {
        match self.original.load(Relaxed) {
            0 => self.find_original(),
            known => known,
        }
    }

    /// Where it is not hooked, the function itself is the original.
    #[cold]
    fn find_original(&self) -> usize {
        let target = self.target.load(Relaxed);
        match border::original(target) {
            0 => target,
            original => {
                self.original.store(original, Relaxed);
                original
            }
        }
    }
}

/// For each function: its entry, the way to its original, and its replacement.
macro_rules! functions {
    ($($entry:ident = $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? => $replacement:path;)*) => {
        $(
            pub(crate) static $entry: $crate::border::Entry = {
                unsafe extern "C-unwind" fn replacement($($argument: $type),*) $(-> $result)? {
                    // SAFETY: the caller's arguments, passed on.
                    unsafe { $replacement($($argument),*) }
                }
                const NAME: &std::ffi::CStr =
                    match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                        Ok(name) => name,
                        Err(_) => panic!("a name without zeros"),
                    };
                $crate::border::Entry::new(stringify!($name), NAME, || replacement as *const () as usize)
            };
        )*

        /// The ways to the originals.
        ///
        /// Each asks of its caller what the function of that name asks.
        #[allow(clippy::missing_safety_doc, reason = "said above for all")]
        pub(crate) mod original {
            #[allow(unused_imports, reason = "the types of whatever functions there are")]
            use super::*;
            $(
                #[allow(dead_code, reason = "some are never called")]
                #[inline]
                pub(crate) unsafe fn $name($($argument: $type),*) $(-> $result)? {
                    // SAFETY: the trampoline of the function, or the function itself, of this type.
                    let original = unsafe {
                        std::mem::transmute::<usize, unsafe extern "C" fn($($type),*) $(-> $result)?>(super::$entry.original())
                    };
                    // SAFETY: as its caller wants.
                    unsafe { original($($argument),*) }
                }
            )*
        }
    };
}
pub(crate) use functions;

/// Sets `errno`, and gives what most functions give then.
pub fn fail(error: i32) -> i32 {
    // SAFETY: the calling thread's own.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    unsafe { *errno = error };
    -1
}

/// What the last function that failed has left.
pub fn errno() -> i32 {
    // SAFETY: the calling thread's own.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    unsafe { *errno }
}
