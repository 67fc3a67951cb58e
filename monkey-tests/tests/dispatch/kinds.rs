//! Functions of every kind, which are replaced where they ask in their source.
#![expect(
    clippy::many_single_char_names,
    clippy::multiple_bound_locations,
    clippy::items_after_statements,
    clippy::needless_pass_by_value,
    clippy::cast_precision_loss,
    clippy::boxed_local,
    clippy::unused_self,
    clippy::new_ret_no_self,
    clippy::needless_borrow,
    clippy::ptr_as_ptr,
    clippy::non_minimal_cfg,
    reason = "that these are of every kind is what they are for"
)]
use monkey::{Cause, Scope};
use std::fmt::{Debug, Display};
use std::pin::Pin;
use std::rc::Rc;
use std::thread;

#[monkey::patchable]
fn number() -> u64 {
    1
}

#[monkey::patchable]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

#[inline(never)]
fn not_marked() -> u64 {
    std::hint::black_box(1)
}

pub fn functions() {
    let guard = monkey::patch!(number = || 2, factorial = |n| n + 100);
    assert_eq!((number(), factorial(5)), (2, 105));
    let inner = monkey::patch!(number = || 3);
    assert_eq!(number(), 3);
    drop(inner);
    assert_eq!(number(), 2);
    drop(guard);
    assert_eq!((number(), factorial(5)), (1, 120));
    #[monkey::patchable]
    fn nested(text: String) -> Result<String, std::num::ParseIntError> {
        text.parse::<u8>().map(|number| number.to_string())
    }
    let _guard = monkey::patch!(nested = |text: String| Ok(text));
    assert_eq!(nested("x".into()).as_deref(), Ok("x"));
}

#[monkey::patchable]
fn patterns((left, _): (u32, String), [first, ..]: [u8; 3], _: &str, _unused: Vec<u8>, mut last: u32) -> u32 {
    last += 1;
    left + u32::from(first) + last
}

#[monkey::patchable]
fn many(a: u8, b: [u64; 9], c: String, d: &mut Vec<u8>, e: Box<dyn FnOnce() -> u8>, f: f64) -> (String, f64) {
    d.push(a + e());
    (c, f + b[8] as f64)
}

pub fn arguments_of_every_kind() {
    let call = || patterns((1, String::new()), [2, 0, 0], "", vec![], 3);
    assert_eq!(call(), 7);
    let _guard = monkey::patch!(
        patterns = |left: (u32, String), _: [u8; 3], _: &str, _: Vec<u8>, last: u32| left.0 * 100 + last,
        many = |a: u8, b: [u64; 9], c: String, d: &mut Vec<u8>, e: Box<dyn FnOnce() -> u8>, f: f64| {
            d.push(a * e());
            (c + "!", f - b[8] as f64)
        }
    );
    assert_eq!(call(), 103);
    let mut seen = vec![];
    let result = many(3, [7; 9], "c".into(), &mut seen, Box::new(|| 5), 0.5);
    assert_eq!((result, seen), (("c!".into(), -6.5), vec![15]));
}

#[monkey::patchable]
fn longest<'a>(left: &'a str, right: &'a str) -> &'a str {
    if left.len() > right.len() { left } else { right }
}

#[monkey::patchable]
fn early<'a: 'a, T: Display + 'a>(value: &'a T, _more: &str) -> Box<dyn Display + 'a> {
    Box::new(value)
}

#[monkey::patchable]
fn first(list: &mut [String]) -> &mut String {
    &mut list[0]
}

pub fn lifetimes() {
    fn last(list: &mut [String]) -> &mut String {
        list.last_mut().unwrap()
    }
    fn shortest<'a>(left: &'a str, right: &'a str) -> &'a str {
        if left.len() > right.len() { right } else { left }
    }
    let (own, mut list) = (String::from("own"), vec![String::from("a"), String::from("b")]);
    let _guard = monkey::patch!(longest = shortest, first = last);
    assert_eq!(longest(&own, "x"), "x");
    first(&mut list).push('!');
    assert_eq!(list, ["a", "b!"]);
    assert_eq!(early(&own, "").to_string(), "own");
}

