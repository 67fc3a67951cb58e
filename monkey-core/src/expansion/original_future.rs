//! `original!(f(args).await)`: the bypass is for the future's first poll, at which a patchable `async fn` asks, and which is what stands
//! in for another crate's.
use super::stack::stack;
use crate::registry;
use crate::thread::BypassOnce;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future whose first poll goes to the original.
#[derive(Debug)]
pub struct OriginalFuture<F> {
    future: F,
    target: usize,
    begun: bool,
}

impl<F: Future> OriginalFuture<F> {
    /// Of the function at `target`.
    #[must_use]
    pub fn new(target: *const (), future: F) -> Self {
        Self { future, target: target as usize, begun: false }
    }

    /// Whoever is asked about: the function, or its future's `poll`.
    fn group(&self) -> u64 {
        let poll: fn(Pin<&mut F>, &mut Context<'_>) -> Poll<F::Output> = F::poll;
        match registry::group_id(self.target) {
            0 => registry::group_id(poll as *const () as usize),
            group => group,
        }
    }
}

impl<F: Future> Future for OriginalFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is not moved out.
        let own = unsafe { self.get_unchecked_mut() };
        let group = if std::mem::replace(&mut own.begun, true) { 0 } else { own.group() };
        // SAFETY: it was pinned as a part of this.
        let future = unsafe { Pin::new_unchecked(&mut own.future) };
        // Asked here, and not in a closure: this is the function that makes the call.
        let stack = stack();
        let _bypass = (group != 0).then(|| BypassOnce::begin(group, stack));
        future.poll(context)
    }
}
