//! Why a patch could not be made.
use crate::relocate::Refusal;
use std::fmt;
use std::panic::Location;

/// Why a function could not be replaced: target, address, cause, remedy, and the place in the user's code.
///
/// ```
/// # fn main() {
/// fn now() -> u64 { 7 }
/// let same: fn() -> u64 = now;
/// // SAFETY: both are the same function, so they have one signature.
/// let error = unsafe { monkey_core::patch_at(now as *const (), same as *const ()) }.unwrap_err();
/// assert!(error.to_string().contains("the target and its replacement are the same function"));
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PatchError {
    target: String,
    address: usize,
    /// Empty: the target is only watched.
    replacement: String,
    location: &'static Location<'static>,
    cause: Box<Cause>,
    /// Whether the target may be the user's, to write an attribute on.
    own: bool,
}

impl PatchError {
    pub(crate) fn new(
        target: impl Into<String>,
        address: usize,
        replacement: impl Into<String>,
        location: &'static Location<'static>,
        cause: Cause,
        own: bool,
    ) -> Self {
        Self {
            target: target.into(),
            address,
            replacement: replacement.into(),
            location,
            cause: Box::new(cause),
            own,
        }
    }

    /// The target as the user wrote it.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The target's address.
    #[must_use]
    pub fn address(&self) -> *const () {
        self.address as *const ()
    }

    /// Where the replacement stands in the user's code.
    #[must_use]
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// What is in the way.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, address, replacement, location, cause, own } = self;
        if replacement.is_empty() {
            writeln!(f, "cannot watch `{target}` (at {address:#x}): {cause}")?;
        } else {
            writeln!(f, "cannot replace `{target}` (at {address:#x}) by `{replacement}`: {cause}")?;
        }
        writeln!(f, "  at {location}")?;
        write!(f, "  help: {}", cause.remedy(*own))
    }
}

impl std::error::Error for PatchError {}

/// What was in the way of a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Nothing that can be run lies at the target's address.
    NotCode {
        /// What lies there.
        found: String,
    },
    /// The target's path names something that looks like a function and is not called as one.
    NotReplaceable {
        /// What it is.
        found: &'static str,
        /// What to write instead.
        instead: &'static str,
    },
    /// Target and replacement are one function, perhaps because the optimiser merged two with the same body.
    SameFunction,
    /// The same list replaces it already, by another spelling of its path.
    Twice,
    /// The replacement is itself replaced, and in the end by the target.
    Cycle,
    /// The target's first instructions cannot be moved away.
    Instructions(
        /// Which one, and why.
        Refusal,
    ),
    /// Other functions have the same address, so that they would be replaced as well.
    SharedAddress {
        /// Their names.
        with: Vec<String>,
    },
    /// No memory for the stub within the jump's reach, or none at all that may be run.
    NoMemory {
        /// What the system said.
        reason: String,
    },
    /// The system lets nobody change the target's code.
    NotWritable {
        /// What was tried and what the system said.
        reason: String,
    },
    /// Calls are dispatched in source, and the target does not ask there.
    NotPatchable {
        /// Why its code is not changed instead.
        because: String,
    },
    /// An `async fn`, whose replacement does not go with it.
    Asynchronous {
        /// Why.
        because: String,
    },
    /// A function that gives a boxed future, with a value for what that one gives.
    BoxedFuture,
    /// The optimiser has changed the parameters of one of the target's bodies, so that a replacement would take others for them.
    Parameters {
        /// Where the body begins.
        address: usize,
        /// How that is known.
        because: &'static str,
    },
    /// Calls are dispatched in source, and several patchable functions have the target's name.
    SameName,
    /// Code is not changed on this platform at all.
    Unsupported {
        /// Its target triple.
        platform: &'static str,
    },
    /// A thread may stand on the instructions that have to change, and does not move.
    ThreadInTheWay {
        /// Its id.
        thread: i32,
        /// Its name.
        name: String,
        /// What it does.
        reason: String,
    },
    /// Whoever traces the process keeps the signal of the trap that the first hook of this target needs.
    Traced {
        /// Which one.
        by: String,
    },
    /// A caller of the target keeps a value in a register that the replacement may change.
    KeptRegister {
        /// The function that calls.
        caller: String,
        /// The register.
        register: &'static str,
    },
    /// Another copy of this crate in the process, another library's, has hooked the target.
    OtherCopy,
    /// A debugger has a breakpoint on the target's first byte.
    Breakpoint {
        /// Which one.
        by: String,
    },
    /// `scope = process` was asked for within a scope that does not have the lock to itself.
    NotAlone {
        /// Who holds the lock with it.
        scope: String,
    },
}