#[monkey::patchable]
fn parse<T: std::str::FromStr, const N: usize>(text: &str) -> Option<[T; N]>
where
    T: Copy,
{
    text.parse().ok().map(|value| [value; N])
}

pub fn instances() {
    assert_eq!(parse::<u8, 1>("1"), Some([1]));
    let guard = monkey::patch!(parse::<u8, 1> = |_: &str| None);
    assert_eq!(
        (parse::<u8, 1>("1"), parse::<u8, 2>("1"), parse::<u16, 1>("1")),
        (None, Some([1, 1]), Some([1]))
    );
    let second = monkey::patch!(parse::<u8, 2> = |_: &str| Some([7, 8]));
    assert_eq!((parse::<u8, 1>("1"), parse::<u8, 2>("1")), (None, Some([7, 8])));
    drop((guard, second));
    assert_eq!((parse::<u8, 1>("1"), parse::<u8, 2>("1")), (Some([1]), Some([1, 1])));
}

#[derive(Clone)]
struct Shelf<T>(Vec<T>);

#[monkey::patchable]
impl<T: Clone + Debug> Shelf<T> {
    fn with(first: T) -> Self {
        Self(vec![first])
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn put(&mut self, thing: T) -> &mut Self {
        self.0.push(thing);
        self
    }
    fn into_inner(mut self) -> Vec<T> {
        self.0.reverse();
        self.0
    }
    fn boxed(self: Box<Self>) -> usize {
        self.len()
    }
    fn counted(self: Rc<Self>) -> usize {
        self.len()
    }
    fn pinned(self: Pin<&mut Self>) -> usize {
        self.len()
    }
    fn other<U: Into<u64>>(&self, by: U) -> u64 {
        by.into()
    }
}

struct Alone;

impl Alone {
    /// Annotated itself: nobody knows where it stands.
    #[monkey::patchable]
    fn get(&self) -> u8 {
        1
    }

