//! What `#[patchable]` says of a function whose lifetimes are chosen before the function is, and how a list finds it.
//!
//! Inference takes `'static` for such a lifetime, on both sides, and a replacement could keep what it is lent. The attribute knows the
//! signature, so it implements [`Lent`] for the function's [`Name`] and pointer type: what a replacement has to be for every lifetime.
//! A list knows both, and method look-up finds the implementation, or that there is none.
use std::marker::PhantomData;

/// A function's own name, by its hash.
#[derive(Debug)]
pub struct Name<const HASH: u64>;

/// `Marker` is a type of the crate that implements this, and tells functions of one name apart.
pub trait Lent<Marker, Pointer> {
    /// What every replacement has to be, whichever the lifetimes are.
    type Asked<'any0, 'any1, 'any2, 'any3>;
}

/// A target on its way through `(&Lookup::of(Name, &pointer)).__monkey_asked(&(), &(), &(), &())`.
#[derive(Debug)]
pub struct Lookup<Name, Pointer>(PhantomData<(Name, Pointer)>);

impl<Name, Pointer> Lookup<Name, Pointer> {
    /// Of the target's type; the function itself is not looked at.
    pub fn of(_name: Name, _pointer: &Pointer) -> Self {
        Self(PhantomData)
    }
}

/// Takes the replacement, as what it has to be. Invariant: any other type of pointer would be less.
#[derive(Debug)]
pub struct Asked<Pointer>(PhantomData<fn(Pointer) -> Pointer>);

impl<Pointer> Asked<Pointer> {
    /// For the type check alone.
    #[expect(clippy::unused_self, reason = "found by the type of what it is called on")]
    pub fn of_every_lifetime(&self, _keeps_nothing_that_it_is_lent: Pointer) {}
}

/// Found first.
pub trait AsksMore<Marker> {
    /// What a replacement has to be.
    type Asked<'any0, 'any1, 'any2, 'any3>;
    /// As a type.
    fn __monkey_asked<'any0, 'any1, 'any2, 'any3>(
        &self,
        _any0: &'any0 (),
        _any1: &'any1 (),
        _any2: &'any2 (),
        _any3: &'any3 (),
    ) -> Asked<Self::Asked<'any0, 'any1, 'any2, 'any3>> {
        Asked(PhantomData)
    }
}

impl<Name: Lent<Marker, Pointer>, Marker, Pointer> AsksMore<Marker> for Lookup<Name, Pointer> {
    type Asked<'any0, 'any1, 'any2, 'any3> = Name::Asked<'any0, 'any1, 'any2, 'any3>;
}

/// Found where the other is not.
pub trait AsksNoMore<Pointer> {
    /// What the array has seen already.
    fn __monkey_asked(&self, _any0: &(), _any1: &(), _any2: &(), _any3: &()) -> Asked<Pointer> {
        Asked(PhantomData)
    }
}

impl<Name, Pointer> AsksNoMore<Pointer> for &Lookup<Name, Pointer> {}
