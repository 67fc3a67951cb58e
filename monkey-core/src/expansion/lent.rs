//! What `#[patchable]` says of a function whose lifetimes are chosen before the function is, and how a list finds it.
//!
//! Inference takes `'static` for such a lifetime, on both sides, and a replacement could keep what it is lent. The attribute knows the
//! signature, so it implements [`Lent`] for the function's names and pointer type: what a replacement has to be for every lifetime.
//! A list knows both, and method look-up finds the implementation, or that there is none.
use std::marker::PhantomData;

/// A function's own name, by its hash.
#[derive(Debug)]
pub struct NameWithoutModule<const HASH: u64>;

/// Its name with that of the module, type or trait that it stands in: tells functions of one name and signature apart.
#[derive(Debug)]
pub struct PathEnd<const HASH: u64>;

/// The name of a trait's method, of which types that do not write their own have this one.
#[derive(Debug)]
pub struct Inherited<const HASH: u64>;

/// The hash of `module::name`, for the module that is `up` above the one with this path.
#[must_use]
pub const fn hash_in_module(path: &str, up: usize, name: &str) -> u64 {
    let path = path.as_bytes();
    let (mut end, mut left) = (path.len(), up);
    loop {
        let start = start_of_segment(path, end);
        if left == 0 || start == 0 {
            let hash = fnv(FNV_BASIS, path, start, end);
            let hash = fnv(hash, b"::", 0, 2);
            return fnv(hash, name.as_bytes(), 0, name.len());
        }
        end = start - 2;
        left -= 1;
    }
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

const fn start_of_segment(path: &[u8], end: usize) -> usize {
    let mut start = end;
    while start > 0 && path[start - 1] != b':' {
        start -= 1;
    }
    start
}

const fn fnv(mut hash: u64, text: &[u8], from: usize, to: usize) -> u64 {
    let mut at = from;
    while at < to {
        hash = (hash ^ text[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// `Marker` is a type of the crate that implements this, and tells functions of one name apart.
pub trait Lent<Marker, Pointer> {
    /// What every replacement has to be, whichever the lifetimes are.
    type Asked<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7>;
    /// The same where a type may be tied to a lifetime: whichever the list's own function borrows for.
    type AskedHere<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7>;
}

/// A target on its way through `(&&&Lookup::<PATH, NAME, _>::new(&pointer)).__monkey_asked(&(), ..)`.
#[derive(Debug)]
pub struct Lookup<const PATH: u64, const NAME: u64, Pointer>(PhantomData<Pointer>);

impl<const PATH: u64, const NAME: u64, Pointer> Lookup<PATH, NAME, Pointer> {
    /// Of the target's type; the function itself is not looked at.
    pub fn new(_pointer: &Pointer) -> Self {
        Self(PhantomData)
    }
}

/// Takes the replacement, as what it has to be. Invariant: any other type of pointer would be less.
#[derive(Debug)]
pub struct Asked<Pointer>(PhantomData<fn(Pointer) -> Pointer>);

impl<Pointer> Asked<Pointer> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }

    /// For the type check alone.
    #[expect(clippy::unused_self, reason = "found by the type of what it is called on")]
    pub fn of_every_lifetime(self, _keeps_nothing_that_it_is_lent: Pointer) {}

    /// The same for what has the target's type already.
    #[expect(clippy::unused_self, reason = "found by the type of what it is called on")]
    pub fn beside_the_array(self, _keeps_nothing_that_it_is_lent: Pointer) {}
}

/// The replacement as what the array has seen.
#[derive(Debug)]
pub struct Seen<Pointer>(PhantomData<fn(Pointer) -> Pointer>);

impl<Pointer> Seen<Pointer> {
    /// For the type check alone.
    #[expect(clippy::unused_self, reason = "found by the type of what it is called on")]
    pub fn of_every_lifetime(self, _as_in_the_array: Pointer) {}

    /// What does not go with the target has been told so.
    #[expect(clippy::unused_self, reason = "found by the type of what it is called on")]
    pub fn beside_the_array<G>(self, _as_in_the_array: G) {}
}

/// A step of the look-up.
macro_rules! asks {
    ($(#[$doc:meta])* $name:ident, $on:ty, $said_of:ty) => {
        $(#[$doc])*
        pub trait $name<Marker> {
            /// What a replacement has to be.
            type Asked<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7>;
            /// The same for lifetimes that the caller borrows for.
            type AskedHere<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7>;
            /// As a type.
            #[expect(clippy::too_many_arguments, reason = "one for each lifetime")]
            fn __monkey_asked<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7>(
                &self,
                _: &'any0 (),
                _: &'any1 (),
                _: &'any2 (),
                _: &'any3 (),
                _: &'any4 (),
                _: &'any5 (),
                _: &'any6 (),
                _: &'any7 (),
            ) -> Asked<Self::Asked<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7>> {
                Asked(PhantomData)
            }
            /// As a type.
            #[expect(clippy::too_many_arguments, reason = "one for each lifetime")]
            fn __monkey_asked_here<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7>(
                &self,
                _: &'any0 (),
                _: &'any1 (),
                _: &'any2 (),
                _: &'any3 (),
                _: &'any4 (),
                _: &'any5 (),
                _: &'any6 (),
                _: &'any7 (),
            ) -> Asked<Self::AskedHere<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7>> {
                Asked(PhantomData)
            }
        }

        impl<const PATH: u64, const NAME: u64, Pointer, Marker> $name<Marker> for $on
        where
            $said_of: Lent<Marker, Pointer>,
        {
            type Asked<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7> =
                <$said_of as Lent<Marker, Pointer>>::Asked<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7>;
            type AskedHere<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7> =
                <$said_of as Lent<Marker, Pointer>>::AskedHere<'any0, 'any1, 'any2, 'any3, 'any4, 'any5, 'any6, 'any7>;
        }
    };
}

asks!(
    /// Found first: the path says which function.
    AsksByPath, &&Lookup<PATH, NAME, Pointer>, PathEnd<PATH>
);
asks!(
    /// Found next: there is one of this name and signature.
    AsksByName, &&&Lookup<PATH, NAME, Pointer>, NameWithoutModule<NAME>
);
asks!(
    /// Found behind these.
    AsksByTrait, &Lookup<PATH, NAME, Pointer>, Inherited<NAME>
);

/// Found where the others are not.
pub trait AsksNoMore<Pointer> {
    /// What the array has seen already.
    #[expect(clippy::too_many_arguments, reason = "as the others have them")]
    fn __monkey_asked(
        &self,
        (): &(),
        (): &(),
        (): &(),
        (): &(),
        (): &(),
        (): &(),
        (): &(),
        (): &(),
    ) -> Seen<Pointer> {
        Seen(PhantomData)
    }
    /// The same.
    #[expect(clippy::too_many_arguments, reason = "as the others have them")]
    fn __monkey_asked_here(
        &self,
        (): &(),
        (): &(),
        (): &(),
        (): &(),
        (): &(),
        (): &(),
        (): &(),
        (): &(),
    ) -> Seen<Pointer> {
        Seen(PhantomData)
    }
}

impl<const PATH: u64, const NAME: u64, Pointer> AsksNoMore<Pointer> for Lookup<PATH, NAME, Pointer> {}

#[cfg(test)]
mod tests {
    use super::{FNV_BASIS, fnv, hash_in_module};

    fn plain(text: &str) -> u64 {
        fnv(FNV_BASIS, text.as_bytes(), 0, text.len())
    }

    #[test]
    fn a_module_is_found_from_the_end_of_a_path() {
        let path = "shop::stock::tests";
        assert_eq!(hash_in_module(path, 0, "count"), plain("tests::count"));
        assert_eq!(hash_in_module(path, 1, "count"), plain("stock::count"));
        assert_eq!(hash_in_module(path, 2, "count"), plain("shop::count"));
        assert_eq!(hash_in_module(path, usize::MAX, "count"), plain("shop::count"));
        assert_eq!(hash_in_module("shop", 0, "count"), plain("shop::count"));
    }
}
