//! Whether futures may be polled by any thread: what stands in for one has to be `Send` where that is.
use super::{AsyncTarget, Awaited};
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};

/// A future's type, for method look-up to tell whether it is `Send`.
#[derive(Debug)]
pub struct FutureOf<T>(PhantomData<fn(T)>);

impl<T> FutureOf<T> {
    /// That of a future.
    pub fn new(_future: &T) -> Self {
        Self(PhantomData)
    }
}

impl<F: AsyncTarget<A>, A> Awaited<F, A> {
    /// The target's.
    #[must_use]
    pub fn future(self) -> FutureOf<F::Future> {
        FutureOf(PhantomData)
    }

    /// That of another function with the target's arguments.
    pub fn future_of<G: AsyncTarget<A>>(self, _given: &G) -> FutureOf<G::Future> {
        FutureOf(PhantomData)
    }
}

impl super::NotAwaited {
    /// None.
    #[must_use]
    pub fn future(self) -> FutureOf<()> {
        FutureOf(PhantomData)
    }

    /// None.
    pub fn future_of<G>(self, _given: &G) -> FutureOf<()> {
        FutureOf(PhantomData)
    }
}

/// The future may be polled by any thread.
#[derive(Debug)]
pub struct AnyThread;
/// Only by one.
#[derive(Debug)]
pub struct OneThread;

/// Whether what stands in for a target may be polled by any thread.
pub trait Sends: 'static {
    /// Whether it may.
    const ANY: bool;
}
impl Sends for AnyThread {
    const ANY: bool = true;
}
impl Sends for OneThread {
    const ANY: bool = false;
}

/// The same as a type that is found out.
#[derive(Debug)]
pub struct SendsOf<S>(PhantomData<fn() -> S>);

impl<S> SendsOf<S> {
    /// Not known yet.
    #[must_use]
    pub fn unknown() -> Self {
        Self(PhantomData)
    }
}

/// A future that need not be `Send`: nobody but the thread that has begun it polls or drops it.
///
/// That it goes where the target's goes is checked where the list is written. There, in a generic function, it may not be known that the
/// target's is `Send`; so this sees to it.
#[derive(Debug)]
pub struct OnItsThread<F> {
    future: ManuallyDrop<F>,
    thread: ThreadId,
}

impl<F> OnItsThread<F> {
    pub(super) fn new(future: F) -> Self {
        Self { future: ManuallyDrop::new(future), thread: thread::current().id() }
    }
}

impl<F: Future> Future for OnItsThread<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        assert!(
            thread::current().id() == self.thread,
            "a replacement's future is polled by another thread than the one that has begun it, and where the replacement is written it \
             is not known that the target's is `Send`\n  help: in a generic function add the bounds that say it is, such as `T: Send`"
        );
        // SAFETY: the future is not moved out of here.
        let future = unsafe { &mut self.get_unchecked_mut().future };
        // SAFETY: it was pinned as a part of this.
        unsafe { Pin::new_unchecked(&mut **future) }.poll(context)
    }
}

impl<F> Drop for OnItsThread<F> {
    fn drop(&mut self) {
        if thread::current().id() == self.thread {
            // SAFETY: dropped once, here. On another thread it is not dropped at all.
            unsafe { ManuallyDrop::drop(&mut self.future) }
        }
    }
}

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

/// Futures that may go where the target's goes. What a closure's own is may not be asked, only demanded, where the closure is written.
#[diagnostic::on_unimplemented(
    message = "the target's future is `Send`, and this one is not",
    label = "makes a future that must stay on its thread",
    note = "a runtime may poll the target's future on any thread; let nothing that is not `Send`, such as an `Rc` or a guard, live over \
            an `.await`"
)]
pub trait GoesAs<Target> {}
#[diagnostic::do_not_recommend]
impl<T: Send> GoesAs<AnyThread> for FutureOf<T> {}
#[diagnostic::do_not_recommend]
impl<T> GoesAs<OneThread> for FutureOf<T> {}

/// Compiles where it may.
pub fn goes_as<S, T>(_sends: &SendsOf<S>, _target: &S, _given: &FutureOf<T>)
where
    FutureOf<T>: GoesAs<S>,
{
}
