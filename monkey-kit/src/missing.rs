//! What is there on Linux alone. Elsewhere it does not compile where somebody uses it, and the compiler says why: each function asks for
//! a bound that nothing meets.

/// A function's bound, and what it gives.
macro_rules! missing {
    ($trait:ident, $what:literal) => {
        #[doc(hidden)]
        #[diagnostic::on_unimplemented(
            message = $what,
            label = "not on this target",
            note = "write `#[cfg(target_os = \"linux\")]` on the test, or replace the functions of yours that ask the system"
        )]
        pub trait $trait<'a> {}

        /// What there is none of.
        #[derive(Debug)]
        pub struct Missing;
    };
}

/// A test's own files.
pub mod fs {
    missing!(
        OnThisTarget,
        "there is no `monkey::fs` on this target: it is made of functions of Linux's C library"
    );

    pub use crate::op::Op;

    /// Not on this target.
    pub fn file<P, C>(_: P, _: C) -> Missing
    where
        for<'a> Missing: OnThisTarget<'a>,
    {
        Missing
    }

    /// Not on this target.
    pub fn missing<P>(_: P) -> Missing
    where
        for<'a> Missing: OnThisTarget<'a>,
    {
        Missing
    }

    /// Not on this target.
    pub fn fail<P, E>(_: Op, _: P, _: E) -> Missing
    where
        for<'a> Missing: OnThisTarget<'a>,
    {
        Missing
    }

    impl Missing {
        /// Not on this target.
        #[must_use]
        pub fn after(self, _: u64) -> Self {
            self
        }

        /// Not on this target.
        #[must_use]
        pub fn times(self, _: u64) -> Self {
            self
        }
    }
}

/// A test's own network.
pub mod net {
    missing!(
        OnThisTarget,
        "there is no `monkey::net` on this target: it is made of functions of Linux's C library"
    );

    /// Not on this target.
    #[must_use]
    pub fn forbid() -> Missing
    where
        for<'a> Missing: OnThisTarget<'a>,
    {
        Missing
    }

    /// Not on this target.
    pub fn route<F, T>(_: F, _: T) -> Missing
    where
        for<'a> Missing: OnThisTarget<'a>,
    {
        Missing
    }

    impl Missing {
        /// Not on this target.
        #[must_use]
        pub fn but_loopback(self) -> Self {
            self
        }
    }
}

/// Programs that a test starts.
#[cfg(windows)]
pub mod process {
    missing!(
        OnThisTarget,
        "there is no `monkey::process` on this target: it is made of functions of POSIX's C libraries"
    );

    /// Not on this target.
    #[must_use]
    pub fn forbid() -> Missing
    where
        for<'a> Missing: OnThisTarget<'a>,
    {
        Missing
    }
}

/// What `#[monkey::test(hermetic)]` asks for.
#[doc(hidden)]
pub mod world {
    #[diagnostic::on_unimplemented(
        message = "there is no `hermetic` on this target: it is made of functions of Linux's C library, on x86-64 and AArch64",
        label = "a whole world of a test's own is not to be had here",
        note = "write `#[cfg_attr(target_os = \"linux\", monkey::test(hermetic))]`; what there is of it are `monkey::clock`, `random` and `env`"
    )]
    pub trait OnThisTarget<'a> {}

    #[derive(Debug)]
    pub struct World;

    /// Compiles where nobody calls it.
    #[must_use]
    pub fn hermetic() -> World
    where
        for<'a> World: OnThisTarget<'a>,
    {
        World
    }
}

#[doc(hidden)]
pub use world::hermetic;
