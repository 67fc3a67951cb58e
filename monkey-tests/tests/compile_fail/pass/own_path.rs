//! Generic functions name themselves in their bodies, by a path that means them wherever they stand.
#![deny(warnings, clippy::all, clippy::pedantic, unused_qualifications)]
#![forbid(unsafe_code)]
#![allow(missing_docs, clippy::must_use_candidate, clippy::missing_panics_doc, clippy::unused_self)]

use std::any::Any;
use std::fmt::{self, Debug, Display, Write};
use std::ops::Add;

pub struct Pair<T>(pub T);

impl<T: Display> Display for Pair<T> {
    #[monkey::patchable]
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.0)
    }
}
// Two traits' functions of one name, which `Self::fmt` could not choose from.
#[monkey::patchable]
impl<T: Debug> Debug for Pair<T> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{:?}", self.0)
    }
}

trait Convert<'a, T: ?Sized, const N: usize> {
    fn convert(&'a self, with: &T) -> usize;
}
#[monkey::patchable]
impl<T> Pair<T> {
    // Of the same name as the trait's, with other parameters.
    fn convert<A, B>(&self, first: A, _: B) -> A {
        first
    }
    pub fn swap<'a, U: Clone>(&'a self, other: &'a U) -> (&'a U, &'a T)
    where
        T: 'a,
    {
        (other, &self.0)
    }
    fn hidden(&self, _: impl Display) -> impl Iterator<Item = &T> {
        std::iter::once(&self.0)
    }
    async fn later<U>(&self, value: U) -> U {
        value
    }
    fn array<const N: usize>(self) -> [T; N]
    where
        T: Copy,
    {
        [self.0; N]
    }
}
#[monkey::patchable]
impl<'a, T, U: ?Sized + ToString, const N: usize> Convert<'a, U, N> for Pair<T> {
    fn convert(&'a self, with: &U) -> usize {
        with.to_string().len() + N
    }
}
#[monkey::patchable]
impl<T: Add<Output = T>> Add for Pair<T> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

#[monkey::patchable]
trait Defaults<'a, T: Default, const N: usize>: Debug {
    fn default_of(&self) -> T {
        T::default()
    }
    fn count() -> usize
    where
        Self: Sized,
    {
        N
    }
    fn text(&self, other: &'a str) -> &'a str {
        other
    }
    fn each<U: Any>(self, value: U) -> U
    where
        Self: Sized,
    {
        value
    }
    // Every type that is `Debug` has a function of this name already.
    fn fmt(&self) -> usize {
        format!("{self:?}").len()
    }
}
impl Defaults<'static, u8, 3> for Pair<u32> {}

#[monkey::patchable]
mod inside {
    pub fn value<T: Copy>(value: &T) -> T {
        *value
    }
    pub fn nested<T: Copy>(number: T) -> T {
        fn nested(_: u8) {}
        nested(1);
        number
    }
    pub fn unsized_type<T: ?Sized + ToString>(what: &T) -> String {
        what.to_string()
    }
    pub mod deeper {
        pub fn value<const N: usize, T>(_: T) -> usize {
            N
        }
    }
}

// Free, though somebody in it has a `Self`.
#[monkey::patchable]
pub fn free<T: Copy>(value: T) -> T {
    struct Inner;
    impl Inner {
        fn new() -> Self {
            Self
        }
    }
    let _ = Inner::new();
    value
}

impl<T: Default> Pair<T> {
    #[monkey::patchable]
    pub fn associated() -> Self {
        Self(T::default())
    }
    #[monkey::patchable]
    pub fn by_name<U: Into<T>>(value: U) -> T {
        Self(value.into()).0
    }
    #[monkey::patchable]
    fn private(&self) -> &T {
        &self.0
    }
}

macro_rules! made {
    ($type:ident, $method:ident, $parameter:ident) => {
        pub struct $type<$parameter>($parameter);
        #[monkey::patchable]
        impl<$parameter: Copy> $type<$parameter> {
            pub fn $method<Other>(&self, _: &Other) -> $parameter {
                self.0
            }
        }
    };
}
made!(Made, get, Content);

fn main() {
    assert_eq!(format!("{0} {0:?}", Pair(1)), "1 1");
    assert_eq!(Pair(1).convert(2, 3), 2);
    assert_eq!(<Pair<u8> as Convert<'_, str, 4>>::convert(&Pair(1), "abc"), 7);
    assert_eq!(Pair(1).swap(&2), (&2, &1));
    assert_eq!(Pair(1).hidden("").sum::<u32>(), 1);
    drop(Pair(1).later(2));
    assert_eq!(Pair(1).array::<2>(), [1, 1]);
    assert_eq!((Pair(1) + Pair(2)).0, 3);
    let dynamic: &dyn Defaults<'static, u8, 3> = &Pair(1);
    assert_eq!((dynamic.default_of(), dynamic.text("a"), Defaults::fmt(dynamic)), (0, "a", 1));
    assert_eq!((Pair::<u32>::count(), Pair(1u32).each(2)), (3, 2));
    assert_eq!(inside::value(&1) + inside::nested(2) + free(3), 6);
    assert_eq!(inside::unsized_type("a"), "a");
    assert_eq!(inside::deeper::value::<3, _>(""), 3);
    assert_eq!(Pair::<u32>::associated().0 + Pair::<u32>::by_name(1u8) + *Pair(1).private(), 2);
    assert_eq!(Made(1).get(&2), 1);
    let mut text = String::new();
    let _ = text.write_str("");
}
