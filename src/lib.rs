//! Replaces functions in tests by patching their machine code.
//!
//! A test names a function, the *target*, and what stands in for it, the *replacement*. Nobody rewrites production code
//! into traits to make it testable.
//!
//! ```
//! #[monkey::patchable]
//! fn now() -> u64 {
//!     std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
//! }
//!
//! fn is_expired(token_end: u64) -> bool {
//!     now() > token_end
//! }
//!
//! #[monkey::with(replace(now = || 42))]
//! fn tokens_expire() {
//!     assert!(is_expired(41));
//!     assert!(!is_expired(42));
//! }
//!
//! tokens_expire();
//! ```
//!
//! As a test it is the same with `#[monkey::test(..)]` in place of `#[monkey::with(..)]`.
//!
//! # The promise
//!
//! A replacement is seen by every call that the test makes: on every thread it starts, in every copy of the function,
//! at every optimisation level. It is seen by no other test. Where that cannot be kept, the test fails and says why.
//!
//! At every optimisation level holds for functions that are [`macro@patchable`]. Others can be replaced where the compiler
//! has left calls of them, which in a debug build is nearly everywhere.
//!
//! # Where to look
//!
//! * [`macro@patchable`] on production code; without the feature `runtime` it does nothing.
//! * [`macro@test`] for a test with replacements, [`macro@with`] for any other function.
//! * [`patch!`] and [`try_patch!`] for a guard, [`during!`] for a block, `patch_at` for addresses known only at run time, `function`
//!   for those of private functions.
//! * [`original!`] calls what was replaced, [`calls!`] counts.
//! * `Scope` hands the replacements to a thread that the test did not start.
//! * `clock`, `random`, `env`, `fs`, `net` and `process`: a test's own time, randomness, environment, files, network and
//!   programs; all at once by `#[monkey::test(hermetic)]`.
//!
//! # Features
//!
//! The package is `monkey-mock`, for `monkey` in the public registry is somebody else's.
//!
//! `runtime`, on by default, is the engine. A crate whose own functions are to be replaced takes this one twice, so that
//! the engine is in its tests only:
//!
//! ```toml
//! [dependencies]
//! monkey-mock = { version = "0.1", default-features = false }
//!
//! [dev-dependencies]
//! monkey-mock = "0.1"
//! ```
//!
//! `kit`, on by default, is a test's own outside world, and brings `runtime` along. All of it is there on x86-64 and `AArch64` Linux;
//! on Windows and macOS `clock`, `random` and `env` are. Elsewhere the modules are left out. What is not there does not compile, and
//! says why.
//!
//! # Safety
//!
//! Rust promises nothing about code that is changed while it runs, so this is for tests and not for production. The
//! book, in `docs/`, says what is relied on instead, what does not work, and how it is done.

#[cfg(feature = "runtime")]
pub use monkey_core::{Cause, FunctionError, PatchError, PatchGuard, Scope, function, patch_at};
#[cfg(all(
    feature = "kit",
    all(
        any(
            all(
                any(target_os = "linux", target_os = "macos"),
                any(target_arch = "aarch64", target_arch = "x86_64")
            ),
            all(windows, target_arch = "x86_64")
        ),
        target_pointer_width = "64"
    )
))]
pub use monkey_kit::{clock, env, fs, net, process, random};

/// Makes functions replaceable at every optimisation level.
///
/// It stands on a function of any kind, an `impl` block, a `trait` (for its default methods) or an inline `mod` (for
/// all of these in it). Without it the compiler may inline a function, or use at the call what it knows of the body.
///
/// Without the feature `runtime` it does nothing: the item's tokens come out as they went in. With it a function gets
/// `#[inline(never)]` and a few instructions before its body.
///
/// In an `async fn` these run with the future's first poll, at which it asks for its replacement.
///
/// # Arguments
/// * `skip`, on something inside an annotated item: leaves it alone.
/// * `crate = path`: where this crate is, if it is renamed.
///
/// # Errors
/// It is a compile error on functions that cannot be replaced: a `const fn`, a `#[track_caller]`,
/// `#[inline(always)]` or naked function, and one without a body.
///
/// # Examples
/// ```
/// #[monkey::patchable]
/// fn roll() -> u32 {
///     4 // chosen by fair dice
/// }
///
/// struct Clock;
///
/// #[monkey::patchable]
/// impl Clock {
///     #[monkey::patchable(skip)]
///     const fn new() -> Self {
///         Clock
///     }
///
///     fn hour(&self) -> u32 {
///         12
///     }
/// }
///
/// let _guard = monkey::patch!(roll = || 6, Clock::hour = |_: &Clock| 0);
/// assert_eq!(roll() + Clock::new().hour(), 6);
/// ```
pub use monkey_macros::patchable;

