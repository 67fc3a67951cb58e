//! Whether futures may be polled by any thread: what stands in for one has to be `Send` where that is.
use super::{AsyncTarget, Awaited};
use std::marker::PhantomData;

/// A future's type, for method look-up to tell whether it is `Send`.
#[derive(Debug)]
pub struct FutureOf<T>(PhantomData<fn(T)>);

impl<T> FutureOf<T> {
    /// That of a future.
    pub fn of(_future: &T) -> Self {
        Self(PhantomData)
    }
}

impl<F: AsyncTarget<A>, A> Awaited<F, A> {
    /// The target's.
    #[must_use]
    pub fn future(&self) -> FutureOf<F::Future> {
        FutureOf(PhantomData)
    }

    /// That of another function with the target's arguments.
    pub fn future_of<G: AsyncTarget<A>>(&self, _given: &G) -> FutureOf<G::Future> {
        FutureOf(PhantomData)
    }
}

impl super::NotAwaited {
    /// None.
    #[must_use]
    pub fn future(&self) -> FutureOf<()> {
        FutureOf(PhantomData)
    }

    /// None.
    pub fn future_of<G>(&self, _given: &G) -> FutureOf<()> {
        FutureOf(PhantomData)
    }
}

/// The future may be polled by any thread.
#[derive(Debug)]
pub struct AnyThread;
/// Only by one.
#[derive(Debug)]
pub struct OneThread;

/// Found first.
pub trait ProbeSend {
    /// As a type.
    fn __monkey_send(&self) -> AnyThread {
        AnyThread
    }
}
impl<T: Send> ProbeSend for FutureOf<T> {}

/// Found where the other is not.
pub trait ProbeNotSend {
    /// As a type.
    fn __monkey_send(&self) -> OneThread {
        OneThread
    }
}
impl<T> ProbeNotSend for &FutureOf<T> {}

/// What may go where the target's future goes.
#[diagnostic::on_unimplemented(
    message = "the target's future is `Send`, and this one is not",
    label = "makes a future that must stay on its thread",
    note = "a runtime may poll the target's future on any thread; let nothing that is not `Send`, such as an `Rc` or a guard, live over \
            an `.await`"
)]
pub trait GoesAs<Target> {}
#[diagnostic::do_not_recommend]
impl GoesAs<AnyThread> for AnyThread {}
#[diagnostic::do_not_recommend]
impl<Given> GoesAs<OneThread> for Given {}

/// Compiles where it may.
pub fn goes_as<Target, Given: GoesAs<Target>>(_target: &Target, _given: &Given) {}
