//! What is lent for a lifetime that is chosen before the function, beside parameters and receivers of every kind, is not kept.
#![allow(dead_code)]
#![forbid(unsafe_code)]
use std::pin::Pin;
use std::sync::Mutex;
static KEPT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
fn keep(t: &'static str) { KEPT.lock().unwrap().push(t); }
struct Sink<'a>(&'a str);
#[monkey::patchable]
impl<'a> Sink<'a> {
    fn by_dyn(&self, _t: &'a str, _by: &dyn Fn(&str)) {}
    fn by_impl(&self, _t: &'a str, _by: impl Fn(&str)) {}
    fn by_pointer(&self, _t: &'a str, _by: fn(&str)) {}
    fn by_boxed(&self, _t: &'a str, _by: Box<dyn Fn(&str) -> usize>) {}
    fn pinned(self: Pin<&Self>, _t: &'a str) {}
    fn typed(self: &Self, _t: &'a str) {}
    fn boxed(self: Box<Self>, _t: &'a str) {}
    fn own(self, _t: &'a str) {}
    fn new(_t: &'a str) -> Self { Sink("") }
    fn generic<T>(&self, _t: &'a str, _: T) {}

    extern "C" fn c(&self, _t: &'a str) {}
    fn gives(&self, _t: &'a str) -> Option<Box<dyn Fn(&str) -> usize>> { None }
    fn gives_impl(&self, _t: &'a str) -> impl Iterator<Item = u8> { std::iter::empty() }
    fn slice(&self, _t: &[&'a str]) {}
    fn iter(&self, _t: &'a str) -> std::slice::Iter<'_, u8> { [].iter() }
}
#[monkey::patchable]
fn free_dyn<'a: 'a>(_t: &'a str, _by: &dyn Fn(&str)) {}
#[monkey::patchable]
fn free_impl<'a: 'a>(_t: &'a str, _by: impl Fn(&str)) {}
#[monkey::patchable]
fn free_pointer<'a: 'a>(_t: &'a str, _by: fn(&str)) {}
fn nothing(_: &str) {}
fn main() {
    let _ = monkey::try_patch!(Sink::by_dyn = |_: &Sink, t, _: &dyn Fn(&str)| keep(t));
    let _ = monkey::try_patch!(Sink::by_pointer = |_: &Sink, t, _: fn(&str)| keep(t));
    let _ = monkey::try_patch!(Sink::by_boxed = |_: &Sink, t, _: Box<dyn Fn(&str) -> usize>| keep(t));
    let _ = monkey::try_patch!(Sink::pinned = |_: Pin<&Sink>, t| keep(t));
    let _ = monkey::try_patch!(Sink::typed = |_: &Sink, t| keep(t));
    let _ = monkey::try_patch!(Sink::boxed = |_: Box<Sink>, t| keep(t));
    let _ = monkey::try_patch!(Sink::own = |_: Sink, t| keep(t));
    let _ = monkey::try_patch!(Sink::new = |t| { keep(t); Sink("") });
    let _ = monkey::try_patch!(Sink::generic::<u8> = |_: &Sink, t, _| keep(t));
    let _ = monkey::try_patch!(Sink::gives = |_: &Sink, t| { keep(t); None });
    let _ = monkey::try_patch!(Sink::slice = |_: &Sink, t: &[&'static str]| keep(t[0]));
    let _ = monkey::try_patch!(Sink::iter = |_: &Sink, t| { keep(t); [].iter() });
    let _ = monkey::try_patch!(free_dyn = |t, _: &dyn Fn(&str)| keep(t));
    let _ = monkey::try_patch!(free_pointer = |t, _: fn(&str)| keep(t));
}
fn for_a_function_with_a_name() {
    let _ = monkey::try_patch!(Sink::by_impl = |_: &Sink, t, _: fn(&str)| keep(t));
    let _ = monkey::try_patch!(free_impl = |t, _: fn(&str)| keep(t));
}
