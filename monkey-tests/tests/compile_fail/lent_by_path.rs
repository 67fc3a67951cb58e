//! Replacements that keep what they are lent by functions that are told apart by their path, inherited, or tied to a lifetime by a trait.
#![forbid(unsafe_code)]
use std::cell::RefCell;
thread_local!(static KEPT: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });
fn store(text: &'static str) { KEPT.with_borrow_mut(|kept| kept.push(text)); }
pub trait Read<'de>: Sized { fn read(text: &'de str) -> Option<Self>; }
impl<'de> Read<'de> for String { fn read(text: &'de str) -> Option<Self> { Some(text.to_owned()) } }
#[monkey::patchable]
fn parse<'de, T: Read<'de>>(text: &'de str) -> Option<T> { T::read(text) }
fn keep_parsed(text: &'static str) -> Option<String> { store(text); None }
#[monkey::patchable]
trait Put<'a> { fn put(&self, text: &'a str) -> usize { text.len() } }
struct Plain;
impl Put<'_> for Plain {}
struct Single(u8);
impl Single {
    #[monkey::patchable]
    fn method<'a: 'a>(&self, text: &'a str) -> usize { text.len() + usize::from(self.0) }
}
#[monkey::patchable]
fn many<'a: 'a, 'b: 'b, 'c: 'c, 'd: 'd, 'e: 'e, 'f: 'f, 'g: 'g, 'h: 'h, 'i: 'i>(
    _: &'a str, _: &'b u8, _: &'c u8, _: &'d u8, _: &'e u8, _: &'f u8, _: &'g u8, _: &'h u8, _: &'i str) { }
mod inside { #[monkey::patchable] pub fn same<'a: 'a>(_: &'a str) { } }
mod outside { #[monkey::patchable] pub fn same<'a: 'a>(_: &'a str) {} }
fn main() {
    let _g = monkey::patch!(parse::<String> = |text| { store(text); None });
    let _g = monkey::patch!(parse::<String> = keep_parsed);
    let _g = monkey::patch!(<Plain as Put>::put = |_: &Plain, text| { store(text); 1 });
    let _g = monkey::patch!(Plain::put = |_: &Plain, text| { store(text); 1 });
    let _g = monkey::patch!(Single::method = |_: &Single, text| { store(text); 1 });
    let _g = monkey::patch!(many = |_, _, _, _, _, _, _, _, text| store(text));
    let _g = monkey::patch!(inside::same = store);
}
