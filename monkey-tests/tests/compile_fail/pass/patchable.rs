//! Every kind of function stays what it was, without a warning in the crate that has it.
#![deny(warnings, clippy::all, clippy::pedantic, unused_qualifications, missing_docs)]
#![forbid(unsafe_code)]
#![allow(dead_code, clippy::must_use_candidate, clippy::missing_panics_doc, clippy::missing_errors_doc)]

use std::cell::RefCell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::pin::Pin;

/// Documented.
#[monkey::patchable]
pub fn answer() -> u32 {
    42
}

#[monkey::patchable]
fn nothing() {}

#[monkey::patchable]
#[inline]
fn was_inline(value: &u32) -> u32 {
    *value
}

#[monkey::patchable]
#[cfg_attr(all(), inline, must_use)]
fn was_inline_at_times(value: u32) -> u32 {
    value
}

#[monkey::patchable]
fn iterator(count: u32) -> impl Iterator<Item = u32> {
    (0..count).map(|number| number + 1)
}

#[monkey::patchable]
fn closure(by: u32) -> impl Fn(u32) -> u32 {
    move |value| value.wrapping_add(by)
}

#[monkey::patchable]
fn early(value: u32) -> Result<impl Fn(u32) -> u32, Box<dyn Error>> {
    if value == 0 {
        return Err("zero".into());
    }
    let parsed: u32 = "3".parse()?;
    Ok(move |other: u32| other.wrapping_add(parsed))
}

#[monkey::patchable]
fn boxed(by: u32) -> Box<dyn Fn(u32) -> u32> {
    Box::new(move |value| value.wrapping_add(by))
}

#[monkey::patchable]
fn longest<'a>(left: &'a str, right: &'a str) -> &'a str {
    if left.len() > right.len() { left } else { right }
}

#[monkey::patchable]
fn change(value: &mut Vec<u32>) -> &mut u32 {
    value.push(1);
    &mut value[0]
}

#[monkey::patchable]
fn patterns((left, _): (u32, String), [first, ..]: [u8; 3], _: &str, _unused: Vec<u8>, mut last: u32) -> u32 {
    last += 1;
    left + u32::from(first) + last
}

#[monkey::patchable]
fn borrows((cell,): (RefCell<String>,)) -> usize {
    cell.borrow().len()
}

#[monkey::patchable]
fn by_reference(ref text: String, whole @ (left, _): (u8, u8)) -> usize {
    text.len() + usize::from(left) + usize::from(whole.1)
}

#[monkey::patchable]
fn conditional(#[cfg(windows)] gone: u32, #[cfg(unix)] there: u32) -> u32 {
    there
}

#[monkey::patchable]
fn generic<T, const N: usize>(value: [T; N], show: impl Display) -> String
where
    T: Debug + Clone,
{
    format!("{:?}{show}", value.clone())
}

#[monkey::patchable]
fn never(code: i32) -> ! {
    panic!("{code}")
}

#[monkey::patchable]
fn unfinished(_value: u32) -> u32 {
    panic!("always")
}

#[monkey::patchable]
fn recursive(number: u64) -> u64 {
    if number < 2 { number } else { recursive(number - 1) + recursive(number - 2) }
}

#[monkey::patchable]
extern "C" fn foreign(value: i32) -> i32 {
    value
}

#[monkey::patchable]
fn items_first() -> u32 {
    const ONE: u32 = 1;
    use std::mem::size_of as size;
    ONE + u32::try_from(size::<u8>()).unwrap_or(0)
}

#[monkey::patchable]
fn inner_attribute() -> u32 {
    #![allow(unused_variables)]
    let unused = 1;
    2
}

#[monkey::patchable]
async fn asynchronous<T: Send>(value: T, _: &str) -> T {
    std::future::ready(()).await;
    value
}

#[monkey::patchable]
async fn asynchronous_opaque(value: u32) -> impl Fn() -> u32 {
    move || value
}

#[monkey::patchable]
fn future<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    Box::pin(async move { text.len() })
}

/// Documented.
pub struct Counter {
    count: u32,
}

