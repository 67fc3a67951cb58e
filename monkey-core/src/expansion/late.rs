//! Which parameters borrow for each call anew: those whose lifetime is bound late, where the function is called. One that is chosen before,
//! where the function is named, is as good as none: a closure may leave its type out.
use super::returns::{Fixed, Guess, Lends, Owned, TiedTo};
use std::marker::PhantomData;

/// Found first.
pub trait ProbeLate {
    /// The first parameter's shape.
    fn __monkey_late_first<S>(&self, shape: PhantomData<S>) -> PhantomData<S> {
        shape
    }
}
impl<F: Lends<Shapes, Fixed<R>>, A, Shapes, R> ProbeLate for Guess<F, A, Shapes, Fixed<R>> {}
// The result shows that the first one is late, and nothing of the others.
impl<F, A, Shapes, First, R> ProbeLate for Guess<F, A, Shapes, TiedTo<First, R>> {}

/// Found first.
pub trait ProbeLateToo {
    /// Another parameter's shape.
    fn __monkey_late<S>(&self, shape: PhantomData<S>) -> PhantomData<S> {
        shape
    }
}
impl<F: Lends<Shapes, Fixed<R>>, A, Shapes, R> ProbeLateToo for Guess<F, A, Shapes, Fixed<R>> {}

/// Found where the others are not.
pub trait ProbeEarly {
    /// As if it owned.
    fn __monkey_late_first<S>(&self, _shape: PhantomData<S>) -> PhantomData<Owned<()>> {
        PhantomData
    }
    /// As if it owned.
    fn __monkey_late<S>(&self, _shape: PhantomData<S>) -> PhantomData<Owned<()>> {
        PhantomData
    }
}
impl<F, A, Shapes, Result> ProbeEarly for &Guess<F, A, Shapes, Result> {}