/// Makes a function a test with replacements.
///
/// Each `T = R` of `replace(..)` names a function by its path and gives what stands in for it: a function of the same
/// signature, by its path or as a closure, which may capture the test's own arguments (`move || n`); `returns(VALUE)`, evaluated at
/// each call, of an `async fn` at the first poll; or `sequence[A, B]`, one value a call, with `..` at the end for the original. Calls see the replacement on this test's thread
/// and on every thread started from it; other tests do not.
///
/// It adds `#[test]`, unless an attribute below already makes the function a test. Write it above the attribute of an
/// async runtime, so that the runtime starts inside the test; a `#[test]` above it is not seen, and the test runs twice.
/// All other attributes mean what they always do.
///
/// # Arguments
/// * `replace(T = R, ..)`: the replacements.
/// * `watch(T, ..)`: functions that are not replaced, and whose calls count as well.
/// * `expect(T = COUNT, ..)`: how many calls there must be, `2`, `1..`, `..=3` or `..`. Unless it is given, at least one of
///   each replacement.
/// * `expect(order[A, B, .., C])`: the calls of these functions, taken together, must be these, in this order; `..` is any
///   number of others of them.
/// * `scope = process`: every thread of the process sees the replacements, and the test has the process to itself.
///   The default is `scope = test`.
/// * `hermetic`: a paused clock, seeded randomness, no network beyond this machine's own addresses, no programs. With the
///   feature `kit`.
/// * `crate = path`: where this crate is, if it is renamed.
///
/// # Panics
/// The test fails where a target cannot be patched, or a replacement was not called as often as expected.
///
/// # Examples
/// ```
/// #[monkey::patchable]
/// fn now() -> u64 {
///     1_700_000_000
/// }
///
/// fn is_expired(token_end: u64) -> bool {
///     now() > token_end
/// }
///
/// # #[allow(dead_code)]
/// #[monkey::test(replace(now = || 42), expect(now = 2))]
/// fn tokens_expire() {
///     assert!(is_expired(41));
///     assert!(!is_expired(42));
/// }
/// ```
pub use monkey_macros::test;

/// Runs a function with replacements, each time it is called.
///
/// The arguments are those of [`macro@test`]; no `#[test]` is added and no call is demanded. Without `scope = ..` the
/// replacements are seen by whom the caller's are, if it has any.
///
/// # Panics
/// Where a target cannot be patched, or a count of `expect(..)` is not met.
///
/// # Examples
/// ```
/// #[monkey::patchable]
/// fn now() -> u64 {
///     1_700_000_000
/// }
///
/// #[monkey::with(replace(now = || 42))]
/// fn in_the_past() -> u64 {
///     now()
/// }
///
/// assert_eq!(in_the_past(), 42);
/// assert_eq!(now(), 1_700_000_000);
/// ```
pub use monkey_macros::with;

/// Replaces functions until the returned `PatchGuard` is dropped.
///
/// `patch!(T = R, ..)` is short for `patch!(replace(T = R, ..))`, which also takes `watch(..)`, `expect(..)`,
/// `scope = ..` and `crate = path`.
/// Targets and replacements are as in [`macro@test`]. Either all of them are replaced or none.
///
/// # Panics
/// With the reason, where a target cannot be patched; [`try_patch!`] returns it. And when the guard is dropped, where a count of
/// `expect(..)` is not met.
///
/// # Examples
/// ```
/// #[monkey::patchable]
/// fn now() -> u64 {
///     1_700_000_000
/// }
///
/// let guard = monkey::patch!(now = || 42);
/// assert_eq!(now(), 42);
/// drop(guard);
/// assert_eq!(now(), 1_700_000_000);
/// ```
pub use monkey_macros::patch;

