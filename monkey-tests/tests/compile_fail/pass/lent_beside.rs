//! Beside parameters and receivers of every kind a replacement with the target's own lifetimes is let through.
#![allow(dead_code)]
#![deny(warnings)]
use std::pin::Pin;
struct Sink<'a>(&'a str);
struct Foo<'x>(&'x str);
#[monkey::patchable]
impl<'a> Sink<'a> {
    fn by_dyn(&self, _t: &'a str, _by: &dyn Fn(&str)) {}
    fn by_foo(&self, _t: &'a str, _by: &dyn Fn(Foo<'_>) -> usize) {}
    fn by_impl(&self, _t: &'a str, _by: impl Fn(&str)) {}
    fn by_pointer(&self, _t: &'a str, _by: fn(&str)) {}
    fn by_boxed(&self, _t: &'a str, _by: Box<dyn Fn(&str) -> usize>) {}
    fn by_lending(&self, _t: &'a str, _by: Box<dyn Fn(&str) -> &str>) {}
    fn by_binder(&self, _t: &'a str, _by: Box<dyn for<'b> Fn(&'b str, &'b str) -> &'b str>) {}
    fn pinned(self: Pin<&Self>, _t: &'a str) {}
    fn typed(self: &Self, _t: &'a str) -> &str { self.0 }
    fn typed_mut(self: &mut Self, t: &'a str) { self.0 = t; }
    fn boxed(self: Box<Self>, _t: &'a str) {}
    fn arc(self: std::sync::Arc<Self>, _t: &'a str) -> usize { 1 }
    fn gives(&self, _t: &'a str) -> Option<Box<dyn Fn(&str) -> usize>> { None }
    fn gives_lending(&self, _t: &'a str) -> Option<Box<dyn Fn(&str) -> &str>> { None }
    fn gives_dyn(&self, t: &'a str) -> Box<dyn std::fmt::Display + '_> { Box::new(t) }
}
#[monkey::patchable]
fn free_dyn<'a: 'a>(_t: &'a str, _by: &dyn Fn(&str)) {}
#[monkey::patchable]
fn free_impl<'a: 'a>(_t: &'a str, _by: impl Fn(&str)) {}
#[monkey::patchable]
fn free_pointer<'a: 'a>(_t: &'a str, _by: fn(&str)) {}
#[monkey::patchable]
fn free_two<'a: 'a>(_t: &'a str, _by: &[impl Fn(&str)], _: Option<impl Clone + 'static>) {}
fn dyns<'a>(_: &Sink<'a>, _: &'a str, _: &dyn Fn(&str)) {}
fn foos<'a>(_: &Sink<'a>, _: &'a str, _: &dyn Fn(Foo<'_>) -> usize) {}
fn pointers<'a>(_: &Sink<'a>, _: &'a str, _: fn(&str)) {}
fn boxes<'a>(_: &Sink<'a>, _: &'a str, _: Box<dyn Fn(&str) -> usize>) {}
fn lending<'a>(_: &Sink<'a>, _: &'a str, _: Box<dyn Fn(&str) -> &str>) {}
fn binder<'a>(_: &Sink<'a>, _: &'a str, _: Box<dyn for<'b> Fn(&'b str, &'b str) -> &'b str>) {}
fn pinned<'a>(_: Pin<&Sink<'a>>, _: &'a str) {}
fn typed<'b, 'a>(_: &'b Sink<'a>, _: &'a str) -> &'b str { "other" }
fn typed_mut<'a>(_: &mut Sink<'a>, _: &'a str) {}
fn boxed<'a>(_: Box<Sink<'a>>, _: &'a str) {}
fn arc<'a>(_: std::sync::Arc<Sink<'a>>, _: &'a str) -> usize { 2 }
fn gives<'a>(_: &Sink<'a>, _: &'a str) -> Option<Box<dyn Fn(&str) -> usize>> { Some(Box::new(|t| t.len())) }
fn gives_lending<'a>(_: &Sink<'a>, _: &'a str) -> Option<Box<dyn Fn(&str) -> &str>> { None }
fn gives_dyn<'b, 'a>(_: &'b Sink<'a>, _: &'a str) -> Box<dyn std::fmt::Display + 'b> { Box::new(1) }
fn f1(_: &str, _: &dyn Fn(&str)) {}
fn f3(_: &str, _: fn(&str)) {}
fn main() {
    let text = String::from("x");
    let sink = Sink(&text);
    let _g = monkey::patch!(
        Sink::by_dyn = dyns, Sink::by_foo = foos, Sink::by_pointer = pointers, Sink::by_boxed = boxes, Sink::by_lending = lending, Sink::by_binder = binder,
        Sink::pinned = pinned, Sink::typed = typed, Sink::typed_mut = typed_mut, Sink::boxed = boxed, Sink::arc = arc, Sink::gives = gives,
        Sink::gives_lending = gives_lending, Sink::gives_dyn = gives_dyn, free_dyn = f1, free_pointer = f3
    );
    assert_eq!(sink.typed("a"), "other");
    assert_eq!(std::sync::Arc::new(Sink("")).arc("a"), 2);
    assert_eq!(sink.gives("a").unwrap()("abc"), 3);
    assert_eq!(sink.gives_dyn("a").to_string(), "1");
    let _h = monkey::patch!(Sink::typed = |s: &Sink<'_>, _: &str| -> &str { let _ = s; "third" });
    fn used(_: &str) {}
    let _i = monkey::patch!(free_impl = |_: &str, _: fn(&str)| ());
    free_impl("x", used as fn(&str));
    let _j = monkey::patch!(Sink::by_impl = |_: &Sink<'_>, _: &str, _: fn(&str)| ());
    sink.by_impl("x", used as fn(&str));
    let _k = monkey::patch!(Sink::by_dyn = |_: &Sink<'_>, _: &str, _: &dyn Fn(&str)| ());
}
