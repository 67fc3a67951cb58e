//! What may replace functions that are told apart by their path, inherited, tied to a lifetime by a trait, or have many lifetimes.
#![deny(warnings)]
#![forbid(unsafe_code)]
pub trait Read<'de>: Sized { fn read(text: &'de str) -> Option<Self>; }
impl<'de> Read<'de> for String { fn read(text: &'de str) -> Option<Self> { Some(text.to_owned()) } }
#[derive(Debug, PartialEq)]
pub struct Borrowed<'a>(&'a str);
impl<'de> Read<'de> for Borrowed<'de> { fn read(text: &'de str) -> Option<Self> { Some(Borrowed(text)) } }
#[monkey::patchable]
fn parse<'de, T: Read<'de>>(text: &'de str) -> Option<T> { T::read(text) }
fn other<'de, T: Read<'de>>(text: &'de str) -> Option<T> { T::read(&text[1..]) }
mod inside { #[monkey::patchable] pub fn same<'a: 'a>(text: &'a str) -> &'a str { text } }
mod outside { #[monkey::patchable] pub fn same<'a: 'a>(text: &'a str) -> &'a str { text } }
mod outer { #[monkey::patchable] pub fn same<'a: 'a>(text: &'a str) -> &'a str { text }
  pub mod tests { pub fn run() { let _g = monkey::patch!(super::same = |t| { let t: &str = t; &t[1..] }); assert_eq!(super::same("abc"), "bc"); } } }
#[monkey::patchable]
pub fn same<'a: 'a>(text: &'a str) -> &'a str { text }
#[monkey::patchable]
trait Put<'a> { fn put(&self, text: &'a str) -> usize { text.len() } fn plain(&self) -> usize { 1 } }
struct Plain;
impl Put<'_> for Plain {}
struct Own;
#[monkey::patchable]
impl<'a> Put<'a> for Own { fn put(&self, text: &'a str) -> usize { text.len() + 1 } }
struct Single(u8);
impl Single {
    #[monkey::patchable]
    fn method<'a: 'a>(&self, text: &'a str) -> usize { text.len() + usize::from(self.0) }
    #[monkey::patchable]
    fn make<'a: 'a>(text: &'a str) -> Self { Self(u8::try_from(text.len()).unwrap()) }
}
#[monkey::patchable]
fn many<'a: 'a, 'b: 'b, 'c: 'c, 'd: 'd, 'e: 'e, 'f: 'f, 'g: 'g, 'h: 'h, 'i: 'i>(
    x: &'a u8, _: &'b u8, _: &'c u8, _: &'d u8, _: &'e u8, _: &'f u8, _: &'g u8, _: &'h u8, i: &'i u8) -> (&'a u8, &'i u8) { (x, i) }
#[monkey::with(replace(
    parse::<String> = |_| None, parse::<Borrowed> = |text| { let text: &str = text; Some(Borrowed(&text[2..])) },
    inside::same = |_| "in", outside::same = |text| { let text: &str = text; &text[1..] }, crate::same = |_| "crate",
    <Plain as Put>::put = |_: &Plain, text: &str| text.len() + 40, <Own as Put>::put = |_: &Own, _| 7, Plain::plain = |_: &Plain| 2,
    Single::method = |_: &Single, _| 3, Single::make = |_| Single(9),
    many = |a, _, _, _, _, _, _, _, i| (a, i),
))]
fn run() {
    let local = String::from("abc");
    assert_eq!(parse::<String>(&local), None);
    assert_eq!(parse::<Borrowed>(&local), Some(Borrowed("c")));
    assert_eq!((inside::same(&local), outside::same(&local), same(&local)), ("in", "bc", "crate"));
    assert_eq!((Plain.put(&local), Own.put(&local), Plain.plain()), (43, 7, 2));
    assert_eq!((Single(1).method(&local), Single::make(&local).0), (3, 9));
    assert_eq!(many(&1, &2, &3, &4, &5, &6, &7, &8, &9), (&1, &9));
}
fn main() { run(); outer::tests::run(); let _g = monkey::patch!(parse::<String> = other); assert_eq!(parse::<String>("abc"), Some("bc".to_owned())); }
