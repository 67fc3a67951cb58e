//! Who traces this process: a debugger.
use std::fmt;
use std::mem::MaybeUninit;

/// A debugger that is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracer(());

impl Tracer {
    /// The present one.
    pub fn find() -> Option<Self> {
        /// `PROC_FLAG_TRACED`
        const TRACED: u32 = 2;
        let mut information = MaybeUninit::<libc::proc_bsdinfo>::zeroed();
        let size = size_of::<libc::proc_bsdinfo>() as libc::c_int;
        // SAFETY: takes nothing, changes nothing.
        let process = unsafe { libc::getpid() };
        let into = information.as_mut_ptr().cast();
        // SAFETY: writes at most so many bytes.
        let told = unsafe { libc::proc_pidinfo(process, libc::PROC_PIDTBSDINFO, 0, into, size) };
        // SAFETY: all bytes are zero or written, and any are valid.
        let flags = unsafe { information.assume_init() }.pbi_flags;
        (told == size && flags & TRACED != 0).then_some(Self(()))
    }

    /// Whether it puts breakpoints back whenever the program goes on.
    #[expect(clippy::unused_self, reason = "as where there are other tracers")]
    #[must_use]
    pub fn is_debugger(&self) -> bool {
        true
    }
}

impl fmt::Display for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a debugger")
    }
}