    #[monkey::patchable]
    pub fn new() -> u8 {
        1
    }
}

pub fn methods() {
    fn put_first(shelf: &mut Shelf<u8>, thing: u8) -> &mut Shelf<u8> {
        shelf.0.insert(0, thing);
        shelf
    }
    let _guard = monkey::patch!(
        Shelf::<u8>::with = |first: u8| Shelf(vec![first; 2]),
        Shelf::<u8>::put = put_first,
        Shelf::<u8>::into_inner = |_: Shelf<u8>| vec![9],
        Shelf::<u8>::boxed = |_: Box<Shelf<u8>>| 10,
        Shelf::<u8>::counted = |_: Rc<Shelf<u8>>| 11,
        Shelf::<u8>::pinned = |_: Pin<&mut Shelf<u8>>| 12,
        Shelf::<u8>::other::<u32> = |shelf: &Shelf<u8>, by: u32| u64::from(by) + shelf.0.len() as u64,
        Alone::get = |_: &Alone| 2,
        Alone::new = || 3,
    );
    let mut shelf = Shelf::with(1u8);
    assert_eq!(shelf.put(5).0, [5, 1, 1]);
    assert_eq!((shelf.other(4u32), shelf.other(4u16)), (7, 4));
    assert_eq!(Pin::new(&mut shelf).pinned(), 12);
    assert_eq!(
        (Box::new(shelf.clone()).boxed(), Rc::new(shelf.clone()).counted(), shelf.into_inner()),
        (10, 11, vec![9])
    );
    assert_eq!(Shelf::with("x").len(), 1);
    assert_eq!((Alone.get(), Alone::new()), (2, 3));
}

#[monkey::patchable]
trait Animal {
    fn name(&self) -> String {
        "animal".into()
    }
    fn legs() -> u8
    where
        Self: Sized,
    {
        4
    }
}
struct Cat;
struct Dog;
impl Animal for Cat {}
impl Animal for Dog {}

trait Sound {
    fn sound(&self, times: usize) -> String;
}
#[monkey::patchable]
impl Sound for Cat {
    fn sound(&self, times: usize) -> String {
        "meow".repeat(times)
    }
}
impl<T: Sound> Sound for &T {
    #[monkey::patchable]
    fn sound(&self, times: usize) -> String {
        (**self).sound(times + 1)
    }
}

pub fn traits() {
    let _guard = monkey::patch!(
        <Cat as Animal>::name = |_: &Cat| "cat".into(),
        <Dog as Animal>::legs = || 3,
        <Cat as Sound>::sound = |_: &Cat, times: usize| "purr".repeat(times),
    );
    assert_eq!((Cat.name(), Dog.name(), Cat::legs(), Dog::legs()), ("cat".into(), "animal".into(), 4, 3));
    let object: &dyn Sound = &Cat;
    assert_eq!((object.sound(2), (&Cat).sound(1)), ("purrpurr".into(), "purr".into()));
    assert_eq!(<&Cat as Sound>::sound(&&Cat, 1), "purrpurr");
}

#[monkey::patchable]
fn show(value: impl Display, _also: &dyn Debug) -> String {
    value.to_string()
}

#[monkey::patchable]
fn evens(end: u32) -> impl Iterator<Item = u32> + Clone {
    (0..end).filter(|number| number % 2 == 0)
}

#[monkey::patchable]
fn adds(by: u32) -> impl Fn(u32) -> u32 {
    move |value| value + by
}

/// They ask, whether or not something can stand in for them.
pub fn opaque_types() {
    let _guard = monkey::patch!(number = || 2);
    assert_eq!((show(3, &""), evens(5).count(), adds(1)(2), number()), ("3".into(), 3, 3, 2));
}

#[monkey::patchable]
fn leave(code: i32) -> ! {
    std::process::exit(code)
}

pub fn never_returning() {
    let _guard = monkey::patch!(leave = |code: i32| -> ! { panic!("would leave with {code}") });
    let thrown = std::panic::catch_unwind(|| leave(3)).unwrap_err();
    assert_eq!(thrown.downcast_ref::<String>().unwrap(), "would leave with 3");
}

#[monkey::patchable]
extern "C" fn foreign(value: i32) -> i32 {
    value
}

/// # Safety
/// `value` is readable.
#[monkey::patchable]
unsafe fn reads(value: *const u8) -> u8 {
    // SAFETY: the caller's.
    unsafe { *value }
}

pub fn foreign_and_unsafe() {
    extern "C" fn twice(value: i32) -> i32 {
        value * 2
    }
    let _guard = monkey::patch!(foreign = twice, reads = |_: *const u8| 7);
    assert_eq!(foreign(4), 8);
    // SAFETY: it is replaced by one that does not read.
    assert_eq!(unsafe { reads(std::ptr::null()) }, 7);
}

#[monkey::patchable]
fn conditional(#[cfg(unix)] a: u8, #[cfg(not(unix))] b: u16, #[cfg(all())] c: u8) -> u8 {
    a + c
}

pub fn conditional_parameters() {
    let _guard = monkey::patch!(conditional = |a: u8, c: u8| a * 10 + c);
    assert_eq!(conditional(1, 2), 12);
}

pub fn threads_and_process() {
    let other = thread::spawn(|| {
        thread::park();
        number()
    });
    let guard = monkey::patch!(number = || 2);
    assert_eq!(thread::spawn(number).join().unwrap(), 2);
    other.thread().unpark();
    assert_eq!(other.join().unwrap(), 1, "it was there before, and is outside");
    let scope = Scope::current();
    drop(guard);
    assert_eq!(scope.run(number), 1);
    process();
    #[monkey::with(replace(number = || 5), scope = process)]
    fn process() {
        assert_eq!((number(), thread::spawn(number).join().unwrap()), (5, 5));
    }
    assert_eq!(number(), 1);
}

pub fn originals_and_counts() {
    let guard = monkey::patch!(replace(number = || monkey::original!(number()) + 10), expect(number = 2));
    assert_eq!((number(), monkey::original!(number()), number()), (11, 1, 11));
    assert_eq!(monkey::calls!(number), 2);
    let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| guard.original())).unwrap_err();
    assert!(thrown.downcast_ref::<&str>().unwrap().contains("monkey::original!"));
    drop(guard);
    let guard = monkey::patch!(factorial = |n: u64| if n > 3 { 1 } else { monkey::original!(factorial(n)) });
    assert_eq!((factorial(4), factorial(3)), (1, 6));
    drop(guard);
    let guard = monkey::patch!(replace(number = || 2), expect(number = 3));
    number();
    let said = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(guard))).unwrap_err();
    let said = said.downcast_ref::<String>().unwrap();
    assert!(said.contains("`number`") && said.contains("called once; expected: exactly 3"), "{said}");
}