/// Replaces functions until the returned guard is dropped, or says why they cannot be.
///
/// Takes what [`patch!`] takes and gives a `Result<PatchGuard, PatchError>`.
///
/// # Errors
/// Where one of the targets cannot be patched; then none is.
///
/// # Examples
/// ```
/// #[monkey::patchable]
/// fn now() -> u64 {
///     1_700_000_000
/// }
///
/// let guard = monkey::try_patch!(replace(now = || 42), scope = process)?;
/// assert_eq!(std::thread::spawn(now).join().unwrap(), 42);
/// # Ok::<(), monkey::PatchError>(())
/// ```
pub use monkey_macros::try_patch;

/// Runs a block with replacements, and is the block's value.
///
/// The list is that of [`patch!`], behind it `;` and the block. Its closures may borrow what is around them: the end of the block,
/// by a panic too, takes the replacements away and waits for calls that are still in one of them, as [`std::thread::scope`]
/// waits for its threads. Threads that were started within and go on see the originals from then on.
///
/// The block is a closure: `return` and `?` leave the block, and there is no `.await` in it.
///
/// # Panics
/// As [`patch!`].
///
/// # Examples
/// ```
/// #[monkey::patchable]
/// fn save(name: &str, size: usize) -> bool {
///     name.len() < size
/// }
///
/// let mut saved = Vec::new();
/// let done = monkey::during!(save = |name: &str, _| { saved.push(name.to_owned()); true }; {
///     save("a", 0) && save("b", 0)
/// });
/// assert!(done);
/// assert_eq!(saved, ["a", "b"]);
/// ```
pub use monkey_macros::during;

/// Calls the original of a function, from its replacement or from anywhere.
///
/// It takes a call by path, `original!(Clock::now(&clock))` for a method, and for an `async fn` its `.await` as well:
/// `original!(fetch(url).await)`. What the arguments call is replaced as
/// ever, a `Deref` or `Index` behind them as well, and so is what the original calls, itself included.
///
/// Arguments are what they are in the plain call: references are reborrowed, closures get their types from the parameters. Where the
/// function is `unsafe` or of a foreign ABI, they are moved: write `&mut *buffer` for one that is used again.
///
/// # Examples
/// ```
/// #[monkey::patchable]
/// fn price(items: u32) -> u32 {
///     items * 10
/// }
///
/// fn half(items: u32) -> u32 {
///     monkey::original!(price(items)) / 2
/// }
///
/// let _guard = monkey::patch!(price = half);
/// assert_eq!(price(3), 15);
/// ```
pub use monkey_macros::original;

/// Counts the calls of a function that is replaced, or watched, in the caller's scope, as a `usize`.
///
/// The name may be that of the list: `calls!(std::env::var)` needs no generic arguments where the list has none.
///
/// # Examples
/// ```
/// #[monkey::patchable]
/// fn now() -> u64 {
///     1_700_000_000
/// }
///
/// let _guard = monkey::patch!(now = || 42);
/// assert_eq!(now() + now(), 84);
/// assert_eq!(monkey::calls!(now), 2);
/// ```
pub use monkey_macros::calls;

#[cfg(feature = "runtime")]
#[doc(hidden)]
pub use monkey_core::expansion as __private;

#[cfg(all(
    feature = "kit",
    all(
        any(
            all(
                any(target_os = "linux", target_os = "macos"),
                any(target_arch = "aarch64", target_arch = "x86_64")
            ),
            all(windows, target_arch = "x86_64")
        ),
        target_pointer_width = "64"
    )
))]
#[doc(hidden)]
pub mod __kit {
    pub use monkey_kit::hermetic;
}

/// Elsewhere the attribute finds this, and the compiler says why there is no such world.
#[cfg(all(
    feature = "kit",
    not(all(
        any(
            all(
                any(target_os = "linux", target_os = "macos"),
                any(target_arch = "aarch64", target_arch = "x86_64")
            ),
            all(windows, target_arch = "x86_64")
        ),
        target_pointer_width = "64"
    ))
))]
#[doc(hidden)]
pub mod __kit {
    #[diagnostic::on_unimplemented(
        message = "there is no `hermetic` on this target: it is made of functions of Linux's C library, on x86-64 and AArch64",
        label = "a test's own world is not to be had here",
        note = "write `#[cfg_attr(target_os = \"linux\", monkey::test(hermetic))]`, or replace the functions of yours that ask the system"
    )]
    pub trait OnThisTarget<'a> {}

    #[derive(Debug)]
    pub struct World;

    /// Compiles where nobody calls it.
    pub fn hermetic() -> World
    where
        for<'a> World: OnThisTarget<'a>,
    {
        World
    }
}