impl Cause {
    /// `own`: whether the target is the user's, to write an attribute on.
    fn remedy(&self, own: bool) -> &'static str {
        match self {
            Self::Parameters { .. } if own => {
                "mark it #[monkey::patchable], or test without optimisation, or build its package without (`[profile.dev.package.NAME] \
                 opt-level = 0`)"
            }
            Self::Parameters { .. } => {
                "replace a function that calls it, or test without optimisation, or build its package without \
                 (`[profile.dev.package.NAME] opt-level = 0`)"
            }
            Self::SharedAddress { .. } | Self::Instructions(_) | Self::SameFunction if !own => {
                "replace a function that calls it, or one that it calls, such as the C library's below it"
            }
            Self::NotPatchable { .. } if !own => {
                "replace a function of yours that calls it and is #[monkey::patchable]"
            }
            Self::NotPatchable { .. } => "mark it #[monkey::patchable]: such a function asks in its source",
            Self::Asynchronous { .. } => {
                "replace it by `returns(..)` or `sequence[..]`, or replace what it calls"
            }
            Self::BoxedFuture => "give the future itself: `returns(Box::pin(async { .. }))`",
            Self::SameName => {
                "rename one of them; they may be in two versions of a crate, or in two blocks of a function"
            }
            Self::NotCode { .. } => "give the address of a function that is loaded in this process",
            Self::NotReplaceable { instead, .. } => instead,
            Self::SameFunction => {
                "mark both #[monkey::patchable]: the optimiser gives functions with the same body one address"
            }
            Self::Twice => "keep one of the two",
            Self::Cycle => "let the replacement call something else, or `monkey::original!`",
            Self::Instructions(_) => {
                "mark the target #[monkey::patchable], or replace a function that calls it or that it calls"
            }
            Self::SharedAddress { .. } => {
                "mark the target #[monkey::patchable]: it then has a body, and an address, of its own"
            }
            Self::NoMemory { .. } => {
                "lift the policy against executable memory (seccomp, SELinux execmem) for the test process, and check its limit \
                 on address space (ulimit -v)"
            }
            Self::NotWritable { .. } if cfg!(windows) => {
                "let the test process change its code: no Arbitrary Code Guard (ProhibitDynamicCode) for it, or mark the target \
                 #[monkey::patchable]"
            }
            Self::NotWritable { .. } if cfg!(target_os = "macos") => {
                "sign the test program without the hardened runtime, as cargo and the linker do, or with the entitlements \
                 com.apple.security.cs.allow-unsigned-executable-memory and disable-executable-page-protection, or mark the \
                 target #[monkey::patchable]"
            }
            Self::NotWritable { .. } => {
                "let the test process have one way: /proc mounted and /proc/self/mem open to it (dumpable or root, no \
                 proc_mem.force_override), or mprotect (no PR_SET_MDWE, no seccomp or SELinux execmod policy against it)"
            }
            Self::Unsupported { .. } => {
                "mark the target #[monkey::patchable], or a function of your own that calls it, or run the test where code is \
                 patched"
            }
            Self::ThreadInTheWay { .. } => {
                if cfg!(windows) {
                    "make the patch before that thread is started"
                } else {
                    "make the patch before that thread is started, or let the thread unblock SIGTRAP and SIGURG"
                }
            }
            Self::Traced { .. } if cfg!(windows) => {
                "run the test without it, or make the first patch of this target before there is a second thread"
            }
            Self::Traced { .. } => {
                "let it pass SIGTRAP and SIGURG on (gdb: `handle SIGTRAP SIGURG nostop noprint pass`, if there are no breakpoints), run without it, or make the \
                 first patch of this target before there is a second thread"
            }
            Self::KeptRegister { .. } => {
                "build that library with `-fno-ipa-ra`, or replace the caller, or a function that the target calls"
            }
            Self::OtherCopy => {
                "let one of the two replace it in this process (its hook stays, whatever guards are dropped), let the program and \
                 its libraries share one copy (a dynamic library of its own), or replace a function that calls it"
            }
            Self::Breakpoint { .. } => {
                "delete that breakpoint, and set one on the replacement, or on a line within the target: the debugger would put \
                 back what it has covered, over the jump"
            }
            Self::NotAlone { .. } => {
                "write `scope = process` on the test, so that it gets the lock to itself"
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCode { found } => write!(f, "the address is not code: {found}"),
            Self::NotReplaceable { found, .. } => f.write_str(found),
            Self::SameFunction => f.write_str("the target and its replacement are the same function"),
            Self::Twice => f.write_str("the list replaces the same function already, by another path"),
            Self::Cycle => {
                f.write_str("the replacement is replaced in turn, and in the end by the target itself")
            }
            Self::Instructions(refusal) => refusal.fmt(f),
            Self::SharedAddress { with } => {
                write!(f, "its address is also that of `{}`", with.join("`, `"))
            }
            Self::Parameters { address, because } => write!(
                f,
                "the optimiser has changed what is handed over to one of its bodies (at {address:#x}), whose callers it all knows: \
                 {because}"
            ),
            Self::NoMemory { reason } => write!(f, "no memory for its stub: {reason}"),
            Self::NotWritable { reason } => write!(f, "its code cannot be changed: {reason}"),
            Self::NotPatchable { because } => write!(
                f,
                "{because}, so calls are dispatched in source, and there it does not ask: it is not #[monkey::patchable]"
            ),
            Self::Asynchronous { because } => write!(f, "it is an `async fn`, and {because}"),
            Self::BoxedFuture => f.write_str(
                "it gives a boxed future, and only the body of a #[monkey::patchable] `async fn` asks for what that future gives",
            ),
            Self::SameName => f.write_str(
                "calls are dispatched in source, and several patchable functions have its name: nothing tells them apart",
            ),
            Self::Unsupported { platform } => {
                write!(f, "monkey does not change machine code on {platform}")
            }
            Self::ThreadInTheWay { thread, name, reason } => {
                write!(f, "thread `{name}` ({thread}) may stand on its first instructions: {reason}")
            }
            Self::Traced { by } => {
                write!(
                    f,
                    "{by} traces this process and keeps SIGTRAP, by which other threads are kept off its first instructions"
                )
            }
            Self::KeptRegister { caller, register } => write!(
                f,
                "its caller `{caller}` was compiled together with it, and keeps a value in {register} over the call"
            ),
            Self::OtherCopy => f.write_str(
                "another copy of this crate in the process has hooked it, and would not see this one's replacement",
            ),
            Self::Breakpoint { by } => write!(f, "the debugger {by} has a breakpoint on its first byte"),
            Self::NotAlone { scope } => {
                write!(f, "`scope = process` needs the lock to itself, but it is asked for within {scope}")
            }
        }
    }
}
