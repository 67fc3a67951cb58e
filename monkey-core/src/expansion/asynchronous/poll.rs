//! Another crate's `async fn`: its future's `poll` is a function as any other, and known from the path alone.
use crate::captured::closure::{Entered, Way, enter, original};
use crate::expansion::returns::{Shape, Values};
use std::any::type_name;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::ptr;
use std::slice;
use std::task::{Context, Poll};

/// The `poll` of a future.
pub type PollOf<Future, R> = fn(Pin<&mut Future>, &mut Context<'_>) -> Poll<R>;

/// Stands in for it: ready with a value, where the future has not begun.
pub fn ready<W: Way, V, Target, Fut, O: Shape>(
    future: Pin<&mut Fut>,
    context: &mut Context<'_>,
) -> Poll<Fut::Output>
where
    V: Values<W, O::Lent<'static>>,
    Fut: Future<Output = O::Lent<'static>>,
{
    let own: PollOf<Fut, Fut::Output> = ready::<W, V, Target, Fut, O>;
    if has_begun(&*future) {
        return original(own)(future, context);
    }
    match enter::<W, V, _, Target, true>(own) {
        Entered::Call(call) => match call.step() {
            Some(number) => Poll::Ready(V::value(&call, number)),
            None => original(own)(future, context),
        },
        Entered::Instead(other) => other(future, context),
    }
}

/// Whether a future is an `async fn`'s, whose type nobody can write.
#[must_use]
pub fn is_body<Fut>() -> bool {
    type_name::<Fut>().ends_with("{{closure}}")
}

/// Whether it is a boxed future: its `poll` is that of many functions.
#[must_use]
pub fn is_boxed<Fut>() -> bool {
    type_name::<Fut>().starts_with("core::pin::Pin<alloc::boxed::Box<")
}

/// Whether the future of an `async fn` was polled before: its states are numbered, and the first is 0. Of others nobody knows.
fn has_begun<Fut>(future: &Fut) -> bool {
    if !is_body::<Fut>() {
        return false;
    }
    let state = mem::discriminant(future);
    // SAFETY: all of the number that this is.
    let bytes = unsafe { slice::from_raw_parts(ptr::from_ref(&state).cast::<u8>(), size_of_val(&state)) };
    bytes.iter().any(|byte| *byte != 0)
}

#[cfg(test)]
mod tests {
    use super::has_begun;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    async fn twice(left: &str) -> usize {
        std::future::pending::<()>().await;
        left.len()
    }

    async fn at_once() {
        std::future::ready(()).await;
    }

    #[test]
    fn a_future_that_was_polled_has_begun() {
        let mut context = Context::from_waker(Waker::noop());
        let (mut waits, mut ends) = (pin!(twice("text")), pin!(at_once()));
        assert!(!has_begun(&*waits) && !has_begun(&*ends));
        assert!(waits.as_mut().poll(&mut context).is_pending());
        assert!(ends.as_mut().poll(&mut context).is_ready());
        assert!(has_begun(&*waits) && has_begun(&*ends));
        assert!(!has_begun(&Some(1)), "no `async fn`'s");
    }
}