pub fn values_and_captures() {
    let guard = monkey::patch!(number = sequence[5, ..]);
    assert_eq!((number(), number(), number()), (5, 1, 1));
    drop(guard);
    let guard = monkey::patch!(number = returns(6), factorial = sequence[7, 8]);
    assert_eq!((number(), factorial(1), factorial(1)), (6, 7, 8));
    drop(guard);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = seen.clone();
    let guard = monkey::patch!(
        factorial = move |n| {
            kept.lock().unwrap().push(n);
            n
        }
    );
    assert_eq!(factorial(5), 5);
    drop(guard);
    assert_eq!(std::sync::Arc::into_inner(seen).unwrap().into_inner().unwrap(), [5]);
    let guard = monkey::patch!(replace(), watch(factorial), expect(factorial = 3));
    assert_eq!(factorial(2), 2);
    drop(guard);
}

#[allow(unused_qualifications, reason = "the target by another path")]
pub fn refusals() {
    let error = monkey::try_patch!(number = || 2, not_marked = || 2).unwrap_err();
    assert!(matches!(error.cause(), Cause::NotPatchable { .. }));
    assert_eq!(error.target(), "not_marked");
    let text = error.to_string();
    for said in [
        "MONKEY_DISPATCH=source is set, so calls are dispatched in source, and there it does not ask",
        "it is not #[monkey::patchable]",
        "help: mark it #[monkey::patchable]",
    ] {
        assert!(text.contains(said), "{text}");
    }
    assert_eq!((number(), not_marked()), (1, 1));
    let error = monkey::try_patch!(std::time::SystemTime::now = || std::time::UNIX_EPOCH).unwrap_err();
    assert!(error.to_string().contains("help: replace a function of yours that calls it"), "{error}");
    // SAFETY: functions of one type.
    let error = unsafe { monkey::patch_at(not_marked as *const (), number as *const ()) }.unwrap_err();
    assert!(matches!(error.cause(), Cause::NotPatchable { .. }));
    let error = monkey::try_patch!(number = number).unwrap_err();
    assert!(matches!(error.cause(), Cause::SameFunction), "{error}");
    let guard = monkey::patch!(watch(number), expect(order[number, number]));
    assert_eq!(number() + number(), 2);
    drop(guard);
    let guard =
        monkey::patch!(replace(number = || monkey::original!(number())), expect(order[number, number]));
    assert_eq!(number() + number(), 2);
    drop(guard);
    let _first = monkey::patch!(number = not_marked);
    let error = monkey::try_patch!(number = || 2, crate::kinds::number = || 3).unwrap_err();
    assert!(matches!(error.cause(), Cause::Twice), "{error}");
    #[monkey::patchable]
    fn other() -> u64 {
        2
    }
    let _second = monkey::patch!(other = number);
    let error = monkey::try_patch!(number = other).unwrap_err();
    assert!(matches!(error.cause(), Cause::Cycle), "{error}");
}

/// Two of one path: nothing but the compiler tells them apart.
pub fn same_name() {
    let guard = {
        #[monkey::patchable]
        fn twin() -> u8 {
            1
        }
        let guard = monkey::try_patch!(twin = || 3);
        assert_eq!(twin(), 1);
        guard
    };
    {
        #[monkey::patchable]
        fn twin() -> u8 {
            2
        }
        assert_eq!(twin(), 2);
    }
    let error = guard.unwrap_err();
    assert!(matches!(error.cause(), Cause::SameName), "{error}");
    assert!(error.to_string().contains("rename one of them"), "{error}");
}

pub fn code_is_left_alone() {
    // SAFETY: reads the function's first bytes.
    let bytes = || unsafe { std::ptr::read_volatile(number as *const () as *const [u8; 16]) };
    let before = bytes();
    let guard = monkey::patch!(number = || 2);
    assert_eq!((number(), bytes()), (2, before));
    drop(guard);
}
