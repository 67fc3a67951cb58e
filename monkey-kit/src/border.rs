//! The system's functions that are replaced: for each the way to the original, and one replacement, whoever wants it.
//!
//! A replacement asks what the caller's world has to say of the call. Where that is nothing, it calls the original.
use monkey_core::border::{self, Bypass, Function};
use std::ffi::CStr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

#[cfg(target_os = "linux")]
pub use system::errno;
pub use system::fail;

/// A function at the border.
#[derive(Debug)]
pub struct Entry {
    name: &'static str,
    find: Find,
    replacement: AtomicPtr<()>,
    target: AtomicUsize,
    original: AtomicUsize,
}

/// Where a function is.
#[derive(Debug)]
enum Find {
    Named(&'static CStr),
    /// Rust's own.
    #[cfg(unix)]
    Known(AtomicPtr<()>),
}

impl Entry {
    /// A function of the C library, or of one of the system's.
    pub const fn new(name: &'static str, c_name: &'static CStr, replacement: *const ()) -> Self {
        Self::found(name, Find::Named(c_name), replacement)
    }

    /// A function of Rust's.
    #[cfg(unix)]
    pub const fn at(name: &'static str, address: *const (), replacement: *const ()) -> Self {
        Self::found(name, Find::Known(AtomicPtr::new(address.cast_mut())), replacement)
    }

    const fn found(name: &'static str, find: Find, replacement: *const ()) -> Self {
        let replacement = AtomicPtr::new(replacement.cast_mut());
        Self { name, find, replacement, target: AtomicUsize::new(0), original: AtomicUsize::new(0) }
    }

    /// Whether it is found by its name: not one of Rust's own.
    pub fn is_named(&self) -> bool {
        matches!(self.find, Find::Named(_))
    }

    /// `None` where this C library does not have it.
    pub fn function(&self) -> Option<Function> {
        let target = match self.target.load(Relaxed) {
            0 => self.find()?,
            known => known,
        };
        Some(Function { name: self.name, target, replacement: self.replacement.load(Relaxed) as usize })
    }

    fn find(&self) -> Option<usize> {
        let found = match &self.find {
            Find::Named(name) => system::find(name),
            #[cfg(unix)]
            Find::Known(address) => address.load(Relaxed) as usize,
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

    /// Where it is not hooked, the function itself is the original. Nobody may have looked for it yet: a call by its number is handed to the
    /// function of that call, whichever guard has replaced `syscall`.
    #[cold]
    fn find_original(&self) -> usize {
        let _bypass = Bypass::begin();
        let Some(Function { target, .. }) = self.function() else {
            let name = self.name;
            panic!(
                "`{name}` is not to be found: a C library that is linked statically tells nobody where its functions are"
            )
        };
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
                const REPLACEMENT: unsafe extern "C-unwind" fn($($type),*) $(-> $result)? = $replacement;
                const NAME: &std::ffi::CStr =
                    match std::ffi::CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                        Ok(name) => name,
                        Err(_) => panic!("a name without zeros"),
                    };
                $crate::border::Entry::new(stringify!($name), NAME, REPLACEMENT as *const ())
            };
        )*

        /// The ways to the originals.
        ///
        /// Each asks of its caller what the function of that name asks. A type and no module, of which each would be a unit of code generation.
        #[allow(non_camel_case_types, reason = "read as a module")]
        pub(crate) enum original {}

        #[allow(clippy::missing_safety_doc, reason = "said above for all")]
        impl original {
            $(
                #[allow(dead_code, reason = "some are never called")]
                #[allow(non_snake_case, clippy::too_many_arguments, reason = "the system's own names and arguments")]
                #[inline]
                pub(crate) unsafe fn $name($($argument: $type),*) $(-> $result)? {
                    // SAFETY: the trampoline of the function, or the function itself, of this type.
                    let original = unsafe {
                        std::mem::transmute::<usize, unsafe extern "C" fn($($type),*) $(-> $result)?>($entry.original())
                    };
                    // SAFETY: as its caller wants.
                    unsafe { original($($argument),*) }
                }
            )*
        }
    };
}
pub(crate) use functions;
