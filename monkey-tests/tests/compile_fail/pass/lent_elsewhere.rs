//! What may replace functions whose lifetimes are chosen before they are.
#![deny(warnings)]
#![forbid(unsafe_code)]
use std::fmt;

trait Put<'a> {
    fn put(&self, text: &'a str) -> usize;
    fn other(&self, text: &'a str) -> &str;
}
struct Plain;
struct Sink<'a>(&'a str);
struct Generic<'a, T>(&'a str, T);

#[monkey::patchable]
impl<'a> Put<'a> for Plain {
    fn put(&self, text: &'a str) -> usize { text.len() }
    fn other(&self, text: &'a str) -> &str { let _ = text; "x" }
}
#[monkey::patchable]
impl<'a> Put<'a> for Sink<'a> {
    fn put(&self, text: &'a str) -> usize { text.len() + self.0.len() }
    fn other(&self, _: &'a str) -> &str { self.0 }
}
#[monkey::patchable]
impl<'a, T> Put<'a> for Vec<T> {
    fn put(&self, text: &'a str) -> usize { text.len() + self.len() }
    fn other(&self, _: &'a str) -> &str { "x" }
}
#[monkey::patchable]
impl fmt::Display for Sink<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result { formatter.write_str(self.0) }
}
#[monkey::patchable]
impl<'a, T: Clone + 'a> Generic<'a, T> where T: fmt::Debug {
    fn give(&mut self, text: &'a str, _: T) { self.0 = text; }
    fn new(text: &'a str, own: T) -> Self { Self(text, own) }
    fn end(self) -> (&'a str, T) { (self.0, self.1) }
}
#[monkey::patchable]
fn same<'a: 'a>(text: &'a str) -> &'a str { text }
#[monkey::patchable]
fn longer<'a, 'b: 'a>(text: &'a str, other: &'b str) -> &'a str { if text.is_empty() { other } else { text } }
#[monkey::patchable]
fn parse<'de, T: TryFrom<&'de str>>(text: &'de str) -> Option<T> { T::try_from(text).ok() }
#[monkey::patchable]
fn chosen<'a>() -> Vec<&'a str> { Vec::new() }
#[monkey::patchable]
fn needs(text: &'static str) -> usize { text.len() }
#[monkey::patchable]
fn within<'a: 'a>(text: &'a str) -> &'a str { text }
fn also_within<'a: 'a>(text: &'a str) -> &'a str { &text[2..] }
struct Of<T>(T);
impl<T: Clone> Of<T> {
    #[monkey::patchable]
    fn associated<'a: 'a>(text: &'a str, _: &'a T) -> usize { text.len() }
    #[monkey::patchable]
    fn method<'a: 'a>(&self, text: &'a str) -> T { let _ = text; self.0.clone() }
}
#[monkey::patchable]
mod inside {
    pub struct Held<'a>(pub &'a str);
    #[monkey::patchable]
    impl<'a> Held<'a> {
        pub fn get(&self) -> &'a str { self.0 }
        pub fn by_value(self) -> &'a str { self.0 }
    }
    pub fn same<'a: 'a>(text: &'a u8) -> &'a u8 { text }
    #[monkey::patchable]
    pub fn own<'a: 'a>(text: &'a u8) -> &'a u8 { text }
}

fn end(generic: Generic<'_, u8>) -> (&str, u8) { (generic.0, 8) }
fn by_value(held: inside::Held<'_>) -> &str { held.0 }
fn put<'a>(_: &Sink<'a>, text: &'a str) -> usize { text.len() + 40 }
fn second<'a, 'b: 'a>(_: &'a str, other: &'b str) -> &'a str { other }
fn shared<'a>(_: &'a str, other: &'a str) -> &'a str { other }

#[monkey::with(replace(
    <Sink as Put>::put = put,
    <Plain as Put>::put = |_: &Plain, text: &str| text.len() + 1,
    Plain::other = |_: &Plain, _| "y",
    <Vec<u8> as Put>::put = |_: &Vec<u8>, _| 7,
    <Sink as fmt::Display>::fmt = |_: &Sink, formatter: &mut fmt::Formatter| formatter.write_str("shown"),
    Generic::<u8>::give = |generic: &mut Generic<u8>, _, own| generic.1 = own,
    Generic::<u8>::new = |text, _| Generic(text, 9),
    Generic::<u8>::end = end,
    same = |text| { let text: &str = text; &text[1..] },
    longer = second,
    within = also_within,
    chosen = || vec!["c"],
    needs = |text| { let kept: &'static str = text; kept.len() + 1 },
    parse::<String> = |_| None,
    Of::<u8>::associated = |_, _: &u8| 5,
    Of::<u8>::method = |_: &Of<u8>, _| 6,
    inside::Held::get = |_: &inside::Held| "h",
    inside::Held::by_value = by_value,
    inside::same = |_| &3,
    inside::own = |_| &4,
))]
fn run() {
    let local = String::from("abc");
    assert_eq!(Sink("x").put(&local), 43);
    assert_eq!(Plain.put(&local), 4);
    assert_eq!(Plain.other(&local), "y");
    assert_eq!(vec![1u8].put(&local), 7);
    assert_eq!(Sink(&local).to_string(), "shown");
    let mut generic = Generic::new(&local, 1u8);
    generic.give("other", 2);
    assert_eq!(generic.end(), ("abc", 8));
    assert_eq!(same(&local), "bc");
    assert_eq!(longer(&local, "second"), "second");
    assert_eq!(within(&local), "c");
    assert_eq!(chosen(), ["c"]);
    assert_eq!(needs("one"), 4);
    assert_eq!(parse::<String>(&local), None);
    assert_eq!((Of::<u8>::associated(&local, &1), Of(1u8).method(&local)), (5, 6));
    assert_eq!((inside::Held(&local).get(), inside::Held(&local).by_value()), ("h", "abc"));
    assert_eq!((inside::same(&1), inside::own(&1)), (&3, &4));
}

fn main() {
    run();
    let _guard = monkey::patch!(longer = shared);
    assert_eq!(longer("a", "b"), "b");
}