impl Counter {
    /// Documented.
    #[monkey::patchable]
    pub fn by_value(self) -> u32 {
        self.count
    }

    #[monkey::patchable]
    fn pinned(self: Pin<&mut Self>) -> &mut u32 {
        &mut self.get_mut().count
    }

    #[monkey::patchable]
    fn changed(mut self, _: u32) -> Self {
        self.count += 1;
        self
    }

    #[monkey::patchable]
    fn associated() -> Self {
        Self { count: 0 }
    }
}

#[monkey::patchable]
impl Counter {
    const START: u32 = 3;

    #[monkey::patchable(skip)]
    const fn start() -> Self {
        Self { count: Self::START }
    }

    fn increment(&mut self) -> &mut u32 {
        self.count += 1;
        &mut self.count
    }

    #[monkey::patchable]
    fn with_its_own(&self) -> u32 {
        self.count
    }

    async fn later(&self, by: u32) -> u32 {
        self.count + by
    }
}

#[monkey::patchable]
trait Store {
    type Key;
    fn put(&self, key: Self::Key) -> bool;
    fn get(&self, _key: Self::Key) -> Option<&str> {
        None
    }
    fn consumed(self) -> u32
    where
        Self: Sized,
    {
        7
    }
}

#[monkey::patchable]
impl Store for Counter {
    type Key = u32;
    fn put(&self, key: u32) -> bool {
        key == self.count
    }
}

impl Display for Counter {
    #[monkey::patchable]
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.count)
    }
}

#[monkey::patchable]
mod inline {
    pub fn free() -> u32 {
        1
    }

    #[patchable(skip)]
    #[track_caller]
    pub fn left_alone() -> u32 {
        2
    }

    pub mod deeper {
        pub struct Here;
        impl Here {
            pub fn method(&self) -> &Self {
                self
            }
        }
    }

    #[test]
    fn no_matter_what() {}
}

macro_rules! made {
    ($name:ident, $argument:ident) => {
        #[monkey::patchable]
        fn $name($argument: u32) -> u32 {
            let value = $argument;
            value
        }
    };
}
made!(made_by_a_macro, argument);

#[monkey::patchable]
#[rustfmt::skip]
fn on_one_line(_: u32) -> u32 { 42 }

fn send<T: Send>(value: T) -> T {
    value
}

fn main() {
    assert_eq!(answer(), 42);
    nothing();
    assert_eq!(was_inline(&3) + was_inline_at_times(1), 4);
    assert_eq!(iterator(3).sum::<u32>(), 6);
    assert_eq!(closure(1)(2) + boxed(1)(2), 6);
    assert_eq!(early(1).map_or(0, |add| add(1)), 4);
    assert_eq!(longest("a", "bc"), "bc");
    assert_eq!(*change(&mut Vec::new()), 1);
    assert_eq!(patterns((1, String::new()), [1, 2, 3], "", Vec::new(), 1), 4);
    assert_eq!(borrows((RefCell::new(String::from("abc")),)), 3);
    assert_eq!(by_reference(String::from("a"), (1, 2)), 4);
    assert_eq!(conditional(5), 5);
    assert_eq!(generic([1, 2], "x"), "[1, 2]x");
    assert_eq!(recursive(10), 55);
    assert_eq!(foreign(3), 3);
    assert_eq!(items_first() + inner_attribute(), 4);
    assert_eq!(Counter::associated().changed(1).by_value(), 1);
    assert_eq!(*Counter::start().increment(), 4);
    assert_eq!(*Pin::new(&mut Counter::start()).pinned(), 3);
    assert_eq!(Counter::start().with_its_own(), 3);
    assert!(Counter::start().put(3) && Counter::start().get(1).is_none());
    assert_eq!(Counter::start().consumed(), 7);
    assert_eq!(Counter::start().to_string(), "3");
    assert_eq!(inline::free() + inline::left_alone(), 3);
    inline::deeper::Here.method();
    assert_eq!(made_by_a_macro(1) + on_one_line(0), 43);
    drop(send(asynchronous(1, "")));
    drop(send(asynchronous_opaque(1)));
    drop(send(Counter::start().later(1)));
    drop(future(""));
}
